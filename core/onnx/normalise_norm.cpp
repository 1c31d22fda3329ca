#include "core/onnx/lowering.h"

namespace qs::onnx {

namespace {

graph::Attributes epsilonOf(const Lowering& n)
{
    graph::Attributes attributes;
    attributes.set("epsilon", n.attributes().real("epsilon", 1e-5f));
    return attributes;
}

Result<void> needVector(Lowering& n, std::size_t i, int64_t size)
{
    if (n.has(i) && (n.rank(i) != 1 || n.shape(i)[0] != size || n.dtype(i) != DType::Float32))
        return fail(ErrorCode::ShapeMismatch, "input " + std::to_string(i) + " (" + n.shape(i).text() +
                                                  ") is not a list of " + std::to_string(size) + " floats");
    return {};
}

Result<void> needOneOutput(Lowering& n)
{
    for (std::size_t i = 1; i < n.outputCount(); ++i)
        if (n.outputUsed(i))
            return fail(ErrorCode::Unsupported, "its statistics are used as outputs");
    return {};
}

graph::Attributes shaped(std::vector<int64_t> sizes)
{
    graph::Attributes attributes;
    attributes.set("shape", std::move(sizes));
    return attributes;
}

/// All axes from `axis` on are one in between.
Result<void> layerNormalization(Lowering& n)
{
    QS_CHECK(needOneOutput(n));
    QS_ASSIGN(const int64_t axis, n.axis(-1, n.rank(0)));
    const Shape shape = n.shape(0);
    const auto first = static_cast<std::size_t>(axis);
    const int64_t size = shape.product(first, shape.rank());
    graph::Attributes attributes = epsilonOf(n);
    if (first + 1 == shape.rank()) {
        for (const std::size_t i : {1u, 2u})
            QS_CHECK(needVector(n, i, size));
        attributes.set("axis", axis);
        return n.finish("LayerNormalization", {n.input(0), n.input(1), n.input(2)}, std::move(attributes));
    }
    std::vector<TensorId> inputs;
    std::vector<int64_t> rows(shape.begin(), shape.begin() + first);
    rows.push_back(size);
    attributes.set("axis", axis);
    for (const std::size_t i : {0u, 1u, 2u}) {
        if (!n.has(i)) {
            inputs.push_back({});
            continue;
        }
        if (i > 0 && (n.dtype(i) != DType::Float32 || n.shape(i).elements() != size))
            return fail(ErrorCode::Unsupported, "input " + std::to_string(i) + " (" + n.shape(i).text() +
                                                    ") has not one number for each of the " + std::to_string(size) +
                                                    " that it normalises");
        QS_ASSIGN(const TensorId flat,
                  n.step("Reshape", {n.input(i)}, shaped(i == 0 ? rows : std::vector<int64_t>{size})));
        inputs.push_back(flat);
    }
    QS_ASSIGN(const TensorId y, n.step("LayerNormalization", std::move(inputs), std::move(attributes)));
    return n.finish("Reshape", {y}, shaped(std::vector<int64_t>(shape.begin(), shape.end())));
}

/// Training mode: the statistics are those of the input itself, mean and (biased) variance a channel. Of a weight,
/// which networks standardise so, they are constants; of images, they would mix the images of a batch.
Result<std::pair<TensorId, TensorId>> ownStatistics(Lowering& n)
{
    const Tensor* x = n.constant(0);
    if (!x || x->dtype() != DType::Float32)
        return fail(ErrorCode::Unsupported,
                    "is in training mode: export the network in evaluation mode (model.eval())");
    const auto channels = static_cast<std::size_t>(n.shape(0)[1]);
    const auto inner = static_cast<std::size_t>(n.shape(0).product(2, n.shape(0).rank()));
    std::vector<double> sums(channels), squares(channels);
    const auto values = x->floats();
    const double count = static_cast<double>(values.size()) / static_cast<double>(channels);
    const auto channelOf = [&](std::size_t i) { return i / inner % channels; };
    for (std::size_t i = 0; i < values.size(); ++i)
        sums[channelOf(i)] += values[i];
    for (std::size_t i = 0; i < values.size(); ++i) {
        const double d = values[i] - sums[channelOf(i)] / count;
        squares[channelOf(i)] += d * d;
    }
    Tensor mean(DType::Float32, {n.shape(0)[1]}), variance(DType::Float32, {n.shape(0)[1]});
    for (std::size_t c = 0; c < channels; ++c) {
        mean.mutableData<float>()[c] = static_cast<float>(sums[c] / count);
        variance.mutableData<float>()[c] = static_cast<float>(squares[c] / count);
    }
    QS_ASSIGN(const TensorId first, n.constantStep(std::move(mean)));
    QS_ASSIGN(const TensorId second, n.constantStep(std::move(variance)));
    return std::pair(first, second);
}

Result<void> batchNormalization(Lowering& n)
{
    QS_CHECK(needOneOutput(n));
    QS_CHECK(n.needRank(0, 2, Shape::kMaxRank));
    if (n.attributes().integer("training_mode", 0) != 0) {
        for (const std::size_t i : {1u, 2u})
            QS_CHECK(needVector(n, i, n.shape(0)[1]));
        QS_ASSIGN(const auto statistics, ownStatistics(n));
        return n.finish("BatchNormalization",
                        {n.input(0), n.input(1), n.input(2), statistics.first, statistics.second}, epsilonOf(n));
    }
    for (const std::size_t i : {1u, 2u, 3u, 4u})
        QS_CHECK(needVector(n, i, n.shape(0)[1]));
    return n.finish("BatchNormalization", {n.input(0), n.input(1), n.input(2), n.input(3), n.input(4)}, epsilonOf(n));
}

Result<void> instanceNormalization(Lowering& n)
{
    QS_CHECK(n.needRank(0, 3, Shape::kMaxRank));
    for (const std::size_t i : {1u, 2u})
        QS_CHECK(needVector(n, i, n.shape(0)[1]));
    return n.finish("InstanceNormalization", {n.input(0), n.input(1), n.input(2)}, epsilonOf(n));
}

/// scale or bias of a GroupNormalization as [c, 1, ...]: opset 21 gives one a channel, opset 18 one a group.
Result<TensorId> perChannel(Lowering& n, std::size_t i, int64_t groups)
{
    const Tensor* given = n.constant(i);
    const int64_t channels = n.shape(0)[1];
    if (!given || given->dtype() != DType::Float32 || given->shape().rank() != 1 ||
        (given->elements() != channels && given->elements() != groups))
        return fail(ErrorCode::Unsupported, "input " + std::to_string(i) + " is not a constant for each channel");
    Shape shape{channels};
    for (std::size_t a = 2; a < n.shape(0).rank(); ++a)
        shape.push_back(1);
    Tensor spread(DType::Float32, shape);
    auto values = spread.mutableData<float>();
    const int64_t repeat = channels / given->elements();
    for (std::size_t c = 0; c < values.size(); ++c)
        values[c] = given->floats()[c / static_cast<std::size_t>(repeat)];
    return n.constantStep(std::move(spread));
}

/// InstanceNormalization of the groups, then scale and bias a channel.
Result<void> groupNormalization(Lowering& n)
{
    QS_CHECK(n.needRank(0, 3, Shape::kMaxRank));
    const Shape shape = n.shape(0);
    const int64_t groups = n.attributes().integer("num_groups", 0);
    if (groups < 1 || groups > shape[1] || shape[1] % groups != 0)
        return fail(ErrorCode::ShapeMismatch, "cannot split " + std::to_string(shape[1]) + " channels into " +
                                                  std::to_string(groups) + " groups");
    QS_ASSIGN(const TensorId scale, perChannel(n, 1, groups));
    QS_ASSIGN(const TensorId bias, perChannel(n, 2, groups));
    graph::Attributes split, back;
    split.set("shape", std::vector<int64_t>{shape[0], groups, shape.elements() / (shape[0] * groups)});
    back.set("shape", std::vector<int64_t>(shape.begin(), shape.end()));
    Tensor ones(DType::Float32, {groups});
    for (float& value : ones.mutableData<float>())
        value = 1;
    QS_ASSIGN(const TensorId unit, n.constantStep(std::move(ones)));
    QS_ASSIGN(const TensorId zero, n.constantStep(Tensor(DType::Float32, {groups})));
    QS_ASSIGN(TensorId x, n.step("Reshape", {n.input(0)}, std::move(split)));
    QS_ASSIGN(x, n.step("InstanceNormalization", {x, unit, zero}, epsilonOf(n)));
    QS_ASSIGN(x, n.step("Reshape", {x}, std::move(back)));
    QS_ASSIGN(x, n.step("Mul", {x, scale}));
    return n.finish("Add", {x, bias});
}

constexpr Rule kRules[] = {
    {"LayerNormalization", 2, 3, layerNormalization},
    {"BatchNormalization", 5, 5, batchNormalization},
    {"InstanceNormalization", 3, 3, instanceNormalization},
    {"GroupNormalization", 3, 3, groupNormalization},
};

} // namespace

std::span<const Rule> normalisationRules()
{
    return kRules;
}

} // namespace qs::onnx
