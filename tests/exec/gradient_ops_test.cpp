// The derivative of each operator against central differences.
#include "gradient_testing.h"

#include <set>

namespace qs::exec::testing {
namespace {

struct Case {
    const char* name;
    const char* text;
    float spread = 1;
    float centre = 0;
};

void PrintTo(const Case& c, std::ostream* out)
{
    *out << c.name;
}

// `s` and `t`: two activations of one input.
#define QS_TWO(S, T)                                                                                                 \
    "input x:1x2x3x4\ns:" S " = Slice(x) starts=[0] ends=[1] axes=[1]\nt:" T " = Slice(x) starts=[1] ends=[2] "      \
    "axes=[1]\n"
#define QS_SAME QS_TWO("1x1x3x4", "1x1x3x4")

const Case kCases[] = {
    // products
    {"linear", "input x:2x3x4\nw:4x5 = random(1)\nb:5 = random(2)\ny:2x3x5 = Linear(x, w, b)\noutput y\n"},
    {"matmul", QS_SAME "u:1x1x4x3 = Transpose(t) perm=[0 1 3 2]\ny:1x1x3x3 = MatMul(s, u)\noutput y\n"},
    {"matmulBroadcast",
     "input x:2x3x4\na:1x3x4 = Slice(x) starts=[0] ends=[1] axes=[0]\nu:2x4x3 = Transpose(x) perm=[0 2 1]\n"
     "y:2x3x3 = MatMul(a, u)\noutput y\n"},
    {"matmulVectors", "input x:1x3x4\nf:12 = Reshape(x) shape=[12]\nr:12x1 = Reshape(x) shape=[12 1]\n"
                      "u:12x2 = Concat(r, r) axis=1\ny:2 = MatMul(f, u)\noutput y\n"},
    {"matmulMatrixVector", "input x:1x3x4\nm:3x4 = Reshape(x) shape=[3 4]\nf:12 = Reshape(x) shape=[12]\n"
                           "v:4 = Slice(f) starts=[2] ends=[6]\ny:3 = MatMul(m, v)\noutput y\n"},
    {"einsum", QS_SAME "a:3x4 = Reshape(s) shape=[3 4]\nb:3x4 = Reshape(t) shape=[3 4]\n"
                       "y:4x4 = Einsum(a, b) equation=\"ij,ik->kj\"\noutput y\n"},
    {"einsumSummedLabel", QS_SAME "a:3x4 = Reshape(s) shape=[3 4]\nb:3x4 = Reshape(t) shape=[3 4]\n"
                                  "y:4 = Einsum(a, b) equation=\"ij,kl->j\"\noutput y\n"},
    {"einsumOne", "input x:2x3x4\ny:4x2 = Einsum(x) equation=\"abc->ca\"\noutput y\n"},
    // convolutions
    {"conv", "input x:2x3x5x6\nw:4x3x3x2 = random(1)\nb:4 = random(2)\ny:2x4x3x7 = Conv(x, w, b) strides=[2 1] "
             "pads=[1 1 1 1]\noutput y\n"},
    {"convDilated", "input x:1x2x7x6\nw:3x2x3x3 = random(1)\ny:1x3x5x2 = Conv(x, w) dilations=[2 2] pads=[1 0 1 0]\n"
                    "output y\n"},
    {"convGrouped", "input x:2x4x4x4\nw:6x2x3x3 = random(1)\ny:2x6x2x2 = Conv(x, w) group=2 strides=[2 2] "
                    "pads=[1 1 1 1]\noutput y\n"},
    {"convPointwise", "input x:2x3x2x4\nw:5x3x1x1 = random(1)\ny:2x5x2x4 = Conv(x, w)\noutput y\n"},
    {"convPointwiseStrided", "input x:1x3x5x5\nw:2x3x1x1 = random(1)\ny:1x2x3x3 = Conv(x, w) strides=[2 2]\n"
                             "output y\n"},
    {"depthwise", "input x:2x3x5x4\nw:3x1x3x3 = random(1)\nb:3 = random(2)\ny:2x3x5x4 = Conv(x, w, b) group=3 "
                  "pads=[1 1 1 1]\noutput y\n"},
    {"depthwiseStrided", "input x:1x3x6x7\nw:3x1x3x3 = random(1)\ny:1x3x3x4 = Conv(x, w) group=3 strides=[2 2] "
                         "pads=[1 1 1 1]\noutput y\n"},
    {"depthwiseMultiplied", "input x:1x2x4x4\nw:6x1x3x3 = random(1)\ny:1x6x4x4 = Conv(x, w) group=2 pads=[1 1 1 1]\n"
                            "output y\n"},
    {"conv1d", "input x:2x3x8\nw:4x3x3 = random(1)\ny:2x4x4 = Conv(x, w) strides=[2] pads=[1 1]\noutput y\n"},
    {"convTranspose", "input x:1x4x3x2\nw:4x2x3x3 = random(1)\ny:1x4x6x4 = ConvTranspose(x, w) group=2 strides=[2 2] "
                      "pads=[1 1 1 1] output_padding=[1 1]\noutput y\n"},
    // normalization
    {"layerNorm", "input x:2x3x5\ng:5 = random(1)\nb:5 = random(2)\ny:2x3x5 = LayerNormalization(x, g, b) axis=2 "
                  "epsilon=1e-05\noutput y\n"},
    {"layerNormTwoAxes", "input x:2x3x5\ny:2x3x5 = LayerNormalization(x) axis=1 epsilon=0.01\noutput y\n"},
    {"groupNorm", "input x:2x4x3x2\ng:4 = random(1)\nb:4 = random(2)\ny:2x4x3x2 = GroupNormalization(x, g, b) "
                  "num_groups=2 epsilon=1e-05\noutput y\n"},
    {"instanceNorm", "input x:2x3x4x2\ng:3 = random(1)\nb:3 = random(2)\ny:2x3x4x2 = InstanceNormalization(x, g, b) "
                     "epsilon=1e-05\noutput y\n"},
    {"batchNorm", "input x:2x3x4x2\ng:3 = random(1)\nb:3 = random(2)\nm:3 = random(3)\nv:3 = [0.5 1 2]\n"
                  "y:2x3x4x2 = BatchNormalization(x, g, b, m, v)\noutput y\n"},
    {"softmax", "input x:2x3x5\ny:2x3x5 = Softmax(x) axis=-1\noutput y\n"},
    {"softmaxMiddle", "input x:2x5x3\ny:2x5x3 = Softmax(x) axis=1\noutput y\n"},
    {"logSoftmax", "input x:2x5x3\ny:2x5x3 = LogSoftmax(x) axis=1\noutput y\n"},
    // one operand
    {"abs", "input x:3x7\ny:3x7 = Abs(x)\noutput y\n"},
    {"atan", "input x:3x7\ny:3x7 = Atan(x)\noutput y\n", 3},
    {"clip", "input x:3x7\ny:3x7 = Clip(x) min=-0.5 max=0.25\noutput y\n"},
    {"cos", "input x:3x7\ny:3x7 = Cos(x)\noutput y\n"},
    {"elu", "input x:3x7\ny:3x7 = Elu(x) alpha=0.7\noutput y\n"},
    {"erf", "input x:3x7\ny:3x7 = Erf(x)\noutput y\n"},
    {"exp", "input x:3x7\ny:3x7 = Exp(x)\noutput y\n"},
    {"gelu", "input x:2x700\ny:2x700 = Gelu(x) approximate=\"none\"\noutput y\n", 4},
    {"geluTanh", "input x:3x7\ny:3x7 = Gelu(x) approximate=\"tanh\"\noutput y\n", 3},
    {"hardSigmoid", "input x:3x7\ny:3x7 = HardSigmoid(x) alpha=0.3 beta=0.4\noutput y\n", 3},
    {"hardSwish", "input x:3x7\ny:3x7 = HardSwish(x)\noutput y\n", 5},
    {"leakyRelu", "input x:3x7\ny:3x7 = LeakyRelu(x) alpha=0.1\noutput y\n"},
    {"log", "input x:3x7\ny:3x7 = Log(x)\noutput y\n", 1, 2},
    {"mish", "input x:3x7\ny:3x7 = Mish(x)\noutput y\n", 3},
    {"neg", "input x:3x7\ny:3x7 = Neg(x)\noutput y\n"},
    {"reciprocal", "input x:3x7\ny:3x7 = Reciprocal(x)\noutput y\n", 1, 2},
    {"relu", "input x:3x7\ny:3x7 = Relu(x)\noutput y\n"},
    {"sigmoid", "input x:3x7\ny:3x7 = Sigmoid(x)\noutput y\n", 3},
    {"silu", "input x:3x7\ny:3x7 = Silu(x)\noutput y\n", 3},
    {"sin", "input x:3x7\ny:3x7 = Sin(x)\noutput y\n"},
    {"softplus", "input x:3x7\ny:3x7 = Softplus(x)\noutput y\n", 3},
    {"sqrt", "input x:3x7\ny:3x7 = Sqrt(x)\noutput y\n", 1, 2},
    {"tanh", "input x:3x7\ny:3x7 = Tanh(x)\noutput y\n", 2},
    {"cast", "input x:3x7\ny:3x7 = Cast(x) to=1\noutput y\n"},
    // two operands
    {"add", QS_SAME "y:1x1x3x4 = Add(s, t)\noutput y\n"},
    {"addSelf", "input x:3x7\ny:3x7 = Add(x, x)\noutput y\n"},
    {"addBroadcast", "input x:1x3x4\nr:1x1x4 = ReduceSum(x) axes=[1] keepdims=1\ny:1x3x4 = Add(r, x)\noutput y\n"},
    {"sum", QS_SAME "y:1x1x3x4 = Sum(s, t, s)\noutput y\n"},
    {"sub", QS_SAME "y:1x1x3x4 = Sub(s, t)\noutput y\n"},
    {"subBroadcast", "input x:2x3x4\nr:2x3x1 = ReduceMean(x) axes=[2] keepdims=1\ny:2x3x4 = Sub(x, r)\noutput y\n"},
    {"mul", QS_SAME "y:1x1x3x4 = Mul(s, t)\noutput y\n"},
    {"mulSelf", "input x:3x7\ny:3x7 = Mul(x, x)\noutput y\n"},
    {"mulColumn", "input x:2x3x4\nr:2x3x1 = ReduceSum(x) axes=[2] keepdims=1\ny:2x3x4 = Mul(x, r)\noutput y\n"},
    {"mulRow", "input x:2x3x4\nr:3x4 = ReduceSum(x) axes=[0] keepdims=0\ny:2x3x4 = Mul(r, x)\noutput y\n"},
    {"mulPlanes", "input x:1x3x2x4\nr:1x3x1x1 = GlobalAveragePool(x)\ny:1x3x2x4 = Mul(x, r)\noutput y\n"},
    {"mulConstant", "input x:2x3x4\nc:3x1 = random(3)\ny:2x3x4 = Mul(c, x)\noutput y\n"},
    {"div", QS_SAME "y:1x1x3x4 = Div(s, t)\noutput y\n", 1, 3},
    {"divBroadcast", "input x:2x3x4\nr:2x3x1 = ReduceSum(x) axes=[2] keepdims=1\ny:2x3x4 = Div(x, r)\noutput y\n", 1,
     2},
    {"pow", QS_SAME "y:1x1x3x4 = Pow(s, t)\noutput y\n", 1, 2},
    {"powTwo", "input x:3x7\np:scalar = [2]\ny:3x7 = Pow(x, p)\noutput y\n"},
    {"max", QS_SAME "y:1x1x3x4 = Max(s, t)\noutput y\n"},
    {"min", QS_SAME "c:scalar = [0.1]\ny:1x1x3x4 = Min(s, c, t)\noutput y\n"},
    {"mod", "input x:3x7\nc:scalar = [0.7]\ny:3x7 = Mod(x, c) fmod=1\noutput y\n"},
    {"prelu", "input x:2x3x4\nc:3x1 = random(4)\ny:2x3x4 = PRelu(x, c)\noutput y\n"},
    {"where", QS_SAME "c:1x1x3x4:bool = Greater(s, t)\ny:1x1x3x4 = Where(c, s, t)\noutput y\n"},
    {"whereBroadcast", "input x:2x3x4\nz:scalar = [0]\nc:2x3x4:bool = Less(x, z)\nr:2x3x1 = ReduceSum(x) axes=[2] "
                       "keepdims=1\ny:2x3x4 = Where(c, r, x)\noutput y\n"},
    // movement
    {"concat", QS_SAME "c:1x1x3x1 = random(1)\ny:1x1x3x9 = Concat(s, c, t) axis=3\noutput y\n"},
    {"split", "input x:2x5x3\na:2x1x3, b:2x3x3, c:2x1x3 = Split(x) axis=1 split=[1 3 1]\ny:2x3x3 = Mul(b, c)\n"
              "output y\n"},
    {"transpose", "input x:2x3x4\ny:4x2x3 = Transpose(x) perm=[2 0 1]\noutput y\n"},
    {"slice", "input x:5x6\ny:2x3 = Slice(x) starts=[4 1] ends=[0 6] axes=[0 1] steps=[-2 2]\noutput y\n"},
    {"expand", "input x:2x1x3\ny:4x2x5x3 = Expand(x) shape=[4 1 5 1]\noutput y\n"},
    {"reshape", "input x:2x3x4\na:4x6 = Reshape(x) shape=[4 6]\nb:1x4x6 = Unsqueeze(a) axes=[0]\nc:4x6 = Squeeze(b) "
                "axes=[0]\nd:4x6 = Flatten(c) axis=1\nf:4x6 = Identity(d)\ny:4x6 = Dropout(f)\noutput y\n"},
    {"gather", "input x:4x3\ni:3:int64 = [2 -1 2]\ny:3x3 = Gather(x, i) axis=0\noutput y\n"},
    {"gatherElements", "input x:3x4\ni:2x4:int64 = [2 1 0 2 1 1 2 2]\ny:2x4 = GatherElements(x, i) axis=0\n"
                       "output y\n"},
    {"gatherElementsChosen", "input x:3x5\nv:3x2, i:3x2:int64 = TopK(x) axis=1 k=2\n"
                             "s:3x5 = Mul(x, x)\ny:3x2 = GatherElements(s, i) axis=1\noutput y\n"},
    {"gatherChosen", "input x:3x5\ni:3:int64 = ArgMax(x) axis=1 keepdims=0\n"
                     "s:3x5 = Mul(x, x)\ny:3x3 = Gather(s, i) axis=1\noutput y\n"},
    {"gatherND", "input x:3x4\ni:3x1:int64 = [2 0 2]\ny:3x4 = GatherND(x, i)\noutput y\n"},
    {"scatterND",
     QS_TWO("1x1x3x4",
            "1x1x3x4") "a:3x4 = Reshape(s) shape=[3 4]\nb:3x4 = Reshape(t) shape=[3 4]\nc:1x4 = Slice(b) starts=[1] "
                       "ends=[2]\ni:1x1:int64 = [2]\ny:3x4 = ScatterND(a, i, c)\noutput y\n"},
    {"pad", "input x:1x3x4\ny:1x6x5 = Pad(x) pads=[0 1 2 0 2 -1] value=5\noutput y\n"},
    {"padReflect", "input x:1x4x5\ny:1x6x9 = Pad(x) mode=\"reflect\" pads=[0 1 2 0 1 2]\noutput y\n"},
    {"tile", "input x:2x3\ny:4x9 = Tile(x) repeats=[2 3]\noutput y\n"},
    {"trilu", "input x:4x5\ny:4x5 = Trilu(x) upper=0 k=1\noutput y\n"},
    {"depthToSpace", "input x:1x8x2x3\ny:1x2x4x6 = DepthToSpace(x) blocksize=2\noutput y\n"},
    {"spaceToDepth", "input x:1x2x4x6\ny:1x8x2x3 = SpaceToDepth(x) blocksize=2\noutput y\n"},
    {"topK", "input x:3x5\ny:3x2, i:3x2:int64 = TopK(x) axis=1 k=2\noutput y\n"},
    // reductions, pooling, resizing
    {"reduceSum", "input x:2x3x4\ny:2x4 = ReduceSum(x) axes=[1] keepdims=0\noutput y\n"},
    {"reduceMean", "input x:2x3x4\ny:3 = ReduceMean(x) axes=[0 -1] keepdims=0\noutput y\n"},
    {"reduceAll", "input x:2x3x4\ny:1x1x1 = ReduceMean(x) keepdims=1\noutput y\n"},
    {"reduceMax", "input x:2x3x4\ny:2x3x1 = ReduceMax(x) axes=[2] keepdims=1\noutput y\n"},
    {"reduceMin", "input x:2x3x4\ny:2x4 = ReduceMin(x) axes=[1] keepdims=0\noutput y\n"},
    {"reduceL1", "input x:2x3x4\ny:2x4 = ReduceL1(x) axes=[1] keepdims=0\noutput y\n"},
    {"reduceL2", "input x:2x3x4\ny:2x1x4 = ReduceL2(x) axes=[1] keepdims=1\noutput y\n"},
    {"reduceSumSquare", "input x:2x3x4\ny:2x4 = ReduceSumSquare(x) axes=[1] keepdims=0\noutput y\n"},
    {"cumSum", "input x:2x5\ny:2x5 = CumSum(x) axis=1 exclusive=1\noutput y\n"},
    {"averagePool", "input x:2x3x5x6\ny:2x3x3x3 = AveragePool(x) kernel_shape=[3 3] strides=[2 2] pads=[1 1 1 1]\n"
                    "output y\n"},
    {"averagePoolPads", "input x:1x2x5x6\ny:1x2x3x3 = AveragePool(x) kernel_shape=[3 3] strides=[2 2] "
                        "pads=[1 1 1 1] count_include_pad=1\noutput y\n"},
    {"maxPool", "input x:1x3x5x6\ny:1x3x3x3 = MaxPool(x) kernel_shape=[3 3] strides=[2 2] pads=[1 1 1 1]\n"
                "output y\n"},
    {"globalAverage", "input x:2x3x4x5\ny:2x3x1x1 = GlobalAveragePool(x)\noutput y\n"},
    {"globalMax", "input x:2x3x4x5\ny:2x3x1x1 = GlobalMaxPool(x)\noutput y\n"},
    {"resizeNearest", "input x:1x2x3x4\ny:1x2x6x8 = Resize(x) mode=\"nearest\" scales=[1.0 1.0 2.0 2.0] "
                      "coordinate_transformation_mode=\"asymmetric\" nearest_mode=\"floor\"\noutput y\n"},
    {"resizeLinear", "input x:2x2x3x5\ny:2x2x7x4 = Resize(x) mode=\"linear\" sizes=[2 2 7 4] "
                     "coordinate_transformation_mode=\"half_pixel\"\noutput y\n"},
    {"resizeCubic", "input x:1x2x4x5\ny:1x2x8x7 = Resize(x) mode=\"cubic\" sizes=[1 2 8 7] "
                    "coordinate_transformation_mode=\"align_corners\"\noutput y\n"},
};

class Derivative : public ::testing::TestWithParam<Case> {};

TEST_P(Derivative, isThatOfCentralDifferences)
{
    expectMatchesDifferences(GetParam().text, {.spread = GetParam().spread, .centre = GetParam().centre});
}

INSTANTIATE_TEST_SUITE_P(Gradient, Derivative, ::testing::ValuesIn(kCases),
                         [](const auto& each) { return std::string(each.param.name); });

TEST(Gradient, stepsHaveDerivativeZero)
{
    for (const std::string op : {"Floor", "Ceil", "Round", "Sign"}) {
        const graph::Graph graph = parsedGraph("input x:3x7\ny:3x7 = " + op + "(x)\noutput y\n");
        const auto program = GradientProgram::compile({graph, {}}, {}, {graph.input()});
        ASSERT_TRUE(program);
        const Tensor x = randomTensor({3, 7});
        const Tensor gradient = gradientsOf(*program, x, randomTensor({3, 7}, 3))[0];
        for (const float g : gradient.floats())
            EXPECT_EQ(g, 0) << op;
    }
}

TEST(Gradient, cornersAreAsDocumented)
{
    const auto at = [](const std::string& op, const Floats& x) {
        const auto n = std::to_string(x.size());
        const graph::Graph graph = parsedGraph("input x:1x" + n + "\ny:1x" + n + " = " + op + "\noutput y\n");
        const auto program = GradientProgram::compile({graph, {}}, {}, {graph.input()});
        EXPECT_TRUE(program);
        const Shape shape{1, static_cast<int64_t>(x.size())};
        const auto g = gradientsOf(*program, floats(shape, x), floats(shape, Floats(x.size(), 1)))[0];
        return Floats(g.floats().begin(), g.floats().end());
    };
    EXPECT_EQ(at("Relu(x)", {-1, 0, 1}), (Floats{0, 0, 1}));
    EXPECT_EQ(at("Clip(x) min=0 max=6", {0, 3, 6}), (Floats{0, 1, 0}));
    EXPECT_EQ(at("Max(x, x)", {2, 3}), (Floats{1, 1}));
}

TEST(Gradient, reductionsDivideByTies)
{
    const graph::Graph graph = parsedGraph("input x:1x4\ny:1x1 = ReduceMax(x) axes=[1] keepdims=1\noutput y\n");
    const auto program = GradientProgram::compile({graph, {}}, {}, {graph.input()});
    ASSERT_TRUE(program);
    expectTensor(gradientsOf(*program, floats({1, 4}, {1, 2, 2, 0}), floats({1, 1}, {3}))[0], {1, 4},
                 Floats{0, 1.5f, 1.5f, 0});
}

} // namespace
} // namespace qs::exec::testing
