// Whether a figure is current is computed from what it was computed from.
#include "core/stats/calibrate.h"
#include "tests/project/sample_session.h"

#include "core/base/thread_pool.h"

#include <nlohmann/json.hpp>

using namespace qs;
using namespace qs::project;
using namespace qs::test;

namespace {

class Named : public exec::ImageSource {
public:
    explicit Named(std::vector<std::string> names, int labels = 0) : m_names(std::move(names)), m_labels(labels) {}
    std::size_t size() const override { return m_names.size(); }
    Result<void> load(std::size_t index, std::span<float> dst) const override
    {
        for (std::size_t i = 0; i < dst.size(); ++i)
            dst[i] = static_cast<float>((i * 31 + index * 17) % 13) - 6;
        return {};
    }
    std::optional<int> label(std::size_t index) const override { return static_cast<int>(index) + m_labels; }
    std::string name(std::size_t index) const override { return m_names[index]; }

private:
    std::vector<std::string> m_names;
    int m_labels;
};

const Named kImages({"a", "b", "c", "d"});

Origin originNow(const std::string& model, const exec::ImageSource& images, std::size_t count,
                 const images::Preprocess& preprocess = {}, const quant::Recipe& recipe = {})
{
    return figureOrigin(model, preprocess, images, count, true, calibrationOrigin(model, preprocess, kImages, 4),
                        recipe);
}

} // namespace

TEST(Provenance, EachThingThatChangesMakesAFigureStale)
{
    const Origin then = originNow("m", kImages, 3);
    EXPECT_TRUE(sameOrigin(then, originNow("m", kImages, 3)));
    EXPECT_TRUE(differences(then, originNow("m", kImages, 3)).empty());
    images::Preprocess other;
    other.mean[0] = 0.5F;
    const quant::Recipe recipe = *quant::presetRecipe("minmax", 4, 4);
    using Words = std::vector<std::string>;
    const std::vector<std::pair<Origin, Words>> changes{
        {originNow("another file", kImages, 3), {"the model", "the calibration"}},
        {originNow("m", kImages, 2), {"3 images instead of 2"}},
        {originNow("m", Named({"a", "c", "b", "d"}), 3), {"the images"}}, // the same ones in another order
        {originNow("m", Named({"a", "b", "x", "d"}), 3), {"the images"}},
        {originNow("m", Named({"a", "b", "c", "d"}, 1), 3), {"their labels"}},
        {originNow("m", kImages, 3, other), {"the preprocessing", "the calibration"}},
        {originNow("m", kImages, 3, {}, recipe), {"the recipe"}},
    };
    for (const auto& [now, words] : changes) {
        EXPECT_FALSE(sameOrigin(then, now)) << ::testing::PrintToString(words);
        EXPECT_EQ(differences(then, now), words);
        EXPECT_NE(keyOf(then), keyOf(now));
    }
    // An image after those that are used changes nothing, and neither do locks or the preset's name.
    EXPECT_TRUE(sameOrigin(then, originNow("m", Named({"a", "b", "c", "z"}), 3)));
    quant::Recipe locked;
    locked.locked.insert("x");
    locked.preset = "named";
    EXPECT_TRUE(sameOrigin(then, originNow("m", kImages, 3, {}, locked)));
}

TEST(Provenance, WhatIsNotKnownIsNeverCurrent)
{
    EXPECT_FALSE(sameOrigin({}, {}));
    const auto value = std::make_shared<const int>(1);
    EXPECT_FALSE((Kept<int>{value, {}}.current({})));
    EXPECT_EQ(differences({}, originNow("m", kImages, 3)), std::vector<std::string>{"unknown"});
    const Origin now = originNow("m", kImages, 3);
    EXPECT_FALSE((Kept<int>{nullptr, now}.current(now)));
    EXPECT_TRUE((Kept<int>{value, now}.current(now)));
}

TEST(Provenance, ACalibrationTellsItsOwnOrigin)
{
    const SmallNetwork network;
    const images::Preprocess preprocess;
    ThreadPool pool(1);
    Context context;
    context.pool = &pool;
    stats::CalibrationOptions options;
    options.images = 3;
    options.modelHash = "m";
    options.preprocess = R"(not the text of the preprocessing)";
    const auto calibration = stats::calibrate(network, kImages, options, context);
    ASSERT_TRUE(calibration) << calibration.error().text();
    stats::Calibration made = **calibration;
    EXPECT_FALSE(sameOrigin(originOf(made), calibrationOrigin("m", preprocess, kImages, 3)));
    made.preprocess = nlohmann::json(preprocess).dump(); // as the window and the command line copy it
    EXPECT_TRUE(sameOrigin(originOf(made), calibrationOrigin("m", preprocess, kImages, 3)));
    EXPECT_FALSE(sameOrigin(originOf(made), calibrationOrigin("m", preprocess, kImages, 4))); // another count
    EXPECT_FALSE(sameOrigin(originOf(made), calibrationOrigin("n", preprocess, kImages, 3))); // another file
    made.preprocess.clear();
    EXPECT_FALSE(originOf(made).known());
}

// A file of the model that is replaced, or another count, after the session was saved: nothing in the session file
// changes, and what it keeps is no longer current.
TEST(Provenance, AReopenedSessionComparesWithTheFilesAsTheyAre)
{
    const Origin then = originNow("m", kImages, 3);
    SessionFile session = sampleSession();
    session.states[1].evaluation.origin = then;
    session.sensitivity.origin = then;
    const auto again = sessionFromJson(sessionToJson(session, "/made/up"), "/made/up");
    ASSERT_TRUE(again) << again.error().text();
    EXPECT_TRUE(again->states[1].evaluation.current(originNow("m", kImages, 3)));
    EXPECT_TRUE(again->sensitivity.current(originNow("m", kImages, 3)));
    for (const Origin& now : {originNow("changed", kImages, 3), originNow("m", kImages, 4)}) {
        EXPECT_FALSE(again->states[1].evaluation.current(now));
        EXPECT_FALSE(again->sensitivity.current(now));
    }
}
