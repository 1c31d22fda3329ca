#include "core/exec/losses.h"
#include "core/tasks/bootstrap.h"
#include "core/tasks/shapes.h"
#include "core/tasks/task_defs.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <limits>
#include <optional>
#include <string>
#include <vector>

namespace qs::tasks {

namespace {

/// Errors of one image's values against its truth.
struct DepthErrors {
    double absRel = 0; ///< mean |z - t| / t
    double rmse = 0;   ///< sqrt(mean (z - t)²)
    double delta1 = 0; ///< share of pixels with max(z / t, t / z) < 1.25
    double factor = 0; ///< median of t / z; NaN: no value is above 0
};

double medianOf(std::vector<double> values)
{
    if (values.empty())
        return std::numeric_limits<double>::quiet_NaN();
    const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
    std::ranges::nth_element(values, middle);
    return *middle;
}

/// Of the pixels whose truth is known and above 0; values are read at the truth's resolution, nearest.
/// Source: Eigen, Puhrsch, Fergus, Depth Map Prediction from a Single Image, 2014.
DepthErrors depthErrors(std::span<const float> values, const Planes& planes, const TrueMap& truth)
{
    double relative = 0, squares = 0, near = 0, count = 0;
    std::vector<double> factors;
    for (int64_t y = 0; y < truth.height; ++y)
        for (int64_t x = 0; x < truth.width; ++x) {
            const double t = truth.values[static_cast<std::size_t>(y * truth.width + x)];
            if (!std::isfinite(t) || t <= 0)
                continue;
            const auto row =
                static_cast<std::size_t>((2 * y + 1) * static_cast<int64_t>(planes.height) / (2 * truth.height));
            const auto column =
                static_cast<std::size_t>((2 * x + 1) * static_cast<int64_t>(planes.width) / (2 * truth.width));
            const double z = values[row * planes.width + column];
            relative += std::abs(z - t) / t;
            squares += (z - t) * (z - t);
            near += z > 0 && std::max(z / t, t / z) < 1.25 ? 1 : 0;
            ++count;
            if (z > 0)
                factors.push_back(t / z);
        }
    const double none = std::numeric_limits<double>::quiet_NaN();
    return count > 0 ? DepthErrors{relative / count, std::sqrt(squares / count), near / count, medianOf(factors)}
                     : DepthErrors{none, none, none, none};
}

/// Truths in another unit than the values: their ratio is far from 1 in the middle of the images.
std::optional<Doubt> unitDoubt(std::span<const DepthErrors> ofFloat)
{
    constexpr double kFar = 5; ///< no network of the right unit is off by as much at most pixels
    std::vector<double> factors;
    for (const DepthErrors& one : ofFloat)
        if (std::isfinite(one.factor))
            factors.push_back(one.factor);
    const double factor = medianOf(factors);
    if (!(factor > kFar || factor < 1 / kFar))
        return std::nullopt;
    std::array<char, 32> text{};
    std::snprintf(text.data(), text.size(), "%.3g", factor);
    return Doubt{
        DoubtKind::Labels,
        std::string("the values of the maps are, in the median, ") + text.data() +
            " times those of the float network: another unit (millimetres, a scale of the file), or a network "
            "of relative values, which such figures do not judge",
        "--map-scale divides the maps",
        {{"factor", factor}}};
}

class DenseMeasurement final : public Measurement {
public:
    DenseMeasurement(const graph::OutputSpan& output, const Planes& planes) : m_output(output), m_planes(planes) {}

    Result<void> add(const Truth& truth, std::span<const float> reference, std::span<const float> row) override
    {
        const auto before = m_output.of(reference), now = m_output.of(row);
        const auto [low, high] = std::ranges::minmax(before);
        double squares = 0, difference = 0, size = 0;
        for (std::size_t i = 0; i < now.size(); ++i) {
            const double d = static_cast<double>(now[i]) - before[i];
            squares += d * d;
            difference += std::abs(d);
            size += std::abs(static_cast<double>(before[i]));
        }
        const double peak = static_cast<double>(high) - low;
        const double mse = squares / static_cast<double>(now.size());
        m_psnr.push_back(mse > 0 ? 10 * std::log10(peak * peak / mse) : std::numeric_limits<double>::infinity());
        m_relative.push_back(size > 0 ? difference / size : difference > 0 ? 1 : 0);
        m_changed.push_back(std::min(1.0, m_relative.back()));
        if (const auto* map = std::get_if<TrueMap>(&truth)) {
            m_quantized.push_back(depthErrors(now, m_planes, *map));
            m_float.push_back(depthErrors(before, m_planes, *map));
        }
        return {};
    }

    Measured finish() override
    {
        Measured measured;
        const auto depth = [&](const char* key, const char* title, const std::vector<DepthErrors>& errors,
                               double DepthErrors::*which, const char* unit, bool higher) {
            std::vector<double> values;
            for (const DepthErrors& one : errors)
                values.push_back(one.*which);
            measured.figures.push_back({key, title, meanOf(values), meanInterval(values), unit, higher});
        };
        if (!m_quantized.empty()) {
            depth("abs_rel", "abs-rel", m_quantized, &DepthErrors::absRel, "%", false);
            depth("rmse", "RMSE", m_quantized, &DepthErrors::rmse, "", false);
            depth("delta1", "δ1", m_quantized, &DepthErrors::delta1, "%", true);
            depth("float_abs_rel", "abs-rel of float", m_float, &DepthErrors::absRel, "%", false);
            if (auto doubt = unitDoubt(m_float))
                measured.doubts.push_back(std::move(*doubt));
        }
        // Images that are equal have no PSNR to average, and are said.
        const auto equal = std::ranges::count_if(m_psnr, [](double v) { return std::isinf(v) && v > 0; });
        const bool all = equal == std::ssize(m_psnr);
        const std::string title = equal == 0 || all ? "PSNR to float"
                                                    : "PSNR to float (" + std::to_string(equal) + " of " +
                                                          std::to_string(m_psnr.size()) + " images equal, left out)";
        if (all)
            measured.figures.push_back(
                {"psnr_to_float", title, std::numeric_limits<double>::infinity(), {}, "dB", true});
        else
            measured.figures.push_back({"psnr_to_float", title, meanOf(m_psnr), meanInterval(m_psnr), "dB", true});
        measured.figures.push_back(
            {"relative_difference", "relative difference", meanOf(m_relative), meanInterval(m_relative), "%", false});
        measured.changed = std::move(m_changed);
        return measured;
    }

private:
    graph::OutputSpan m_output;
    Planes m_planes;
    std::vector<double> m_psnr, m_relative, m_changed;
    std::vector<DepthErrors> m_quantized, m_float;
};

class DenseValues final : public Task {
public:
    DenseValues(Outputs outputs, Planes planes) : Task(std::move(outputs)), m_planes(planes) {}
    std::unique_ptr<Measurement> measure() const override
    {
        return std::make_unique<DenseMeasurement>(outputs().layout[0], m_planes);
    }
    double loss(std::span<const float> reference, std::span<const float> row,
                std::span<float> gradient) const override
    {
        std::ranges::fill(gradient, 0.0F);
        return exec::relativeError(reference, row, gradient);
    }
    Reading read(std::span<const float>, std::span<const float> row) const override
    {
        const auto values = outputs().layout[0].of(row);
        return ValueMap{m_planes.height, m_planes.width, {values.begin(), values.end()}};
    }

private:
    Planes m_planes;
};

/// Planes of one value a pixel: as many pixels as a picture has.
double fits(const Outputs& outputs)
{
    if (outputs.layout.size() != 1)
        return 0;
    const auto planes = planesOf(outputs.layout[0]);
    if (!planes || planes->channels != 1 || planes->height < 8 || planes->width < 8)
        return 0;
    // Tokens × features look like a picture too: its sides go as the image's do.
    const auto tall = static_cast<double>(planes->height) * static_cast<double>(outputs.inputWidth);
    const auto wide = static_cast<double>(planes->width) * static_cast<double>(outputs.inputHeight);
    const bool alike = outputs.inputWidth > 0 && std::abs(tall - wide) <= 0.05 * std::max(tall, wide);
    return alike && !nameHas(outputs.layout[0].name, {"hidden", "feature", "token"}) ? 0.9 : 0.05;
}

Result<std::shared_ptr<const Task>> make(const Outputs& outputs, const TaskSettings&)
{
    const auto planes = outputs.layout.size() == 1 ? planesOf(outputs.layout[0]) : std::nullopt;
    if (!planes || planes->channels != 1)
        return fail(ErrorCode::InvalidArgument,
                    "values of pixels need one output of [batch, 1, height, width] or [batch, height, width]; there "
                    "are " +
                        describe(outputs) + ". --output NAME chooses one");
    return std::make_shared<const DenseValues>(outputs, *planes);
}

} // namespace

const TaskDef& denseValuesTask()
{
    static constexpr TaskDef def{"dense",
                                 "Values of pixels",
                                 "One output of a value a pixel (depth, matte, saliency): PSNR and relative "
                                 "difference to float; abs-rel, RMSE and δ1 with maps.",
                                 fits,
                                 make,
                                 "maps",
                                 {},
                                 false,
                                 "relative difference",
                                 0.05,
                                 "relative squared error"};
    return def;
}

} // namespace qs::tasks
