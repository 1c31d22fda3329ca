#include "app/cli/common.h"
#include "app/cli/model_options.h"
#include "app/cli/task_options.h"
#include "core/base/number_text.h"
#include "core/base/write_file.h"
#include "core/onnx/export.h"
#include "core/quant/accuracy.h"
#include "core/quant/evaluation_json.h"
#include "core/quant/resolve.h"
#include "core/report/results.h"
#include "core/stats/calibrate.h"

#include <cstdio>

namespace qs::cli {

namespace {

struct Options {
    ModelOptions model;
    std::string json;
    FolderChoice folder;
    PreprocessOptions preprocess;
    CalibrationOptions calibration;
    RecipeOptions recipe;
    RunOptions run;
    TaskOptions task;
    std::size_t batch = 1;
    bool withImages = false, floatNetwork = false;
};

void printFigures(const quant::Evaluation& e)
{
    std::printf("  task %s\n", e.task.c_str());
    for (const tasks::Figure& figure : e.figures)
        std::printf("  %-26s %s\n", figure.title.c_str(), tasks::figureText(figure).c_str());
    if (!e.isFloat)
        for (const tasks::OutputDifference& output : e.outputs)
            std::printf("  output %-19s SQNR %s dB, cosine %s, largest difference %.4g\n", output.name.c_str(),
                        numberText(output.sqnrDb, "%.1f").c_str(), numberText(output.cosine, "%.6f").c_str(),
                        output.maxAbs);
}

void print(const quant::Evaluation& e)
{
    if (e.isFloat)
        std::printf("float model");
    else
        std::printf("%s W%.3g A%.3g, coverage %s", e.preset.empty() ? "recipe" : e.preset.c_str(), e.meanWeightBits,
                    e.meanActivationBits, e.coverage == graph::Coverage::Full ? "full" : "matmul");
    std::printf(", %zu images\n", e.images);
    if (e.top1) {
        std::printf("  top-1 %s, top-5 %s\n", quant::withInterval(*e.top1, quant::top1Interval(e)).c_str(),
                    quant::withInterval(e.top5.value_or(0), quant::top5Interval(e)).c_str());
        if (!e.isFloat && e.floatTop1)
            std::printf("  float %s: %s\n", quant::withInterval(*e.floatTop1, quant::floatTop1Interval(e)).c_str(),
                        quant::pointsWithInterval(*e.top1 - *e.floatTop1, quant::dropInterval(e)).c_str());
        std::printf("  in brackets: 95 %% intervals of %zu labelled images%s\n", e.labelled,
                    e.onCalibrationImages ? "; these are the calibration images, others may do worse" : "");
    }
    if (!e.scores)
        printFigures(e);
    else if (!e.isFloat)
        std::printf("  agreement with float %s, logit SQNR %s dB, KL %s nats\n",
                    quant::withInterval(e.agreement, quant::agreementInterval(e)).c_str(),
                    numberText(e.logitSqnrDb, "%.1f").c_str(), numberText(e.klDivergence, "%.4f").c_str());
    if (e.fileBytes > 0)
        std::printf("  %.2f MB on disk (%.2f MB with packed codes)", static_cast<double>(e.fileBytes) * 1e-6,
                    static_cast<double>(e.modelBytes) * 1e-6);
    else
        std::printf("  %.2f MB %s", static_cast<double>(e.modelBytes) * 1e-6,
                    e.isFloat ? "of constants" : "with packed codes");
    std::printf(", %.1f images/s on %d thread%s\n", e.imagesPerSecond, e.threads, e.threads == 1 ? "" : "s");
}

Result<void> evaluate(const Options& options)
{
    const bool asTheFile = !options.floatNetwork && options.recipe.preset.empty() && options.recipe.file.empty();
    QS_ASSIGN(const auto model, options.model.open(!asTheFile));
    QS_ASSIGN(const auto recipe, options.recipe.resolve(model.sites));
    if (!recipe && options.calibration.given())
        return fail(ErrorCode::InvalidArgument,
                    "is of use with --preset or --recipe alone: without them nothing is quantized",
                    options.calibration.file.empty() ? "--calib-images" : "--calibration");
    if (recipe && !options.calibration.given())
        return fail(ErrorCode::InvalidArgument, "a quantized model needs --calibration or --calib-images",
                    "evaluate");
    quant::Evaluation evaluation;
    {
        Run run(options.run);
        QS_ASSIGN(const TaskImages opened, openForTask(options.task, options.folder, options.preprocess, model, run));
        const auto& [source, task] = opened;
        std::shared_ptr<const quant::Plan> plan;
        if (recipe) {
            QS_ASSIGN(const auto calibration, options.calibration.resolve(model, options.preprocess, run));
            QS_ASSIGN(plan, quant::resolve(model, calibration, *recipe, nullptr, run.context()));
        }
        QS_ASSIGN(evaluation, quant::evaluate(model, plan.get(), *source, source->size(), nullptr,
                                              exec::makeWeightCache(), run.context(), task));
        run.say(evaluation.doubts);
        std::error_code ignored;
        evaluation.onCalibrationImages =
            plan && !options.calibration.images.empty() &&
            std::filesystem::equivalent(options.calibration.images, options.folder.folder, ignored);
        if (plan) {
            // What cannot be exported has no file, and says so where it is exported.
            if (const auto exported = onnx::previewExport(model, *plan, {}))
                evaluation.fileBytes = exported->fileBytes;
            for (const auto& warning : plan->warnings)
                warn(warning);
            QS_CHECK(warnOfHarm(model, *plan, *source, run));
        }
        evaluation.doubts = run.said();
    }
    evaluation.batch = static_cast<int>(options.batch);
    print(evaluation);
    if (!options.json.empty())
        QS_CHECK(writeAtomically(options.json, quant::evaluationToJson(evaluation, options.withImages) + "\n"));
    return {};
}

} // namespace

Command addEvaluate(CLI::App& app)
{
    auto options = std::make_shared<Options>();
    options->model.addTo(app);
    app.add_option("--images", options->folder.folder, "Folder of test images")->required();
    options->folder.addLabelsTo(app);
    options->task.addTaskTo(app);
    options->task.addTruthsTo(app);
    app.add_option("--count", options->folder.count, "Images to use, spread over the folder (default: all)")
        ->check(atLeastOne());
    app.add_option("--json", options->json, "Write the figures as JSON");
    app.add_flag("--json-images", options->withImages, "With the result of every image");
    app.add_flag("--float", options->floatNetwork,
                 "Of a file that is already quantized the float network behind it (as with --preset and --recipe); "
                 "else it is computed as the file does");
    app.add_option("--batch", options->batch, "Images in flight at once; images run one by one on each thread")
        ->check(CLI::Range(1, 4096));
    options->calibration.addTo(app);
    options->recipe.addTo(app);
    options->preprocess.addTo(app);
    options->run.addTo(app);
    return [options] { return evaluate(*options); };
}

} // namespace qs::cli
