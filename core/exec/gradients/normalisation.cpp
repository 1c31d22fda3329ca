#include "core/exec/gradients/list.h"
#include "core/exec/gradients/support.h"

#include <cmath>
#include <vector>

namespace qs::exec {

namespace {

/// The derivative through (x - mean) / sqrt(var + epsilon) of one group of `count` elements; g: by the normalized
/// values n.   dx = (g - mean(g) - n mean(g n)) / sqrt(var + epsilon)
void normalizedBackward(const float* x, const float* g, int64_t count, float epsilon, float* dx)
{
    const auto size = static_cast<double>(count);
    const double mean = sumOf(x, count) / size;
    double squares = 0;
    for (int64_t i = 0; i < count; ++i)
        squares += (x[i] - mean) * (x[i] - mean);
    const double inverse = 1 / std::sqrt(squares / size + epsilon);
    const double gMean = sumOf(g, count) / size;
    const double gNormal = (dotOf(g, x, count) / size - gMean * mean) * inverse; // mean(g n)
    // dx = g a + x b + c
    const auto a = static_cast<float>(inverse);
    const double b = -gNormal * inverse * inverse;
    const auto slope = static_cast<float>(b);
    const auto centre = static_cast<float>(mean);
    const auto shift = static_cast<float>(-gMean * inverse);
    for (int64_t i = 0; i < count; ++i)
        dx[i] = g[i] * a + (x[i] - centre) * slope + shift;
}

void layerNormBackward(const BackwardCall& call, std::span<Tensor> gradients)
{
    const Shape& shape = call.in[0].shape;
    const std::size_t axis = *resolveAxis(call.node.attributes.integer("axis", -1), shape.rank());
    const int64_t cols = shape.product(axis, shape.rank());
    const float epsilon = call.node.attributes.real("epsilon", 1e-5f);
    const float* gamma = call.inputs.size() > 1 && !call.inputs[1].empty() ? call.inputs[1].floats().data() : nullptr;
    const float* x = call.inputs[0].floats().data();
    gradients[0] = zeros(shape);
    float* dx = gradients[0].mutableData<float>().data();
    parallelChunks(call.pool, shape.product(0, axis), 16, [&](int64_t first, int64_t last) {
        std::vector<float> g(static_cast<std::size_t>(cols));
        for (int64_t r = first; r < last; ++r) {
            const float* dy = call.seed() + r * cols;
            for (int64_t i = 0; i < cols; ++i)
                g[static_cast<std::size_t>(i)] = gamma ? dy[i] * gamma[i] : dy[i];
            normalizedBackward(x + r * cols, g.data(), cols, epsilon, dx + r * cols);
        }
    });
}

/// GroupNormalization, and InstanceNormalization: one channel a group.
void groupNormBackward(const BackwardCall& call, std::span<Tensor> gradients)
{
    const Shape& shape = call.in[0].shape;
    const float epsilon = call.node.attributes.real("epsilon", 1e-5f);
    const int64_t groups =
        call.node.op == "GroupNormalization" ? call.node.attributes.integer("num_groups", 1) : shape[1];
    const int64_t perGroup = shape[1] / groups;
    const int64_t plane = shape.product(2, shape.rank());
    const int64_t count = perGroup * plane;
    const float* gamma = call.inputs[1].floats().data();
    const float* dy = call.seed();
    const float* x = call.inputs[0].floats().data();
    gradients[0] = zeros(shape);
    float* dx = gradients[0].mutableData<float>().data();
    parallelChunks(call.pool, shape[0] * groups, 1, [&](int64_t first, int64_t last) {
        std::vector<float> g(static_cast<std::size_t>(count));
        for (int64_t r = first; r < last; ++r) {
            for (int64_t i = 0; i < count; ++i)
                g[static_cast<std::size_t>(i)] = dy[r * count + i] * gamma[r % groups * perGroup + i / plane];
            normalizedBackward(x + r * count, g.data(), count, epsilon, dx + r * count);
        }
    });
}

void batchNormBackward(const BackwardCall& call, std::span<Tensor> gradients)
{
    const Shape& shape = call.in[0].shape;
    const float epsilon = call.node.attributes.real("epsilon", 1e-5f);
    const int64_t plane = shape.product(2, shape.rank());
    gradients[0] = zeros(shape);
    float* dx = gradients[0].mutableData<float>().data();
    const float* dy = call.seed();
    for (int64_t p = 0; p < shape[0] * shape[1]; ++p) {
        const auto c = static_cast<std::size_t>(p % shape[1]);
        const float scale = call.inputs[1].floats()[c] / std::sqrt(call.inputs[4].floats()[c] + epsilon);
        for (int64_t i = p * plane; i < (p + 1) * plane; ++i)
            dx[i] = dy[i] * scale;
    }
}

/// Softmax: dx = y (dy - sum dy y).  LogSoftmax: dx = dy - exp(y) sum dy.
void softmaxBackward(const BackwardCall& call, std::span<Tensor> gradients)
{
    const Shape& shape = call.in[0].shape;
    const std::size_t axis = *resolveAxis(call.node.attributes.integer("axis", -1), shape.rank());
    const int64_t size = shape[axis];
    const int64_t inner = shape.product(axis + 1, shape.rank());
    const bool logarithm = call.node.op == "LogSoftmax";
    const float* y = call.outputs[0].floats().data();
    const float* dy = call.seed();
    gradients[0] = zeros(shape);
    float* dx = gradients[0].mutableData<float>().data();
    if (size == 0)
        return;
    parallelChunks(call.pool, shape.elements() / size, 16, [&](int64_t first, int64_t last) {
        for (int64_t r = first; r < last; ++r) {
            const int64_t at = r / inner * size * inner + r % inner;
            if (inner == 1 && !logarithm) {
                const auto dot = static_cast<float>(dotOf(y + at, dy + at, size));
                for (int64_t i = at; i < at + size; ++i)
                    dx[i] = y[i] * (dy[i] - dot);
                continue;
            }
            double sum = 0;
            for (int64_t i = 0; i < size; ++i)
                sum += dy[at + i * inner] * (logarithm ? 1.0 : y[at + i * inner]);
            for (int64_t i = at; i < at + size * inner; i += inner)
                dx[i] = static_cast<float>(logarithm ? dy[i] - std::exp(static_cast<double>(y[i])) * sum
                                                     : y[i] * (dy[i] - sum));
        }
    });
}

} // namespace

std::span<const BackwardDef> normalisationGradients()
{
    static constexpr uint32_t kData = 1; // gamma, beta and statistics are constants in the networks that we read
    static constexpr BackwardDef all[] = {
        {.op = "BatchNormalization", .keeps = Keeps::Inputs, .backward = batchNormBackward, .inputs = kData},
        {.op = "GroupNormalization", .keeps = Keeps::Inputs, .backward = groupNormBackward, .inputs = kData},
        {.op = "InstanceNormalization", .keeps = Keeps::Inputs, .backward = groupNormBackward, .inputs = kData},
        {.op = "IntegerLayerNormalization", .keeps = Keeps::Inputs, .backward = layerNormBackward, .inputs = kData},
        {.op = "LayerNormalization", .keeps = Keeps::Inputs, .backward = layerNormBackward, .inputs = kData},
        {.op = "LogSoftmax", .keeps = Keeps::Outputs, .backward = softmaxBackward},
        {.op = "Softmax", .keeps = Keeps::Outputs, .backward = softmaxBackward},
    };
    return all;
}

} // namespace qs::exec
