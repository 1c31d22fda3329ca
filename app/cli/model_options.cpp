#include "app/cli/model_options.h"

#include "app/cli/common.h"
#include "core/base/npy.h"
#include "core/onnx/file_quantization.h"

#include <charconv>

namespace qs::cli {

namespace {

/// "512x384", or "512" for a square.
Result<onnx::ImageSize> sizeOf(const std::string& text)
{
    const auto wrong = [&] {
        return fail(ErrorCode::InvalidArgument, "expects height x width in pixels, as 512x384, got '" + text + "'",
                    "--input-size");
    };
    onnx::ImageSize size;
    const char* end = text.data() + text.size();
    auto read = std::from_chars(text.data(), end, size.height);
    if (read.ec != std::errc())
        return wrong();
    size.width = size.height;
    if (read.ptr != end) {
        if (*read.ptr != 'x' && *read.ptr != 'X')
            return wrong();
        read = std::from_chars(read.ptr + 1, end, size.width);
        if (read.ec != std::errc() || read.ptr != end)
            return wrong();
    }
    return size;
}

} // namespace

void ModelOptions::addTo(CLI::App& app)
{
    app.add_option("model", path, "ONNX file")->required();
    app.add_option("--input-size", size,
                   "Height x width in pixels, where the file leaves them open (default: 224x224)");
    app.add_option("--output", outputs,
                   "An output that counts; repeatable (default: the first that is a row of numbers, else all)")
        ->allow_extra_args(false);
    app.add_option("--input", inputs, "NAME=FILE.npy: a further input of the model, as a constant");
}

Result<onnx::Model> ModelOptions::open(bool floatNetwork) const
{
    onnx::ImportOptions options;
    options.outputs = outputs;
    options.floatNetwork = floatNetwork;
    if (!size.empty()) {
        QS_ASSIGN(options.imageSize, sizeOf(size));
    }
    for (const std::string& input : inputs) {
        const auto equals = input.rfind('=');
        if (equals == std::string::npos || equals == 0)
            return fail(ErrorCode::InvalidArgument, "expects NAME=FILE.npy, got '" + input + "'", "--input");
        QS_ASSIGN(options.constants[input.substr(0, equals)], readNpy(input.substr(equals + 1)));
    }
    QS_ASSIGN(auto model, onnx::importModel(path, options));
    for (const Doubt& assumed : model.info.assumed)
        warn(path + ": " + assumed.text());
    if (const auto& file = model.info.quantization)
        warn("the file is already quantized (" + file->form + ": " + file->summary + "); " +
             (floatNetwork ? "this is the float network behind it, inspect --recipe-out writes what the file did"
                           : "computed as the file does; --float takes the float network behind it"));
    return model;
}

} // namespace qs::cli
