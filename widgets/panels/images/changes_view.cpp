#include "widgets/panels/images/changes_view.h"

#include "widgets/panels/images/reading_detail.h"

#include <QCheckBox>
#include <QDoubleSpinBox>
#include <QHBoxLayout>
#include <QHeaderView>
#include <QLabel>
#include <QMenu>
#include <QPainter>
#include <QPushButton>
#include <QSplitter>
#include <QStyledItemDelegate>
#include <QTableView>
#include <QVBoxLayout>

#include <algorithm>

namespace qs::ui {

namespace {

constexpr int kRow = 76;     ///< height of a row, px
constexpr int kWideRow = 52; ///< of wide images
constexpr int kPadding = 3;

/// A picture in the middle of its cell, else what is written.
class PictureDelegate : public QStyledItemDelegate {
public:
    using QStyledItemDelegate::QStyledItemDelegate;
    void paint(QPainter* painter, const QStyleOptionViewItem& option, const QModelIndex& index) const override
    {
        QStyledItemDelegate::paint(painter, option, index);
        const auto picture = index.data(ChangesModel::PictureRole).value<QPixmap>();
        if (picture.isNull())
            return;
        const QRect room = option.rect.adjusted(kPadding, kPadding, -kPadding, -kPadding);
        QSize size = picture.deviceIndependentSize().toSize();
        if (size.width() > room.width() || size.height() > room.height())
            size.scale(room.size(), Qt::KeepAspectRatio);
        QRect place(QPoint(), size);
        place.moveCenter(room.center());
        painter->save();
        painter->setRenderHint(QPainter::SmoothPixmapTransform);
        painter->drawPixmap(place, picture);
        painter->restore();
    }
};

} // namespace

ChangesView::ChangesView(QWidget* parent)
    : QWidget(parent), m_model(new ChangesModel(this)), m_proxy(new ChangesProxy(this)), m_table(new QTableView),
      m_threshold(new QDoubleSpinBox), m_only(new QCheckBox(tr("Only chan&ged"))),
      m_evaluate(new QPushButton(tr("Evaluate all"))), m_counts(new QLabel), m_detail(new ReadingDetail)
{
    m_threshold->setObjectName(QStringLiteral("changedFrom"));
    m_threshold->setRange(0, 100);
    m_threshold->setDecimals(2);
    m_threshold->setSuffix(tr(" %"));
    m_threshold->setStepType(QAbstractSpinBox::AdaptiveDecimalStepType);
    m_threshold->setAccessibleName(tr("From which value an image counts as changed"));
    m_counts->setSizePolicy(QSizePolicy::Ignored, QSizePolicy::Preferred);
    m_evaluate->setToolTip(tr("Run both networks on all test images (F5)"));
    auto* label = new QLabel(tr("Changed a&bove"));
    label->setBuddy(m_threshold);

    auto* layout = new QVBoxLayout(this);
    layout->setContentsMargins(8, 6, 8, 4);
    layout->setSpacing(4);
    auto* top = new QHBoxLayout;
    top->addWidget(label);
    top->addWidget(m_threshold);
    top->addWidget(m_only);
    top->addWidget(m_counts, 1);
    top->addWidget(m_evaluate);
    layout->addLayout(top);
    auto* splitter = new QSplitter(Qt::Vertical);
    splitter->addWidget(m_table);
    splitter->addWidget(m_detail);
    splitter->setStretchFactor(0, 3);
    splitter->setStretchFactor(1, 2);
    splitter->setChildrenCollapsible(false);
    m_table->setMinimumHeight(kRow);
    layout->addWidget(splitter, 1);
    buildTable();

    connect(m_evaluate, &QPushButton::clicked, this, &ChangesView::evaluateWished);
    connect(m_only, &QCheckBox::toggled, this, [this](bool on) {
        m_proxy->setOnlyChanged(on);
        sayCounts();
    });
    connect(m_threshold, &QDoubleSpinBox::valueChanged, this, [this](double percent) {
        m_model->setThreshold(percent / 100);
        m_proxy->invalidate();
        sayCounts();
        emit thresholdMoved(percent / 100);
    });
}

void ChangesView::buildTable()
{
    m_proxy->setSourceModel(m_model);
    m_table->setModel(m_proxy);
    m_table->setItemDelegate(new PictureDelegate(m_table));
    m_table->setSelectionBehavior(QAbstractItemView::SelectRows);
    m_table->setSelectionMode(QAbstractItemView::SingleSelection);
    m_table->setEditTriggers(QAbstractItemView::NoEditTriggers);
    m_table->setVerticalScrollMode(QAbstractItemView::ScrollPerPixel);
    m_table->setShowGrid(false);
    m_table->setWordWrap(true);
    m_table->setSortingEnabled(true);
    m_table->setTabKeyNavigation(false);
    m_table->setAccessibleName(tr("Images, float beside quantized"));
    m_table->setContextMenuPolicy(Qt::CustomContextMenu);
    m_table->verticalHeader()->hide();
    m_table->verticalHeader()->setSectionResizeMode(QHeaderView::Fixed);
    QHeaderView* header = m_table->horizontalHeader();
    header->setHighlightSections(false);
    header->setStretchLastSection(true);
    header->setSortIndicator(static_cast<int>(ChangeColumn::Changed), Qt::DescendingOrder);
    setForm(true, false);
    m_table->sortByColumn(static_cast<int>(ChangeColumn::Changed), Qt::DescendingOrder);
    connect(m_table->selectionModel(), &QItemSelectionModel::currentRowChanged, this,
            [this](const QModelIndex& current) {
                if (current.isValid() && imageAt(current) != m_image)
                    emit imageWished(imageAt(current));
            });
    connect(m_table, &QWidget::customContextMenuRequested, this, [this](QPoint at) {
        auto* menu = new QMenu(this);
        menu->setAttribute(Qt::WA_DeleteOnClose);
        menu->addAction(tr("Save table as CSV…"), this, &ChangesView::csvWished);
        menu->popup(m_table->viewport()->mapToGlobal(at));
    });
}

void ChangesView::setForm(bool sides, bool wide)
{
    const int height = wide ? kWideRow : kRow;
    m_table->verticalHeader()->setDefaultSectionSize(height);
    const int picture = wide ? 3 * kRow : kRow + 8;
    const int words = m_table->fontMetrics().averageCharWidth() * 16;
    m_table->setColumnHidden(static_cast<int>(ChangeColumn::Float), !sides);
    m_table->setColumnHidden(static_cast<int>(ChangeColumn::Quantized), !sides);
    m_table->setColumnWidth(static_cast<int>(ChangeColumn::Picture), wide ? 2 * kRow : picture);
    for (const ChangeColumn column : {ChangeColumn::Float, ChangeColumn::Quantized, ChangeColumn::Difference})
        m_table->setColumnWidth(static_cast<int>(column), wide || !sides ? words : picture);
    m_table->setColumnWidth(static_cast<int>(ChangeColumn::Changed),
                            m_table->fontMetrics().horizontalAdvance(QStringLiteral("⇄ 100.0 %")) + 24);
}

int ChangesView::imageAt(const QModelIndex& proxyIndex) const
{
    const QModelIndex source = m_proxy->mapToSource(proxyIndex);
    return source.isValid() ? source.row() : -1;
}

void ChangesView::setRows(std::vector<ChangedImage> rows, bool current, const QString& measure, const QString& note)
{
    m_note = note;
    m_threshold->setToolTip(tr("By image, against the float network: %1").arg(measure));
    m_model->setRows(std::move(rows), current, measure);
    sayCounts();
}

void ChangesView::setCurrentImage(int image)
{
    if (image < 0 && m_proxy->rowCount() > 0 && m_model->rows().front().changed) { // the one that changed most
        emit imageWished(imageAt(m_proxy->index(0, 0)));
        return;
    }
    m_image = image;
    const QModelIndex index = m_proxy->mapFromSource(m_model->index(image, 0));
    if (index.isValid() && index.row() != m_table->currentIndex().row()) {
        m_table->setCurrentIndex(index);
        m_table->scrollTo(index);
    }
}

void ChangesView::setEvaluating(bool running)
{
    m_evaluate->setEnabled(!running);
    m_evaluate->setText(running ? tr("Evaluating…") : tr("Evaluate all"));
}

void ChangesView::setThreshold(double threshold)
{
    m_threshold->setValue(100 * threshold);
    m_model->setThreshold(m_threshold->value() / 100);
    sayCounts();
}

int ChangesView::shownImages() const
{
    return m_proxy->rowCount();
}

QString ChangesView::counts() const
{
    return m_counts->text();
}

void ChangesView::sayCounts()
{
    int evaluated = 0, changed = 0;
    for (int row = 0; row < m_model->rowCount(); ++row) {
        evaluated += m_model->rows()[static_cast<std::size_t>(row)].changed ? 1 : 0;
        changed += m_model->changed(row) ? 1 : 0;
    }
    QString text = tr("%1 of %2").arg(m_proxy->rowCount()).arg(m_model->rowCount());
    if (evaluated > 0)
        text = tr("%1 of %2 changed").arg(changed).arg(evaluated);
    if (!m_note.isEmpty())
        text += QStringLiteral(" · ") + m_note;
    m_counts->setText(text);
    m_counts->setToolTip(text);
}

} // namespace qs::ui
