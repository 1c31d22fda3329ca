#include "core/onnx/lowering.h"

#include "core/onnx/tensor_reader.h"

namespace qs::onnx {

namespace {

Result<void> unary(Lowering& n)
{
    return n.finish(n.op(), {n.input(0)});
}

Result<void> needSameType(Lowering& n, std::size_t a, std::size_t b)
{
    if (n.dtype(a) != n.dtype(b))
        return fail(ErrorCode::Malformed, "its inputs have different types (" + std::string(dtypeName(n.dtype(a))) +
                                              " and " + std::string(dtypeName(n.dtype(b))) + ")");
    return {};
}

Result<void> binary(Lowering& n)
{
    QS_CHECK(needSameType(n, 0, 1));
    return n.finish(n.op(), {n.input(0), n.input(1)});
}

/// The exponent may have another type than the base.
Result<void> power(Lowering& n)
{
    TensorId exponent = n.input(1);
    if (n.dtype(1) != n.dtype(0)) {
        graph::Attributes attributes;
        attributes.set("to", std::string(dtypeName(n.dtype(0))));
        QS_ASSIGN(exponent, n.step("Cast", {exponent}, std::move(attributes)));
    }
    return n.finish("Pow", {n.input(0), exponent});
}

Result<void> modulo(Lowering& n)
{
    QS_CHECK(needSameType(n, 0, 1));
    graph::Attributes attributes;
    attributes.set("fmod", n.attributes().integer("fmod", 0));
    return n.finish("Mod", {n.input(0), n.input(1)}, std::move(attributes));
}

/// Sum, Max, Min of any number of inputs: one binary operator after the other.
Result<void> variadic(Lowering& n)
{
    const std::string op = n.op() == "Sum" ? "Add" : n.op();
    for (std::size_t i = 0; i < n.inputCount(); ++i) {
        if (!n.has(i))
            return fail(ErrorCode::Malformed, "input " + std::to_string(i) + " is missing");
        QS_CHECK(needSameType(n, 0, i));
    }
    if (n.inputCount() == 1)
        return n.finishAs(n.input(0));
    TensorId sum = n.input(0);
    for (std::size_t i = 1; i + 1 < n.inputCount(); ++i) {
        QS_ASSIGN(sum, n.step(op, {sum, n.input(i)}));
    }
    return n.finish(op, {sum, n.input(n.inputCount() - 1)});
}

Result<void> where(Lowering& n)
{
    QS_CHECK(needSameType(n, 1, 2));
    if (n.dtype(0) != DType::Bool)
        return fail(ErrorCode::Malformed, "its condition is not of type bool");
    return n.finish("Where", {n.input(0), n.input(1), n.input(2)});
}

Result<void> cast(Lowering& n)
{
    const int64_t to = n.attributes().integer("to", 0);
    const auto dtype = engineType(static_cast<int32_t>(to));
    if (!dtype)
        return fail(ErrorCode::Unsupported,
                    "casts to an unsupported type (" + fileTypeName(static_cast<int32_t>(to)) + ")");
    if (*dtype == n.dtype(0))
        return n.finishAs(n.input(0));
    graph::Attributes attributes;
    attributes.set("to", std::string(dtypeName(*dtype)));
    return n.finish("Cast", {n.input(0)}, std::move(attributes));
}

Result<void> castLike(Lowering& n)
{
    if (n.dtype(0) == n.dtype(1))
        return n.finishAs(n.input(0));
    graph::Attributes attributes;
    attributes.set("to", std::string(dtypeName(n.dtype(1))));
    return n.finish("Cast", {n.input(0)}, std::move(attributes));
}

Result<void> clip(Lowering& n)
{
    graph::Attributes attributes;
    for (const auto& [name, i] : {std::pair("min", std::size_t{1}), std::pair("max", std::size_t{2})}) {
        if (n.has(i) && n.constant(i) && n.constant(i)->dtype() != DType::Float32) {
            QS_ASSIGN(const auto bound, n.neededIntegers(name, i));
            if (bound.size() != 1)
                return fail(ErrorCode::Malformed, std::string("its parameter '") + name + "' is not one number");
            attributes.set(name, static_cast<float>(bound.front()));
            continue;
        }
        QS_ASSIGN(const auto bound, n.reals(name, i));
        if (!bound)
            continue;
        if (bound->size() != 1)
            return fail(ErrorCode::Malformed, std::string("its parameter '") + name + "' is not one number");
        attributes.set(name, bound->front());
    }
    return n.finish("Clip", {n.input(0)}, std::move(attributes));
}

Result<void> curve(Lowering& n)
{
    graph::Attributes attributes;
    if (n.op() == "HardSigmoid") {
        attributes.set("alpha", n.attributes().real("alpha", 0.2f));
        attributes.set("beta", n.attributes().real("beta", 0.5f));
    } else {
        attributes.set("alpha", n.attributes().real("alpha", n.op() == "Elu" ? 1.0f : 0.01f));
    }
    return n.finish(n.op(), {n.input(0)}, std::move(attributes));
}

Result<void> gelu(Lowering& n)
{
    graph::Attributes attributes;
    attributes.set("approximate", n.attributes().text("approximate", "none"));
    return n.finish("Gelu", {n.input(0)}, std::move(attributes));
}

Result<void> same(Lowering& n)
{
    return n.finishAs(n.input(0));
}

Result<void> dropout(Lowering& n)
{
    if (n.has(2)) {
        const Tensor* training = n.constant(2);
        if (!training || training->dtype() != DType::Bool || training->elements() != 1 || training->data<bool>()[0])
            return fail(
                ErrorCode::Unsupported,
                "is in training mode, and drops other values in every run: export the network in evaluation mode "
                "(model.eval())");
    }
    return n.finishAs(n.input(0));
}

constexpr Rule kRules[] = {
    {"Add", 2, 2, binary},
    {"Sub", 2, 2, binary},
    {"Mul", 2, 2, binary},
    {"Div", 2, 2, binary},
    {"Pow", 2, 2, power},
    {"Mod", 2, 2, modulo},
    {"Sum", 1, 1024, variadic},
    {"Max", 1, 1024, variadic},
    {"Min", 1, 1024, variadic},
    {"And", 2, 2, binary},
    {"Or", 2, 2, binary},
    {"Xor", 2, 2, binary},
    {"Equal", 2, 2, binary},
    {"Less", 2, 2, binary},
    {"LessOrEqual", 2, 2, binary},
    {"Greater", 2, 2, binary},
    {"GreaterOrEqual", 2, 2, binary},
    {"PRelu", 2, 2, binary},
    {"Where", 3, 3, where},
    {"Not", 1, 1, unary},
    {"Relu", 1, 1, unary},
    {"Sigmoid", 1, 1, unary},
    {"Tanh", 1, 1, unary},
    {"Exp", 1, 1, unary},
    {"Log", 1, 1, unary},
    {"Sqrt", 1, 1, unary},
    {"Reciprocal", 1, 1, unary},
    {"Neg", 1, 1, unary},
    {"Abs", 1, 1, unary},
    {"Erf", 1, 1, unary},
    {"Sin", 1, 1, unary},
    {"Cos", 1, 1, unary},
    {"Acos", 1, 1, unary},
    {"Acosh", 1, 1, unary},
    {"Asin", 1, 1, unary},
    {"Asinh", 1, 1, unary},
    {"Atan", 1, 1, unary},
    {"Atanh", 1, 1, unary},
    {"Cosh", 1, 1, unary},
    {"Sinh", 1, 1, unary},
    {"Tan", 1, 1, unary},
    {"Floor", 1, 1, unary},
    {"Ceil", 1, 1, unary},
    {"Round", 1, 1, unary},
    {"Sign", 1, 1, unary},
    {"Softplus", 1, 1, unary},
    {"HardSwish", 1, 1, unary},
    {"Mish", 1, 1, unary},
    {"IsNaN", 1, 1, unary},
    {"HardSigmoid", 1, 1, curve},
    {"LeakyRelu", 1, 1, curve},
    {"Elu", 1, 1, curve},
    {"Gelu", 1, 1, gelu},
    {"Clip", 1, 3, clip},
    {"Cast", 1, 1, cast},
    {"CastLike", 2, 2, castLike},
    {"Identity", 1, 1, same},
    {"Dropout", 1, 3, dropout},
};

} // namespace

std::span<const Rule> elementwiseRules()
{
    return kRules;
}

} // namespace qs::onnx
