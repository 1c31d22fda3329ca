#include "core/exec/record_values.h"

#include "core/exec/op.h"

#include <algorithm>
#include <map>
#include <optional>
#include <utility>

namespace qs::exec {

namespace {

/// The order of evaluation and what may be dropped when.
class Recorder {
public:
    Recorder(const graph::Graph& graph, std::span<const TensorId> wanted) : m_graph(graph), m_wanted(wanted)
    {
        const std::size_t values = graph.values().size();
        m_lastUse.assign(values, 0);
        m_kept.assign(values, false);
        for (const TensorId id : wanted)
            m_kept[id.index()] = true;
        // Nodes that lead to a wanted value.
        std::vector<bool> needed = m_kept;
        const auto& nodes = graph.nodes();
        m_runs.assign(nodes.size(), false);
        for (std::size_t n = nodes.size(); n-- > 0;) {
            const auto isNeeded = [&](TensorId id) { return id.valid() && needed[id.index()]; };
            if (!std::ranges::any_of(nodes[n].outputs, isNeeded))
                continue;
            m_runs[n] = true;
            for (const TensorId id : nodes[n].inputs)
                if (id.valid())
                    needed[id.index()] = true;
        }
        for (std::size_t n = 0; n < nodes.size(); ++n)
            if (m_runs[n])
                for (const TensorId id : nodes[n].inputs)
                    if (id.valid())
                        m_lastUse[id.index()] = n;
    }

    Result<std::vector<Tensor>> run(Tensor input, const std::stop_token& stop) const
    {
        std::map<std::size_t, Tensor> values;
        values[m_graph.input().index()] = std::move(input);
        const auto& nodes = m_graph.nodes();
        std::vector<Tensor> inputs;
        for (std::size_t n = 0; n < nodes.size(); ++n) {
            if (!m_runs[n])
                continue;
            if (stop.stop_requested())
                return cancelled();
            inputs.clear();
            for (const TensorId id : nodes[n].inputs)
                inputs.push_back(!id.valid()                      ? Tensor()
                                 : m_graph.value(id).isConstant() ? m_graph.value(id).constant
                                                                  : values[id.index()]);
            QS_ASSIGN(std::vector<Tensor> outputs, evaluate(nodes[n], inputs));
            for (std::size_t o = 0; o < outputs.size() && o < nodes[n].outputs.size(); ++o)
                if (const TensorId id = nodes[n].outputs[o]; id.valid())
                    values[id.index()] = std::move(outputs[o]);
            for (const TensorId id : nodes[n].inputs)
                if (id.valid() && m_lastUse[id.index()] == n && !m_kept[id.index()])
                    values.erase(id.index());
        }
        std::vector<Tensor> result;
        for (const TensorId id : m_wanted)
            result.push_back(values[id.index()]);
        return result;
    }

private:
    const graph::Graph& m_graph;
    std::span<const TensorId> m_wanted;
    std::vector<std::size_t> m_lastUse; ///< by value: the last node that reads it
    std::vector<bool> m_kept;           ///< by value
    std::vector<bool> m_runs;           ///< by node
};

} // namespace

Result<std::vector<std::vector<Tensor>>> recordValues(const graph::Graph& graph, const ImageSource& images,
                                                      std::size_t first, std::size_t count,
                                                      std::span<const TensorId> wanted, const Context& context,
                                                      std::string_view stage)
{
    const Recorder recorder(graph, wanted);
    const auto batch = static_cast<std::size_t>(graph.batch());
    const std::size_t runs = (count + batch - 1) / batch;
    const Shape& shape = graph.value(graph.input()).shape;
    const std::size_t pixels = static_cast<std::size_t>(shape.elements()) / batch;
    std::vector<std::vector<Tensor>> recorded(runs);
    std::vector<std::optional<Error>> errors(runs);
    const auto one = [&](std::size_t run, int) {
        const auto record = [&]() -> Result<std::vector<Tensor>> {
            Tensor input(DType::Float32, shape);
            for (std::size_t i = 0; i < batch; ++i)
                QS_CHECK(images.load(first + std::min(run * batch + i, count - 1),
                                     input.mutableData<float>().subspan(i * pixels, pixels)));
            return recorder.run(std::move(input), context.stop);
        };
        if (auto values = record())
            recorded[run] = std::move(*values);
        else
            errors[run] = std::move(values.error());
    };
    const auto threads = static_cast<std::size_t>(context.threads());
    for (std::size_t begin = 0; begin < runs; begin += threads) {
        const std::size_t some = std::min(threads, runs - begin);
        if (context.pool)
            context.pool->parallelFor(some, [&](std::size_t i, int worker) { one(begin + i, worker); });
        else
            one(begin, 0);
        for (std::size_t run = begin; run < begin + some; ++run)
            if (errors[run])
                return tl::unexpected<Error>(std::move(*errors[run]));
        context.progress(stage, std::min((begin + some) * batch, count), count);
    }
    return recorded;
}

} // namespace qs::exec
