#include "core/exec/step.h"

#include "core/exec/ops/strided.h"
#include "core/exec/ops/support.h"

#include <algorithm>
#include <array>
#include <cstring>

namespace qs::exec {

bool Operand::contiguous() const
{
    const Shape plain = contiguousStrides(shape);
    for (std::size_t i = 0; i < shape.rank(); ++i)
        if (shape[i] != 1 && strides[i] != plain[i])
            return false;
    return true;
}

bool Operand::sameView(const Operand& other) const
{
    return kind == other.kind && buffer == other.buffer && offset == other.offset && shape == other.shape &&
           strides == other.strides && dtype == other.dtype;
}

std::string Operand::text() const
{
    std::string s;
    switch (kind) {
    case Kind::None:
        return "-";
    case Kind::Input:
        s = "in";
        break;
    case Kind::Arena:
        s = "b" + std::to_string(buffer);
        break;
    case Kind::Constant:
        s = "const";
        break;
    }
    s += "[" + shape.text() + "]";
    if (offset != 0)
        s += "+" + std::to_string(offset);
    if (!contiguous())
        s += "~";
    return s;
}

double Step::work() const
{
    // A float that is read or written takes about as long as 8 multiplications and additions.
    int64_t elements = 0;
    for (const Operand& o : reads)
        elements += o.present() ? o.shape.elements() : 0;
    for (const Operand& o : writes)
        elements += o.present() ? o.shape.elements() : 0;
    return 8.0 * static_cast<double>(elements);
}

namespace {

bool sameConstant(const Tensor& a, const Tensor& b)
{
    return a.dtype() == b.dtype() && a.shape() == b.shape() && a.sizeBytes() == b.sizeBytes() &&
           (a.storageKey() == b.storageKey() || std::memcmp(a.bytes(), b.bytes(), a.sizeBytes()) == 0);
}

} // namespace

bool Operand::sameAs(const Operand& other) const
{
    return sameView(other) && (kind != Kind::Constant || sameConstant(constant, other.constant));
}

bool Step::sameAs(const Step& other) const
{
    const auto sameOperand = [](const Operand& a, const Operand& b) { return a.sameAs(b); };
    return m_map == other.m_map && text() == other.text() && std::ranges::equal(reads, other.reads, sameOperand) &&
           std::ranges::equal(writes, other.writes, sameOperand) &&
           std::ranges::equal(m_constants, other.m_constants, sameConstant);
}

void Step::readsBeforeWriting(std::size_t read)
{
    if (access.size() <= read)
        access.resize(read + 1, Access::Anywhere);
    access[read] = Access::BeforeWrite;
}

const void* RunState::address(const Operand& operand) const
{
    const auto at = operand.offset * static_cast<int64_t>(dtypeSize(operand.dtype));
    switch (operand.kind) {
    case Operand::Kind::Input:
        return reinterpret_cast<const std::byte*>(input) + at;
    case Operand::Kind::Arena:
        return arena + operand.base + at;
    case Operand::Kind::Constant:
        return operand.constant.bytes() + at;
    case Operand::Kind::None:
        break;
    }
    return nullptr;
}

ConstView RunState::view(const Operand& operand) const
{
    return {address(operand), operand.dtype, operand.shape, operand.strides};
}

namespace {

class GenericStep : public Step {
public:
    GenericStep(const OpDef& op, const graph::Node& node, std::vector<Operand> inputs, std::vector<Operand> outputs)
        : m_op(op), m_node(node)
    {
        reads = std::move(inputs);
        writes = std::move(outputs);
        for (std::size_t i = 0; i < reads.size() && i < 32; ++i)
            if ((op.beforeWrite >> i & 1u) && reads[i].shape == writes[0].shape && reads[i].dtype == writes[0].dtype)
                readsBeforeWriting(i);
        if (op.scratchBytes) {
            std::vector<ValueInfo> infos;
            for (const Operand& r : reads)
                infos.push_back({r.dtype, r.shape});
            m_scratchBytes = alignUp(op.scratchBytes(node, infos, 1));
        }
    }
    std::size_t sharedScratchBytes() const override { return m_scratchBytes; }
    void run(const RunState& state) const override
    {
        std::vector<ConstView> in;
        in.reserve(reads.size());
        for (const Operand& r : reads)
            in.push_back(state.view(r));
        std::vector<View> out;
        out.reserve(writes.size());
        for (const Operand& w : writes)
            out.push_back({w.present() ? state.write<void>(w) : nullptr, w.dtype, w.shape});
        m_op.compute(m_node, in, out, {state.scratch, m_scratchBytes}, state.pool);
    }
    std::string text() const override { return m_node.op; }

private:
    const OpDef& m_op;
    graph::Node m_node;
    std::size_t m_scratchBytes = 0;
};

class CopyStep : public Step {
public:
    CopyStep(Operand src, Operand dst)
    {
        reads.push_back(std::move(src));
        writes.push_back(std::move(dst));
    }
    void run(const RunState& state) const override
    {
        copyStrided(state.view(reads[0]), state.write<void>(writes[0]), state.pool);
    }
    std::string text() const override { return "Copy"; }
};

class SiteStep : public Step {
public:
    SiteStep(SiteAction action, Operand src, Operand dst) : m_action(std::move(action))
    {
        m_map = m_action.map;
        m_direct = src.contiguous();
        if (m_direct && dst.present())
            readsBeforeWriting(0);
        reads.push_back(std::move(src));
        if (dst.present())
            writes.push_back(std::move(dst));
    }
    void run(const RunState& state) const override
    {
        const float* src = state.read<float>(reads[0]);
        const auto count = static_cast<std::size_t>(m_action.layout.elements());
        if (writes.empty()) {
            show(state, {src, count});
            return;
        }
        float* dst = state.write<float>(writes[0]);
        if (!m_direct) {
            copyStrided(state.view(reads[0]), dst, state.pool);
            src = dst;
        }
        show(state, {src, count});
        if (m_action.map)
            map(state, src, dst);
    }
    std::string text() const override { return std::string(m_action.map ? "Map " : "Observe ") + m_action.name; }

private:
    void show(const RunState& state, std::span<const float> data) const
    {
        if (m_action.observed && state.observer)
            state.observer->observe(m_action.id, state.runIndex, state.worker, data);
    }
    void map(const RunState& state, const float* src, float* dst) const
    {
        const graph::ChannelLayout& layout = m_action.layout;
        const int64_t each = layout.channels * layout.inner;
        parallelChunks(state.pool, layout.outer, std::max<int64_t>(1, 8192 / std::max<int64_t>(1, each)),
                       [&](int64_t first, int64_t last) {
                           m_action.map->apply(src + first * each, dst + first * each,
                                               {last - first, layout.channels, layout.inner});
                       });
    }

    SiteAction m_action;
    bool m_direct = false;
};

} // namespace

std::unique_ptr<Step> makeGenericStep(const OpDef& op, const graph::Node& node, std::vector<Operand> inputs,
                                      std::vector<Operand> outputs)
{
    return std::make_unique<GenericStep>(op, node, std::move(inputs), std::move(outputs));
}

std::unique_ptr<Step> makeCopyStep(Operand src, Operand dst)
{
    return std::make_unique<CopyStep>(std::move(src), std::move(dst));
}

std::unique_ptr<Step> makeSiteStep(SiteAction action, Operand src, Operand dst)
{
    return std::make_unique<SiteStep>(std::move(action), std::move(src), std::move(dst));
}

} // namespace qs::exec
