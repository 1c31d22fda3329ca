#include "core/onnx/export_levels.h"

#include "core/kernels/quantize_levels.h"
#include "core/onnx/export_grid.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <limits>
#include <numbers>
#include <utility>

namespace qs::onnx {

namespace pb = quantoscope_onnx;

namespace {

/// A region as a grid of uint8 codes: the zero point moves its codes to 0 or above.
quant::UniformGrid gridOf(const quant::RegionGrid& grid, const quant::Region& region)
{
    const int lowest = region.qmin - region.zeroPoint;
    const int highest = region.qmax - region.zeroPoint;
    const int zeroPoint = std::max(-lowest, 0);
    return {{grid.step(region)}, {zeroPoint}, lowest + zeroPoint, highest + zeroPoint};
}

bool fitsBytes(const quant::UniformGrid& grid)
{
    return grid.zeroPoint[0] <= 255 && grid.qmax <= 255;
}

} // namespace

bool canWrite(const quant::LevelGrid& levels)
{
    const auto* regions = std::get_if<quant::RegionGrid>(&levels);
    return !regions || (fitsBytes(gridOf(*regions, regions->lower)) && fitsBytes(gridOf(*regions, regions->upper)));
}

std::vector<pb::NodeProto> regionNodes(ExportFile& file, const graph::Site& site, const quant::RegionGrid& grid,
                                       const std::string& value, const std::string& output)
{
    std::vector<pb::NodeProto> nodes;
    const auto add = [&](const char* op, std::vector<std::string> inputs, const std::string& result) {
        nodes.push_back(makeNode(op, file.unique(site.name + "/" + op), std::move(inputs), result));
        return result;
    };
    const auto region = [&](const quant::Region& which, const std::string& name) {
        const std::string result = file.unique(site.name + "_" + name + "_dequantized");
        std::vector<pb::NodeProto> pair =
            uniformNodes(file, {site.name + "/" + name, site.name + "_" + name}, gridOf(grid, which), value, result);
        std::ranges::move(pair, std::back_inserter(nodes));
        return result;
    };
    const std::string lower = region(grid.lower, "lower");
    const std::string upper = region(grid.upper, "upper");
    const std::string border = file.addScalar(site.name + "_border", grid.border);
    const std::string isUpper = file.unique(site.name + "_is_upper");
    if (grid.byMagnitude) {
        const std::string magnitude = add("Abs", {value}, file.unique(site.name + "_magnitude"));
        add("Greater", {magnitude, border}, isUpper);
    } else {
        add("GreaterOrEqual", {value, border}, isUpper);
    }
    add("Where", {isUpper, upper, lower}, output);
    return nodes;
}

std::vector<pb::NodeProto> logNodes(ExportFile& file, const graph::Site& site, const quant::LogGrid& grid,
                                    const std::string& value, const std::string& output)
{
    // The estimate is at most one code too low, never too high: runtimes differ in the last bits of a logarithm only.
    // Borders of reciprocals lie up to log2 1.5 = 0.585 above a code, others half.
    const float nearlyHalf = grid.reciprocal ? 0.41F : 0.49F;
    const int last = quant::lastCode(grid);
    const double perOctave = grid.rootTwo ? 2 : 1;
    std::vector<float> thresholds;
    for (int code = 0; code <= last; ++code)
        thresholds.push_back(quant::leastRatio(grid, code));
    thresholds.push_back(std::numeric_limits<float>::lowest());
    const std::vector<double> ascending = quant::levelsOf(grid);
    const std::vector<float> levels(ascending.rbegin(), ascending.rend());
    const auto count = static_cast<int64_t>(levels.size());

    std::vector<pb::NodeProto> nodes;
    const auto add = [&](const char* op, std::vector<std::string> inputs, const std::string& result) {
        nodes.push_back(makeNode(op, file.unique(site.name + "/" + op), std::move(inputs), result));
        return result;
    };
    const auto named = [&](const char* name) { return file.unique(site.name + name); };
    const auto scalar = [&](const char* name, double number) {
        return file.addScalar(site.name + name, static_cast<float>(number));
    };
    const auto table = [&](const char* name, const std::vector<float>& values) {
        return file.addTensor(site.name + name, pb::TensorProto::FLOAT, {&count, 1}, std::span<const float>(values));
    };
    const auto toInteger = [&](const std::string& from, const char* name) {
        const std::string result = add("Cast", {from}, named(name));
        setAttribute(nodes.back(), "to", int64_t{pb::TensorProto::INT32});
        return result;
    };
    const std::string ratio =
        grid.scale == 1 ? value : add("Div", {value, scalar("_scale", grid.scale)}, named("_ratio"));
    const std::string inside = add(
        "Clip", {ratio, scalar("_smallest", std::numeric_limits<float>::min()), scalar("_one", 1)}, named("_inside"));
    const std::string logarithm = add("Log", {inside}, named("_logarithm"));
    const std::string real =
        add("Mul", {logarithm, scalar("_codes_per_e", -perOctave / std::numbers::ln2)}, named("_code_real"));
    const std::string shifted = add("Add", {real, scalar("_nearly_half", nearlyHalf)}, named("_code_shifted"));
    const std::string whole = add("Floor", {shifted}, named("_code_whole"));
    const std::string bounded =
        add("Clip", {whole, scalar("_first_code", 0), scalar("_last_code", static_cast<double>(last + 1))},
            named("_code_bounded"));
    const std::string estimate = toInteger(bounded, "_code_estimate");
    const std::string least = add("Gather", {table("_thresholds", thresholds), estimate}, named("_threshold"));
    const std::string below = add("Less", {ratio, least}, named("_is_below"));
    const std::string one = toInteger(below, "_correction");
    const std::string code = add("Add", {estimate, one}, named("_code"));
    add("Gather", {table("_levels", levels), code}, output);
    return nodes;
}

} // namespace qs::onnx
