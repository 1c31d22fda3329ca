// Based on: reverse accumulation over the graph's nodes; core/exec/gradients holds the derivative of each operator.
// Deviations: none.
#include "core/exec/gradient.h"

#include "core/exec/gradients/plan.h"
#include "core/exec/gradients/support.h"
#include "core/graph/op_traits.h"
#include "core/graph/output_form.h"

#include <algorithm>
#include <cmath>
#include <new>

namespace qs::exec {

struct GradientProgram::Impl {
    GradientPlan plan;
};

namespace {

/// One run: the values of the way forward, and the gradients of the way back.
class Sweep {
public:
    Sweep(const GradientPlan& plan, ThreadPool* pool, const std::stop_token& stop)
        : m_plan(plan), m_pool(pool), m_stop(stop), m_slots(plan.slots), m_gradients(plan.shapes.size())
    {
    }

    Result<void> forward(std::span<const float> images)
    {
        define(m_plan.input, Tensor::fromFloats(m_plan.shapes[m_plan.input.index()], images));
        for (const NodePlan& node : m_plan.nodes) {
            if (m_stop.stop_requested())
                return cancelled();
            compute(node);
            for (const int slot : node.releaseForward)
                m_slots[static_cast<std::size_t>(slot)] = Tensor();
        }
        return {};
    }

    /// [batch, elements]: the outputs of each image, see graph::outputLayout.
    Tensor rows() const
    {
        const graph::OutputSpan& last = m_plan.layout.back();
        Tensor rows(DType::Float32, Shape{batch(), static_cast<int64_t>(last.first + last.size)});
        std::vector<const float*> outputs;
        for (const ResultSlot& result : m_plan.results)
            outputs.push_back(m_slots[static_cast<std::size_t>(result.slot)].floats().data());
        graph::toRows(m_plan.layout, batch(), outputs, rows.mutableData<float>().data());
        return rows;
    }

    Result<void> backward(const Tensor& outputs, const GradientSeed& seed)
    {
        Tensor start = zeros(outputs.shape());
        seed(outputs.floats(), start.mutableData<float>());
        const std::size_t width = start.floats().size() / static_cast<std::size_t>(batch());
        for (std::size_t o = 0; o < m_plan.results.size(); ++o) {
            const ResultSlot& result = m_plan.results[o];
            const graph::OutputSpan& span = m_plan.layout[o];
            Tensor gradient = zeros(m_plan.shapes[result.value.index()]);
            for (std::size_t i = 0; i < static_cast<std::size_t>(batch()); ++i)
                std::ranges::copy(start.floats().subspan(i * width + span.first, span.size),
                                  gradient.mutableData<float>().subspan(i * span.size).begin());
            receive(result.value, result.site, std::move(gradient));
        }
        for (std::size_t i = m_plan.nodes.size(); i-- > 0;) {
            if (m_stop.stop_requested())
                return cancelled();
            const NodePlan& node = m_plan.nodes[i];
            if (node.backward)
                differentiate(node);
            for (const int slot : node.releaseBackward)
                m_slots[static_cast<std::size_t>(slot)] = Tensor();
        }
        return {};
    }

    std::vector<Tensor> takeWanted()
    {
        std::vector<Tensor> result;
        for (const TensorId id : m_plan.wanted)
            result.push_back(m_gradients[id.index()].empty() ? zeros(m_plan.shapes[id.index()])
                                                             : m_gradients[id.index()]);
        return result;
    }

private:
    int64_t batch() const { return m_plan.shapes[m_plan.input.index()][0]; }

    void define(TensorId id, Tensor value)
    {
        for (const MappedSlot& mapped : m_plan.mapped[id.index()]) {
            Tensor quantized(DType::Float32, value.shape());
            mapped.map->apply(value.floats().data(), quantized.mutableData<float>().data(), mapped.layout);
            m_slots[static_cast<std::size_t>(mapped.slot)] = std::move(quantized);
        }
        m_slots[id.index()] = std::move(value);
    }

    Tensor read(const Source& source) const
    {
        if (!source.constant.empty())
            return source.constant;
        return source.slot < 0 ? Tensor() : m_slots[static_cast<std::size_t>(source.slot)];
    }

    void compute(const NodePlan& plan)
    {
        if (graph::has(plan.node, graph::OpTrait::KeepsOrder)) { // the same memory under another shape
            define(plan.node.outputs[0], read(plan.sources[0]).reshaped(plan.out[0].shape));
            return;
        }
        std::vector<Tensor> inputs; // holds what the views look at
        std::vector<ConstView> views;
        for (const Source& source : plan.sources) {
            inputs.push_back(read(source));
            const Tensor& t = inputs.back();
            views.push_back({t.bytes(), t.dtype(), t.shape(), contiguousStrides(t.shape())});
        }
        std::vector<Tensor> outputs;
        std::vector<View> targets;
        for (std::size_t i = 0; i < plan.node.outputs.size(); ++i) {
            outputs.emplace_back(plan.out[i].dtype, plan.out[i].shape);
            targets.push_back({outputs[i].mutableBytes(), plan.out[i].dtype, plan.out[i].shape});
        }
        std::vector<std::byte> scratch(plan.scratchBytes);
        plan.op->compute(plan.node, views, targets, scratch, m_pool);
        for (std::size_t i = 0; i < outputs.size(); ++i)
            if (plan.node.outputs[i].valid())
                define(plan.node.outputs[i], std::move(outputs[i]));
    }

    void differentiate(const NodePlan& plan)
    {
        std::vector<Tensor> seeds, inputs, outputs;
        bool any = false;
        for (const TensorId out : plan.node.outputs) {
            seeds.push_back(out.valid() ? m_gradients[out.index()] : Tensor());
            any = any || !seeds.back().empty();
            if (out.valid() && std::ranges::find(m_plan.wanted, out) == m_plan.wanted.end())
                m_gradients[out.index()] = Tensor();
        }
        if (!any) // the value does not reach the logits
            return;
        if (plan.backward->keepsInputs())
            for (const Source& source : plan.sources)
                inputs.push_back(read(source));
        if (plan.backward->keepsOutputs())
            for (const TensorId out : plan.node.outputs)
                outputs.push_back(out.valid() ? m_slots[out.index()] : Tensor());
        std::vector<Tensor> gradients(plan.sources.size());
        plan.backward->backward({plan.node, plan.in, plan.out, inputs, outputs, seeds, plan.wanted, m_pool},
                                gradients);
        for (std::size_t i = 0; i < gradients.size(); ++i)
            if (plan.wanted[i] != 0)
                receive(plan.sources[i].value, plan.sources[i].site, std::move(gradients[i]));
    }

    /// Adds what one reader gives to the gradient of a value, back through the quantizer in between.
    void receive(TensorId id, SiteId site, Tensor gradient)
    {
        if (site.valid())
            m_plan.maps[site.index()]->straightThrough(gradient.mutableData<float>().data(),
                                                       m_plan.layouts[site.index()]);
        Tensor& total = m_gradients[id.index()];
        if (total.empty()) {
            total = std::move(gradient);
            return;
        }
        const auto sum = total.mutableData<float>();
        const auto more = gradient.floats();
        for (std::size_t i = 0; i < sum.size(); ++i)
            sum[i] += more[i];
    }

    const GradientPlan& m_plan;
    ThreadPool* m_pool;
    const std::stop_token& m_stop;
    std::vector<Tensor> m_slots;
    std::vector<Tensor> m_gradients; ///< by TensorId
};

} // namespace

Result<GradientProgram> GradientProgram::compile(const graph::Network& network, const Simulation& simulation,
                                                 std::vector<TensorId> wanted)
{
    QS_ASSIGN(GradientPlan plan, planGradient(network, simulation, std::move(wanted)));
    return GradientProgram(std::make_shared<const Impl>(Impl{std::move(plan)}));
}

const std::vector<TensorId>& GradientProgram::wanted() const
{
    return m_impl->plan.wanted;
}
int64_t GradientProgram::batch() const
{
    return m_impl->plan.shapes[m_impl->plan.input.index()][0];
}
int64_t GradientProgram::inputElements() const
{
    return m_impl->plan.shapes[m_impl->plan.input.index()].elements();
}
bool GradientProgram::givesScores() const
{
    const auto& results = m_impl->plan.results;
    return results.size() == 1 && graph::givesScores(m_impl->plan.shapes[results.front().value.index()], batch());
}

int64_t GradientProgram::outputElements() const
{
    const graph::OutputSpan& last = m_impl->plan.layout.back();
    return static_cast<int64_t>(last.first + last.size) * batch();
}

Result<GradientRun> GradientProgram::run(std::span<const float> images, const GradientSeed& seed, ThreadPool* pool,
                                         const std::stop_token& stop) const
{
    try {
        Sweep sweep(m_impl->plan, pool, stop);
        QS_CHECK(sweep.forward(images));
        const Tensor outputs = sweep.rows();
        QS_CHECK(sweep.backward(outputs, seed));
        return GradientRun{outputs, sweep.takeWanted()};
    } catch (const std::bad_alloc&) {
        return fail(ErrorCode::OutOfMemory, "not enough memory for the gradients of one run");
    }
}

} // namespace qs::exec
