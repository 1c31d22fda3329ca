#include "widgets/panels/bits/block_ticker.h"

#include <QFontMetricsF>

#include <limits>

namespace qs::ui {

namespace {
constexpr double kBetween = 4; ///< pixels
}

QVector<double> BlockTicker::createTickVector(double tickStep, const QCPRange& range)
{
    const QFontMetricsF metrics(m_axis.tickLabelFont());
    QVector<double> kept;
    double free = -std::numeric_limits<double>::infinity();
    for (const double place : QCPAxisTickerText::createTickVector(tickStep, range)) {
        const double middle = m_axis.coordToPixel(place);
        const double half = metrics.horizontalAdvance(mTicks.value(place)) / 2;
        if (middle - half < free)
            continue;
        kept.append(place);
        free = middle + half + kBetween;
    }
    return kept;
}

} // namespace qs::ui
