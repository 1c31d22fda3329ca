#pragma once

#include "core/exec/image_source.h"

#include <atomic>
#include <functional>
#include <random>
#include <string>

namespace qs::test {

/// Images of Gaussian noise, the same for the same number.
class NoiseImages final : public exec::ImageSource {
public:
    explicit NoiseImages(std::size_t count) : m_count(count) {}

    std::size_t size() const override { return m_count; }
    Result<void> load(std::size_t index, std::span<float> dst) const override
    {
        if (onLoad)
            onLoad(index);
        if (index == broken)
            return fail(ErrorCode::Io, "cannot be read", name(index));
        std::mt19937 engine(static_cast<unsigned>(index) + 1);
        std::normal_distribution<float> normal;
        for (float& value : dst)
            value = normal(engine);
        if (index == notANumber)
            dst[dst.size() / 2] = std::numeric_limits<float>::quiet_NaN();
        return {};
    }
    std::optional<int> label(std::size_t index) const override { return labels ? labels(index) : std::nullopt; }
    std::string name(std::size_t index) const override { return "noise-" + std::to_string(index); }

    std::size_t broken = SIZE_MAX;
    std::size_t notANumber = SIZE_MAX;
    std::function<void(std::size_t)> onLoad;
    std::function<std::optional<int>(std::size_t)> labels;

private:
    std::size_t m_count;
};

} // namespace qs::test
