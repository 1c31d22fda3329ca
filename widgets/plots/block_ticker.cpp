#include "widgets/plots/block_ticker.h"

#include "widgets/theme/format.h"

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

QSharedPointer<QCPAxisTicker> blockTicker(const QCPAxis& axis, const std::vector<int>& blocks)
{
    auto ticker = QSharedPointer<BlockTicker>::create(axis);
    for (std::size_t first = 0; first < blocks.size();) {
        std::size_t last = first;
        while (last + 1 < blocks.size() && blocks[last + 1] == blocks[first])
            ++last;
        ticker->addTick(static_cast<double>(first + last) / 2, blockTitle(blocks[first]));
        first = last + 1;
    }
    return ticker;
}

} // namespace qs::ui
