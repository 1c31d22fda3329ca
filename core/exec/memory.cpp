#include "core/exec/memory.h"

#include <algorithm>
#include <numeric>

namespace qs::exec {

namespace {

/// Last step that touches each buffer; outputs are touched after the last step.
std::vector<int64_t> lastUses(std::span<const std::unique_ptr<Step>> steps, std::span<const Operand> outputs,
                              std::size_t buffers)
{
    std::vector<int64_t> last(buffers, -1);
    const auto touch = [&](const Operand& o, int64_t step) {
        if (o.kind == Operand::Kind::Arena)
            last[static_cast<std::size_t>(o.buffer)] = step;
    };
    for (std::size_t s = 0; s < steps.size(); ++s) {
        for (const Operand& o : steps[s]->reads)
            touch(o, static_cast<int64_t>(s));
        for (const Operand& o : steps[s]->writes)
            touch(o, static_cast<int64_t>(s));
    }
    for (const Operand& o : outputs)
        touch(o, static_cast<int64_t>(steps.size()));
    return last;
}

bool fills(const Operand& operand, const Buffer& buffer)
{
    return operand.offset == 0 && operand.contiguous() &&
           static_cast<std::size_t>(operand.shape.elements()) * dtypeSize(operand.dtype) == buffer.sizeBytes;
}

} // namespace

std::size_t shareBuffers(std::span<const std::unique_ptr<Step>> steps, std::span<Operand> outputs,
                         std::vector<Buffer>& buffers)
{
    std::vector<int64_t> last = lastUses(steps, outputs, buffers.size());
    std::vector<int> name(buffers.size());
    std::iota(name.begin(), name.end(), 0);
    const auto rename = [&](Operand& o) {
        if (o.kind == Operand::Kind::Arena)
            o.buffer = name[static_cast<std::size_t>(o.buffer)];
    };
    std::size_t shared = 0;
    for (std::size_t s = 0; s < steps.size(); ++s) {
        Step& step = *steps[s];
        std::for_each(step.reads.begin(), step.reads.end(), rename);
        if (!step.writes.empty() && step.writes[0].kind == Operand::Kind::Arena) {
            const Operand& out = step.writes[0];
            const auto outBuffer = static_cast<std::size_t>(out.buffer);
            for (std::size_t i = 0; i < step.reads.size(); ++i) {
                const Operand& in = step.reads[i];
                if (step.accessOf(i) != Access::BeforeWrite || in.kind != Operand::Kind::Arena ||
                    in.dtype != out.dtype)
                    continue;
                const auto inBuffer = static_cast<std::size_t>(in.buffer);
                if (last[inBuffer] != static_cast<int64_t>(s) || !fills(in, buffers[inBuffer]) ||
                    !fills(out, buffers[outBuffer]) || buffers[inBuffer].sizeBytes != buffers[outBuffer].sizeBytes)
                    continue;
                // Another operand that looks at the same buffer in another way, or at another time, would see it
                // change.
                bool other = false;
                for (std::size_t j = 0; j < step.reads.size(); ++j)
                    other = other || (j != i && step.reads[j].kind == Operand::Kind::Arena &&
                                      step.reads[j].buffer == in.buffer &&
                                      (step.accessOf(j) != Access::BeforeWrite || !step.reads[j].sameView(in)));
                if (other)
                    continue;
                name[outBuffer] = in.buffer;
                last[inBuffer] = last[outBuffer];
                ++shared;
                break;
            }
        }
        std::for_each(step.writes.begin(), step.writes.end(), rename);
    }
    std::for_each(outputs.begin(), outputs.end(), rename);
    return shared;
}

std::size_t planArena(std::span<const std::unique_ptr<Step>> steps, std::span<Operand> outputs,
                      std::vector<Buffer>& buffers, bool reuse)
{
    const std::vector<int64_t> last = lastUses(steps, outputs, buffers.size());
    for (std::size_t s = 0; s < steps.size(); ++s)
        for (const Operand& o : steps[s]->writes)
            if (o.kind == Operand::Kind::Arena && buffers[static_cast<std::size_t>(o.buffer)].firstStep < 0)
                buffers[static_cast<std::size_t>(o.buffer)].firstStep = static_cast<int64_t>(s);
    std::vector<std::size_t> order;
    for (std::size_t b = 0; b < buffers.size(); ++b) {
        buffers[b].lastStep = last[b];
        if (buffers[b].firstStep >= 0)
            order.push_back(b);
    }
    // Large buffers first, each at the lowest place that is free during its life.
    std::stable_sort(order.begin(), order.end(),
                     [&](std::size_t a, std::size_t b) { return buffers[a].sizeBytes > buffers[b].sizeBytes; });
    std::size_t total = 0;
    std::vector<std::size_t> placed; // by offset
    for (const std::size_t b : order) {
        std::size_t at = 0;
        for (const std::size_t p : placed) {
            const bool together = !reuse || (buffers[p].firstStep <= buffers[b].lastStep &&
                                             buffers[b].firstStep <= buffers[p].lastStep);
            if (!together || buffers[p].offset + alignUp(buffers[p].sizeBytes) <= at)
                continue;
            if (at + alignUp(buffers[b].sizeBytes) <= buffers[p].offset)
                break;
            at = buffers[p].offset + alignUp(buffers[p].sizeBytes);
        }
        buffers[b].offset = at;
        total = std::max(total, at + alignUp(buffers[b].sizeBytes));
        placed.insert(
            std::upper_bound(placed.begin(), placed.end(), b,
                             [&](std::size_t x, std::size_t y) { return buffers[x].offset < buffers[y].offset; }),
            b);
    }
    const auto fill = [&](Operand& o) {
        if (o.kind == Operand::Kind::Arena)
            o.base = buffers[static_cast<std::size_t>(o.buffer)].offset;
    };
    for (const auto& step : steps) {
        std::for_each(step->reads.begin(), step->reads.end(), fill);
        std::for_each(step->writes.begin(), step->writes.end(), fill);
    }
    std::for_each(outputs.begin(), outputs.end(), fill);
    return total;
}

} // namespace qs::exec
