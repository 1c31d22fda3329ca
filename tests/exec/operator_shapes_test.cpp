// Operators whose loops have several forms, at the shapes where one form ends and the next begins, against the plain
// forms of core/exec/reference or the definition.
#include "core/exec/reference/reference.h"

#include "op_testing.h"

#include <cmath>

namespace qs::exec::testing {
namespace {

void expectReference(const std::string& op, const AttributeList& attributes, const std::vector<Tensor>& in,
                     float tolerance = 2e-6f)
{
    const auto plain = reference::find(op);
    ASSERT_TRUE(plain) << op;
    const graph::Node node = makeNode(op, attributes, in.size());
    const auto found = evaluate(node, in);
    ASSERT_TRUE(found) << op << ": " << found.error().text();
    std::vector<Tensor> expected{Tensor((*found)[0].dtype(), (*found)[0].shape())};
    plain(node, in, expected);
    if (expected[0].dtype() != DType::Float32) {
        EXPECT_TRUE(
            std::equal((*found)[0].bytes(), (*found)[0].bytes() + (*found)[0].sizeBytes(), expected[0].bytes()));
        return;
    }
    float most = 1;
    for (const float v : expected[0].floats())
        most = std::isfinite(v) ? std::max(most, std::abs(v)) : most;
    for (std::size_t i = 0; i < expected[0].floats().size(); ++i) {
        const float a = (*found)[0].floats()[i];
        const float b = expected[0].floats()[i];
        ASSERT_TRUE((std::isnan(a) && std::isnan(b)) || a == b || std::abs(a - b) <= tolerance * most)
            << op << " of " << in[0].shape().text() << " at " << i << ": " << a << ", expected " << b;
    }
}

TEST(OperatorShapes, ReductionsOverAnyAxes)
{
    const Ints axes[] = {{0}, {1}, {2}, {3}, {0, 1}, {1, 2}, {2, 3}, {0, 2}, {1, 3}, {0, 2, 3}, {0, 1, 2, 3}};
    for (const Shape& shape : {Shape{2, 3, 5, 7}, Shape{1, 17, 4, 33}, Shape{3, 1, 16, 16}, Shape{1, 2, 1, 600}})
        for (const std::string op : {"ReduceSum", "ReduceMean", "ReduceMax", "ReduceMin", "ReduceL1", "ReduceL2",
                                     "ReduceSumSquare", "ReduceProd"})
            for (const Ints& a : axes)
                expectReference(op, {{"axes", a}, {"keepdims", int64_t{1}}}, {randomTensor(shape, 3)});
}

TEST(OperatorShapes, ReductionsKeepNaN)
{
    for (const std::string op : {"ReduceMax", "ReduceMin", "ReduceSum"})
        for (int64_t at : {0, 5, 16, 36}) {
            Tensor x = randomTensor({3, 37}, 4);
            x.mutableData<float>()[static_cast<std::size_t>(37 + at)] = std::numeric_limits<float>::quiet_NaN();
            const Tensor rows = evaluateOne(op, {{"axes", Ints{1}}, {"keepdims", int64_t{0}}}, {x});
            const Tensor columns = evaluateOne(op, {{"axes", Ints{0}}, {"keepdims", int64_t{0}}}, {x});
            EXPECT_TRUE(std::isnan(rows.floats()[1])) << op << at;
            EXPECT_FALSE(std::isnan(rows.floats()[0]) || std::isnan(rows.floats()[2])) << op << at;
            EXPECT_TRUE(std::isnan(columns.floats()[static_cast<std::size_t>(at)])) << op << at;
        }
}

TEST(OperatorShapes, SoftmaxAlongAnyAxis)
{
    for (const Shape& shape : {Shape{2, 5, 3}, Shape{1, 7, 16}, Shape{3, 1, 33}, Shape{2, 49, 1}})
        for (const std::string op : {"Softmax", "LogSoftmax"})
            for (int64_t axis = 0; axis < 3; ++axis)
                expectReference(op, {{"axis", axis}}, {randomTensor(shape, 5)});
}

TEST(OperatorShapes, PoolingWindows)
{
    const struct {
        Ints kernel, strides, pads, dilations;
        int64_t ceil;
    } windows[] = {
        {{3, 3}, {1, 1}, {1, 1, 1, 1}, {1, 1}, 0}, {{2, 2}, {2, 2}, {0, 0, 0, 0}, {1, 1}, 0},
        {{3, 3}, {2, 2}, {1, 1, 1, 1}, {1, 1}, 1}, {{3, 2}, {2, 3}, {1, 0, 0, 1}, {1, 1}, 1},
        {{2, 3}, {1, 2}, {0, 1, 1, 0}, {2, 2}, 0}, {{5, 5}, {3, 1}, {2, 2, 2, 2}, {1, 1}, 0},
        {{1, 1}, {3, 3}, {0, 0, 0, 0}, {1, 1}, 0}, {{3, 3}, {4, 4}, {0, 0, 0, 0}, {1, 1}, 1},
    };
    for (const auto& w : windows)
        for (const std::string op : {"MaxPool", "AveragePool"})
            for (const int64_t countPads : {0, 1})
                expectReference(op,
                                {{"kernel_shape", w.kernel},
                                 {"strides", w.strides},
                                 {"pads", w.pads},
                                 {"dilations", w.dilations},
                                 {"ceil_mode", w.ceil},
                                 {"count_include_pad", countPads}},
                                {randomTensor({2, 3, 11, 9}, 6)});
}

TEST(OperatorShapes, PoolingKeepsNaNWhereItIs)
{
    Tensor x = randomTensor({1, 1, 6, 6}, 7);
    x.mutableData<float>()[14] = std::numeric_limits<float>::quiet_NaN();
    for (const std::string op : {"MaxPool", "AveragePool"})
        expectReference(op, {{"kernel_shape", Ints{3, 3}}, {"pads", Ints{1, 1, 1, 1}}}, {x});
}

TEST(OperatorShapes, PadsOfRuns)
{
    constexpr int64_t kRows = 5, kColumns = 7;
    const Tensor x = randomTensor({kRows, kColumns}, 8);
    // Where output index i of an axis reads; -1: the fill value.
    const auto source = [](const std::string& mode, int64_t i, int64_t size) -> int64_t {
        if (i >= 0 && i < size)
            return i;
        if (mode == "constant")
            return -1;
        if (mode == "edge")
            return i < 0 ? 0 : size - 1;
        return i < 0 ? -i : 2 * (size - 1) - i;
    };
    for (const std::string mode : {"constant", "edge", "reflect"})
        for (const Ints& pads : {Ints{0, 0, 0, 0}, Ints{1, 2, 3, 4}, Ints{-1, 2, 0, -3}, Ints{0, 5, 0, 5}}) {
            const Tensor found = evaluateOne("Pad", {{"pads", pads}, {"mode", mode}, {"value", 2.5f}}, {x});
            ASSERT_EQ(found.shape().text(), (Shape{kRows + pads[0] + pads[2], kColumns + pads[1] + pads[3]}).text());
            for (int64_t i = 0; i < found.elements(); ++i) {
                const int64_t row = source(mode, i / found.shape()[1] - pads[0], kRows);
                const int64_t column = source(mode, i % found.shape()[1] - pads[1], kColumns);
                const float expected =
                    row < 0 || column < 0 ? 2.5f : x.floats()[static_cast<std::size_t>(row * kColumns + column)];
                ASSERT_EQ(found.floats()[static_cast<std::size_t>(i)], expected) << mode << " at " << i;
            }
        }
}

TEST(OperatorShapes, TriluBeyondTheDiagonals)
{
    for (const Shape& shape : {Shape{4, 5}, Shape{2, 5, 3}})
        for (int64_t k = -6; k <= 6; ++k)
            for (const int64_t upper : {0, 1}) {
                const Tensor x = randomTensor(shape, 9);
                const Tensor found = evaluateOne("Trilu", {{"k", k}, {"upper", upper}}, {x});
                const int64_t columns = shape.back(), rows = shape[shape.rank() - 2];
                for (int64_t i = 0; i < shape.elements(); ++i) {
                    const bool kept =
                        upper != 0 ? i % columns >= i / columns % rows + k : i % columns <= i / columns % rows + k;
                    const auto at = static_cast<std::size_t>(i);
                    EXPECT_EQ(found.floats()[at], kept ? x.floats()[at] : 0)
                        << shape.text() << " " << k << " at " << i;
                }
            }
}

TEST(OperatorShapes, TopKOfEqualsTakesTheFirst)
{
    const Tensor x = floats({1, 7}, {2, 5, 5, 1, 5, 2, 9});
    const auto found = evaluateAll("TopK", {{"k", int64_t{4}}}, {x}, 2);
    expectTensor(found[0], {1, 4}, Floats{9, 5, 5, 5});
    expectTensor(found[1], {1, 4}, Ints{6, 1, 2, 4});
}

TEST(OperatorShapes, CumSumAlongAnyAxisInBothWays)
{
    const Tensor x = counting({2, 3, 300});
    for (int64_t axis = 0; axis < 3; ++axis)
        for (const int64_t exclusive : {0, 1})
            for (const int64_t reverse : {0, 1}) {
                const Tensor found =
                    evaluateOne("CumSum", {{"axis", axis}, {"exclusive", exclusive}, {"reverse", reverse}}, {x});
                const Shape& s = x.shape();
                const Shape strides = contiguousStrides(s);
                const auto a = static_cast<std::size_t>(axis);
                for (int64_t i = 0; i < s.elements(); ++i) {
                    const int64_t place = i / strides[a] % s[a];
                    double sum = 0;
                    for (int64_t j = 0; j < s[a]; ++j)
                        if (reverse != 0 ? j > place || (j == place && exclusive == 0)
                                         : j < place || (j == place && exclusive == 0))
                            sum += x.floats()[static_cast<std::size_t>(i + (j - place) * strides[a])];
                    ASSERT_EQ(found.floats()[static_cast<std::size_t>(i)], static_cast<float>(sum))
                        << axis << " " << i;
                }
            }
}

TEST(OperatorShapes, EinsumAsMatricesAndLabelByLabel)
{
    const struct {
        std::string equation;
        Shape a, b;
    } cases[] = {
        {"bhid,bhjd->bhij", {2, 3, 5, 4}, {2, 3, 6, 4}},
        {"bihd,bjhd->bjhi", {2, 5, 3, 4}, {2, 6, 3, 4}},
        {"nchw,chk->nwk", {2, 3, 4, 2}, {3, 4, 5}},
        {"i,j->ji", {4}, {5}},
        {"ij,ij->", {4, 5}, {4, 5}},
        {"ij,ij->ij", {4, 5}, {4, 5}},
        {"ii,ij->j", {4, 4}, {4, 5}},
        {"ijk,jl->il", {3, 4, 2}, {4, 5}},
        {"abc,cd->bda", {3, 4, 5}, {5, 2}},
    };
    for (const auto& c : cases) {
        const Tensor a = randomTensor(c.a, 10), b = randomTensor(c.b, 11);
        const Tensor found = evaluateOne("Einsum", {{"equation", c.equation}}, {a, b});
        const std::string out = c.equation.substr(c.equation.find('>') + 1);
        const std::string ta = c.equation.substr(0, c.a.rank());
        const std::string tb = c.equation.substr(c.a.rank() + 1, c.b.rank());
        // Every assignment of the labels, as the definition has it.
        std::string labels;
        std::vector<int64_t> sizes;
        for (const auto& [term, shape] : {std::pair{ta, c.a}, std::pair{tb, c.b}})
            for (std::size_t i = 0; i < term.size(); ++i)
                if (labels.find(term[i]) == std::string::npos) {
                    labels += term[i];
                    sizes.push_back(shape[i]);
                }
        std::vector<double> sums(static_cast<std::size_t>(found.elements()), 0.0);
        std::vector<int64_t> at(labels.size(), 0);
        const auto offset = [&](const std::string& term, const Shape& shape) {
            int64_t o = 0;
            for (std::size_t i = 0; i < term.size(); ++i)
                o = o * shape[i] + at[labels.find(term[i])];
            return static_cast<std::size_t>(o);
        };
        for (bool more = true; more;) {
            sums[offset(out, found.shape())] += double(a.floats()[offset(ta, c.a)]) * b.floats()[offset(tb, c.b)];
            more = false;
            for (std::size_t i = labels.size(); i-- > 0 && !more;) {
                more = ++at[i] < sizes[i];
                if (!more)
                    at[i] = 0;
            }
        }
        for (std::size_t i = 0; i < sums.size(); ++i)
            EXPECT_NEAR(found.floats()[i], sums[i], 1e-5) << c.equation << " at " << i;
    }
}

} // namespace
} // namespace qs::exec::testing
