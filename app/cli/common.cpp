#include "app/cli/common.h"
#include "core/quant/harm.h"

#include <nlohmann/json.hpp>

#include <atomic>
#include <chrono>
#include <cmath>
#include <csignal>
#include <cstdio>
#include <map>
#include <sstream>
#include <unistd.h>

namespace qs::cli {

namespace {

std::stop_source gStop;
std::atomic<bool> gInterrupted{false};

/// First Ctrl+C: stop in order; second: at once.
extern "C" void onInterrupt(int signal)
{
    if (gInterrupted.exchange(true)) {
        std::signal(signal, SIG_DFL);
        std::raise(signal);
    }
    gStop.request_stop();
}

/// "1,2,3" as three numbers; one number for all three.
Result<std::array<float, 3>> triple(const std::string& text, const char* option)
{
    std::array<float, 3> values{};
    std::istringstream in(text);
    char comma = ',';
    for (std::size_t i = 0; i < 3; ++i) {
        if (i == 1 && in.eof())
            return std::array<float, 3>{values[0], values[0], values[0]};
        if (i > 0 && !(in >> comma && comma == ','))
            return fail(ErrorCode::InvalidArgument, "expects three numbers R,G,B, got '" + text + "'", option);
        if (!(in >> values[i]) || !std::isfinite(values[i]))
            return fail(ErrorCode::InvalidArgument, "expects three numbers R,G,B, got '" + text + "'", option);
    }
    if (in >> comma)
        return fail(ErrorCode::InvalidArgument, "expects three numbers R,G,B, got '" + text + "'", option);
    return values;
}

/// timm's default crop_pct of vision transformers.
constexpr double kCropShare = 0.9;

} // namespace

void RunOptions::addTo(CLI::App& app)
{
    app.add_option("--threads", threads, "Threads; 0 for all cores")->check(CLI::Range(0, 256));
    app.add_option("--seed", seed, "Seed of all random choices");
    static const std::map<std::string, Execution> kExecutions = {
        {"auto", Execution::Auto}, {"float", Execution::Float}, {"reference", Execution::Reference}};
    app.add_option(
           "--execution", execution,
           "auto, float (the fast executor), or reference: node by node in plain loops, slow, a second opinion")
        ->transform(CLI::Transformer(kExecutions));
}

Run::Run(const RunOptions& options) : m_pool(options.threads)
{
    gStop = std::stop_source{};
    std::signal(SIGINT, onInterrupt);
    m_context.stop = gStop.get_token();
    m_context.pool = &m_pool;
    m_context.seed = options.seed;
    m_context.execution = options.execution;
    if (!::isatty(STDERR_FILENO))
        return;
    using Clock = std::chrono::steady_clock;
    m_context.report = [stage = std::string(), begin = Clock::now(),
                        last = Clock::time_point{}](const Progress& progress) mutable {
        const auto now = Clock::now();
        if (stage != progress.stage) {
            stage = progress.stage;
            begin = now;
        } else if (now - last < std::chrono::milliseconds(100) && progress.done != progress.total) {
            return;
        }
        last = now;
        const double elapsed = std::chrono::duration<double>(now - begin).count();
        const double share =
            progress.total ? static_cast<double>(progress.done) / static_cast<double>(progress.total) : 0;
        const double remaining = share > 0 ? elapsed / share - elapsed : 0;
        std::fprintf(stderr, "\r%s %zu/%zu, %.0f s left\033[K", stage.c_str(), progress.done, progress.total,
                     remaining);
    };
}

Run::~Run()
{
    if (m_context.report)
        std::fputs("\r\033[K", stderr);
    std::signal(SIGINT, SIG_DFL);
}

void PreprocessOptions::addTo(CLI::App& app)
{
    app.add_option("--mean", mean, "Mean R,G,B in [0,1] (default: ImageNet)");
    app.add_option("--std", stddev, "Standard deviation R,G,B (default: ImageNet)");
    app.add_option("--resize", resize, "Shorter side in pixels before the crop, or none (default: crop / 0.9)");
    app.add_option("--interpolation", interpolation, "Antialiased filter of the resize")
        ->check(CLI::IsMember({"bicubic", "bilinear"}));
    app.add_option("--crop", crop, "Centre crop in pixels (default: the model's input)")->check(CLI::Range(0, 8192));
}

Result<images::Preprocess> PreprocessOptions::resolve(const onnx::ModelInfo& model) const
{
    images::Preprocess p;
    p.cropHeight = crop > 0 ? crop : static_cast<int>(model.height);
    p.cropWidth = crop > 0 ? crop : static_cast<int>(model.width);
    if (p.cropHeight != model.height || p.cropWidth != model.width)
        return fail(ErrorCode::InvalidArgument,
                    "the model's input is " + std::to_string(model.height) + "×" + std::to_string(model.width) +
                        " pixels, not " + std::to_string(crop),
                    "--crop");
    if (model.channels != 1 && model.channels != 3)
        return fail(ErrorCode::Unsupported,
                    "the model takes images of " + std::to_string(model.channels) +
                        " channels; images give 3, or 1 as grey",
                    model.path.string());
    if (model.bytes) { // pixels as they are
        if (!mean.empty() || !stddev.empty())
            return fail(ErrorCode::InvalidArgument, "the model takes bytes and normalises them itself",
                        mean.empty() ? "--std" : "--mean");
        p.mean = {0, 0, 0};
        p.stddev.fill(1.0f / 255.0f);
    }
    if (!mean.empty()) {
        QS_ASSIGN(p.mean, triple(mean, "--mean"));
    }
    if (!stddev.empty()) {
        QS_ASSIGN(p.stddev, triple(stddev, "--std"));
        for (const float s : p.stddev)
            if (s <= 0)
                return fail(ErrorCode::InvalidArgument, "must be positive", "--std");
    }
    p.interpolation = interpolation == "bilinear" ? images::Interpolation::Bilinear : images::Interpolation::Bicubic;
    const int shorter = std::min(p.cropHeight, p.cropWidth);
    if (resize.empty()) {
        p.resize = static_cast<int>(std::floor(shorter / kCropShare));
    } else if (resize != "none") {
        char* end = nullptr;
        const long pixels = std::strtol(resize.c_str(), &end, 10);
        if (*end != '\0' || pixels < 1 || pixels > 16384)
            return fail(ErrorCode::InvalidArgument, "expects pixels (1 to 16384) or none, got '" + resize + "'",
                        "--resize");
        p.resize = static_cast<int>(pixels);
    }
    return p;
}

Result<std::shared_ptr<const exec::ImageSource>> openSource(const FolderChoice& choice,
                                                            const images::Preprocess& preprocess)
{
    images::FolderOptions options;
    if (!choice.labels.empty())
        options.labels = choice.labels;
    if (choice.count > 0)
        options.count = choice.count;
    QS_ASSIGN(auto folder, images::openFolder(choice.folder, options));
    for (const auto& warning : folder.warnings)
        warn(warning);
    return images::makeSource(std::move(folder), preprocess);
}

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
    app.add_option("--calib-count", count, "Calibration images to use, spread over the folder (default: all)");
    app.add_option("--calib-resize", resize, "As --resize, for the calibration images alone");
}

Result<std::shared_ptr<const stats::Calibration>> CalibrationOptions::resolve(const onnx::Model& model,
                                                                              const PreprocessOptions& preprocess,
                                                                              const Context& context) const
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
    QS_ASSIGN(const auto source, openSource({images, {}, count}, transform));
    return stats::calibrate(model.graph, model.sites, *source, calibrationOptions(model, transform), context);
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

Result<void> warnOfHarm(const onnx::Model& model, const quant::Plan& plan, const exec::ImageSource& images,
                        const Context& context)
{
    QS_ASSIGN(const auto harm,
              quant::besideMinMax(model.graph, model.sites, plan, images, quant::kHarmImages, context));
    if (harm && harm->harms())
        warn(harm->text(plan.recipe));
    return {};
}

void warn(const std::string& line)
{
    std::fprintf(stderr, "warning: %s\n", line.c_str());
}

} // namespace qs::cli
