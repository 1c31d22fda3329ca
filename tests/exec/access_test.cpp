// Holds steps to what they say of their operands (Step::access): a step that says Access::BeforeWrite gives the same
// bits when its output takes over that operand's memory, on one thread and on two.
#include "core/exec/program_impl.h"

#include "op_testing.h"
#include "tests/support/attention_block.h"
#include "tests/support/graph_text.h"

#include <cstring>

namespace qs::exec::testing {
namespace {

using graph::Graph;

std::size_t bytesOf(const Operand& operand)
{
    return static_cast<std::size_t>(operand.shape.elements()) * dtypeSize(operand.dtype);
}

/// How many operands were tried.
int checkAccess(const Graph& graph, int threads)
{
    Program::Options options;
    options.switches.inPlace = false;
    options.switches.reuseMemory = false;
    const auto program = Program::compile({graph, {}}, {}, options);
    EXPECT_TRUE(program) << program.error().text();
    ThreadPool pool(threads);
    Workspace workspace;
    const Tensor input = randomTensor(graph.value(graph.input()).shape, 7);
    const RunState state = prepareRun(*program, workspace, input.floats().data(), &pool);
    int tried = 0;
    for (const auto& step : program->impl().steps) {
        step->run(state);
        for (std::size_t i = 0; i < step->reads.size(); ++i) {
            const Operand in = step->reads[i];
            if (step->accessOf(i) != Access::BeforeWrite || in.kind != Operand::Kind::Arena || !in.contiguous() ||
                !step->writes[0].contiguous())
                continue;
            bool shared = false; // the planner keeps these apart: what is said is of this operand alone
            for (std::size_t j = 0; j < step->reads.size(); ++j)
                shared = shared || (step->reads[j].buffer == in.buffer && step->accessOf(j) != Access::BeforeWrite);
            if (shared)
                continue;
            Operand& out = step->writes[0];
            const std::vector<std::byte> expected(state.write<std::byte>(out),
                                                  state.write<std::byte>(out) + bytesOf(out));
            const std::vector<std::byte> before(state.write<std::byte>(in), state.write<std::byte>(in) + bytesOf(in));
            const Operand place = out;
            out.base = in.base;
            out.offset = in.offset;
            step->run(state);
            EXPECT_EQ(std::memcmp(state.write<std::byte>(out), expected.data(), expected.size()), 0)
                << step->text() << " is wrong over its operand " << i;
            out = place;
            std::memcpy(state.write<std::byte>(in), before.data(), before.size());
            ++tried;
        }
    }
    return tried;
}

int checkAccess(const std::string& text)
{
    auto graph = graph::parse(text);
    EXPECT_TRUE(graph) << graph.error().text();
    return std::min(checkAccess(*graph, 1), checkAccess(*graph, 2));
}

TEST(Access, OfAnAttentionBlockIsAsSaid)
{
    EXPECT_GE(checkAccess(test::kAttentionBlock), 5);
}

/// One operator over a large plane, between two others, for every operator that says that it can work in place.
/// Steps of channels, apart by powers of two, as IntegerLayerNormalization has them.
std::string steps(int channels)
{
    std::string text;
    for (int i = 0; i < channels; ++i)
        text += i % 3 == 0 ? "0.125 " : "0.25 ";
    return text;
}

TEST(Access, OfEveryOperatorThatSaysSoIsAsSaid)
{
    const std::string head = std::string("input x:2x3x40x37\n") +
                             "one:scalar = [1.5]\nchannel:1x3x1x1 = [1 2 3]\nwide:37 = random(1)\n"
                             "g:3 = random(2)\nb:3 = random(3)\nm:3 = random(4)\nv:3 = [1 2 3]\n"
                             "u:2x3x40x37 = Neg(x)\nw:2x3x40x37 = Exp(x)\n" +
                             "scales:37 = [" + steps(37) + "]\n";
    const std::string tail = "\nlogits:2x3x40x37 = Neg(y)\noutput logits\n";
    for (const OpDef& op : allOps()) {
        if (op.beforeWrite == 0)
            continue;
        const std::string name(op.name);
        std::vector<std::string> calls{"(u)"};
        if (name == "BatchNormalization")
            calls = {"(u, g, b, m, v)"};
        else if (name == "LayerNormalization")
            calls = {"(u, wide) axis=3", "(u) axis=3"};
        else if (name == "IntegerLayerNormalization")
            calls = {"(u, wide, wide, scales, one) axis=3"};
        else if (name == "Softmax" || name == "LogSoftmax")
            calls = {"(u) axis=3", "(u) axis=1", "(u) axis=2"};
        else if (op.beforeWrite == 3)
            calls = {"(u, w)", "(u, one)", "(one, u)", "(u, channel)", "(channel, u)", "(u, wide)", "(u, u)"};
        for (const std::string& call : calls)
            EXPECT_GE(checkAccess(head + "y:2x3x40x37 = " + name + call + tail), 1) << name << call;
    }
}

TEST(Access, OfProductsWithAResidualIsAsSaid)
{
    const std::string products =
        "input x:1x8x40x40\n"
        "wd:8x1x3x3 = random(1)\nwc:8x8x3x3 = random(2)\nwp:8x8x1x1 = random(3)\nwl:40x40 = random(4)\n"
        "u:1x8x40x40 = Tanh(x)\nw:1x8x40x40 = Exp(x)\n"
        "c:1x8x40x40 = Conv(u, wd) pads=[1 1 1 1] group=8\ns:1x8x40x40 = Add(c, w)\n"
        "d:1x8x40x40 = Conv(s, wc) pads=[1 1 1 1]\nt:1x8x40x40 = Add(d, w)\n"
        "p:1x8x40x40 = Conv(t, wp)\nq:1x8x40x40 = Add(p, w)\n"
        "l:1x8x40x40 = Linear(q, wl)\nr:1x8x40x40 = Add(l, w)\n"
        "k:1x8x40x40 = MatMul(r, r)\ny:1x8x40x40 = Add(k, w)\n"
        "logits:1x8x40x40 = Neg(y)\noutput logits\n";
    EXPECT_GE(checkAccess(products), 5);
}

} // namespace
} // namespace qs::exec::testing
