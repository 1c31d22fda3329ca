#include "reload_check.h"

#include "core/exec/interpreter.h"
#include "core/onnx/export.h"

#include "tests/judge/raw_images.h"

namespace qs::random_tests {

Result<std::size_t> checkReloaded(QuantizedChecks& checks, const onnx::Model& model, const quant::Plan& plan,
                                  const std::filesystem::path& path, const Tensor& input)
{
    onnx::VerifyOptions weightsAlone;
    weightsAlone.images = weightsAlone.referenceImages = 0;
    QS_CHECK(onnx::verifyExport(model, plan, path, judge::RawImages({}, 1), weightsAlone, {}));
    onnx::ImportOptions asked;
    asked.batch = model.info.options.batch;
    asked.outputs = model.info.counted;
    QS_ASSIGN(const onnx::Model reloaded, onnx::importModel(path, asked));
    QS_ASSIGN(const Tensor simulated, exec::Interpreter(model, plan.simulation).run(input));
    QS_ASSIGN(const Judged judged, judgedOutput(reloaded, input));
    const double d = distance(judged.output.floats(), simulated.floats());
    if (!(d <= judged.tolerance))
        checks.findings.push_back({"re-loaded export", d, judged.tolerance, {}});
    return reloaded.sites.size();
}

} // namespace qs::random_tests
