// The traits of every operator, derived by running it and compared with the table.
#include "core/graph/op_traits.h"

#include "op_calls.h"

#include <cmath>
#include <functional>
#include <map>
#include <numeric>
#include <optional>
#include <set>

namespace qs::exec::testing {
namespace {

using graph::OpTrait;

/// Numbers that all differ, of both signs, in an order of its own for every seed.
std::vector<Tensor> madeUp(const Call& call, uint64_t seed)
{
    std::vector<Tensor> result;
    for (const Shape& shape : call.data)
        result.push_back(randomTensor(shape, seed += 17));
    return result;
}

std::vector<Tensor> run(const std::string& op, const Call& call, const std::vector<Tensor>& data)
{
    std::vector<Tensor> inputs;
    std::size_t next = 0;
    for (std::size_t i = 0; i < call.inputs(); ++i)
        inputs.push_back(call.set.contains(i) ? call.set.at(i) : data[next++]);
    return evaluateAll(op, call.attributes, inputs, call.outputs);
}

/// Where the elements of the first output come from: data input and position; nothing where they are no element.
using Origin = std::optional<std::pair<std::size_t, std::size_t>>;
std::vector<Origin> origins(const Tensor& output, const std::vector<Tensor>& data)
{
    std::vector<Origin> result;
    for (const float value : output.floats()) {
        Origin origin;
        for (std::size_t d = 0; d < data.size() && !origin; ++d)
            for (std::size_t i = 0; i < data[d].floats().size() && !origin; ++i)
                if (data[d].floats()[i] == value)
                    origin = {d, i};
        result.push_back(origin);
    }
    return result;
}

struct Derived {
    std::map<OpTrait, bool> traits;
};

void deriveMovement(const std::string& op, const Call& call, Derived& derived)
{
    bool moves = !call.data.empty(), fills = false, keepsOrder = true, known = true;
    std::set<std::size_t> sources;
    const std::vector<Tensor> first = madeUp(call, 3);
    const std::vector<Tensor> second = madeUp(call, 99);
    const std::vector<Tensor> a = moves ? run(op, call, first) : std::vector<Tensor>();
    const std::vector<Tensor> b = moves ? run(op, call, second) : std::vector<Tensor>();
    if (!moves || a[0].dtype() != DType::Float32) {
        moves = false;
        known = moves;
    } else {
        const auto from = origins(a[0], first);
        const auto then = origins(b[0], second);
        for (std::size_t i = 0; i < from.size(); ++i) {
            const bool constant = !from[i] && !then[i] && a[0].floats()[i] == b[0].floats()[i];
            known = known && from[i] && then[i];
            moves = moves && (constant || (from[i] && from[i] == then[i]));
            fills = fills || constant;
            if (from[i])
                sources.insert(from[i]->first);
            keepsOrder = keepsOrder && from[i] && from[i]->second == i;
        }
        keepsOrder = keepsOrder && first[0].elements() == a[0].elements();
        moves = moves && !sources.empty();
    }
    // A condition is no data: which of its inputs Where gives is decided by values all the same.
    const bool decided = !call.set.empty() && call.set.begin()->second.dtype() == DType::Bool;
    derived.traits[OpTrait::Moves] = moves && !decided;
    derived.traits[OpTrait::Fills] = moves && fills;
    derived.traits[OpTrait::KeepsOrder] = moves && !decided && keepsOrder;
    derived.traits[OpTrait::Joins] = moves && !decided && sources.size() > 1;
    const bool places = !a.empty() && a[0].dtype() == DType::Int64 && !(a[0].shape() == first[0].shape());
    derived.traits[OpTrait::Chooses] = (known && (!moves || decided)) || places;
}

/// f(a x + b) = a f(x) + b.
bool carries(const std::string& op, const Call& call)
{
    if (call.data.empty())
        return false;
    const std::vector<Tensor> data = madeUp(call, 5);
    const Tensor plain = run(op, call, data)[0];
    if (plain.dtype() != DType::Float32)
        return false;
    for (const auto& [a, b] : {std::pair{-1.5F, 0.75F}, {2.0F, -3.0F}}) {
        std::vector<Tensor> changed = data;
        for (Tensor& tensor : changed)
            for (float& value : tensor.mutableData<float>())
                value = a * value + b;
        const Tensor result = run(op, call, changed)[0];
        for (std::size_t i = 0; i < plain.floats().size(); ++i)
            if (!(std::abs(result.floats()[i] - (a * plain.floats()[i] + b)) < 1e-4F))
                return false;
    }
    return true;
}

/// Reordering all inputs alike reorders the output alike.
bool elementwise(const std::string& op, const Call& call)
{
    const std::vector<Tensor> data = madeUp(call, 7);
    std::vector<Tensor> inputs;
    for (const auto& [position, tensor] : call.set)
        inputs.push_back(tensor);
    inputs.insert(inputs.end(), data.begin(), data.end());
    const Tensor plain = run(op, call, data)[0];
    for (const Tensor& input : inputs)
        if (!(input.shape() == plain.shape()))
            return false;
    std::vector<std::size_t> order(static_cast<std::size_t>(plain.elements()));
    std::iota(order.begin(), order.end(), 0);
    std::rotate(order.begin(), order.begin() + 5, order.end());
    std::swap(order[1], order[7]);
    const auto reorder = [&](const Tensor& from) {
        Tensor to(from.dtype(), from.shape());
        const std::size_t size = dtypeSize(from.dtype());
        for (std::size_t i = 0; i < order.size(); ++i)
            std::copy_n(from.bytes() + order[i] * size, size, to.mutableBytes() + i * size);
        return to;
    };
    Call moved = call;
    for (auto& [position, tensor] : moved.set)
        tensor = reorder(tensor);
    std::vector<Tensor> movedData;
    for (const Tensor& tensor : data)
        movedData.push_back(reorder(tensor));
    const Tensor got = run(op, moved, movedData)[0];
    const Tensor want = reorder(plain);
    return std::equal(got.bytes(), got.bytes() + got.sizeBytes(), want.bytes());
}

/// Linear in each of the first two inputs alone, and no product place by place.
bool isProduct(const std::string& op, const Call& call)
{
    if (call.data.size() != 2 || !call.set.empty() || elementwise(op, call))
        return false;
    const std::vector<Tensor> x = madeUp(call, 11);
    const std::vector<Tensor> y = madeUp(call, 12);
    for (std::size_t side = 0; side < 2; ++side) {
        std::vector<Tensor> other = x, sum = x;
        other[side] = y[side];
        for (std::size_t i = 0; i < sum[side].floats().size(); ++i)
            sum[side].mutableData<float>()[i] += 2 * y[side].floats()[i];
        const Tensor a = run(op, call, x)[0], b = run(op, call, other)[0], c = run(op, call, sum)[0];
        if (a.dtype() != DType::Float32)
            return false;
        for (std::size_t i = 0; i < a.floats().size(); ++i)
            if (!(std::abs(c.floats()[i] - a.floats()[i] - 2 * b.floats()[i]) < 1e-3F))
                return false;
    }
    return true;
}

/// Falls before it rises, over -4 to 4.
bool dips(const std::string& op)
{
    Tensor x(DType::Float32, {801});
    for (std::size_t i = 0; i < 801; ++i)
        x.mutableData<float>()[i] = -4 + 0.01F * static_cast<float>(i);
    const Tensor y = evaluateOne(op, {}, {x});
    return std::ranges::min_element(y.floats()) != y.floats().begin() &&
           *std::ranges::min_element(y.floats()) < y.floats()[0] - 1e-3F;
}

TEST(OpTraits, EveryOperatorHasARow)
{
    for (const OpDef& op : allOps())
        EXPECT_NE(graph::findOpTraits(op.name), nullptr) << op.name;
    for (const graph::OpTraits& row : graph::allOpTraits())
        EXPECT_NE(findOp(row.op), nullptr) << row.op << " has traits and no code";
    EXPECT_EQ(graph::findOpTraits("NoSuchOperator"), nullptr);
    EXPECT_FALSE(graph::has("NoSuchOperator", OpTrait::Moves));
}

TEST(OpTraits, AreWhatOperatorsDo)
{
    const std::map<OpTrait, std::string> names{
        {OpTrait::Moves, "Moves"},           {OpTrait::Fills, "Fills"},
        {OpTrait::KeepsOrder, "KeepsOrder"}, {OpTrait::Joins, "Joins"},
        {OpTrait::Chooses, "Chooses"},       {OpTrait::Carries, "Carries"},
        {OpTrait::Product, "Product"},       {OpTrait::Elementwise, "Elementwise"}};
    int checked = 0;
    for (const OpDef& def : allOps()) {
        const std::string op(def.name);
        const std::optional<Call> call = callOf(op);
        if (!call)
            continue;
        Derived derived;
        deriveMovement(op, *call, derived);
        derived.traits[OpTrait::Carries] = carries(op, *call);
        derived.traits[OpTrait::Elementwise] = elementwise(op, *call);
        derived.traits[OpTrait::Product] = isProduct(op, *call);
        for (const auto& [trait, name] : names)
            EXPECT_EQ(graph::has(op, trait), derived.traits.at(trait)) << op << ": " << name;
        ++checked;
    }
    EXPECT_GT(checked, 100);
}

TEST(OpTraits, ActivationsBendAndSomeDip)
{
    for (const graph::OpTraits& row : graph::allOpTraits()) {
        const std::string op(row.op);
        if (!row.has(OpTrait::Activation)) {
            EXPECT_FALSE(row.has(OpTrait::Dips)) << op;
            continue;
        }
        EXPECT_TRUE(row.has(OpTrait::Elementwise)) << op;
        EXPECT_FALSE(row.has(OpTrait::Carries)) << op << " is a line";
        if (op != "PRelu") {
            EXPECT_EQ(row.has(OpTrait::Dips), dips(op)) << op;
        }
    }
}

TEST(OpTraits, WhatNormalisesLeavesTheBiasOfAGainOfZero)
{
    for (const graph::OpTraits& row : graph::allOpTraits()) {
        if (!row.has(OpTrait::Normalises))
            continue;
        const std::string op(row.op);
        const Call call = *callOf(op);
        std::vector<Tensor> data = madeUp(call, 2);
        const int64_t channels = data[1].elements();
        data[1] = Tensor(DType::Float32, {channels});
        const Tensor y = run(op, call, data)[0];
        const int64_t inner = op == "LayerNormalization" ? 1 : y.shape().product(2, y.shape().rank());
        for (int64_t i = 0; i < y.elements(); ++i)
            EXPECT_EQ(y.floats()[static_cast<std::size_t>(i)],
                      data[2].floats()[static_cast<std::size_t>(i / inner % channels)])
                << op;
    }
}

TEST(OpTraits, WhatIsWeightedAddsItsThirdInput)
{
    for (const graph::OpTraits& row : graph::allOpTraits()) {
        if (!row.has(OpTrait::Weighted))
            continue;
        const std::string op(row.op);
        EXPECT_TRUE(row.has(OpTrait::Product)) << op;
        const Call call = *callOf(op);
        std::vector<Tensor> inputs = madeUp(call, 4);
        const Tensor plain = evaluateOne(op, call.attributes, inputs);
        const Tensor bias = randomTensor({5}, 8);
        inputs.push_back(bias);
        const Tensor y = evaluateOne(op, call.attributes, inputs);
        const int64_t inner = op == "Linear" ? 1 : y.shape().product(2, y.shape().rank());
        for (int64_t i = 0; i < y.elements(); ++i)
            EXPECT_NEAR(y.floats()[static_cast<std::size_t>(i)],
                        plain.floats()[static_cast<std::size_t>(i)] +
                            bias.floats()[static_cast<std::size_t>(i / inner % 5)],
                        1e-5F)
                << op;
    }
}

} // namespace
} // namespace qs::exec::testing
