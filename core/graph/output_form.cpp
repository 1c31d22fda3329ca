#include "core/graph/output_form.h"

namespace qs::graph {

int64_t outputsPerImage(const Graph& graph)
{
    int64_t elements = 0;
    for (const TensorId output : graph.outputs())
        elements += graph.value(output).shape.elements();
    return elements / graph.batch();
}

bool givesScores(const Shape& output, int64_t batch)
{
    // [classes] of one image, or [batch, classes, 1, ...]: one axis beside the batch is larger than 1.
    std::size_t first = output.rank() > 1 || batch > 1 ? 1 : 0;
    if (first == 1 && (output.rank() < 2 || output[0] != batch))
        return false;
    int wide = 0;
    for (std::size_t i = first; i < output.rank(); ++i)
        wide += output[i] > 1 ? 1 : 0;
    return wide == 1 || (wide == 0 && output.rank() == first + 1);
}

bool givesScores(const Graph& graph)
{
    return graph.outputs().size() == 1 && givesScores(graph.value(graph.output()).shape, graph.batch());
}

} // namespace qs::graph
