// What the engine makes of a file that is already quantized, for tests/judge/quantized_files.py and float_files.py:
//   quantized_file MODEL IMAGES LOGITS file            as the file computes
//   quantized_file MODEL IMAGES LOGITS float           the float network behind it
//   quantized_file MODEL IMAGES LOGITS recipe          the float network with what the file did as a recipe
//   quantized_file MODEL IMAGES LOGITS minmax OUT.onnx the float network with the preset minmax, exported too
#include "core/exec/program.h"
#include "core/exec/run_images.h"
#include "core/onnx/export.h"
#include "core/onnx/file_quantization.h"
#include "core/quant/presets.h"
#include "core/quant/recipe_json.h"
#include "core/quant/resolve.h"
#include "core/stats/calibrate.h"
#include "core/stats/calibration.h"
#include "tests/judge/raw_images.h"

#include <cstdio>
#include <fstream>
#include <string_view>

namespace {

using namespace qs;

Result<Tensor> logitsOf(std::string_view mode, const char* model, const char* pixels, const char* out)
{
    onnx::ImportOptions importing;
    importing.floatNetwork = mode != "file";
    QS_ASSIGN(const onnx::Model file, onnx::importModel(model, importing));
    for (const std::string& warning : file.info.warnings)
        std::fprintf(stderr, "%s\n", warning.c_str());
    ThreadPool pool(2);
    Context context;
    context.pool = &pool;
    QS_ASSIGN(const auto network, exec::Program::compile(file));
    const judge::RawImages images(judge::readFloats(pixels),
                                  static_cast<std::size_t>(network.inputElements() / network.batch()));
    if (mode == "file" || mode == "float")
        return exec::runImages(network, images, 0, images.size(), context, "running");

    stats::CalibrationOptions options;
    options.images = images.size();
    QS_ASSIGN(const auto calibration, stats::calibrate(file, images, options, context));
    QS_ASSIGN(quant::Recipe recipe, quant::presetRecipe("minmax", 8, 8));
    if (mode == "recipe") {
        if (!file.info.quantization)
            return fail(ErrorCode::InvalidArgument, "the file is not quantized");
        // By its text, as a user would take it.
        QS_ASSIGN(recipe, quant::recipeFromJson(quant::recipeToJson(file.info.quantization->recipe)));
        std::fprintf(stderr, "sites %zu, notes %zu\n", file.info.quantization->sites,
                     file.info.quantization->notes.size());
        for (const std::string& note : file.info.quantization->notes)
            std::fprintf(stderr, "note: %s\n", note.c_str());
    }
    QS_ASSIGN(const auto plan, quant::resolve(file, calibration, recipe, nullptr, context));
    if (out) {
        QS_ASSIGN(const auto report, onnx::exportModel(file, *plan, out, {}));
        for (const std::string& warning : report.warnings)
            std::fprintf(stderr, "export: %s\n", warning.c_str());
        std::fprintf(stderr, "int8 share %.4f\n", report.int8MacShare());
    }
    QS_ASSIGN(const auto simulated, exec::Program::compile(file, plan->simulation, {}));
    return exec::runImages(simulated, images, 0, images.size(), context, "simulating");
}

} // namespace

int main(int count, char** arguments)
{
    if (count < 5)
        return 2;
    const auto logits = logitsOf(arguments[4], arguments[1], arguments[2], count > 5 ? arguments[5] : nullptr);
    if (!logits) {
        std::fprintf(stderr, "%s\n", logits.error().text().c_str());
        return 2;
    }
    std::ofstream(arguments[3], std::ios::binary)
        .write(reinterpret_cast<const char*>(logits->bytes()), static_cast<std::streamsize>(logits->sizeBytes()));
    return 0;
}
