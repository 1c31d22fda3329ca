#include "widgets/panels/layers/delegates.h"

#include "widgets/panels/layers/sites_model.h"
#include "widgets/panels/shared/badge.h"
#include "widgets/theme/colours.h"
#include "widgets/theme/format.h"

#include <QApplication>
#include <QComboBox>
#include <QPainter>

#include <algorithm>

namespace qs::ui {

namespace {

constexpr int kMargin = 3;
constexpr qsizetype kMaxPictures = 2000;

QPixmap drawHistogram(const std::vector<float>& heights, QSize size, qreal ratio, const QColor& colour)
{
    QPixmap picture(size * ratio);
    picture.setDevicePixelRatio(ratio);
    picture.fill(Qt::transparent);
    QPainter painter(&picture);
    const double step = static_cast<double>(size.width()) / static_cast<double>(heights.size());
    for (std::size_t i = 0; i < heights.size(); ++i) {
        if (heights[i] <= 0)
            continue;
        const double height = std::max(1.0, static_cast<double>(heights[i]) * size.height());
        const int left = static_cast<int>(static_cast<double>(i) * step);
        const int right = static_cast<int>(static_cast<double>(i + 1) * step);
        painter.fillRect(QRectF(left, size.height() - height, std::max(1, right - left), height), colour);
    }
    return picture;
}

} // namespace

void HistogramDelegate::paint(QPainter* painter, const QStyleOptionViewItem& option, const QModelIndex& index) const
{
    QStyleOptionViewItem background = option;
    initStyleOption(&background, index);
    const QWidget* widget = option.widget;
    (widget ? widget->style() : QApplication::style())
        ->drawPrimitive(QStyle::PE_PanelItemViewItem, &background, painter, widget);
    const auto cell = index.data(SitesModel::HistogramRole).value<SitesModel::HistogramCell>();
    const QRect place = option.rect.adjusted(kMargin + 2, kMargin, -kMargin - 2, -kMargin);
    if (!cell.heights || cell.heights->empty() || place.isEmpty())
        return;
    const Colours& c = colours();
    QColor colour = cell.dimmed ? c.stale : cell.weight ? c.weight : c.activation;
    if (option.state & QStyle::State_Selected)
        colour = option.palette.color(QPalette::HighlightedText);
    const qreal ratio = painter->device()->devicePixelRatioF();
    const quint64 key = qHashMulti(0, cell.heights.get(), colour.rgba(), place.width(), place.height(), ratio);
    auto found = m_pictures.find(key);
    if (found == m_pictures.end()) {
        if (m_pictures.size() > kMaxPictures)
            m_pictures.clear();
        found = m_pictures.insert(key, drawHistogram(*cell.heights, place.size(), ratio, colour));
    }
    painter->drawPixmap(place.topLeft(), *found);
}

QSize HistogramDelegate::sizeHint(const QStyleOptionViewItem& option, const QModelIndex& index) const
{
    return {84, QStyledItemDelegate::sizeHint(option, index).height()};
}

void SiteDelegate::paint(QPainter* painter, const QStyleOptionViewItem& option, const QModelIndex& index) const
{
    const auto badges = index.data(SitesModel::BadgesRole).value<std::vector<SitesModel::Badge>>();
    QStyleOptionViewItem text = option;
    if (!badges.empty()) { // the ground of the whole cell, then the name beside the badges
        QStyleOptionViewItem background = option;
        initStyleOption(&background, index);
        const QWidget* widget = option.widget;
        (widget ? widget->style() : QApplication::style())
            ->drawPrimitive(QStyle::PE_PanelItemViewItem, &background, painter, widget);
    }
    for (const SitesModel::Badge& badge : badges) {
        const double width = badgeSize(option.font, badge.text).width();
        const QRectF place(text.rect.right() - kMargin - width, text.rect.top() + 1, width, text.rect.height() - 2);
        paintBadge(*painter, place, option.font, badge.text, badge.colour);
        text.rect.setRight(static_cast<int>(place.left()) - 1);
    }
    QStyledItemDelegate::paint(painter, text, index);
}

QSize SiteDelegate::sizeHint(const QStyleOptionViewItem& option, const QModelIndex& index) const
{
    QSize size = QStyledItemDelegate::sizeHint(option, index);
    for (const SitesModel::Badge& badge : index.data(SitesModel::BadgesRole).value<std::vector<SitesModel::Badge>>())
        size.rwidth() += static_cast<int>(badgeSize(option.font, badge.text).width()) + kMargin + 1;
    return size;
}

QWidget* BitsDelegate::createEditor(QWidget* parent, const QStyleOptionViewItem&, const QModelIndex&) const
{
    auto* box = new QComboBox(parent);
    for (int bits = 2; bits <= 8; ++bits)
        box->addItem(formatBitsOfSite(bits), bits);
    box->addItem(formatBitsOfSite(32), 32);
    auto* self = const_cast<BitsDelegate*>(this);
    connect(box, &QComboBox::activated, self, [self, box] {
        emit self->commitData(box);
        emit self->closeEditor(box);
    });
    QMetaObject::invokeMethod(box, &QComboBox::showPopup, Qt::QueuedConnection);
    return box;
}

void BitsDelegate::setEditorData(QWidget* editor, const QModelIndex& index) const
{
    auto* box = qobject_cast<QComboBox*>(editor);
    box->setCurrentIndex(box->findData(index.data(Qt::EditRole)));
}

void BitsDelegate::setModelData(QWidget* editor, QAbstractItemModel* model, const QModelIndex& index) const
{
    model->setData(index, qobject_cast<QComboBox*>(editor)->currentData(), Qt::EditRole);
}

} // namespace qs::ui
