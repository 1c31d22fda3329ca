#include "widgets/panels/images/top_five.h"

#include "widgets/theme/colours.h"
#include "widgets/theme/format.h"

#include <QPainter>

#include <algorithm>

namespace qs::ui {

namespace {

constexpr int kRows = 5;
constexpr int kBarHeight = 5;
constexpr int kRowGap = 6;

} // namespace

TopFive::TopFive(const QString& title, bool quantized, QWidget* parent)
    : QWidget(parent), m_title(title), m_quantized(quantized)
{
    setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Fixed);
}

void TopFive::setGuesses(std::vector<Guess> guesses, std::optional<int> label, bool current)
{
    m_guesses = std::move(guesses);
    m_label = label;
    m_current = current;
    QStringList spoken{m_title};
    for (const Guess& guess : m_guesses)
        spoken << QStringLiteral("%1 %2").arg(guess.name, formatPercent(guess.probability));
    setAccessibleName(spoken.join(QStringLiteral(", ")));
    setToolTip(m_guesses.empty() ? QString() : spoken.join(QLatin1Char('\n')));
    update();
}

QSize TopFive::sizeHint() const
{
    const int line = fontMetrics().height();
    return {24 * fontMetrics().averageCharWidth(), line + 4 + kRows * (line + kBarHeight + kRowGap)};
}

QSize TopFive::minimumSizeHint() const
{
    return {14 * fontMetrics().averageCharWidth(), sizeHint().height()};
}

void TopFive::paintEvent(QPaintEvent*)
{
    QPainter painter(this);
    const Colours& c = colours();
    const QColor text = m_current ? palette().color(QPalette::Text) : c.stale;
    const QColor bar = !m_current ? c.stale : m_quantized ? c.after : c.before;
    const int line = fontMetrics().height();
    QFont bold = font();
    bold.setBold(true);
    painter.setFont(bold);
    painter.setPen(text);
    painter.drawText(QRect(0, 0, width(), line), Qt::AlignLeft | Qt::AlignVCenter, m_title);
    painter.setFont(font());
    int y = line + 4;
    if (m_guesses.empty()) {
        painter.setPen(palette().color(QPalette::PlaceholderText));
        painter.drawText(QRect(0, y, width(), line), Qt::AlignLeft, tr("not evaluated yet"));
        return;
    }
    for (const Guess& guess : m_guesses) {
        const QString share = formatPercent(guess.probability);
        const int shareWidth = fontMetrics().horizontalAdvance(share);
        const bool right = m_label && *m_label == guess.index;
        QString name = guess.name;
        if (right)
            name.prepend(QStringLiteral("✓ "));
        painter.setFont(right ? bold : font());
        painter.setPen(text);
        const int room = width() - shareWidth - 8;
        painter.drawText(QRect(0, y, room, line), Qt::AlignLeft | Qt::AlignVCenter,
                         painter.fontMetrics().elidedText(name, Qt::ElideRight, room));
        painter.setFont(font());
        painter.drawText(QRect(0, y, width(), line), Qt::AlignRight | Qt::AlignVCenter, share);
        y += line;
        painter.fillRect(QRect(0, y, width(), kBarHeight), c.plotGrid);
        const int length = static_cast<int>(std::clamp(guess.probability, 0.0, 1.0) * width());
        painter.fillRect(QRect(0, y, std::max(length, 1), kBarHeight), bar);
        y += kBarHeight + kRowGap;
    }
}

} // namespace qs::ui
