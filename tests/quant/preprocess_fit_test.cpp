#include "core/quant/preprocess_fit.h"

#include "core/quant/evaluate.h"
#include "tests/support/graph_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <limits>
#include <random>
#include <vector>

namespace qs::quant {
namespace {

constexpr std::size_t kClasses = 6;

enum class Pixels { Right, Wrong, Enormous, Confident };

/// Images that are their own logits: `Right` ones point at the label.
class Prepared : public exec::ImageSource {
public:
    Prepared(Pixels pixels, std::size_t count, std::size_t labelled)
        : m_pixels(pixels), m_count(count), m_labelled(labelled)
    {
    }

    std::size_t size() const override { return m_count; }
    Result<void> load(std::size_t index, std::span<float> dst) const override
    {
        std::mt19937 random(static_cast<unsigned>(index));
        std::uniform_real_distribution<float> noise(0, 3);
        for (float& value : dst)
            value = m_pixels == Pixels::Enormous ? std::numeric_limits<float>::infinity() : noise(random);
        if (m_pixels == Pixels::Right)
            dst[index % kClasses] += 2;
        if (m_pixels == Pixels::Confident) // and wrong
            dst[(index + 1) % kClasses] += 8;
        return {};
    }
    std::optional<int> label(std::size_t index) const override
    {
        return index < m_labelled ? std::optional(static_cast<int>(index % kClasses)) : std::nullopt;
    }
    std::string name(std::size_t index) const override { return std::to_string(index); }
    std::vector<exec::AlternativeImages> alternatives() const override
    {
        std::vector<exec::AlternativeImages> others;
        for (const Pixels pixels : m_others)
            others.push_back({pixels == Pixels::Right ? "right" : "wrong", "--mean 1",
                              std::make_shared<Prepared>(pixels, m_count, m_labelled)});
        return others;
    }
    Prepared& beside(std::vector<Pixels> others)
    {
        m_others = std::move(others);
        return *this;
    }

private:
    Pixels m_pixels;
    std::size_t m_count, m_labelled;
    std::vector<Pixels> m_others;
};

std::vector<Doubt> doubtsOn(const exec::ImageSource& images)
{
    const auto graph = graph::parse("input x:1x6\ny:1x6 = Relu(x)\noutput y\n");
    EXPECT_TRUE(graph) << (graph ? "" : graph.error().text());
    const auto evaluation = evaluate({*graph, {}}, nullptr, images, images.size(), nullptr, nullptr, Context{});
    EXPECT_TRUE(evaluation) << (evaluation ? "" : evaluation.error().text());
    return evaluation ? evaluation->doubts : std::vector<Doubt>{};
}

TEST(PreprocessingDoubt, NamesTheOneThatFits)
{
    const auto doubts = doubtsOn(Prepared(Pixels::Wrong, 64, 64).beside({Pixels::Wrong, Pixels::Right}));
    ASSERT_EQ(doubts.size(), 1u);
    EXPECT_EQ(doubts[0].kind, DoubtKind::Preprocessing);
    EXPECT_THAT(doubts[0].message, testing::HasSubstr("'right'"));
    EXPECT_EQ(doubts[0].cure, "--mean 1");
    EXPECT_EQ(doubts[0].evidence.at("images"), 32);
    EXPECT_GT(doubts[0].evidence.at("nats"), 0.3);
}

TEST(PreprocessingDoubt, IsSilentOnRightDataAndWhereNothingTells)
{
    EXPECT_TRUE(doubtsOn(Prepared(Pixels::Right, 64, 64).beside({Pixels::Wrong})).empty());
    EXPECT_TRUE(doubtsOn(Prepared(Pixels::Right, 64, 64).beside({Pixels::Right})).empty()) << "as good";
    EXPECT_TRUE(doubtsOn(Prepared(Pixels::Wrong, 64, 64)).empty()) << "nothing to try";
    EXPECT_TRUE(doubtsOn(Prepared(Pixels::Wrong, 64, 0).beside({Pixels::Right})).empty()) << "no labels";
    EXPECT_TRUE(doubtsOn(Prepared(Pixels::Wrong, 64, 15).beside({Pixels::Right})).empty()) << "fifteen prove nothing";
    EXPECT_TRUE(doubtsOn(Prepared(Pixels::Wrong, 64, 64).beside({Pixels::Enormous})).empty());
    for (const Doubt& doubt : doubtsOn(Prepared(Pixels::Confident, 64, 64).beside({Pixels::Wrong})))
        EXPECT_NE(doubt.kind, DoubtKind::Preprocessing)
            << "no label fits: less confidence is no better preprocessing";
}

} // namespace
} // namespace qs::quant
