#include "widgets/panels/distribution/histogram_scene.h"

#include "widgets/frame/csv.h"
#include "widgets/theme/format.h"

#include <QObject>

#include <algorithm>
#include <cmath>

namespace qs::ui {

void HistogramScene::setPicture(const SitePicture& picture, bool keepDrag)
{
    m_picture = picture;
    m_cells = picture.cells();
    m_extent = values() ? occupied(values()->histogram) : Extent{};
    if (!keepDrag) {
        m_preview.reset();
        m_dragged.reset();
    }
    updateOccupancy();
}

void HistogramScene::setBefore(bool on)
{
    m_before = on;
    m_extent = values() ? occupied(values()->histogram) : Extent{};
}

void HistogramScene::setGains(std::shared_ptr<const quant::NoiseGains> gains, double step)
{
    m_gains = std::move(gains);
    m_gainStep = step;
    m_gainSums = {{0.0}, {0.0}};
    for (std::size_t bin = 0; m_gains && bin < m_gains->change.size(); ++bin) {
        const auto count = static_cast<double>(m_picture.statistics->histogram.counts()[bin]);
        m_gainSums.change.push_back(m_gainSums.change.back() + count * m_gains->change[bin]);
        m_gainSums.error.push_back(m_gainSums.error.back() + count * m_gains->errorWithout);
    }
}

bool HistogramScene::drag(bool low, double value)
{
    const auto range = limits();
    if (!range || !canDrag() || !m_picture.statistics)
        return false;
    const quant::Range wished =
        quant::allowedRange(low ? value : range->low, low ? range->high : value, m_picture.settings.scheme, low);
    if (!(wished.high > wished.low))
        return false;
    m_dragged = wished;
    m_preview = quant::previewClip(*m_picture.statistics, m_picture.settings, wished.low, wished.high);
    updateOccupancy();
    return true;
}

const quant::UniformGrid* HistogramScene::grid() const
{
    if (m_preview)
        return &m_preview->grid;
    return m_picture.oneGrid() ? &m_picture.plan->grid : nullptr;
}

std::optional<quant::Range> HistogramScene::limits() const
{
    if (m_dragged)
        return m_dragged;
    if (!m_picture.quantizedSite())
        return std::nullopt;
    const quant::Range range = m_picture.plan->range;
    if (m_picture.settings.scheme == quant::Scheme::Symmetric && !m_picture.uneven()) {
        const double half = std::max(std::abs(range.low), std::abs(range.high));
        return quant::Range{-half, half};
    }
    return range;
}

void HistogramScene::updateOccupancy()
{
    const quant::UniformGrid* present = grid();
    m_occupancy.clear();
    if (m_picture.statistics && present)
        m_occupancy = levelOccupancy(m_picture.statistics->histogram, *present);
    else if (m_picture.statistics && !m_cells.levels.empty())
        m_occupancy = levelOccupancy(m_picture.statistics->histogram, m_cells);
}

double HistogramScene::largestHeight() const
{
    double most = values() ? largestCount(values()->histogram) : 1;
    if (const quant::UniformGrid* present = shownGrid(); present && !m_occupancy.empty())
        most = std::max(most, *std::ranges::max_element(m_occupancy) * m_picture.statistics->histogram.width() /
                                  static_cast<double>(present->scale.front()));
    return std::max(most, 1.0);
}

QString HistogramScene::describe(double value) const
{
    if (!values() || values()->histogram.empty())
        return {};
    const stats::Histogram& histogram = values()->histogram;
    const double bin = std::floor((value - histogram.low()) / histogram.width());
    uint64_t count = 0;
    if (bin >= 0 && bin < static_cast<double>(histogram.counts().size()))
        count = histogram.counts()[static_cast<std::size_t>(bin)];
    const double left = histogram.low() + bin * histogram.width();
    QString text = QObject::tr("%1 … %2: %3 of %4 values")
                       .arg(formatNumber(left), formatNumber(left + histogram.width()), formatCount(count),
                            formatCount(histogram.total()));
    if (showsGains() && count > 0) {
        const double change = m_gains->change[static_cast<std::size_t>(bin)];
        return text + QObject::tr(" · noise changes their expected squared error by %1%2: they %3")
                          .arg(change < 0 ? QStringLiteral("−") : QStringLiteral("+"), formatNumber(std::abs(change)),
                               change < 0 ? QObject::tr("gain") : QObject::tr("lose"));
    }
    return text + levelText(value);
}

QString HistogramScene::levelText(double value) const
{
    const auto total = static_cast<double>(values()->histogram.total());
    if (const quant::UniformGrid* present = shownGrid()) {
        const double step = present->scale.front();
        const int zero = present->zeroPoint.front();
        const double code = std::clamp(std::nearbyint(value / step) + zero, static_cast<double>(present->qmin),
                                       static_cast<double>(present->qmax));
        const auto level = static_cast<std::size_t>(code - present->qmin);
        return QObject::tr(" · code %1 = %2, %3 of the values")
            .arg(static_cast<int>(code))
            .arg(formatNumber((code - zero) * step), formatPercent(m_occupancy[level] / total));
    }
    if (uneven()) {
        const auto level =
            static_cast<std::size_t>(std::ranges::upper_bound(m_cells.borders, value) - m_cells.borders.begin());
        return QObject::tr(" · level %1, %2 of the values")
            .arg(formatNumber(m_cells.levels[level]), formatPercent(m_occupancy[level] / total));
    }
    return {};
}

QString HistogramScene::table() const
{
    QString text = csvLine({QStringLiteral("low"), QStringLiteral("high"), QStringLiteral("count")});
    if (!values())
        return text;
    const stats::Histogram& histogram = values()->histogram;
    for (std::size_t bin = 0; bin < histogram.counts().size(); ++bin) {
        const double left = histogram.low() + static_cast<double>(bin) * histogram.width();
        if (histogram.counts()[bin] > 0)
            text += csvLine(
                {csvNumber(left), csvNumber(left + histogram.width()), QString::number(histogram.counts()[bin])});
    }
    return text;
}

} // namespace qs::ui
