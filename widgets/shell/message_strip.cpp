#include "widgets/shell/message_strip.h"

#include "widgets/theme/colours.h"
#include "widgets/theme/icon.h"

#include <QClipboard>
#include <QGuiApplication>
#include <QHBoxLayout>
#include <QLabel>
#include <QMenu>
#include <QPainter>
#include <QPushButton>
#include <QTimer>
#include <QToolButton>
#include <QVBoxLayout>

namespace qs::ui {

namespace {

constexpr int kMostRows = 4;
constexpr int kNoteMs = 12000;
constexpr int kWidest = 720;    ///< pixels
constexpr int kMostKept = 100;  ///< messages
constexpr int kMostListed = 90; ///< characters of one in the list
constexpr const char* kText = "messageText";
constexpr const char* kSort = "messageKind"; ///< Kind
constexpr const char* kOf = "messageOf";     ///< what failed, see ended()

/// A row with a coloured edge: the colour says how bad it is.
class Row : public QWidget {
public:
    Row(bool error, QWidget* parent) : QWidget(parent), m_error(error) {}
    void paintEvent(QPaintEvent*) override
    {
        QPainter painter(this);
        const QColor edge = m_error ? colours().bad : colours().after;
        QColor wash = edge;
        wash.setAlpha(28);
        painter.fillRect(rect(), palette().color(QPalette::Base));
        painter.fillRect(rect(), wash);
        painter.fillRect(QRect(0, 0, 4, height()), edge);
    }

private:
    bool m_error;
};

} // namespace

MessageStrip::MessageStrip(QWidget* over)
    : Overlay(over, kWidest), m_layout(new QVBoxLayout(this)), m_counter(new QToolButton(over))
{
    setObjectName(QStringLiteral("MessageStrip"));
    m_layout->setContentsMargins(0, 1, 0, 0);
    m_layout->setSpacing(1);
    setVisible(false);
    setThemedIcon(m_counter, "info");
    m_counter->setAutoRaise(true);
    m_counter->setToolButtonStyle(Qt::ToolButtonTextBesideIcon);
    m_counter->setPopupMode(QToolButton::InstantPopup);
    m_counter->setToolTip(tr("What was said so far; choosing one shows it again"));
    m_counter->setMenu(new QMenu(m_counter));
    m_counter->setVisible(false);
    connect(m_counter->menu(), &QMenu::aboutToShow, this, &MessageStrip::fillList);
}

void MessageStrip::keep(const QString& text)
{
    m_log.removeAll(text);
    m_log.prepend(text);
    while (m_log.size() > kMostKept)
        m_log.removeLast();
    m_counter->setText(tr("%n message(s)", nullptr, static_cast<int>(m_log.size())));
    m_counter->setVisible(true);
}

void MessageStrip::fillList()
{
    m_counter->menu()->clear();
    for (const QString& text : m_log) {
        QString line = text.simplified();
        if (line.size() > kMostListed)
            line = line.left(kMostListed - 1) + QChar(0x2026);
        QAction* action = m_counter->menu()->addAction(line.replace(QLatin1Char('&'), QLatin1String("&&")), this,
                                                       [this, text] { showNote(text); });
        action->setToolTip(text);
    }
    m_counter->menu()->addSeparator();
    m_counter->menu()->addAction(tr("Forget these"), this, [this] {
        m_log.clear();
        m_counter->setVisible(false);
    });
}

QWidget* MessageStrip::rowAt(int index) const
{
    return m_layout->itemAt(index)->widget();
}

/// A question is never displaced.
void MessageStrip::makeRoom()
{
    for (int i = 0; rows() >= kMostRows && i < rows();)
        if (rowAt(i)->property(kSort).toInt() == static_cast<int>(Kind::Question))
            ++i;
        else
            removeRow(rowAt(i));
}

void MessageStrip::ended(int kind)
{
    if (m_fresh) {
        m_fresh->setProperty(kOf, kind);
        m_fresh = nullptr;
        return;
    }
    for (int i = rows() - 1; i >= 0; --i)
        if (const QVariant of = rowAt(i)->property(kOf); of.isValid() && of.toInt() == kind)
            removeRow(rowAt(i));
}

int MessageStrip::rows() const
{
    return m_layout->count();
}

QStringList MessageStrip::texts() const
{
    QStringList list;
    for (int i = 0; i < m_layout->count(); ++i)
        list << m_layout->itemAt(i)->widget()->property(kText).toString();
    return list;
}

void MessageStrip::showError(const Error& error)
{
    m_fresh = addRow(Kind::Error, QString::fromStdString(error.message), QString::fromStdString(error.where), {});
    // What failed comes to its end in the same moment, or it was none that ends.
    QMetaObject::invokeMethod(
        this, [this] { m_fresh = nullptr; }, Qt::QueuedConnection);
}

void MessageStrip::showNote(const QString& text)
{
    QWidget* row = addRow(Kind::Note, text, {}, {});
    QTimer::singleShot(kNoteMs, row, [this, row] { removeRow(row); });
}

void MessageStrip::ask(const QString& text, const std::vector<Button>& buttons)
{
    addRow(Kind::Question, text, {}, buttons);
}

QWidget* MessageStrip::addRow(Kind kind, const QString& text, const QString& detail,
                              const std::vector<Button>& buttons)
{
    const QString whole = detail.isEmpty() ? text : detail + QStringLiteral(": ") + text;
    for (int i = 0; i < m_layout->count(); ++i) // said again: once is enough
        if (QWidget* old = m_layout->itemAt(i)->widget(); old->property(kText).toString() == whole) {
            removeRow(old);
            break;
        }
    makeRoom();
    if (kind != Kind::Question)
        keep(whole);

    auto* row = new Row(kind == Kind::Error, this);
    row->setProperty(kText, whole);
    row->setProperty(kSort, static_cast<int>(kind));
    row->setAccessibleName(whole);
    auto* layout = new QHBoxLayout(row);
    layout->setContentsMargins(14, 5, 6, 5);
    auto* icon = new QLabel(row);
    setThemedIcon(icon, kind == Kind::Error ? "error" : "info");
    layout->addWidget(icon, 0, Qt::AlignTop);
    auto* label = new QLabel(row);
    label->setTextFormat(Qt::RichText);
    label->setText(detail.isEmpty()
                       ? text.toHtmlEscaped()
                       : QStringLiteral("<b>%1</b><br>%2").arg(detail.toHtmlEscaped(), text.toHtmlEscaped()));
    label->setWordWrap(true);
    label->setTextInteractionFlags(Qt::TextSelectableByMouse);
    layout->addWidget(label, 1);
    for (const auto& [title, action] : buttons) {
        auto* button = new QPushButton(title, row);
        connect(button, &QPushButton::clicked, this, [this, row, action = action] {
            removeRow(row);
            action();
        });
        layout->addWidget(button, 0, Qt::AlignVCenter);
    }
    if (kind == Kind::Error) {
        auto* copy = new QToolButton(row);
        setThemedIcon(copy, "copy");
        copy->setAutoRaise(true);
        copy->setToolTip(tr("Copy the message"));
        connect(copy, &QToolButton::clicked, this, [whole] { QGuiApplication::clipboard()->setText(whole); });
        layout->addWidget(copy, 0, Qt::AlignTop);
    }
    auto* close = new QToolButton(row);
    setThemedIcon(close, "close");
    close->setAutoRaise(true);
    close->setToolTip(tr("Close"));
    connect(close, &QToolButton::clicked, this, [this, row] { removeRow(row); });
    layout->addWidget(close, 0, Qt::AlignTop);

    m_layout->addWidget(row);
    row->show(); // else it has no height yet when place() asks
    setVisible(true);
    place();
    return row;
}

void MessageStrip::removeRow(QWidget* row)
{
    if (row == m_fresh)
        m_fresh = nullptr;
    m_layout->removeWidget(row);
    row->hide();
    row->deleteLater();
    setVisible(rows() > 0);
    place();
}

} // namespace qs::ui
