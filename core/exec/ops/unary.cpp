#include "core/exec/ops/unary.h"

#include "core/exec/ops/list.h"
#include "core/exec/ops/support.h"

#include <cmath>
#include <limits>

namespace qs::exec {

namespace {

// Elements of one chunk: large enough to pay for a hand-over between threads, small enough for the first-level cache.
constexpr int64_t kGrain = 8192;

struct UnaryName {
    std::string_view op;
    kernels::UnaryOp kernel;
};

constexpr UnaryName kUnary[] = {
    {"Neg", kernels::UnaryOp::Neg},
    {"Abs", kernels::UnaryOp::Abs},
    {"Reciprocal", kernels::UnaryOp::Reciprocal},
    {"Sqrt", kernels::UnaryOp::Sqrt},
    {"Exp", kernels::UnaryOp::Exp},
    {"Log", kernels::UnaryOp::Log},
    {"Erf", kernels::UnaryOp::Erf},
    {"Tanh", kernels::UnaryOp::Tanh},
    {"Sigmoid", kernels::UnaryOp::Sigmoid},
    {"Relu", kernels::UnaryOp::Relu},
    {"LeakyRelu", kernels::UnaryOp::LeakyRelu},
    {"Elu", kernels::UnaryOp::Elu},
    {"Clip", kernels::UnaryOp::Clip},
    {"Gelu", kernels::UnaryOp::Gelu},
    {"Silu", kernels::UnaryOp::Silu},
    {"HardSigmoid", kernels::UnaryOp::HardSigmoid},
    {"HardSwish", kernels::UnaryOp::HardSwish},
    {"Softplus", kernels::UnaryOp::Softplus},
    {"Floor", kernels::UnaryOp::Floor},
    {"Ceil", kernels::UnaryOp::Ceil},
    {"Round", kernels::UnaryOp::Round},
    {"Sign", kernels::UnaryOp::Sign},
    {"Atan", kernels::UnaryOp::Atan},
    {"Sin", kernels::UnaryOp::Sin},
    {"Cos", kernels::UnaryOp::Cos},
    {"Mish", kernels::UnaryOp::Mish},
};

InferResult inferFloat(const graph::Node& node, Infos in)
{
    QS_CHECK(expectInputs(node, in, 1, 1));
    QS_CHECK(expectType(in, 0, DType::Float32));
    if (node.op == "Gelu") {
        const std::string form = node.attributes.text("approximate", "none");
        if (form != "none" && form != "tanh")
            return unsupported("Gelu with approximate = \"" + form + "\"");
    }
    return oneOutput(in[0].dtype, in[0].shape);
}

/// Neg, Abs, Sign, Relu and Clip are also met on integers, in shape arithmetic.
InferResult inferNumber(const graph::Node& node, Infos in)
{
    QS_CHECK(expectInputs(node, in, 1, 1));
    if (in[0].dtype == DType::Bool)
        return unsupported(node.op + " of booleans");
    for (const std::string_view bound : {"min", "max"})
        if (node.op == "Clip" && node.attributes.has(bound) && !numberOf(node, bound))
            return mismatch("Clip's bounds are not single numbers");
    return oneOutput(in[0].dtype, in[0].shape);
}

InferResult inferNot(const graph::Node& node, Infos in)
{
    QS_CHECK(expectInputs(node, in, 1, 1));
    QS_CHECK(expectType(in, 0, DType::Bool));
    return oneOutput(DType::Bool, in[0].shape);
}

InferResult inferIsNaN(const graph::Node& node, Infos in)
{
    QS_CHECK(expectInputs(node, in, 1, 1));
    QS_CHECK(expectType(in, 0, DType::Float32));
    return oneOutput(DType::Bool, in[0].shape);
}

template <class T>
void computeInteger(const graph::Node& node, const T* src, T* dst, int64_t count)
{
    using U = std::make_unsigned_t<T>;
    const auto negate = [](T v) { return static_cast<T>(U{0} - static_cast<U>(v)); };
    const auto bound = [&](std::string_view name, T fallback) {
        const auto v = integerOf(node, name);
        return v ? static_cast<T>(*v) : fallback;
    };
    const T low = bound("min", std::numeric_limits<T>::lowest());
    const T high = bound("max", std::numeric_limits<T>::max());
    const auto each = [&](auto f) {
        for (int64_t i = 0; i < count; ++i)
            dst[i] = f(src[i]);
    };
    if (node.op == "Neg")
        each(negate);
    else if (node.op == "Abs")
        each([&](T v) { return v < 0 ? negate(v) : v; });
    else if (node.op == "Sign")
        each([](T v) { return static_cast<T>((v > 0) - (v < 0)); });
    else if (node.op == "Relu")
        each([](T v) { return v > 0 ? v : T{0}; });
    else
        each([&](T v) { return std::min(std::max(v, low), high); });
}

void computeUnary(const graph::Node& node, std::span<const ConstView> in, std::span<const View> out,
                  std::span<std::byte>, ThreadPool* pool)
{
    const int64_t count = in[0].shape.elements();
    if (in[0].dtype != DType::Float32) {
        withType(in[0].dtype, [&]<class T>(T) {
            if constexpr (!std::is_same_v<T, bool> && !std::is_same_v<T, float>)
                computeInteger(node, in[0].as<T>(), out[0].as<T>(), count);
        });
        return;
    }
    const UnaryCall call = *unaryCall(node);
    const float* src = in[0].as<float>();
    float* dst = out[0].as<float>();
    parallelChunks(pool, count, kGrain, [&](int64_t first, int64_t last) {
        const auto size = static_cast<std::size_t>(last - first);
        kernels::unary(call.op, {src + first, size}, {dst + first, size}, call.p, call.q);
    });
}

void computeNot(const graph::Node&, std::span<const ConstView> in, std::span<const View> out, std::span<std::byte>,
                ThreadPool* pool)
{
    parallelChunks(pool, in[0].shape.elements(), kGrain, [&](int64_t first, int64_t last) {
        // Pointers of its own: bytes may alias anything, captured pointers too, and then no vectors are made.
        const auto* src = in[0].as<uint8_t>();
        auto* dst = out[0].as<uint8_t>();
        for (int64_t i = first; i < last; ++i)
            dst[i] = src[i] == 0;
    });
}

void computeIsNaN(const graph::Node&, std::span<const ConstView> in, std::span<const View> out, std::span<std::byte>,
                  ThreadPool* pool)
{
    const float* src = in[0].as<float>();
    bool* dst = out[0].as<bool>();
    parallelChunks(pool, in[0].shape.elements(), kGrain, [&](int64_t first, int64_t last) {
        for (int64_t i = first; i < last; ++i)
            dst[i] = src[i] != src[i];
    });
}

} // namespace

std::optional<UnaryCall> unaryCall(const graph::Node& node)
{
    for (const UnaryName& entry : kUnary) {
        if (entry.op != node.op)
            continue;
        UnaryCall call{entry.kernel};
        switch (entry.kernel) {
        case kernels::UnaryOp::LeakyRelu:
            call.p = node.attributes.real("alpha", 0.01f);
            break;
        case kernels::UnaryOp::Elu:
            call.p = node.attributes.real("alpha", 1.0f);
            break;
        case kernels::UnaryOp::HardSigmoid:
            call.p = node.attributes.real("alpha", 0.2f);
            call.q = node.attributes.real("beta", 0.5f);
            break;
        case kernels::UnaryOp::Clip:
            call.p = static_cast<float>(numberOf(node, "min").value_or(-std::numeric_limits<float>::infinity()));
            call.q = static_cast<float>(numberOf(node, "max").value_or(std::numeric_limits<float>::infinity()));
            break;
        case kernels::UnaryOp::Gelu:
            if (node.attributes.text("approximate", "none") == "tanh")
                call.op = kernels::UnaryOp::GeluTanh;
            break;
        default:
            break;
        }
        return call;
    }
    return std::nullopt;
}

std::span<const OpDef> unaryOps()
{
    static constexpr OpDef ops[] = {
        {.name = "Abs", .infer = inferNumber, .compute = computeUnary, .beforeWrite = 1},
        {.name = "Atan", .infer = inferFloat, .compute = computeUnary, .beforeWrite = 1},
        {.name = "Ceil", .infer = inferFloat, .compute = computeUnary, .beforeWrite = 1},
        {.name = "Clip", .infer = inferNumber, .compute = computeUnary, .beforeWrite = 1},
        {.name = "Cos", .infer = inferFloat, .compute = computeUnary, .beforeWrite = 1},
        {.name = "Elu", .infer = inferFloat, .compute = computeUnary, .beforeWrite = 1},
        {.name = "Erf", .infer = inferFloat, .compute = computeUnary, .beforeWrite = 1},
        {.name = "Exp", .infer = inferFloat, .compute = computeUnary, .beforeWrite = 1},
        {.name = "Floor", .infer = inferFloat, .compute = computeUnary, .beforeWrite = 1},
        {.name = "Gelu", .infer = inferFloat, .compute = computeUnary, .beforeWrite = 1},
        {.name = "HardSigmoid", .infer = inferFloat, .compute = computeUnary, .beforeWrite = 1},
        {.name = "HardSwish", .infer = inferFloat, .compute = computeUnary, .beforeWrite = 1},
        {.name = "IsNaN", .infer = inferIsNaN, .compute = computeIsNaN},
        {.name = "LeakyRelu", .infer = inferFloat, .compute = computeUnary, .beforeWrite = 1},
        {.name = "Log", .infer = inferFloat, .compute = computeUnary, .beforeWrite = 1},
        {.name = "Mish", .infer = inferFloat, .compute = computeUnary, .beforeWrite = 1},
        {.name = "Neg", .infer = inferNumber, .compute = computeUnary, .beforeWrite = 1},
        {.name = "Not", .infer = inferNot, .compute = computeNot},
        {.name = "Reciprocal", .infer = inferFloat, .compute = computeUnary, .beforeWrite = 1},
        {.name = "Relu", .infer = inferNumber, .compute = computeUnary, .beforeWrite = 1},
        {.name = "Round", .infer = inferFloat, .compute = computeUnary, .beforeWrite = 1},
        {.name = "Sigmoid", .infer = inferFloat, .compute = computeUnary, .beforeWrite = 1},
        {.name = "Sign", .infer = inferNumber, .compute = computeUnary, .beforeWrite = 1},
        {.name = "Silu", .infer = inferFloat, .compute = computeUnary, .beforeWrite = 1},
        {.name = "Sin", .infer = inferFloat, .compute = computeUnary, .beforeWrite = 1},
        {.name = "Softplus", .infer = inferFloat, .compute = computeUnary, .beforeWrite = 1},
        {.name = "Sqrt", .infer = inferFloat, .compute = computeUnary, .beforeWrite = 1},
        {.name = "Tanh", .infer = inferFloat, .compute = computeUnary, .beforeWrite = 1},
    };
    return ops;
}

} // namespace qs::exec
