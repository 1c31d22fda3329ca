#include "core/onnx/verify_levels.h"

#include "core/exec/op.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <map>
#include <string>
#include <vector>

namespace qs::onnx {

namespace {

constexpr int kBetween = 2000;

std::vector<float> probes(const quant::SitePlan& plan)
{
    const quant::LevelCells cells = std::holds_alternative<quant::RegionGrid>(plan.levels)
                                        ? quant::cellsOf(std::get<quant::RegionGrid>(plan.levels))
                                        : quant::cellsOf(std::get<quant::LogGrid>(plan.levels));
    const float huge = std::numeric_limits<float>::max();
    std::vector<float> values{0, -0.0F, huge, -huge};
    const auto around = [&](double place) {
        const auto value = static_cast<float>(place);
        float below = value;
        float above = value;
        values.push_back(value);
        for (int i = 0; i < 3; ++i) {
            values.push_back(below = std::nextafter(below, -huge));
            values.push_back(above = std::nextafter(above, huge));
        }
    };
    for (const double level : cells.levels)
        around(level);
    for (const double border : cells.borders)
        around(border);
    const double low = cells.levels.front();
    const double high = cells.levels.back();
    const double margin = 0.2 * (high - low);
    for (int i = 0; i <= kBetween; ++i)
        values.push_back(static_cast<float>(low - margin + (high - low + 2 * margin) * i / kBetween));
    return values;
}

/// Evaluates the quantizer's operators on a tensor that takes the place of the site's value.
class Probe {
public:
    Probe(const graph::Graph& graph, const graph::Site& site, TensorId read, Tensor values)
        : m_graph(graph), m_read(read), m_site(site.name), m_value(site.valueName), m_prefix(site.name + "/"),
          m_values(std::move(values))
    {
    }

    /// Empty where an operator fails.
    Tensor result() { return at(m_read); }

private:
    Tensor at(TensorId id)
    {
        if (const auto known = m_known.find(id); known != m_known.end())
            return known->second;
        Tensor result = compute(id);
        m_known[id] = result;
        return result;
    }

    Tensor compute(TensorId id)
    {
        if (!id.valid())
            return {};
        const graph::Value& value = m_graph.value(id);
        if (value.isConstant())
            return value.constant;
        const bool inside = value.producer.valid() && m_graph.node(value.producer).name.starts_with(m_prefix) &&
                            (id == m_read || value.name != m_value);
        if (!inside || smooths(m_graph.node(value.producer)))
            return m_values;
        const graph::Node& node = m_graph.node(value.producer);
        std::vector<Tensor> inputs;
        for (const TensorId input : node.inputs)
            inputs.push_back(at(input));
        auto outputs = exec::evaluate(node, inputs);
        const auto index = std::ranges::find(node.outputs, id) - node.outputs.begin();
        return outputs ? (*outputs)[static_cast<std::size_t>(index)] : Tensor();
    }

    /// The map of a site begins after smoothing and noise, which are other by channel.
    bool smooths(const graph::Node& node) const
    {
        return std::ranges::any_of(node.inputs, [&](TensorId input) {
            if (!input.valid() || !m_graph.value(input).isConstant())
                return false;
            const std::string& name = m_graph.value(input).name;
            return name.starts_with(m_site + "_shift") || name.starts_with(m_site + "_smoothing");
        });
    }

    const graph::Graph& m_graph;
    TensorId m_read;
    std::string m_site;
    std::string m_value;
    std::string m_prefix;
    Tensor m_values;
    std::map<TensorId, Tensor> m_known;
};

} // namespace

bool sameLevels(const graph::Graph& reloaded, TensorId read, const graph::Site& site, const quant::SitePlan& plan)
{
    const std::vector<float> values = probes(plan);
    const auto count = static_cast<int64_t>(values.size());
    std::vector<float> expected(values.size());
    plan.map->apply(values.data(), expected.data(), {count, 1, 1});
    const Tensor actual = Probe(reloaded, site, read, Tensor::fromFloats({count}, values)).result();
    return actual.dtype() == DType::Float32 && actual.elements() == count &&
           std::memcmp(actual.bytes(), expected.data(), expected.size() * sizeof(float)) == 0;
}

} // namespace qs::onnx
