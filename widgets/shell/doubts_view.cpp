#include "widgets/shell/doubts_view.h"

#include "widgets/model/doubt_list.h"
#include "widgets/model/text.h"
#include "widgets/theme/colours.h"
#include "widgets/theme/icon.h"

#include <QEvent>
#include <QHBoxLayout>
#include <QLabel>
#include <QPainter>
#include <QPushButton>
#include <QToolButton>
#include <QVBoxLayout>

#include <algorithm>

namespace qs::ui {

namespace {

constexpr std::size_t kMostStrips = 3;
constexpr int kEdge = 4; ///< px

/// A strip with an edge in the colour of warnings.
class Strip : public QWidget {
public:
    using QWidget::QWidget;
    void paintEvent(QPaintEvent*) override
    {
        QPainter painter(this);
        QColor wash = colours().warning;
        wash.setAlpha(30);
        painter.fillRect(rect(), palette().color(QPalette::Base));
        painter.fillRect(rect(), wash);
        painter.fillRect(QRect(0, 0, kEdge, height()), colours().warning);
    }
};

} // namespace

DoubtsView::DoubtsView(DoubtList& list, QWidget* over)
    : QFrame(over), m_list(list), m_over(over), m_strips(new QVBoxLayout(this)), m_counter(new QToolButton(over))
{
    setObjectName(QStringLiteral("DoubtsView"));
    setFrameShape(QFrame::NoFrame);
    setAutoFillBackground(true);
    m_strips->setContentsMargins(0, 1, 0, 0);
    m_strips->setSpacing(1);
    setThemedIcon(m_counter, "info");
    m_counter->setAutoRaise(true);
    m_counter->setToolButtonStyle(Qt::ToolButtonTextBesideIcon);
    m_counter->setToolTip(tr("What makes figures doubtful: shows or hides it"));
    connect(m_counter, &QToolButton::clicked, this, [this] {
        if (m_list.doubts().empty()) {
            m_list.bringBack();
        } else {
            setVisible(!isVisible());
            place();
        }
    });
    connect(&list, &DoubtList::changed, this, &DoubtsView::refresh);
    over->installEventFilter(this);
    refresh();
}

QStringList DoubtsView::texts() const
{
    QStringList list;
    for (int i = 0; i < m_strips->count(); ++i)
        list << m_strips->itemAt(i)->widget()->accessibleName();
    return list;
}

void DoubtsView::refresh()
{
    while (QLayoutItem* item = m_strips->takeAt(0)) {
        item->widget()->hide();
        item->widget()->deleteLater();
        delete item;
    }
    const std::size_t count = m_list.doubts().size();
    const std::size_t all = count + m_list.away();
    m_counter->setVisible(all > 0);
    m_counter->setText(all == 1 ? tr("1 doubt") : tr("%1 doubts").arg(all));
    for (std::size_t i = 0; i < std::min(count, kMostStrips); ++i)
        addStrip(i);
    setVisible(count > 0);
    m_strips->activate();
    place();
}

void DoubtsView::addStrip(std::size_t index)
{
    const ShownDoubt& shown = m_list.doubts()[index];
    auto* strip = new Strip(this);
    const QString text = sentence(shown.doubt.message);
    strip->setAccessibleName(text);
    auto* layout = new QHBoxLayout(strip);
    layout->setContentsMargins(kEdge + 10, 5, 6, 5);
    auto* label = new QLabel(text, strip);
    label->setTextFormat(Qt::PlainText);
    label->setWordWrap(true);
    label->setTextInteractionFlags(Qt::TextSelectableByMouse);
    if (!shown.doubt.cure.empty())
        label->setToolTip(tr("On the command line: %1").arg(QString::fromStdString(shown.doubt.cure)));
    layout->addWidget(label, 1);
    if (const std::size_t count = m_list.doubts().size(); index + 1 == kMostStrips && count > kMostStrips)
        layout->addWidget(new QLabel(tr("and %1 more").arg(count - kMostStrips), strip));
    if (!shown.remedy.isEmpty()) {
        auto* button = new QPushButton(shown.remedy, strip);
        connect(
            button, &QPushButton::clicked, this, [apply = shown.apply] { apply(); }, Qt::QueuedConnection);
        layout->addWidget(button);
    }
    auto* close = new QToolButton(strip);
    setThemedIcon(close, "close");
    close->setAutoRaise(true);
    close->setToolTip(tr("Put away"));
    connect(
        close, &QToolButton::clicked, this, [this, doubt = shown.doubt] { m_list.putAway(doubt); },
        Qt::QueuedConnection);
    layout->addWidget(close, 0, Qt::AlignTop);
    m_strips->addWidget(strip);
    strip->show(); // else it has no height yet when place() asks
}

void DoubtsView::place()
{
    if (!isVisible())
        return;
    const int width = m_over->width();
    int height = m_strips->hasHeightForWidth() ? m_strips->totalHeightForWidth(width) : sizeHint().height();
    height = std::min(height, m_over->height());
    setGeometry(0, m_over->height() - height, width, height);
    raise();
}

bool DoubtsView::eventFilter(QObject* watched, QEvent* event)
{
    if (watched == m_over && (event->type() == QEvent::Resize || event->type() == QEvent::Show))
        place();
    return QFrame::eventFilter(watched, event);
}

} // namespace qs::ui
