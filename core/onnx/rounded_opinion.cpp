#include "core/base/file.h"
#include "core/base/half.h"
#include "core/exec/interpreter.h"
#include "core/exec/program.h"
#include "core/exec/run_images.h"
#include "core/graph/output_form.h"
#include "core/graph/outputs.h"
#include "core/onnx/onnx_runtime.h"
#include "core/onnx/prepare/prepare.h"
#include "core/onnx/second_opinion.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <utility>

namespace qs::onnx {

namespace {

using Rounding = float (*)(float);

/// What the file computes in 16 bits, by name of the value.
Result<std::map<std::string, Rounding>> roundedValues(const Model& model)
{
    QS_ASSIGN(const FileBytes file, FileBytes::read(model.info.path));
    quantoscope_onnx::ModelProto proto;
    if (!proto.ParseFromArray(file.bytes().data(), static_cast<int>(file.bytes().size())))
        return fail(ErrorCode::Malformed, "is not an ONNX model any more", model.info.path.string());
    TensorReader reader(std::make_shared<ExternalData>(ExternalData::ofModel(model.info.path)));
    PreparationReport prepared;
    QS_CHECK(prepare(proto, model.info.facts, reader, &prepared));
    std::map<std::string, Rounding> rounded;
    for (const auto& [name, type] : prepared.narrow)
        rounded[name] = type == kFloat16 ? roundToFloat16 : roundToBFloat16;
    return rounded;
}

/// The network in the reference execution, its values rounded as the file has them.
Result<Tensor> runRounded(const Model& model, const std::map<std::string, Rounding>& rounded,
                          const exec::ImageSource& images, std::size_t count, const Context& context)
{
    const graph::Graph& graph = model.graph;
    const exec::Interpreter interpreter(model, {});
    const auto batch = static_cast<std::size_t>(graph.batch());
    const auto each = static_cast<std::size_t>(graph::outputsPerImage(graph));
    Tensor rows(DType::Float32, Shape{static_cast<int64_t>(count), static_cast<int64_t>(each)});
    Tensor input(DType::Float32, graph.value(graph.input()).shape);
    const std::size_t pixels = static_cast<std::size_t>(input.elements()) / batch;
    for (std::size_t first = 0; first < count; first += batch) {
        context.progress("reference, 16 bits", first, count);
        for (std::size_t i = 0; i < batch; ++i)
            QS_CHECK(
                images.load(std::min(first + i, count - 1), input.mutableData<float>().subspan(i * pixels, pixels)));
        QS_ASSIGN(const Tensor found, interpreter.run(input, context.stop, [&](TensorId id, Tensor& value) {
            const auto it = rounded.find(graph.value(id).name);
            if (it != rounded.end() && value.dtype() == DType::Float32)
                std::ranges::transform(value.floats(), value.mutableData<float>().begin(), it->second);
        }));
        const std::size_t here = std::min(batch, count - first);
        std::ranges::copy(found.floats().first(here * each),
                          rows.mutableData<float>().begin() + static_cast<std::ptrdiff_t>(first * each));
    }
    context.progress("reference, 16 bits", count, count);
    return rows;
}

Opinion opinionOf(const Model& model, std::string judge, std::string question, const Tensor& expected,
                  const Tensor& actual)
{
    Opinion opinion{.judge = std::move(judge), .question = std::move(question)};
    opinion.images = static_cast<std::size_t>(expected.shape()[0]);
    opinion.scores = graph::givesScores(model.graph);
    compareRows(opinion, expected, actual);
    opinion.informs = opinion.passed = true;
    return opinion;
}

} // namespace

Result<std::vector<Opinion>> ownArithmetic(const Model& model, const exec::ImageSource& images, std::size_t count,
                                           const std::string& python, const Context& context)
{
    std::vector<Opinion> opinions;
    const auto& floats = model.info.otherFloats;
    const std::string type = floats.contains("float16") ? "float16" : floats.contains("bfloat16") ? "bfloat16" : "";
    count = std::min(count, images.size());
    if (type.empty() || count == 0)
        return opinions;
    QS_ASSIGN(const auto rounded, roundedValues(model));
    if (rounded.empty())
        return opinions; // weights alone
    ImportOptions options = model.info.options;
    options.rewrites = 0; // node by node, as the file has them
    options.outputs = model.info.counted;
    QS_ASSIGN(const Model plain, importModel(model.info.path, options));
    QS_ASSIGN(const exec::Program program, exec::Program::compile(model));
    QS_ASSIGN(const Tensor expected, exec::runImages(program, images, 0, count, context, "checking"));
    QS_ASSIGN(const Tensor own, runRounded(plain, rounded, images, count, context));
    opinions.push_back(opinionOf(model, "reference execution",
                                 "original file, " + std::to_string(rounded.size()) + " values rounded to " + type,
                                 expected, own));
    if (python.empty() || !options.constants.empty())
        return opinions; // ONNX Runtime would have to be given the constants
    // A file that it does not run is no fault of the export.
    if (const auto theirs = runOnnxRuntime(python, model, model.info.path, images, count, context);
        theirs && theirs->values.elements() == expected.elements())
        opinions.push_back(opinionOf(model, "ONNX Runtime " + theirs->version, "original file of " + type, expected,
                                     theirs->values));
    return opinions;
}

} // namespace qs::onnx
