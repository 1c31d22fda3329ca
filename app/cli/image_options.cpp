#include "app/cli/image_options.h"

#include "core/images/doubts.h"
#include "core/images/open.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>
#include <sstream>
#include <string_view>

namespace qs::cli {

namespace {

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

std::string presetNames()
{
    std::string names;
    for (const images::PreprocessPreset& known : images::preprocessPresets())
        names.append(names.empty() ? "" : ", ").append(known.name);
    return names;
}

} // namespace

void PreprocessOptions::addTo(CLI::App& app)
{
    app.add_option("--preprocess", preset,
                   "Preprocessing by name: " + presetNames() +
                       "; half is inception, none is unit (default: imagenet). What follows changes it");
    app.add_option("--mean", mean, "Mean R,G,B of pixels in [0,1]");
    app.add_option("--std", stddev, "Standard deviation R,G,B of pixels in [0,1]");
    app.add_option("--resize", resize,
                   "Shorter side (see --resize-mode) in pixels before the crop, or none (imagenet: crop / 0.9)");
    app.add_option(
           "--resize-mode", mode,
           "What --resize is the size of: the shorter side; the longer side; both, ignoring the aspect ratio; "
           "or letterbox, the whole image in a box. All but shorter take the model's input where --resize is "
           "not given")
        ->check(CLI::IsMember({"shorter", "longer", "both", "letterbox"}));
    app.add_option("--resize-multiple", multiple, "Sides after the resize are multiples of so many pixels")
        ->check(CLI::Range(1, 1024));
    app.add_option("--pad", padding,
                   "Colour around images smaller than the input: R,G,B from 0 to 255, or mean (0 after normalising)");
    app.add_option("--pad-at", place, "Where the image lies in its padding")
        ->check(CLI::IsMember({"centre", "top-left"}));
    app.add_option("--interpolation", interpolation, "Antialiased filter of the resize")
        ->check(CLI::IsMember({"bicubic", "bilinear"}));
    app.add_option("--crop", crop, "Centre crop in pixels (default: the model's input)")->check(CLI::Range(0, 8192));
    app.add_option(
        "--max-bad-images", mostBad,
        "Images that may be damaged: they are left out, counted and named (default: all but one; 0: none)");
}

Result<images::Preprocess> PreprocessOptions::resolve(const onnx::ModelInfo& model) const
{
    auto named = images::preprocessPreset(preset.empty() ? "imagenet" : preset, static_cast<int>(model.height),
                                          static_cast<int>(model.width));
    if (!named) {
        named.error().where = "--preprocess " + preset;
        return tl::unexpected(named.error());
    }
    images::Preprocess p = *named;
    if (crop > 0 && (crop != model.height || crop != model.width))
        return fail(ErrorCode::InvalidArgument,
                    "the model's input is " + std::to_string(model.height) + "×" + std::to_string(model.width) +
                        " pixels, not " + std::to_string(crop),
                    "--crop");
    if (model.channels != 1 && model.channels != 3 && model.channels != 4)
        return fail(ErrorCode::Unsupported,
                    "the model takes images of " + std::to_string(model.channels) +
                        " channels; images give 3, 1 as grey, or 4 with an opaque alpha",
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
    if (!interpolation.empty())
        p.interpolation =
            interpolation == "bilinear" ? images::Interpolation::Bilinear : images::Interpolation::Bicubic;
    QS_CHECK(resolveGeometry(p));
    return p;
}

Result<void> PreprocessOptions::resolveGeometry(images::Preprocess& p) const
{
    if (resize == "none" && !mode.empty())
        return fail(ErrorCode::InvalidArgument, "says how to resize, --resize none not to", "--resize-mode");
    if (!mode.empty()) {
        p.squash = mode == "both";
        p.to = mode == "shorter"  ? images::ResizeTo::Shorter
               : mode == "longer" ? images::ResizeTo::Longer
                                  : images::ResizeTo::Input;
        if (mode != "shorter")
            p.resize = std::max(p.cropHeight, p.cropWidth);
    }
    if (resize == "none") {
        p.resize.reset();
        p.squash = false;
    } else if (!resize.empty()) {
        char* end = nullptr;
        const long pixels = std::strtol(resize.c_str(), &end, 10);
        if (*end != '\0' || pixels < 1 || pixels > 16384)
            return fail(ErrorCode::InvalidArgument, "expects pixels (1 to 16384) or none, got '" + resize + "'",
                        "--resize");
        p.resize = static_cast<int>(pixels);
    }
    if (multiple > 0)
        p.multiple = multiple;
    p.padding.mean = padding.empty() ? p.padding.mean : padding == "mean";
    if (!padding.empty() && padding != "mean") {
        QS_ASSIGN(const auto colour, triple(padding, "--pad"));
        for (std::size_t c = 0; c < colour.size(); ++c) {
            if (!(colour[c] >= 0 && colour[c] <= 255 && colour[c] == std::floor(colour[c])))
                return fail(ErrorCode::InvalidArgument, "expects mean or R,G,B from 0 to 255, got '" + padding + "'",
                            "--pad");
            p.padding.colour[c] = static_cast<uint8_t>(colour[c]);
        }
    }
    if (!place.empty())
        p.padding.place = place == "centre" ? images::Padding::Place::Centre : images::Padding::Place::TopLeft;
    return {};
}

CLI::Range atLeastOne()
{
    return {1, 1'000'000'000};
}

void FolderChoice::addLabelsTo(CLI::App& app)
{
    labelled = true;
    app.add_option("--labels", labels,
                   "Labels, instead of the folder's own: name and class by comma, semicolon, tab or blank, one class "
                   "a line in the order of the files, or JSON; none: no labels");
    app.add_option("--classes", classes,
                   "Names of the model's classes, one a line from class 0, or JSON: for labels and class folders by "
                   "name");
    app.add_option("--label-offset", labelOffset, "Added to every label, e.g. -1 where labels count from 1");
}

Result<images::ImageFolder> openImages(const FolderChoice& choice, const PreprocessOptions& preprocess,
                                       const onnx::ModelInfo& model, Run& run)
{
    images::FolderRequest request{.root = choice.folder,
                                  .classes = choice.anyClass ? std::nullopt : std::optional(model.classes),
                                  .labelOffset = choice.labelOffset,
                                  .damaged = {preprocess.mostBad}};
    images::FolderOptions& options = request.options;
    options.forCalibration = !choice.labelled;
    options.withoutLabels = !choice.labelled || choice.labels == "none" || (model.classes == 0 && !choice.anyClass);
    if (!choice.labels.empty() && !options.withoutLabels)
        options.labels = choice.labels;
    if (!choice.classes.empty())
        options.classNames = choice.classes;
    if (choice.count > 0)
        options.count = choice.count;
    QS_ASSIGN(auto folder, images::openFor(request, run.context()));
    run.say(folder.doubts);
    return folder;
}

Result<std::shared_ptr<const exec::ImageSource>>
openSource(const FolderChoice& choice, const PreprocessOptions& preprocess, const onnx::ModelInfo& model, Run& run)
{
    QS_ASSIGN(const auto transform, preprocess.resolve(model));
    run.say(images::preprocessDoubts(transform));
    QS_ASSIGN(auto folder, openImages(choice, preprocess, model, run));
    return images::makeSource(std::move(folder), transform);
}

} // namespace qs::cli
