#include "core/exec/dense_steps.h"

namespace qs::exec {

namespace {

class TransposedConvStep : public Step {
public:
    TransposedConvStep(const TransposedPlan& plan, Operand src, Tensor weight, Tail tail, Operand dst)
        : m_plan(plan), m_taps(DType::Float32, weight.shape()), m_tail(std::move(tail))
    {
        transposeTaps(m_plan, weight.floats().data(), m_taps.mutableData<float>().data());
        m_constants = {std::move(weight), m_tail.bias.constant};
        reads.push_back(std::move(src));
        writes.push_back(std::move(dst));
    }
    double work() const override
    {
        return Step::work() + static_cast<double>(m_plan.outputsPerGroup() * m_plan.taps()) *
                                  static_cast<double>(reads[0].shape.elements());
    }
    std::size_t sharedScratchBytes() const override { return m_plan.sharedBytes(); }
    std::size_t workerScratchBytes() const override { return m_plan.workerBytes(); }
    void run(const RunState& state) const override
    {
        transposedConv(m_plan, state.read<float>(reads[0]), m_taps.floats().data(),
                       m_tail.bias.present() ? state.read<float>(m_tail.bias) : nullptr, m_tail.activation,
                       state.write<float>(writes[0]), state.scratch, state.pool);
    }
    std::string text() const override { return "ConvTranspose" + m_tail.text(); }

private:
    TransposedPlan m_plan;
    Tensor m_taps;
    Tail m_tail;
};

} // namespace

std::unique_ptr<Step> makeTransposedConvStep(const TransposedPlan& plan, Operand src, Tensor weight, Tail tail,
                                             Operand dst)
{
    return std::make_unique<TransposedConvStep>(plan, std::move(src), std::move(weight), std::move(tail),
                                                std::move(dst));
}

} // namespace qs::exec
