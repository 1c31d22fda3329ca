#include "core/exec/program.h"
#include "core/exec/run_images.h"

#include "op_testing.h"
#include "tests/support/graph_text.h"

#include <cmath>
#include <set>

namespace qs::exec::testing {
namespace {

graph::Graph parsed(std::string_view text)
{
    auto graph = graph::parse(text);
    EXPECT_TRUE(graph) << graph.error().text();
    return *graph;
}

constexpr std::string_view kNet = R"(input x:1x3x4x4
w:8x3x2x2 = random(1)
b:8 = random(2)
head:8x7 = random(3)
y:1x8x2x2 = Conv(x, w, b) strides=[2 2]
z:1x8x2x2 = Relu(y)
m:1x8 = ReduceMean(z) axes=[2 3] keepdims=0
logits:1x7 = Linear(m, head)
output logits
)";

class Images : public ImageSource {
public:
    Images(std::size_t count, std::set<std::size_t> broken = {}, std::set<std::size_t> notFinite = {})
        : m_count(count), m_broken(std::move(broken)), m_notFinite(std::move(notFinite))
    {
    }
    std::size_t size() const override { return m_count; }
    Result<void> load(std::size_t index, std::span<float> dst) const override
    {
        if (m_broken.contains(index))
            return fail(ErrorCode::Malformed, "not an image", name(index));
        const Tensor t = randomTensor({static_cast<int64_t>(dst.size())}, index + 1);
        std::copy(t.floats().begin(), t.floats().end(), dst.begin());
        if (m_notFinite.contains(index))
            dst[0] = NAN;
        return {};
    }
    std::optional<int> label(std::size_t) const override { return std::nullopt; }
    std::string name(std::size_t index) const override { return std::to_string(index) + ".png"; }

private:
    std::size_t m_count;
    std::set<std::size_t> m_broken, m_notFinite;
};

TEST(RunImages, isTheSameForAnyNumberOfThreads)
{
    const auto program = Program::compile({parsed(kNet), {}});
    const Images images(7);
    Context context;
    const auto one = runImages(*program, images, 1, 6, context, "running");
    ASSERT_TRUE(one);
    EXPECT_EQ(one->shape().text(), "6×7");
    for (const int threads : {2, 4, 8}) {
        ThreadPool pool(threads);
        context.pool = &pool;
        std::size_t last = 0;
        context.report = [&](const Progress& p) {
            EXPECT_EQ(p.stage, "running");
            EXPECT_EQ(p.total, 6u);
            EXPECT_GE(p.done, last);
            last = p.done;
        };
        const auto many = runImages(*program, images, 1, 6, context, "running");
        ASSERT_TRUE(many);
        EXPECT_EQ(last, 6u);
        EXPECT_THAT(many->floats(), ::testing::ElementsAreArray(one->floats()));
    }
}

TEST(RunImages, fillsUpTheLastBatch)
{
    const graph::Graph graph = parsed("input x:4x3\nw:3x2 = random(1)\ny:4x2 = Linear(x, w)\noutput y\n");
    const auto program = Program::compile({graph, {}});
    const Images images(6);
    const auto logits = runImages(*program, images, 0, 6, {}, "running");
    ASSERT_TRUE(logits);
    EXPECT_EQ(logits->shape().text(), "6×2");
    for (std::size_t i = 0; i < 6; ++i) {
        Tensor x(DType::Float32, {1, 3});
        (void)images.load(i, x.mutableData<float>());
        const Tensor y = evaluateOne("Linear", {}, {x, graph.value(graph.nodes()[0].inputs[1]).constant});
        EXPECT_EQ(logits->floats()[2 * i], y.floats()[0]);
        EXPECT_EQ(logits->floats()[2 * i + 1], y.floats()[1]);
    }
}

TEST(RunImages, reportsTheFirstFailure)
{
    const auto program = Program::compile({parsed(kNet), {}});
    ThreadPool pool(2);
    Context context;
    context.pool = &pool;
    for (int i = 0; i < 5; ++i) {
        const auto broken = runImages(*program, Images(20, {3, 4}), 0, 20, context, "running");
        ASSERT_FALSE(broken);
        EXPECT_EQ(broken.error().text(), "3.png: not an image");
        const auto infinite = runImages(*program, Images(20, {}, {5, 6}), 0, 20, context, "running");
        ASSERT_FALSE(infinite);
        EXPECT_EQ(infinite.error().code, ErrorCode::NotFinite);
        EXPECT_EQ(infinite.error().where, "5.png");
    }
    EXPECT_EQ(runImages(*program, Images(3), 2, 2, context, "running").error().code, ErrorCode::InvalidArgument);
}

TEST(RunImages, stopsWhenAsked)
{
    const auto program = Program::compile({parsed(kNet), {}});
    std::stop_source stop;
    Context context;
    context.stop = stop.get_token();
    context.report = [&](const Progress& p) {
        if (p.done >= 2)
            stop.request_stop();
    };
    const auto result = runImages(*program, Images(1000), 0, 1000, context, "running");
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().code, ErrorCode::Cancelled);
}

} // namespace
} // namespace qs::exec::testing
