#include "core/exec/memory.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace qs::exec {
namespace {

class FakeStep : public Step {
public:
    using Step::readsBeforeWriting;
    void run(const RunState&) const override {}
    std::string text() const override { return "fake"; }
};

Operand operandOf(int buffer, int64_t elements)
{
    Operand o;
    o.kind = Operand::Kind::Arena;
    o.buffer = buffer;
    o.shape = {elements};
    o.strides = {1};
    return o;
}

struct Plan {
    std::vector<std::unique_ptr<Step>> steps;
    std::vector<Buffer> buffers;
    Operand output;

    int buffer(int64_t elements)
    {
        buffers.push_back({static_cast<std::size_t>(elements) * 4});
        return static_cast<int>(buffers.size()) - 1;
    }
    void step(std::vector<int> reads, int write, bool inPlace = false)
    {
        auto s = std::make_unique<FakeStep>();
        for (const int r : reads)
            s->reads.push_back(operand(r));
        s->writes.push_back(operand(write));
        if (inPlace && !s->reads.empty())
            s->readsBeforeWriting(0);
        steps.push_back(std::move(s));
    }
    Operand operand(int b) const
    {
        return operandOf(b, static_cast<int64_t>(buffers[static_cast<std::size_t>(b)].sizeBytes / 4));
    }
};

void expectNoOverlap(const Plan& plan)
{
    for (std::size_t a = 0; a < plan.buffers.size(); ++a)
        for (std::size_t b = a + 1; b < plan.buffers.size(); ++b) {
            const Buffer& x = plan.buffers[a];
            const Buffer& y = plan.buffers[b];
            if (x.firstStep < 0 || y.firstStep < 0 || x.lastStep < y.firstStep || y.lastStep < x.firstStep)
                continue;
            EXPECT_TRUE(x.offset + x.sizeBytes <= y.offset || y.offset + y.sizeBytes <= x.offset)
                << a << " and " << b;
        }
}

TEST(Arena, reusesDeadBuffers)
{
    Plan plan;
    std::vector<int> b;
    for (int i = 0; i < 6; ++i)
        b.push_back(plan.buffer(1000));
    for (int i = 0; i + 1 < 6; ++i)
        plan.step(i == 0 ? std::vector<int>{} : std::vector<int>{b[static_cast<std::size_t>(i) - 1]},
                  b[static_cast<std::size_t>(i)]);
    plan.step({b[4], b[0]}, b[5]); // keeps the first alive to the end
    plan.output = plan.operand(b[5]);
    const std::size_t bytes = planArena(plan.steps, {&plan.output, 1}, plan.buffers);
    expectNoOverlap(plan);
    EXPECT_EQ(bytes, 3 * alignUp(4000));
    for (const Buffer& buffer : plan.buffers)
        EXPECT_EQ(buffer.offset % 64, 0u);
    EXPECT_EQ(plan.output.base, plan.buffers[5].offset);
    EXPECT_EQ(plan.steps[5]->reads[1].base, plan.buffers[0].offset);
}

TEST(Arena, neverOverlapsWhatLivesAtOnce)
{
    uint32_t seed = 1;
    const auto random = [&](uint32_t below) { return (seed = seed * 1664525u + 1013904223u) / 7 % below; };
    for (int round = 0; round < 50; ++round) {
        Plan plan;
        std::vector<int> made;
        for (int i = 0; i < 30; ++i) {
            std::vector<int> reads;
            for (uint32_t r = 0; r < random(3) && !made.empty(); ++r)
                reads.push_back(made[random(static_cast<uint32_t>(made.size()))]);
            const int b = plan.buffer(1 + random(500));
            plan.step(reads, b, random(2) == 0);
            made.push_back(b);
        }
        plan.output = plan.operand(made.back());
        shareBuffers(plan.steps, {&plan.output, 1}, plan.buffers);
        std::size_t sum = 0;
        const std::size_t bytes = planArena(plan.steps, {&plan.output, 1}, plan.buffers);
        for (const Buffer& buffer : plan.buffers)
            sum += buffer.firstStep < 0 ? 0 : alignUp(buffer.sizeBytes);
        expectNoOverlap(plan);
        EXPECT_LE(bytes, sum);
    }
}

TEST(Sharing, writesOverWhatNothingReadsLater)
{
    Plan plan;
    const int a = plan.buffer(100);
    const int b = plan.buffer(100);
    const int c = plan.buffer(100);
    const int d = plan.buffer(50);
    plan.step({}, a);
    plan.step({a}, b, true); // a is read again below: not in place
    plan.step({b, a}, c, true);
    plan.step({c}, d, true); // another size
    plan.output = plan.operand(d);
    EXPECT_EQ(shareBuffers(plan.steps, {&plan.output, 1}, plan.buffers), 1u);
    EXPECT_EQ(plan.steps[2]->writes[0].buffer, b);
    EXPECT_EQ(plan.steps[3]->reads[0].buffer, b);
    EXPECT_NE(plan.steps[1]->writes[0].buffer, a);
}

TEST(Sharing, seesOtherViewsOfTheSameMemory)
{
    Plan plan;
    const int a = plan.buffer(100);
    const int b = plan.buffer(100);
    plan.step({}, a);
    plan.step({a, a}, b, true);
    plan.steps[1]->reads[1].offset = 0;
    plan.steps[1]->reads[1].shape = {10};
    plan.output = plan.operand(b);
    EXPECT_EQ(shareBuffers(plan.steps, {&plan.output, 1}, plan.buffers), 0u);
}

} // namespace
} // namespace qs::exec
