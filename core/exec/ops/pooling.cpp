#include "core/exec/ops/list.h"
#include "core/exec/ops/support.h"
#include "core/exec/ops/window.h"
#include "core/kernels/elementwise.h"
#include "core/kernels/reduce.h"

#include <algorithm>
#include <limits>

namespace qs::exec {

namespace {

InferResult inferPool(const graph::Node& node, Infos in)
{
    QS_CHECK(expectInputs(node, in, 1, 1));
    QS_CHECK(expectType(in, 0, DType::Float32));
    const auto kernel = node.attributes.integers("kernel_shape");
    if (node.outputs.size() > 1)
        return unsupported(node.op + " with an output of indices");
    QS_ASSIGN(const Window window, planWindow(node, in[0].shape, kernel));
    std::vector<int64_t> dims{in[0].shape[0], in[0].shape[1]};
    for (std::size_t i = 0; i < window.spatial; ++i)
        dims.push_back(window.out[i + 2 - window.spatial]);
    return oneOutput(DType::Float32, dims);
}

/// Windows that lie on one axis: how many of their places are inside the input, and inside the padded input.
struct Counts {
    std::vector<int64_t> inside, padded;
};

Counts countsOf(const Window& w, int axis)
{
    Counts counts;
    for (int64_t o = 0; o < w.out[axis]; ++o) {
        int64_t inside = 0;
        int64_t padded = 0;
        for (int64_t k = 0; k < w.kernel[axis]; ++k) {
            const int64_t at = o * w.stride[axis] - w.before[axis] + k * w.dilation[axis];
            inside += at >= 0 && at < w.size[axis];
            padded += at < w.size[axis] + w.after[axis];
        }
        counts.inside.push_back(inside);
        counts.padded.push_back(padded);
    }
    return counts;
}

/// One plane after the other, rows first, then columns: a window is folded in kernel height + width steps, each of
/// which is one operation on whole rows; where no stride is larger than 1, on whole, padded planes.
class Pooling {
public:
    Pooling(const Window& window, bool most, bool countPads)
        : m_window(window), m_op(most ? kernels::BinaryOp::Max : kernels::BinaryOp::Add),
          m_start(most ? -std::numeric_limits<float>::infinity() : 0.0f),
          m_dense(window.stride[0] == 1 && window.stride[1] == 1)
    {
        const auto reach = [&](int axis) {
            return std::max(window.size[axis] + window.before[axis],
                            (window.out[axis] - 1) * window.stride[axis] +
                                (window.kernel[axis] - 1) * window.dilation[axis] + 1);
        };
        // A row of m_columns holds the phases of the horizontal stride one after the other, so that neighbours in the
        // output are neighbours here. Rows are a little longer than needed: taps of the last output of a row stay
        // inside.
        m_phase = (reach(1) + window.stride[1] - 1) / window.stride[1];
        m_row = m_phase * window.stride[1];
        const auto slack = static_cast<std::size_t>(m_row);
        if (m_dense)
            m_padded.assign(static_cast<std::size_t>(reach(0) * m_row) + slack, m_start);
        else
            m_folded.resize(static_cast<std::size_t>(window.size[1]));
        m_columns.assign(static_cast<std::size_t>(window.out[0] * m_row) + slack, m_start);
        m_result.resize(static_cast<std::size_t>(window.out[0] * m_row));
        if (most)
            return;
        const Counts rows = countsOf(window, 0);
        const Counts columns = countsOf(window, 1);
        for (std::size_t y = 0; y < rows.inside.size(); ++y)
            for (std::size_t x = 0; x < columns.inside.size(); ++x)
                m_divisor.push_back(static_cast<float>(std::max<int64_t>(
                    1, countPads ? rows.padded[y] * columns.padded[x] : rows.inside[y] * columns.inside[x])));
    }

    void run(const float* src, float* dst)
    {
        const Window& w = m_window;
        if (m_dense)
            foldPlane(src);
        else
            for (int64_t y = 0; y < w.out[0]; ++y)
                foldRows(src, y);
        // Columns: the first m_phase places of a row become results, what is computed beyond is not used.
        for (int64_t k = 0; k < w.kernel[1]; ++k) {
            const int64_t column = k * w.dilation[1];
            fold(k, m_columns.data() + column % w.stride[1] * m_phase + column / w.stride[1], w.out[0] * m_row,
                 m_result.data());
        }
        for (int64_t y = 0; y < w.out[0]; ++y)
            std::copy_n(m_result.data() + y * m_row, w.out[1], dst + y * w.out[1]);
        if (!m_divisor.empty())
            kernels::binary(kernels::BinaryOp::Div, kernels::Broadcast::None, 1, m_divisor.size(), dst,
                            m_divisor.data(), dst);
    }

private:
    /// All rows of m_columns at once.
    void foldPlane(const float* src)
    {
        const Window& w = m_window;
        for (int64_t y = 0; y < w.size[0]; ++y, src += w.size[1])
            std::copy_n(src, w.size[1], m_padded.data() + (y + w.before[0]) * m_row + w.before[1]);
        for (int64_t k = 0; k < w.kernel[0]; ++k)
            fold(k, m_padded.data() + k * w.dilation[0] * m_row, w.out[0] * m_row, m_columns.data());
    }
    /// Row y of m_columns: the input's rows y stride + k dilation that are inside, then their columns by phases.
    void foldRows(const float* src, int64_t y)
    {
        const Window& w = m_window;
        const auto width = static_cast<std::size_t>(w.size[1]);
        const float* sum = nullptr;
        for (int64_t k = 0; k < w.kernel[0]; ++k) {
            const int64_t at = y * w.stride[0] - w.before[0] + k * w.dilation[0];
            if (at < 0 || at >= w.size[0])
                continue;
            const float* row = src + at * w.size[1];
            if (sum) {
                kernels::binary(m_op, kernels::Broadcast::None, 1, width, sum, row, m_folded.data());
                sum = m_folded.data();
            } else {
                sum = row;
            }
        }
        if (!sum) { // the window lies in the padding
            std::fill(m_folded.begin(), m_folded.end(), m_start);
            sum = m_folded.data();
        }
        float* columns = m_columns.data() + y * m_row;
        const int64_t stride = w.stride[1];
        for (int64_t phase = 0; phase < stride; ++phase) {
            // Padded column at · stride + phase is the input's, without what is before.
            int64_t at = std::max<int64_t>(0, (w.before[1] - phase + stride - 1) / stride);
            float* to = columns + phase * m_phase;
            for (int64_t x = at * stride + phase - w.before[1]; x < w.size[1]; x += stride)
                to[at++] = sum[x];
        }
    }
    void fold(int64_t k, const float* src, int64_t count, float* dst) const
    {
        if (k == 0)
            std::copy_n(src, count, dst);
        else
            kernels::binary(m_op, kernels::Broadcast::None, 1, static_cast<std::size_t>(count), dst, src, dst);
    }

    const Window& m_window;
    kernels::BinaryOp m_op;
    float m_start;
    bool m_dense;
    int64_t m_phase = 0, m_row = 0;
    std::vector<float> m_padded; ///< the input; where it is folded as a whole
    std::vector<float> m_folded; ///< a row; where it is not
    std::vector<float> m_columns, m_result;
    std::vector<float> m_divisor; ///< by output; empty for the maximum
};

void computePool(const graph::Node& node, std::span<const ConstView> in, std::span<const View> out,
                 std::span<std::byte>, ThreadPool* pool)
{
    const Window w = *planWindow(node, in[0].shape, node.attributes.integers("kernel_shape"));
    const bool countPads = node.attributes.integer("count_include_pad", 0) != 0;
    if (out[0].shape.elements() == 0)
        return;
    parallelChunks(pool, in[0].shape[0] * in[0].shape[1],
                   std::max<int64_t>(1, 16384 / std::max<int64_t>(1, w.plane())), [&](int64_t p0, int64_t p1) {
                       Pooling pooling(w, node.op == "MaxPool", countPads);
                       for (int64_t p = p0; p < p1; ++p)
                           pooling.run(in[0].as<float>() + p * w.plane(), out[0].as<float>() + p * w.outPlane());
                   });
}

InferResult inferGlobal(const graph::Node& node, Infos in)
{
    QS_CHECK(expectInputs(node, in, 1, 1));
    QS_CHECK(expectType(in, 0, DType::Float32));
    if (in[0].shape.rank() < 3)
        return mismatch(node.op + " needs spatial axes");
    Shape shape = in[0].shape;
    for (std::size_t i = 2; i < shape.rank(); ++i)
        shape[i] = 1;
    return oneOutput(DType::Float32, shape);
}

void computeGlobal(const graph::Node& node, std::span<const ConstView> in, std::span<const View> out,
                   std::span<std::byte>, ThreadPool* pool)
{
    const int64_t plane = in[0].shape.product(2, in[0].shape.rank());
    const bool most = node.op == "GlobalMaxPool";
    parallelChunks(pool, out[0].shape.elements(), std::max<int64_t>(1, 16384 / std::max<int64_t>(1, plane)),
                   [&](int64_t p0, int64_t p1) {
                       for (int64_t p = p0; p < p1; ++p) {
                           const double v =
                               kernels::foldRow(most ? kernels::Fold::Max : kernels::Fold::Sum,
                                                {in[0].as<float>() + p * plane, static_cast<std::size_t>(plane)});
                           out[0].as<float>()[p] =
                               static_cast<float>(most ? v : v / static_cast<double>(std::max<int64_t>(1, plane)));
                       }
                   });
}

} // namespace

std::span<const OpDef> poolingOps()
{
    static constexpr OpDef ops[] = {
        {.name = "AveragePool", .infer = inferPool, .compute = computePool},
        {.name = "GlobalAveragePool", .infer = inferGlobal, .compute = computeGlobal},
        {.name = "GlobalMaxPool", .infer = inferGlobal, .compute = computeGlobal},
        {.name = "MaxPool", .infer = inferPool, .compute = computePool},
    };
    return ops;
}

} // namespace qs::exec
