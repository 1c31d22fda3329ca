#pragma once

#include "core/base/context.h"
#include "core/base/error.h"
#include "core/exec/image_source.h"
#include "core/onnx/import.h"
#include "core/quant/plan.h"

#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>

namespace qs::onnx {

/// What another computation of the same network gives for the same images, beside what this engine gives.
struct Opinion {
    std::string judge;    ///< "reference execution", "ONNX Runtime 1.31.0"
    std::string question; ///< "float network", "exported file"
    std::size_t images = 0;
    bool scores = true;       ///< the outputs are class scores; otherwise nothing is said of the largest
    double top1Agreement = 1; ///< share of images with the same largest output
    double maxDifference = 0; ///< of outputs, relative to the largest
    double sqnrDb = 0;        ///< the engine's outputs as signal; +inf where equal
    /// The simulation in the fast beside the reference execution, on a few images: what the network makes of other
    /// last bits. 0: not asked.
    std::size_t ownImages = 0;
    double ownAgreement = 1, ownSqnrDb = 0;
    /// What the file's own arithmetic of 16 bits makes of the network; it is no check, and passes.
    bool informs = false;
    bool passed = false;
    std::string text() const; ///< one line
};

/// Fills in agreement, difference and SQNR of rows of outputs, `opinion.images` of them.
void compareRows(Opinion& opinion, const Tensor& expected, const Tensor& actual);

/// How near is near. A float network: outputs within 1e-4 of the largest. A quantized one amplifies last bits (a code
/// flips, and all behind it), so it is held to 20 dB and the same top-1 on 98.5 % of the images or, where the
/// engine's two executions differ by more than that, to that (6 dB; twice as many images).
void judge(Opinion& opinion, bool quantized);

/// The float network and the re-loaded file in the reference execution (exec::Interpreter): independent of the
/// engine's compiler, memory planner and kernels. Slow: a few images.
Result<Opinion> referenceOnFloat(const Model& model, const exec::ImageSource& images, std::size_t count,
                                 const Context& context);
Result<Opinion> referenceOnExport(const Model& model, const quant::Plan& plan, const Model& reloaded,
                                  const exec::ImageSource& images, std::size_t count, const Context& context);

/// The exported file in ONNX Runtime, run by a Python that has it, beside the simulation in the fast execution.
/// Errors: NotFound (no such Python), Io (what it said: no onnxruntime, the file does not load, ...), Cancelled.
Result<Opinion> onnxRuntimeOnExport(const std::string& python, const Model& model, const quant::Plan& plan,
                                    const std::filesystem::path& path, const exec::ImageSource& images,
                                    std::size_t count, std::size_t ownCount, const Context& context);

/// A file of float16 or bfloat16, which this engine computes in float32, in its own arithmetic beside that:
///   - in the reference execution, every value that the file computes in 16 bits rounded to them (sums inside an
///     operator are exact, as in an accelerator with wide accumulators),
///   - in ONNX Runtime, where `python` is not empty and it runs the file.
/// Both inform. None for a file that computes nothing in 16 bits. Errors: those of importModel, the images and the
/// interpreter.
Result<std::vector<Opinion>> ownArithmetic(const Model& model, const exec::ImageSource& images, std::size_t count,
                                           const std::string& python, const Context& context);

/// The Python of --verify-with onnxruntime: the environment variable QUANTOSCOPE_PYTHON, or python3.
std::string judgePython();

} // namespace qs::onnx
