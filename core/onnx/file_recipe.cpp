#include "core/onnx/file_recipe.h"

#include "core/graph/op_traits.h"
#include "core/onnx/blocks.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <optional>
#include <set>
#include <string>

namespace qs::onnx {

namespace pb = quantoscope_onnx;

namespace {

using Kind = FileQuantizer::Kind;

constexpr int kMostBits = 8; ///< of a site

/// All that it gives are values of its first input.
bool movesOneValue(const graph::Node& node)
{
    using graph::OpTrait;
    return has(node, OpTrait::Moves) && !has(node, OpTrait::Fills) && !has(node, OpTrait::Joins);
}

/// Finds the site of each quantizer and writes the settings.
class RecipeWriter {
public:
    RecipeWriter(const std::vector<FileQuantizer>& quantizers, const graph::Network& network,
                 const pb::GraphProto& file, FileQuantization& result)
        : m_quantizers(quantizers), m_network(network), m_file(file), m_result(result)
    {
        for (const pb::NodeProto& node : file.node()) {
            for (const std::string& input : node.input())
                m_readers[input].push_back(&node);
            if (node.op_type() == "Identity" && node.input_size() == 1)
                m_same[node.output(0)] = node.input(0);
        }
        for (std::size_t i = 0; i < quantizers.size(); ++i)
            m_byValue[origin(quantizers[i].value)].push_back(i);
        for (const graph::Site& site : network.sites)
            if (site.kind == graph::SiteKind::Weight && !site.uses.empty())
                for (const std::string& output : outputsOf(site.uses.front().node))
                    m_weights[output].insert(site.id);
        for (int position = 0; position < file.node_size(); ++position)
            if (file.node(position).output_size() > 0)
                m_positions[file.node(position).output(0)] = position;
    }

    void run()
    {
        quant::Recipe& recipe = m_result.recipe;
        recipe.weight.bits = recipe.activation.bits = quant::kFloatBits;
        for (std::size_t i = 0; i < m_quantizers.size(); ++i)
            if (m_quantizers[i].kind == Kind::Weight)
                weight(i);
        for (const graph::Site& site : m_network.sites)
            if (site.kind == graph::SiteKind::Activation)
                activation(site);
        for (std::size_t i = 0; i < m_quantizers.size(); ++i)
            if (!m_used.contains(i) && m_quantizers[i].kind != Kind::Bias)
                note(m_quantizers[i], "no site here");
        m_result.sites = recipe.overrides.size();
    }

private:
    /// The value that Identity passes on under this name.
    std::string origin(std::string value) const
    {
        constexpr int kMostNames = 64; // nodes that nobody reads may form a circle
        auto it = m_same.find(value);
        for (int i = 0; i < kMostNames && it != m_same.end(); ++i, it = m_same.find(value))
            value = it->second;
        return value;
    }

    std::set<std::string> outputsOf(NodeId id) const
    {
        std::set<std::string> outputs;
        for (const int position : m_network.graph.node(id).sources)
            if (position >= 0 && position < m_file.node_size())
                outputs.insert(m_file.node(position).output().begin(), m_file.node(position).output().end());
        return outputs;
    }

    void note(const FileQuantizer& q, const std::string& why)
    {
        const std::string type = q.type ? fileTypeName(q.type) : std::to_string(q.bits) + " bits";
        m_result.notes.push_back(type + " of '" + printable(q.value) + "'" +
                                 (q.place.empty() ? "" : ", read by " + q.place) + ": " + why);
    }

    void set(const graph::Site& site, quant::SiteSettings settings)
    {
        settings.saturationSafe = false;
        m_result.recipe.overrides[site.name] = quant::wholePatch(settings);
        if (site.coverage == graph::Coverage::Full)
            m_result.recipe.coverage = graph::Coverage::Full;
    }

    /// The quantizer through which a use of the site reads its value, at the site or before what only moves it.
    std::optional<std::size_t> find(const graph::Site& site, bool& moved) const
    {
        moved = false;
        if (site.uses.empty())
            if (const auto it = m_byValue.find(origin(site.valueName)); it != m_byValue.end())
                for (const std::size_t i : it->second)
                    if (m_quantizers[i].readers.empty())
                        return i;
        for (const graph::Use& use : site.uses) {
            TensorId tensor = site.tensor;
            std::set<std::string> readers = outputsOf(use.node);
            for (;;) {
                if (const auto it = m_byValue.find(origin(m_network.graph.value(tensor).name)); it != m_byValue.end())
                    for (const std::size_t i : it->second)
                        if (std::ranges::any_of(m_quantizers[i].readers,
                                                [&](const std::string& name) { return readers.contains(name); }))
                            return i;
                const NodeId producer = m_network.graph.value(tensor).producer;
                if (!producer.valid() || !movesOneValue(m_network.graph.node(producer)))
                    break;
                moved = true;
                readers = outputsOf(producer);
                tensor = m_network.graph.node(producer).inputs[0];
            }
        }
        return std::nullopt;
    }

    void activation(const graph::Site& site)
    {
        bool moved = false;
        const auto found = find(site, moved);
        if (!found)
            return;
        const FileQuantizer& q = m_quantizers[*found];
        const bool isFirst = m_used.insert(*found).second;
        quant::SiteSettings settings = m_result.recipe.activation;
        settings.bits = q.bits;
        settings.scheme = quant::Scheme::Asymmetric;
        const auto range = codeRange(q.type);
        if (q.kind == Kind::Dynamic) {
            if (isFirst)
                note(q, "its range is that of every run; the recipe takes that of the calibration");
        } else if (q.bits > kMostBits || !range) {
            if (isFirst)
                note(q, "a site has at most 8 bits: left in float");
            return;
        } else if (q.block > 0) {
            note(q, "scales in blocks: left in float");
            return;
        } else if (q.scale.size() > 1 && (moved || q.axis != static_cast<int64_t>(site.channelAxis))) {
            note(q, "its scales are not those of the channels of '" + site.name + "': left in float");
            return;
        } else {
            setRange(q, *range, settings);
        }
        set(site, settings);
    }

    static void setRange(const FileQuantizer& q, std::pair<int64_t, int64_t> codes, quant::SiteSettings& settings)
    {
        quant::Estimator& estimator = settings.estimator;
        estimator.kind = quant::EstimatorKind::Manual;
        std::vector<double> low, high;
        for (std::size_t c = 0; c < q.scale.size(); ++c) {
            low.push_back(static_cast<double>(codes.first - q.zeroPoint[c]) * q.scale[c]);
            high.push_back(static_cast<double>(codes.second - q.zeroPoint[c]) * q.scale[c]);
        }
        estimator.low = *std::ranges::min_element(low);
        estimator.high = *std::ranges::max_element(high);
        settings.granularity = low.size() > 1 ? quant::Granularity::Channel : quant::Granularity::Tensor;
        if (low.size() > 1) {
            estimator.channelLow = std::move(low);
            estimator.channelHigh = std::move(high);
        }
    }

    /// First outputs of the products that read a value, through what only turns it.
    void products(const std::string& value, std::set<std::string>& found, std::set<std::string>& seen,
                  int depth = 0) const
    {
        const auto readers = m_readers.find(value);
        if (readers == m_readers.end() || depth > 4 || !seen.insert(value).second)
            return;
        for (const pb::NodeProto* node : readers->second) {
            const std::string& op = node->op_type();
            if (op == "MatMul" || op == "Gemm" || op == "Conv") {
                if (node->input_size() > 1 && node->input(1) == value)
                    found.insert(node->output(0));
            } else if (op == "Transpose" || op == "Reshape" || op == "Identity" || op == "Squeeze")
                products(node->output(0), found, seen, depth + 1);
        }
    }

    void weight(std::size_t number)
    {
        const FileQuantizer& q = m_quantizers[number];
        std::set<std::string> readers, seen;
        products(q.value, readers, seen);
        std::set<SiteId> read;
        for (const std::string& reader : readers)
            if (const auto it = m_weights.find(reader); it != m_weights.end())
                read.insert(it->second.begin(), it->second.end());
        for (const SiteId id : read) {
            const graph::Site& site = m_network.sites[id];
            m_used.insert(number);
            const auto range = codeRange(q.type);
            if (q.block > 0)
                note(q, "scales in blocks: '" + site.name + "' stays as the file's values, in float");
            else if (q.bits > kMostBits || !range)
                note(q, "a site has at most 8 bits: left in float");
            else if (!weightSettings(site, q, *range))
                note(q, "the scales are not those of the output channels of '" + site.name + "': left in float");
        }
    }

    /// Whether the scales of a weight that is stored as floats lie along the outputs of the product that reads it.
    bool isOutputAxis(const FileQuantizer& q) const
    {
        int first = m_file.node_size();
        for (const std::string& reader : q.readers)
            if (const auto it = m_positions.find(reader); it != m_positions.end())
                first = std::min(first, it->second);
        if (first == m_file.node_size())
            return false;
        const pb::NodeProto& node = m_file.node(first);
        const bool isTurned = std::ranges::any_of(
            node.attribute(), [](const pb::AttributeProto& a) { return a.name() == "transB" && a.i() != 0; });
        const bool isFirst = node.op_type() == "Conv" || (node.op_type() == "Gemm" && isTurned);
        const bool isProduct = isFirst || node.op_type() == "Gemm" || node.op_type() == "MatMul";
        return isProduct && q.axis == (isFirst ? 0 : 1);
    }

    bool weightSettings(const graph::Site& site, const FileQuantizer& q, std::pair<int64_t, int64_t> range)
    {
        const auto values = m_network.graph.value(site.tensor).constant.floats();
        const auto channels = static_cast<std::size_t>(site.layout.channels);
        if (q.scale.size() != 1 && (q.scale.size() != channels || (!q.stored && !isOutputAxis(q))))
            return false;
        int64_t least = 0;
        for (std::size_t i = 0; i < values.size(); ++i) {
            const std::size_t c = q.scale.size() > 1 ? i / static_cast<std::size_t>(site.layout.inner) % channels : 0;
            const int64_t lowest = range.first - q.zeroPoint[c], highest = range.second - q.zeroPoint[c];
            const float exact = std::nearbyint(values[i] / q.scale[c]);
            const auto code =
                static_cast<int64_t>(std::clamp(exact, static_cast<float>(lowest), static_cast<float>(highest)));
            if (q.stored && static_cast<float>(code) * q.scale[c] != values[i])
                return false;
            least = std::min(least, code);
        }
        quant::SiteSettings settings = m_result.recipe.weight;
        settings.bits = q.bits;
        // Symmetric codes of 8 bits leave out the most negative one.
        const int64_t largest = (int64_t{1} << (q.bits - 1)) - 1;
        const bool isCentred =
            range.first < 0 && std::ranges::all_of(q.zeroPoint, [](int32_t zero) { return zero == 0; });
        if (isCentred && least >= (q.bits == kMostBits ? -largest : -largest - 1))
            setRange(q, {-largest, largest}, settings);
        else
            setRange(q, range, settings);
        settings.scheme = isCentred && least >= (q.bits == kMostBits ? -largest : -largest - 1)
                              ? quant::Scheme::Symmetric
                              : quant::Scheme::Asymmetric;
        set(site, settings);
        return true;
    }

    const std::vector<FileQuantizer>& m_quantizers;
    const graph::Network& m_network;
    const pb::GraphProto& m_file;
    FileQuantization& m_result;
    std::map<std::string, std::string> m_same; ///< output of an Identity by its input
    std::map<std::string, std::vector<std::size_t>> m_byValue;
    std::map<std::string, std::vector<const pb::NodeProto*>> m_readers;
    std::map<std::string, std::set<SiteId>> m_weights; ///< sites by the outputs of the product that reads them
    std::map<std::string, int> m_positions;            ///< of nodes by their first output
    std::set<std::size_t> m_used;
};

} // namespace

void writeFileRecipe(const std::vector<FileQuantizer>& quantizers, const graph::Network& network,
                     const pb::GraphProto& file, FileQuantization& result)
{
    RecipeWriter(quantizers, network, file, result).run();
}

} // namespace qs::onnx
