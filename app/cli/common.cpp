#include "app/cli/common.h"
#include "core/quant/harm.h"
#include "core/stats/calibrate.h"
#include "core/stats/calibration_file.h"

#include "core/onnx/file_quantization.h"
#include "core/quant/presets.h"
#include "core/quant/recipe_json.h"

#include <nlohmann/json.hpp>

namespace qs::cli {

stats::CalibrationOptions calibrationOptions(const onnx::Model& model, const images::Preprocess& preprocess)
{
    stats::CalibrationOptions options;
    options.modelHash = model.info.hash;
    options.preprocess = nlohmann::json(preprocess).dump();
    return options;
}

void CalibrationOptions::addTo(CLI::App& app)
{
    auto* fromFile = app.add_option("--calibration", file, "Calibration file (.qcal)");
    app.add_option("--calib-images", images, "Folder of calibration images, instead of a file")->excludes(fromFile);
    app.add_option("--calib-count", count, "Calibration images to use, spread over the folder (default: all)")
        ->check(atLeastOne());
    app.add_option("--calib-resize", resize, "As --resize, for the calibration images alone");
}

Result<std::shared_ptr<const stats::Calibration>>
CalibrationOptions::resolve(const onnx::Model& model, const PreprocessOptions& preprocess, Run& run) const
{
    if (!file.empty()) {
        QS_ASSIGN(auto calibration, stats::loadCalibration(file));
        if (auto fits = stats::checkCalibration(*calibration, model.info.hash, model.sites); !fits) {
            fits.error().where = file;
            return tl::unexpected(fits.error());
        }
        return calibration;
    }
    PreprocessOptions own = preprocess;
    if (!resize.empty())
        own.resize = resize;
    QS_ASSIGN(const auto transform, own.resolve(model.info));
    QS_ASSIGN(const auto source, openSource({images, count}, own, model.info, run));
    return stats::calibrate(model, *source, calibrationOptions(model, transform), run.context());
}

void RecipeOptions::addTo(CLI::App& app)
{
    std::string names;
    for (const auto& known : quant::presets())
        names += (names.empty() ? "" : ", ") + std::string(known.name);
    auto* byName =
        app.add_option("--preset", preset,
                       "One of: " + names + ". Where min-max has less error in a site's output, the site " +
                           "takes that; NAME" + std::string(quant::kLiteral) + ": the rule as it is");
    app.add_option("--recipe", file, "Recipe file (JSON), instead of a preset")->excludes(byName);
    app.add_option("--weight-bits", weightBits, "Bits of weights, 2 to 8, or 32 for float")->needs(byName);
    app.add_option("--activation-bits", activationBits, "Bits of activations, 2 to 8, or 32 for float")
        ->needs(byName);
    app.add_flag(
           "--full-range-weights", fullRangeWeights,
           "8-bit weights over their full range: a little finer, but x86 CPUs without VNNI may saturate on them")
        ->needs(byName);
    app.add_option("--coverage", coverage, "matmul or full (default: as the preset or recipe has it)")
        ->check(CLI::IsMember({"matmul", "full"}));
}

Result<std::optional<quant::Recipe>> RecipeOptions::resolve(const graph::SiteTable& sites) const
{
    if (preset.empty() && file.empty()) {
        if (!coverage.empty())
            return fail(ErrorCode::InvalidArgument, "needs --preset or --recipe", "--coverage");
        return std::nullopt;
    }
    quant::Recipe recipe;
    if (!preset.empty()) {
        QS_ASSIGN(recipe, quant::presetRecipe(preset, weightBits, activationBits));
        recipe.weight.saturationSafe = !fullRangeWeights;
    } else {
        QS_ASSIGN(recipe, quant::loadRecipe(file));
        for (const auto& name : quant::unknownNames(recipe, sites))
            warn(file + ": the model has no site '" + name + "'");
    }
    if (!coverage.empty())
        recipe.coverage = coverage == "full" ? graph::Coverage::Full : graph::Coverage::MatMul;
    return recipe;
}

Result<void> warnOfHarm(const onnx::Model& model, const quant::Plan& plan, const exec::ImageSource& images, Run& run)
{
    QS_ASSIGN(const auto harm, quant::besideMinMax(model, plan, images, quant::kHarmImages, run.context()));
    if (harm && harm->harms())
        run.say(harm->doubt(plan.recipe));
    return {};
}

} // namespace qs::cli
