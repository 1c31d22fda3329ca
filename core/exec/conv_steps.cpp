#include "core/exec/dense_steps.h"

#include "core/exec/ops/support.h"

#include <algorithm>
#include <cstring>

namespace qs::exec {

namespace {

std::size_t u(int64_t v)
{
    return static_cast<std::size_t>(v);
}

/// Columns of a packed panel on the target in use.
std::size_t panelWidth()
{
    alignas(64) float buffer[64];
    const float one = 0;
    assert(kernels::packedSize(1, 1) <= 64);
    return kernels::packMatrixInto(buffer, &one, 1, 1, 1, 1).panelWidth;
}

class ConvStep : public Step {
public:
    double work() const override
    {
        return Step::work() +
               static_cast<double>(m_plan.patchSize()) * static_cast<double>(writes[0].shape.elements());
    }

protected:
    ConvStep(const ConvPlan& plan, Operand src, Tensor weight, Tail tail, Operand dst)
        : m_plan(plan), m_tail(std::move(tail))
    {
        m_constants = {std::move(weight), m_tail.bias.constant};
        reads.push_back(std::move(src));
        if (m_tail.residual.present()) {
            reads.push_back(m_tail.residual);
            readsBeforeWriting(1);
        }
        writes.push_back(std::move(dst));
    }
    const float* residual(const RunState& state) const
    {
        return reads.size() > 1 ? state.read<float>(reads[1]) : nullptr;
    }
    int64_t srcImage() const { return m_plan.channels * m_plan.window.plane(); }
    int64_t dstImage() const { return m_plan.outputs * m_plan.window.outPlane(); }

    ConvPlan m_plan;
    Tail m_tail;
};

class PatchConvStep : public ConvStep {
public:
    PatchConvStep(const ConvPlan& plan, Operand src, PackedWeight weight, Tail tail, Operand dst)
        : ConvStep(plan, std::move(src), weight->source, std::move(tail), std::move(dst)), m_weight(std::move(weight))
    {
        // About as many patches at once as stay in the second-level cache beside the weights.
        const int64_t rowPatches = m_plan.window.out[1];
        const int64_t budget = std::max<int64_t>(rowPatches, (1 << 16) / std::max<int64_t>(1, m_plan.patchSize()));
        const int64_t lines = m_plan.window.out[0];
        const int64_t most = std::min(lines, std::max<int64_t>(1, budget / std::max<int64_t>(1, rowPatches)));
        // A multiple of 4, so that two or four threads get equal work.
        m_parts = std::min(lines, ((lines + most - 1) / most + 3) / 4 * 4);
    }
    std::size_t workerScratchBytes() const override
    {
        const int64_t lines = (m_plan.window.out[0] + m_parts - 1) / std::max<int64_t>(1, m_parts);
        return alignUp(u(lines * m_plan.window.out[1] * m_plan.patchSize()) * sizeof(float));
    }
    void run(const RunState& state) const override
    {
        const auto window = m_plan.window.kernelWindow();
        const std::size_t k = u(m_plan.patchSize());
        const std::size_t n = u(m_plan.outputs);
        const int64_t width = m_plan.window.out[1];
        const float* src = state.read<float>(reads[0]);
        const float* add = residual(state);
        float* dst = state.write<float>(writes[0]);
        const auto part = [&](std::size_t i, int worker) {
            const int64_t image = static_cast<int64_t>(i) / m_parts;
            const int64_t p = static_cast<int64_t>(i) % m_parts;
            const int64_t r0 = m_plan.window.out[0] * p / m_parts;
            const int64_t r1 = m_plan.window.out[0] * (p + 1) / m_parts;
            auto* patches = reinterpret_cast<float*>(state.scratch + u(worker) * workerScratchBytes());
            kernels::im2col(window, u(m_plan.channels), src + image * srcImage(), u(r0), u(r1), patches, k);
            const int64_t at = image * dstImage() + r0 * width * m_plan.outputs;
            kernels::Epilogue epilogue;
            epilogue.activation = m_tail.activation;
            epilogue.bias = m_tail.bias.present() ? state.read<float>(m_tail.bias) : nullptr;
            epilogue.residual = add ? add + at : nullptr;
            epilogue.residualStride = n;
            kernels::gemm(patches, k, u((r1 - r0) * width), m_weight->packed.view(), dst + at, n, epilogue);
        };
        const std::size_t count = u(m_plan.batch * m_parts);
        if (state.pool)
            state.pool->parallelForNear(count, part);
        else
            for (std::size_t i = 0; i < count; ++i)
                part(i, 0);
    }
    std::string text() const override { return "Conv channels-last" + m_tail.text(); }

private:
    PackedWeight m_weight;
    int64_t m_parts = 1; ///< pieces of work an image: some output rows each
};

/// Packs columns [first, last) of the patch matrix [patch, outPlane] of one group of channels, with a row of ones
/// below, straight into panels.
void packPatches(const Window& w, int64_t channels, const float* src, int64_t first, int64_t last, std::size_t width,
                 float* packed)
{
    const int64_t k = channels * w.kernel[0] * w.kernel[1] + 1;
    for (int64_t p0 = first; p0 < last; p0 += static_cast<int64_t>(width)) {
        const int64_t columns = std::min<int64_t>(static_cast<int64_t>(width), last - p0);
        float* row = packed;
        for (int64_t c = 0; c < channels; ++c)
            for (int64_t ky = 0; ky < w.kernel[0]; ++ky)
                for (int64_t kx = 0; kx < w.kernel[1]; ++kx, row += width) {
                    int64_t j = 0;
                    while (j < columns) { // one run: the columns of one output row
                        const int64_t oy = (p0 + j) / w.out[1];
                        const int64_t ox = (p0 + j) % w.out[1];
                        const int64_t run = std::min(columns - j, w.out[1] - ox);
                        const int64_t y = oy * w.stride[0] - w.before[0] + ky * w.dilation[0];
                        const int64_t x = ox * w.stride[1] - w.before[1] + kx * w.dilation[1];
                        const float* line = src + (c * w.size[0] + y) * w.size[1];
                        float* to = row + j;
                        if (y < 0 || y >= w.size[0]) {
                            std::fill_n(to, run, 0.0f);
                        } else if (w.stride[1] == 1 && x >= 0 && x + run <= w.size[1]) {
                            std::memcpy(to, line + x, u(run) * sizeof(float));
                        } else {
                            for (int64_t i = 0; i < run; ++i) {
                                const int64_t at = x + i * w.stride[1];
                                to[i] = at >= 0 && at < w.size[1] ? line[at] : 0.0f;
                            }
                        }
                        j += run;
                    }
                    std::fill(row + columns, row + width, 0.0f);
                }
        std::fill_n(row, width, 1.0f);
        packed += u(k) * width;
    }
}

class PlaneConvStep : public ConvStep {
public:
    PlaneConvStep(const ConvPlan& plan, Operand src, Tensor weightAndBias, Tail tail, Operand dst)
        : ConvStep(plan, std::move(src), weightAndBias, std::move(tail), std::move(dst)),
          m_weight(std::move(weightAndBias)), m_width(panelWidth())
    {
        if (m_plan.pointwise()) { // one long row: longer runs
            Window& w = m_plan.window;
            w.size[1] = w.out[1] = w.plane();
            w.size[0] = w.out[0] = 1;
        }
        // Panels packed at once: about 128 kB, so that they stay in the second-level cache while all weights pass.
        const std::size_t panelFloats = u(m_plan.patchSize() + 1) * m_width;
        m_columns = static_cast<int64_t>(std::clamp<std::size_t>((1 << 15) / panelFloats, 1, 16) * m_width);
    }
    std::size_t workerScratchBytes() const override
    {
        return alignUp(u((m_plan.patchSize() + 1) * m_columns) * sizeof(float));
    }
    void run(const RunState& state) const override
    {
        const Window& w = m_plan.window;
        const std::size_t k = u(m_plan.patchSize() + 1);
        const int64_t plane = w.outPlane();
        const int64_t perGroup = m_plan.outputs / m_plan.group;
        const int64_t parts = (plane + m_columns - 1) / m_columns;
        const float* src = state.read<float>(reads[0]);
        const float* add = residual(state);
        float* dst = state.write<float>(writes[0]);
        const auto part = [&](std::size_t index, int worker) {
            const int64_t i = static_cast<int64_t>(index);
            const int64_t group = i / parts % m_plan.group;
            const int64_t image = i / parts / m_plan.group;
            const int64_t c0 = i % parts * m_columns;
            const int64_t c1 = std::min(plane, c0 + m_columns);
            auto* packed = reinterpret_cast<float*>(state.scratch + u(worker) * workerScratchBytes());
            packPatches(w, m_plan.channelsPerGroup(),
                        src + image * srcImage() + group * m_plan.channelsPerGroup() * w.plane(), c0, c1, m_width,
                        packed);
            const int64_t at = image * dstImage() + group * perGroup * plane + c0;
            kernels::Epilogue epilogue;
            epilogue.activation = m_tail.activation;
            epilogue.residual = add ? add + at : nullptr;
            epilogue.residualStride = u(plane);
            kernels::gemm(m_weight.floats().data() + u(group * perGroup) * k, k, u(perGroup),
                          {packed, k, u(c1 - c0), m_width}, dst + at, u(plane), epilogue);
        };
        const std::size_t count = u(m_plan.batch * m_plan.group * parts);
        if (state.pool)
            state.pool->parallelFor(count, part);
        else
            for (std::size_t i = 0; i < count; ++i)
                part(i, 0);
    }
    std::string text() const override { return "Conv" + m_tail.text(); }

private:
    Tensor m_weight;
    std::size_t m_width;
    int64_t m_columns = 0; ///< output positions of one piece of work
};

class DepthwiseStep : public ConvStep {
public:
    DepthwiseStep(const ConvPlan& plan, Operand src, Tensor weight, Tail tail, Operand dst)
        : ConvStep(plan, std::move(src), weight, std::move(tail), std::move(dst)), m_weight(std::move(weight))
    {
    }
    void run(const RunState& state) const override
    {
        const auto window = m_plan.window.kernelWindow();
        const float* src = state.read<float>(reads[0]);
        const float* bias = m_tail.bias.present() ? state.read<float>(m_tail.bias) : nullptr;
        float* dst = state.write<float>(writes[0]);
        const int64_t grain = std::max<int64_t>(1, 16384 / std::max<int64_t>(1, m_plan.window.outPlane()));
        for (int64_t image = 0; image < m_plan.batch; ++image)
            parallelChunks(state.pool, m_plan.channels, grain, [&](int64_t first, int64_t last) {
                kernels::depthwiseConv(window, u(first), u(last), src + image * srcImage(), m_weight.floats().data(),
                                       bias, m_tail.activation, dst + image * dstImage());
            });
    }
    std::string text() const override { return "Conv depthwise" + m_tail.text(); }

private:
    Tensor m_weight;
};

} // namespace

std::unique_ptr<Step> makePatchConvStep(const ConvPlan& plan, Operand src, PackedWeight weight, Tail tail,
                                        Operand dst)
{
    return std::make_unique<PatchConvStep>(plan, std::move(src), std::move(weight), std::move(tail), std::move(dst));
}

std::unique_ptr<Step> makePlaneConvStep(const ConvPlan& plan, Operand src, Tensor weightAndBias, Tail tail,
                                        Operand dst)
{
    return std::make_unique<PlaneConvStep>(plan, std::move(src), std::move(weightAndBias), std::move(tail),
                                           std::move(dst));
}

std::unique_ptr<Step> makeDepthwiseStep(const ConvPlan& plan, Operand src, Tensor weight, Tail tail, Operand dst)
{
    return std::make_unique<DepthwiseStep>(plan, std::move(src), std::move(weight), std::move(tail), std::move(dst));
}

} // namespace qs::exec
