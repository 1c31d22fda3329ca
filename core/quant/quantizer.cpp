#include "core/quant/quantizer.h"

#include "core/exec/grid_map.h"
#include "core/kernels/quantize.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

namespace qs::quant {

namespace {

constexpr double kWidest = 1 << 22; ///< where sums with it are exact in float

float usableScale(double scale)
{
    if (!(scale > 0))
        return 1;
    const auto rounded = static_cast<float>(std::min<double>(scale, std::numeric_limits<float>::max()));
    return std::max(rounded, std::numeric_limits<float>::min());
}

class UniformMap final : public exec::GridMap {
public:
    explicit UniformMap(UniformGrid grid) : m_grid(std::move(grid)) {}

    void apply(const float* src, float* dst, const graph::ChannelLayout& layout) const override
    {
        const auto elements = static_cast<std::size_t>(layout.elements());
        if (m_grid.scale.size() == 1) {
            kernels::fakeQuantize({src, elements}, {m_grid.scale[0], m_grid.zeroPoint[0], m_grid.qmin, m_grid.qmax},
                                  {dst, elements});
            return;
        }
        const kernels::ChannelLayout channels{static_cast<std::size_t>(layout.outer),
                                              static_cast<std::size_t>(layout.channels),
                                              static_cast<std::size_t>(layout.inner)};
        kernels::fakeQuantizeChannels(channels, src, {m_grid.scale, m_grid.zeroPoint, m_grid.qmin, m_grid.qmax}, dst);
    }

    std::optional<kernels::QuantGrid> codes() const override
    {
        constexpr int kCodes = 256;
        if (m_grid.scale.size() != 1 || m_grid.levels() > kCodes || m_grid.zeroPoint[0] < m_grid.qmin ||
            m_grid.zeroPoint[0] > m_grid.qmax)
            return std::nullopt;
        return kernels::QuantGrid{m_grid.scale[0], m_grid.zeroPoint[0], m_grid.qmin, m_grid.qmax};
    }

private:
    UniformGrid m_grid;
};

} // namespace

kernels::QuantGrid uniformNumbers(double low, double high, int bits, Scheme scheme, ZeroPoint rule)
{
    if (scheme == Scheme::Symmetric || rule == ZeroPoint::ZeroInRange || low >= high) {
        low = std::min(low, 0.0);
        high = std::max(high, 0.0);
    }
    if (scheme == Scheme::Symmetric) {
        const int most = (1 << (bits - 1)) - 1;
        return {usableScale(std::max(-low, high) / most), 0, bits == 8 ? -most : -most - 1, most};
    }
    const int most = (1 << bits) - 1;
    const float scale = usableScale((high - low) / most);
    const double zeroPoint = std::nearbyint(-low / static_cast<double>(scale));
    const double reach = rule == ZeroPoint::Wide ? kWidest : 0;
    return {scale, static_cast<int32_t>(std::clamp<double>(zeroPoint, -reach, std::max<double>(most, reach))), 0,
            most};
}

UniformGrid uniformGrid(double low, double high, int bits, Scheme scheme, ZeroPoint rule)
{
    const kernels::QuantGrid grid = uniformNumbers(low, high, bits, scheme, rule);
    return {{grid.scale}, {grid.zeroPoint}, grid.qmin, grid.qmax};
}

std::shared_ptr<const exec::ElementMap> makeUniformMap(UniformGrid grid)
{
    return std::make_shared<UniformMap>(std::move(grid));
}

std::vector<double> gridLevels(const UniformGrid& grid)
{
    std::vector<double> levels;
    if (grid.scale.empty())
        return levels;
    levels.reserve(static_cast<std::size_t>(grid.levels()));
    for (int code = grid.qmin; code <= grid.qmax; ++code)
        levels.push_back((code - grid.zeroPoint[0]) * static_cast<double>(grid.scale[0]));
    return levels;
}

} // namespace qs::quant
