// Gradients through what smoothing puts in front of a quantizer.
#include "core/exec/gradient.h"
#include "core/quant/plan.h"
#include "core/quant/presets.h"
#include "core/quant/resolve.h"
#include "tests/support/small_vit.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

namespace qs::quant {
namespace {

using test::SmallVit;

TensorId valueOf(const SmallVit& vit, std::string_view name)
{
    const auto& values = vit.graph.values();
    const auto it = std::ranges::find(values, name, &graph::Value::name);
    EXPECT_NE(it, values.end()) << name;
    return TensorId(static_cast<std::size_t>(it - values.begin()));
}

std::vector<Tensor> gradients(const SmallVit& vit, const exec::Simulation& simulation)
{
    const auto program =
        exec::GradientProgram::compile(vit, simulation, {valueOf(vit, "p2"), valueOf(vit, "r1"), valueOf(vit, "f1")});
    EXPECT_TRUE(program) << program.error().text();
    std::vector<float> image(192);
    for (std::size_t i = 0; i < image.size(); ++i)
        image[i] = std::sin(static_cast<float>(i * i));
    const auto run = program->run(image, [](auto, std::span<float> seed) {
        for (std::size_t i = 0; i < seed.size(); ++i)
            seed[i] = static_cast<float>(i) - 1.5F;
    });
    EXPECT_TRUE(run);
    return run->gradients;
}

/// A smoothed network is the float network in other values: where the values are the same, so are the gradients.
TEST(StraightThrough, KeepsTheScaleOfASmoothing)
{
    const SmallVit vit = test::smallVit();
    Recipe recipe = *presetRecipe("minmax", 8, 8);
    recipe.activation.smoothing = {SmoothingKind::ShiftScale, 0.7};
    const auto plan = resolve(vit, test::madeUpCalibration(vit.sites), recipe, nullptr, {});
    ASSERT_TRUE(plan) << plan.error().text();
    ASSERT_NE((*plan)->smoothed.activations[vit.at("f2", 0).index()], nullptr); // explicit, before fc2
    const auto expected = gradients(vit, {});
    const auto smoothed = gradients(vit, (*plan)->smoothed);
    for (std::size_t i = 0; i < expected.size(); ++i) {
        float most = 0;
        float worst = 0;
        for (std::size_t j = 0; j < expected[i].floats().size(); ++j) {
            most = std::max(most, std::abs(expected[i].floats()[j]));
            worst = std::max(worst, std::abs(expected[i].floats()[j] - smoothed[i].floats()[j]));
        }
        EXPECT_LT(worst, 1e-4F * most) << i;
    }
}

} // namespace
} // namespace qs::quant
