// Evaluations of networks that are no classifiers: what their task measures, in one piece and image by image.
#include "core/base/thread_pool.h"
#include "core/exec/run_images.h"
#include "core/quant/evaluate.h"
#include "core/quant/evaluation_json.h"
#include "core/quant/output_loss.h"
#include "core/quant/presets.h"
#include "core/quant/resolve.h"
#include "core/stats/calibrate.h"
#include "tests/support/graph_text.h"
#include "tests/support/noise_images.h"
#include "tests/support/small_vit.h"

#include <gtest/gtest.h>

#include <cmath>

#include <nlohmann/json.hpp>

namespace qs::quant {
namespace {

/// Scores of four classes for every pixel, and a value for every pixel.
constexpr const char* kDense = "input x:1x3x16x16\n"
                               "w:4x3x3x3 = random(1)\n"
                               "v:1x4x1x1 = random(2)\n"
                               "scores:1x4x16x16 = Conv(x, w) pads=[1 1 1 1]\n"
                               "hot:1x4x16x16 = Relu(scores)\n"
                               "depth:1x1x16x16 = Conv(hot, v)\n";

class EvaluateTask : public ::testing::Test {
protected:
    void open(const std::string& outputs)
    {
        auto graph = graph::parse(kDense + outputs);
        ASSERT_TRUE(graph) << graph.error().text();
        m_network = graph::networkOf(std::move(*graph));
        auto calibration = stats::calibrate(*m_network, m_images, {}, {});
        ASSERT_TRUE(calibration) << calibration.error().text();
        auto plan = resolve(*m_network, *calibration, *presetRecipe("minmax", 4, 4), nullptr, {});
        ASSERT_TRUE(plan) << plan.error().text();
        m_plan = *plan;
    }
    Result<Evaluation> run(const FloatReference* reference, const EvaluationTask& task = {},
                           const Context& context = {}) const
    {
        return evaluate(*m_network, m_plan.get(), m_images, SIZE_MAX, reference, nullptr, context, task);
    }

    test::NoiseImages m_images{9};
    std::optional<graph::Network> m_network;
    std::shared_ptr<const Plan> m_plan;
};

/// A mask for every image: the class is the quarter that a pixel lies in.
class Quarters final : public tasks::TruthSource {
public:
    std::size_t size() const override { return 9; }
    Result<tasks::Truth> of(std::size_t) const override
    {
        tasks::TrueMask mask{16, 16, {}};
        for (int i = 0; i < 256; ++i)
            mask.classes.push_back(static_cast<uint8_t>(i / 128 * 2 + i % 16 / 8));
        return Result<tasks::Truth>(std::move(mask));
    }
};

TEST_F(EvaluateTask, SegmentationIsTheSameInOnePieceAndImageByImage)
{
    open("output scores\n");
    const auto kept = run(nullptr);
    ASSERT_TRUE(kept) << kept.error().text();
    EXPECT_EQ(kept->task, "segmentation");
    EXPECT_FALSE(kept->scores);
    EXPECT_EQ(kept->headline()->key, "miou_to_float");
    EXPECT_GT(kept->headline()->value, 0.2);
    EXPECT_LT(kept->headline()->value, 1);
    EXPECT_GT(kept->taskLoss, 0);
    const FloatReference none; // too large to be kept: the float network runs beside
    ThreadPool pool(3);
    Context context;
    context.pool = &pool;
    const auto streamed = run(&none, {}, context);
    ASSERT_TRUE(streamed) << streamed.error().text();
    EXPECT_EQ(streamed->figures, kept->figures);
    EXPECT_EQ(streamed->taskLoss, kept->taskLoss);
    EXPECT_EQ(streamed->logitSqnrDb, kept->logitSqnrDb);
    EXPECT_EQ(streamed->results[8].changed, kept->results[8].changed);
    EXPECT_NEAR(kept->outputs.front().sqnrDb, kept->logitSqnrDb, 1e-9);
}

TEST_F(EvaluateTask, MasksGiveTheHeadline)
{
    open("output scores\n");
    const auto found = run(nullptr, {{}, std::make_shared<const Quarters>()});
    ASSERT_TRUE(found) << found.error().text();
    EXPECT_EQ(found->headline()->key, "miou");
    ASSERT_TRUE(found->headline()->interval);
    EXPECT_TRUE(found->headline()->interval->contains(found->headline()->value));
    const nlohmann::json json = nlohmann::json::parse(evaluationToJson(*found));
    EXPECT_EQ(json.at("task"), "segmentation");
    EXPECT_EQ(json.at("headline").at("name"), "miou");
    EXPECT_EQ(json.at("outputs").at(0).at("name"), "scores");
    EXPECT_FALSE(json.contains("top1"));
    const Evaluation back = evaluationFrom(JsonReader::of(json));
    EXPECT_EQ(back.figures, found->figures);
    EXPECT_EQ(back.task, found->task);
}

TEST_F(EvaluateTask, OtherTasksAndSeveralOutputsAreMeasuredByName)
{
    open("output depth\n");
    const auto dense = run(nullptr);
    ASSERT_TRUE(dense) << dense.error().text();
    EXPECT_EQ(dense->task, "dense");
    EXPECT_EQ(dense->headline()->key, "psnr_to_float");
    open("output depth\noutput scores\n");
    const auto both = run(nullptr);
    ASSERT_TRUE(both) << both.error().text();
    EXPECT_EQ(both->task, "tensors");
    ASSERT_EQ(both->outputs.size(), 2U);
    EXPECT_EQ(both->outputs[1].name, "scores");
    EXPECT_NEAR(both->outputs[0].sqnrDb, dense->outputs[0].sqnrDb, 1e-9);
    // The loss that searches use is the evaluation's.
    const auto reference = floatReference(*m_network, m_images, SIZE_MAX, {});
    ASSERT_TRUE(reference) << reference.error().text();
    const auto loss = OutputLoss::make(m_network->graph, {}, *reference->logits, 9);
    ASSERT_TRUE(loss) << loss.error().text();
    exec::Program::Options options;
    const auto program = exec::Program::compile(*m_network, m_plan->simulation, options);
    ASSERT_TRUE(program) << program.error().text();
    const auto rows = exec::runImages(*program, m_images, 0, 9, {}, "");
    ASSERT_TRUE(rows) << rows.error().text();
    EXPECT_NEAR(loss->of(*rows), both->taskLoss, 1e-12);
    EXPECT_NEAR(loss->sqnrDb(*rows), both->logitSqnrDb, 1e-9);
}

} // namespace
} // namespace qs::quant
