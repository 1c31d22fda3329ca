#include "widgets/shell/message_strip.h"

#include "widgets/theme/colours.h"
#include "widgets/theme/icon.h"

#include <QClipboard>
#include <QGuiApplication>
#include <QHBoxLayout>
#include <QLabel>
#include <QPainter>
#include <QPushButton>
#include <QTimer>
#include <QToolButton>
#include <QVBoxLayout>

namespace qs::ui {

namespace {

constexpr int kMostRows = 4;
constexpr int kNoteMs = 12000;
constexpr const char* kText = "messageText";

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

MessageStrip::MessageStrip(QWidget* parent) : QWidget(parent), m_layout(new QVBoxLayout(this))
{
    m_layout->setContentsMargins(0, 0, 0, 0);
    m_layout->setSpacing(1);
    setVisible(false);
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
    addRow(Kind::Error, QString::fromStdString(error.message), QString::fromStdString(error.where), {});
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
    while (rows() >= kMostRows)
        removeRow(m_layout->itemAt(0)->widget());

    auto* row = new Row(kind == Kind::Error, this);
    row->setProperty(kText, whole);
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
    setVisible(true);
    return row;
}

void MessageStrip::removeRow(QWidget* row)
{
    m_layout->removeWidget(row);
    row->hide();
    row->deleteLater();
    setVisible(rows() > 0);
}

} // namespace qs::ui
