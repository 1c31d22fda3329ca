// How outputs of detectors are recognised.
#include "tests/tasks/detector_outputs.h"

#include <random>

#include <gtest/gtest.h>

namespace qs::tasks {
namespace {

TEST(DetectorForms, KnowsDetrByNamesAndByItsPair)
{
    const auto reader = DetectionReader::guess(outputsOf(
        {{"encoder_last_hidden_state", {100, 256}}, {"pred_boxes", {100, 4}}, {"logits", {100, 92}}}, 800, 1066));
    ASSERT_TRUE(reader);
    EXPECT_TRUE(reader->certain());
    EXPECT_EQ(reader->classes(), 92U);
    EXPECT_EQ(reader->candidates(), 100U);
    EXPECT_EQ(reader->boxes().first, 25600U);
    EXPECT_EQ(reader->scores().first, 26000U);

    const auto plain = DetectionReader::guess(outputsOf({{"a", {1, 300, 80}}, {"b", {1, 300, 4}}}, 640, 640));
    ASSERT_TRUE(plain);
    EXPECT_TRUE(plain->certain());
    EXPECT_EQ(plain->classes(), 80U);

    const auto four = DetectionReader::guess(outputsOf({{"pred_boxes", {100, 4}}, {"pred_logits", {100, 4}}}, 8, 8));
    ASSERT_TRUE(four);
    EXPECT_EQ(four->boxes().first, 0U);
    EXPECT_EQ(four->scores().first, 400U);
}

TEST(DetectorForms, KnowsSingleOutputsByTheirShape)
{
    const auto guess = [](NamedShape one, int64_t height, int64_t width) {
        return DetectionReader::guess(outputsOf({std::move(one)}, height, width));
    };
    const auto columns = guess({"output0", {84, 8400}}, 640, 640);
    ASSERT_TRUE(columns);
    EXPECT_EQ(columns->form(), DetectorForm::YoloColumns);
    EXPECT_EQ(columns->classes(), 80U);
    EXPECT_TRUE(columns->certain());

    const auto wide = guess({"output0", {5, 60 * 20 + 30 * 10 + 15 * 5}}, 160, 480);
    ASSERT_TRUE(wide);
    EXPECT_EQ(wide->classes(), 1U);
    EXPECT_TRUE(wide->certain());

    const auto rows = guess({"output", {25200, 85}}, 640, 640);
    ASSERT_TRUE(rows);
    EXPECT_EQ(rows->form(), DetectorForm::YoloRows);
    EXPECT_EQ(rows->classes(), 80U);
    EXPECT_TRUE(rows->certain());

    const auto suppressed = guess({"output0", {300, 6}}, 640, 640);
    ASSERT_TRUE(suppressed);
    EXPECT_EQ(suppressed->form(), DetectorForm::Suppressed);
    EXPECT_EQ(suppressed->classes(), 0U);

    const auto odd = guess({"output0", {84, 1234}}, 640, 640);
    ASSERT_TRUE(odd);
    EXPECT_FALSE(odd->certain()) << "the number of anchors fits nothing";
}

TEST(DetectorForms, RefusesWhatIsNoDetector)
{
    const auto guess = [](std::vector<NamedShape> list) {
        return DetectionReader::guess(outputsOf(std::move(list), 224, 224));
    };
    EXPECT_FALSE(guess({{"logits", {1000}}}));
    EXPECT_FALSE(guess({{"last_hidden_state", {197, 768}}}));
    EXPECT_FALSE(guess({{"logits", {19, 128, 128}}}));
    EXPECT_FALSE(guess({{"output0", {116, 1029}}, {"output1", {32, 56, 56}}})) << "columns hold masks too";
    EXPECT_FALSE(guess({{"hidden", {100, 256}}, {"pred_boxes", {100, 4}}})) << "no classes";
    EXPECT_FALSE(guess({{"logits", {50, 92}}, {"pred_boxes", {100, 4}}}));
}

TEST(DetectorForms, FindsTheClassOfNothingInValues)
{
    std::mt19937 random(1);
    std::normal_distribution<float> normal(0, 1);
    for (const int64_t classes : {2, 3, 8, 92})
        for (const double objects : {0.0, 0.2, 0.6}) {
            if (classes < 8 && objects > 0.5)
                continue; // half of the queries are as good as chance there
            Detr softmax(100, classes), sigmoid(100, classes);
            for (std::size_t query = 0; query < 100; ++query) {
                const bool object = static_cast<double>(query) < objects * 100;
                const std::size_t category = random() % static_cast<std::size_t>(classes - 1);
                for (float& logit : softmax.logits(query))
                    logit = -6 + normal(random);
                for (float& logit : sigmoid.logits(query))
                    logit = -6 + normal(random);
                softmax.logits(query)[object ? category : static_cast<std::size_t>(classes - 1)] = 3;
                if (object)
                    sigmoid.logits(query)[category] = 2;
            }
            EXPECT_EQ(softmax.reader.settled(softmax.row).form(), DetectorForm::DetrSoftmax) << classes << objects;
            EXPECT_EQ(softmax.reader.settled(softmax.row).classes(), static_cast<std::size_t>(classes - 1));
            EXPECT_EQ(sigmoid.reader.settled(sigmoid.row).form(), DetectorForm::DetrSigmoid) << classes << objects;
        }
}

TEST(DetectorForms, WhatIsSaidWins)
{
    const Outputs pair = outputsOf({{"a", {84, 4}}, {"b", {84, 3}}}, 64, 64);
    EXPECT_EQ(DetectionReader::guess(pair)->form(), DetectorForm::YoloParts) << "as many as anchors";
    DetectorChoice choice;
    choice.family = DetectorChoice::Family::Detr;
    EXPECT_EQ(DetectionReader::guess(pair, choice)->form(), DetectorForm::DetrSigmoid);
    choice.softmax = true;
    choice.boxes = BoxForm::Corners;
    choice.pixels = true;
    const std::vector<float> row(rowSize(pair), 0.5F);
    const DetectionReader settled = DetectionReader::guess(pair, choice)->settled(row);
    EXPECT_EQ(settled.form(), DetectorForm::DetrSoftmax);
    EXPECT_EQ(settled.boxForm(), BoxForm::Corners);
    EXPECT_TRUE(settled.pixels());
    choice.family = DetectorChoice::Family::Final;
    EXPECT_FALSE(DetectionReader::guess(pair, choice)) << "no scores by box";

    const Outputs lists = outputsOf({{"scores", {20}}, {"labels", {20}}, {"boxes", {20, 4}}}, 64, 64);
    const auto final = DetectionReader::guess(lists);
    ASSERT_TRUE(final);
    EXPECT_EQ(final->form(), DetectorForm::FinalParts);
    EXPECT_TRUE(final->certain());
}

TEST(DetectorForms, OptionsOfTasksAreChecked)
{
    const Outputs outputs = outputsOf({{"logits", {100, 92}}, {"pred_boxes", {100, 4}}}, 64, 64);
    TaskSettings settings;
    settings.options["boxes"] = "corners";
    EXPECT_TRUE(makeTask("detection", outputs, settings));
    settings.options["boxes"] = "corner";
    EXPECT_EQ(makeTask("detection", outputs, settings).error().text(),
              "option 'boxes' of detection: must be one of: centre corners corners-yx; not 'corner'");
    settings.options = {{"box", "corners"}};
    EXPECT_EQ(makeTask("detection", outputs, settings).error().text(),
              "option 'box' of detection: there is none; there are form, nothing, objectness, scores, boxes, units");
    EXPECT_EQ(makeTask("tensors", outputs, settings).error().message, "there is none");
}

} // namespace
} // namespace qs::tasks
