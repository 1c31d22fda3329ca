#include "core/stats/calibration_file.h"

#include "core/base/file.h"
#include "core/base/write_file.h"
#include "core/stats/calibration.h"
#include "core/stats/collector.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <ostream>
#include <utility>

#include <nlohmann/json.hpp>

namespace qs::stats {

namespace {

using Json = nlohmann::json;

static_assert(std::endian::native == std::endian::little, "numbers are stored as they lie in memory");

constexpr std::string_view kFormat = "quantoscope-calibration";
constexpr int kVersion = 3; ///< 3: samples of products
constexpr std::size_t kLargestDepth = 6;

template <class T>
Json packed(std::span<const T> values)
{
    std::vector<uint8_t> bytes(values.size_bytes());
    if (!bytes.empty())
        std::memcpy(bytes.data(), values.data(), bytes.size());
    return Json::binary(std::move(bytes));
}

template <class T>
Json packed(const std::vector<T>& values)
{
    return packed(std::span<const T>(values));
}

Json tensorJson(const Tensor& tensor)
{
    if (tensor.empty())
        return nullptr;
    return {{"rows", tensor.shape()[0]}, {"columns", tensor.shape()[1]}, {"data", packed(tensor.floats())}};
}

/// Three numbers a lane (exponent, first, bins), and the counts of the bins in use.
Json lanesJson(const LaneHistograms& lanes)
{
    std::vector<int32_t> windows;
    std::vector<uint32_t> counts;
    for (std::size_t lane = 0; lane < lanes.lanes(); ++lane) {
        const BinWindow& window = lanes.windows()[lane];
        const auto bins = lanes.counts(lane);
        windows.insert(windows.end(),
                       {window.exponent, static_cast<int32_t>(window.first), static_cast<int32_t>(bins.size())});
        counts.insert(counts.end(), bins.begin(), bins.end());
    }
    return {{"windows", packed(windows)}, {"counts", packed(counts)}};
}

Json siteJson(const SiteStatistics& site)
{
    Json json{{"name", site.site}};
    if (site.minimum.empty())
        return json;
    const auto counts = site.histogram.counts();
    std::size_t used = counts.size();
    while (used > 0 && counts[used - 1] == 0)
        --used;
    json["values"] = site.values;
    if (site.masked > 0)
        json["masked"] = site.masked;
    json["minimum"] = packed(site.minimum);
    json["maximum"] = packed(site.maximum);
    json["mean"] = packed(site.mean);
    json["variance"] = packed(site.variance);
    json["histogram"] = {{"exponent", site.histogram.widthExponent()},
                         {"first", site.histogram.firstIndex()},
                         {"counts", packed(counts.first(used))}};
    json["sample"] = tensorJson(site.sample);
    json["sample_image"] = packed(site.sampleImage);
    if (!site.lanes.empty())
        json["lanes"] = lanesJson(site.lanes);
    return json;
}

/// Builds the document, but only so deep: a hostile file must not use up the stack.
class ShallowParser : public nlohmann::detail::json_sax_dom_parser<Json> {
public:
    using Base = nlohmann::detail::json_sax_dom_parser<Json>;
    explicit ShallowParser(Json& document) : Base(document, false) {}
    bool start_object(std::size_t size) { return ++m_depth <= kLargestDepth && Base::start_object(size); }
    bool start_array(std::size_t size) { return ++m_depth <= kLargestDepth && Base::start_array(size); }
    bool end_object()
    {
        --m_depth;
        return Base::end_object();
    }
    bool end_array()
    {
        --m_depth;
        return Base::end_array();
    }

private:
    std::size_t m_depth = 0;
};

/// Throws on what is missing or of the wrong kind; loadCalibration turns that into an Error.
struct Malformed {
    std::string message;
};

template <class T>
std::vector<T> unpacked(const Json& json)
{
    const auto& bytes = json.get_binary();
    if (bytes.size() % sizeof(T) != 0)
        throw Malformed{"an array has a broken size"};
    std::vector<T> values(bytes.size() / sizeof(T));
    if (!values.empty())
        std::memcpy(values.data(), bytes.data(), bytes.size());
    if constexpr (std::is_floating_point_v<T>)
        if (!std::ranges::all_of(values, [](T value) { return std::isfinite(value); }))
            throw Malformed{"an array holds NaN or infinity"};
    return values;
}

Tensor readTensor(const Json& json)
{
    if (json.is_null())
        return {};
    const auto rows = json.at("rows").get<int64_t>();
    const auto columns = json.at("columns").get<int64_t>();
    const auto values = unpacked<float>(json.at("data"));
    if (rows <= 0 || columns <= 0 || rows > (int64_t{1} << 31) || columns > (int64_t{1} << 31) ||
        static_cast<uint64_t>(rows) * static_cast<uint64_t>(columns) != values.size())
        throw Malformed{"an array has the wrong size"};
    return Tensor::fromFloats({rows, columns}, values);
}

LaneHistograms readLanes(const Json& json)
{
    const auto numbers = unpacked<int32_t>(json.at("windows"));
    const auto counts = unpacked<uint32_t>(json.at("counts"));
    std::vector<BinWindow> windows;
    std::size_t bins = 0;
    for (std::size_t i = 0; i + 2 < numbers.size(); i += 3) {
        const int32_t used = numbers[i + 2];
        if (std::abs(numbers[i]) > 150 || std::abs(static_cast<int64_t>(numbers[i + 1])) > (int64_t{1} << 24) ||
            used < 1 || used > static_cast<int32_t>(LaneHistograms::kBins))
            throw Malformed{"the histogram of a channel is out of bounds"};
        windows.push_back({numbers[i], numbers[i + 1], static_cast<int64_t>(numbers[i + 1]) + used - 1});
        bins += static_cast<std::size_t>(used);
    }
    if (numbers.size() % 3 != 0 || bins != counts.size())
        throw Malformed{"the histograms of the channels do not fit together"};
    return LaneHistograms::fromParts(std::move(windows), counts);
}

SiteStatistics readSite(const Json& json)
{
    SiteStatistics site;
    site.site = json.at("name").get<std::string>();
    if (!json.contains("values"))
        return site;
    site.values = json["values"].get<uint64_t>();
    if (json.contains("masked"))
        site.masked = json["masked"].get<uint64_t>();
    site.minimum = unpacked<float>(json.at("minimum"));
    site.maximum = unpacked<float>(json.at("maximum"));
    site.mean = unpacked<double>(json.at("mean"));
    site.variance = unpacked<double>(json.at("variance"));
    const Json& histogram = json.at("histogram");
    const auto exponent = histogram.at("exponent").get<int>();
    const auto first = histogram.at("first").get<int64_t>();
    auto counts = unpacked<uint64_t>(histogram.at("counts"));
    if (std::abs(exponent) > 150 || std::abs(static_cast<double>(first)) > 1e9 || counts.size() > Histogram::kBins)
        throw Malformed{"a histogram is out of bounds"};
    site.histogram = Histogram::fromParts(exponent, first, std::move(counts));
    site.sample = readTensor(json.at("sample"));
    site.sampleImage = unpacked<uint32_t>(json.at("sample_image"));
    if (json.contains("lanes"))
        site.lanes = readLanes(json["lanes"]);
    const std::size_t channels = site.minimum.size();
    const auto rows = site.sample.empty() ? 0 : static_cast<std::size_t>(site.sample.shape()[0]);
    if (channels == 0 || site.maximum.size() != channels || site.mean.size() != channels ||
        site.variance.size() != channels || site.sampleImage.size() != rows ||
        (rows > 0 && static_cast<std::size_t>(site.sample.shape()[1]) != channels) ||
        site.histogram.total() != site.values)
        throw Malformed{"the numbers of site \"" + site.site + "\" do not fit together"};
    return site;
}

Json productJson(const ProductSample& product)
{
    const Shape& left = product.leftValues.shape();
    const Shape& right = product.rightValues.shape();
    return {{"left", product.left.index()},
            {"right", product.right.index()},
            {"slices", left[0]},
            {"left_values", tensorJson(product.leftValues.reshaped({left[0] * left[1], left[2]}))},
            {"right_values", tensorJson(product.rightValues.reshaped({right[0] * right[1], right[2]}))}};
}

/// The operands of a product of sites that the calibration has.
ProductSample readProduct(const Json& json, const std::vector<SiteStatistics>& sites)
{
    const auto site = [&](const char* key) {
        const auto index = json.at(key).get<std::size_t>();
        if (index >= sites.size() || sites[index].minimum.empty())
            throw Malformed{"a product has operands that are not there"};
        return SiteId(static_cast<uint32_t>(index));
    };
    ProductSample product{site("left"), site("right"), readTensor(json.at("left_values")),
                          readTensor(json.at("right_values"))};
    const auto slices = json.at("slices").get<int64_t>();
    if (product.leftValues.empty() || product.rightValues.empty() || slices < 1)
        throw Malformed{"a product has no values"};
    const Shape left = product.leftValues.shape();
    const Shape right = product.rightValues.shape();
    const int64_t k = left[1];
    if (left[0] % slices != 0 || right[0] % slices != 0 || right[0] / slices != k ||
        static_cast<int64_t>(sites[product.left.index()].minimum.size()) != k ||
        static_cast<int64_t>(sites[product.right.index()].minimum.size()) != k)
        throw Malformed{"the operands of a product do not fit together"};
    product.leftValues = product.leftValues.reshaped({slices, left[0] / slices, k});
    product.rightValues = product.rightValues.reshaped({slices, k, right[1]});
    return product;
}

Json importanceJson(const Importance& importance)
{
    return {{"node", importance.node.index()}, {"values", packed(importance.values)}};
}

/// Nodes are looked up by the model's numbers; sizes are compared where they are used.
Importance readImportance(const Json& json)
{
    Importance importance{NodeId(json.at("node").get<uint32_t>()), unpacked<float>(json.at("values"))};
    if (importance.values.empty() || std::ranges::any_of(importance.values, [](float h) { return h < 0; }))
        throw Malformed{"an importance is out of bounds"};
    return importance;
}

Calibration readCalibration(const Json& json)
{
    Calibration calibration;
    calibration.modelHash = json.at("model_hash").get<std::string>();
    calibration.preprocess = json.at("preprocess").get<std::string>();
    calibration.imagesHash = json.at("images_hash").get<std::string>();
    calibration.images = json.at("images").get<std::size_t>();
    calibration.seed = json.at("seed").get<uint64_t>();
    calibration.peakBytes = json.at("peak_bytes").get<std::size_t>();
    calibration.logits = readTensor(json.at("logits"));
    for (const Json& site : json.at("sites"))
        calibration.sites.push_back(readSite(site));
    for (const Json& product : json.at("products"))
        calibration.products.push_back(readProduct(product, calibration.sites));
    if (json.contains("importances"))
        for (const Json& importance : json["importances"])
            calibration.importances.push_back(readImportance(importance));
    return calibration;
}

} // namespace

Result<void> saveCalibration(const Calibration& calibration, const std::filesystem::path& path)
{
    Json json{{"format", kFormat},
              {"version", kVersion},
              {"model_hash", calibration.modelHash},
              {"preprocess", calibration.preprocess},
              {"images_hash", calibration.imagesHash},
              {"images", calibration.images},
              {"seed", calibration.seed},
              {"peak_bytes", calibration.peakBytes},
              {"logits", tensorJson(calibration.logits)},
              {"sites", Json::array()},
              {"products", Json::array()}};
    for (const SiteStatistics& site : calibration.sites)
        json["sites"].push_back(siteJson(site));
    for (const ProductSample& product : calibration.products)
        json["products"].push_back(productJson(product));
    for (const Importance& importance : calibration.importances)
        json["importances"].push_back(importanceJson(importance));
    std::vector<uint8_t> bytes;
    try {
        bytes = Json::to_cbor(json);
    } catch (const Json::exception& error) {
        return fail(ErrorCode::InvalidArgument, error.what(), path.string()); // a name that is not UTF-8
    }
    return writeAtomically(path, [&](std::ostream& out) {
        out.write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
        return out.good();
    });
}

Result<std::shared_ptr<const Calibration>> loadCalibration(const std::filesystem::path& path)
{
    QS_ASSIGN(const FileBytes file, FileBytes::read(path));
    const auto malformed = [&](const std::string& why) {
        return fail(ErrorCode::Malformed, "not a calibration: " + why, path.string());
    };
    try {
        Json json;
        ShallowParser parser(json);
        const auto bytes = file.bytes();
        const auto* begin = reinterpret_cast<const uint8_t*>(bytes.data());
        if (!Json::sax_parse(begin, begin + bytes.size(), &parser, Json::input_format_t::cbor) || !json.is_object())
            return malformed("the file is broken or of another kind");
        if (!json.contains("format") || json["format"] != kFormat)
            return malformed("the file is of another kind");
        const int version = json.at("version").get<int>();
        if (version != kVersion)
            return fail(ErrorCode::Unsupported,
                        "the calibration is of version " + std::to_string(version) + ", this program reads " +
                            std::to_string(kVersion) + ": calibrate again",
                        path.string());
        return std::make_shared<const Calibration>(readCalibration(json));
    } catch (const Malformed& error) {
        return malformed(error.message);
    } catch (const Json::exception& error) {
        return malformed(error.what());
    } catch (const std::bad_alloc&) {
        return fail(ErrorCode::OutOfMemory, "the calibration does not fit into memory", path.string());
    }
}

Result<void> checkCalibration(const Calibration& calibration, const std::string& modelHash,
                              const graph::SiteTable& sites)
{
    if (!calibration.modelHash.empty() && !modelHash.empty() && calibration.modelHash != modelHash)
        return fail(ErrorCode::InvalidArgument, "the calibration was made for another model");
    if (calibration.sites.size() != sites.size())
        return fail(ErrorCode::InvalidArgument, "the calibration has " + std::to_string(calibration.sites.size()) +
                                                    " sites, the model has " + std::to_string(sites.size()));
    for (const graph::Site& site : sites) {
        const SiteStatistics& statistics = calibration.sites[site.id.index()];
        if (statistics.site != site.name)
            return fail(ErrorCode::InvalidArgument, "the calibration knows this site as \"" + statistics.site + "\"",
                        site.name);
        if (site.kind == graph::SiteKind::Activation &&
            statistics.minimum.size() != static_cast<std::size_t>(site.layout.channels))
            return fail(ErrorCode::InvalidArgument,
                        "the calibration has " + std::to_string(statistics.minimum.size()) +
                            " channels, the model has " + std::to_string(site.layout.channels),
                        site.name);
        if (const std::size_t lanes = laneCount(site);
            !statistics.lanes.empty() && (lanes == 0 || statistics.lanes.lanes() != lanes))
            return fail(ErrorCode::InvalidArgument,
                        "the calibration has histograms of " + std::to_string(statistics.lanes.lanes()) +
                            " lanes, the model has " + std::to_string(lanes),
                        site.name);
    }
    return {};
}

} // namespace qs::stats
