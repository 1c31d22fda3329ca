#pragma once

#include "core/base/context.h"
#include "core/base/error.h"
#include "core/base/tensor.h"
#include "core/exec/image_source.h"
#include "core/exec/losses.h"
#include "core/exec/simulation.h"
#include "core/graph/network.h"

#include <cstddef>
#include <functional>
#include <memory>
#include <span>
#include <stop_token>
#include <string_view>
#include <vector>

namespace qs::exec {

/// Fills dL/doutputs. outputs, gradient: [batch * elements], a row of all outputs an image (graph::outputLayout).
using GradientSeed = std::function<void(std::span<const float> outputs, std::span<float> gradient)>;

/// What one run of the graph gives.
struct GradientRun {
    Tensor outputs;                ///< [batch, elements], of the simulated network
    std::vector<Tensor> gradients; ///< dL/dvalue in the order of wanted(), each of the value's shape
};

/// Reverse mode through a network, float or simulated: the derivative of a loss of its logits by values inside it.
///
/// Values are those of Simulation's network: weights and activations pass their quantizers on the way forward. On the
/// way back a quantizer is passed by the straight-through estimator: the rounding and the clipping count as the
/// identity (ElementMap::straightThrough; a FakeQuantize of the file likewise), so the gradient of a value is that
/// before its quantizer, over all its readers. At corners: Relu 0 at 0, Clip 0 at its bounds, Max, Min and their
/// reductions divide by the number of ties. Floor, Ceil, Round and Sign give 0.
///
/// Only what lies between the wanted values and the logits is differentiated, and only values that this needs are
/// kept: about the working memory of training with a batch of Graph::batch().
/// Compilation finds out everything that can fail; immutable, copies share; runs may happen on several threads.
/// Source: reverse accumulation; straight-through estimator: Bengio et al., arXiv 1308.3432.
class GradientProgram {
public:
    /// wanted: float values that are computed (not constants, which have no gradient here); usually outputs of
    /// layers. A value that does not reach the logits has gradient 0. An empty simulation: the float network.
    /// Errors: InvalidArgument (a wanted value that is a constant or not float), naming it; Unsupported (an operator
    /// on the way without a derivative, or without one by the input that is on the way), naming node and operator;
    /// ShapeMismatch (a replaced constant that does not fit).
    static Result<GradientProgram> compile(const graph::Network& network, const Simulation& simulation,
                                           std::vector<TensorId> wanted);

    const std::vector<TensorId>& wanted() const;
    int64_t batch() const;          ///< images per run
    int64_t inputElements() const;  ///< floats per run
    int64_t outputElements() const; ///< floats per run
    bool givesScores() const;       ///< see graph::givesScores

    /// One run forward and back. images: inputElements() floats. pool: for the inside of operators; null: this
    /// thread. Errors: Cancelled, OutOfMemory.
    Result<GradientRun> run(std::span<const float> images, const GradientSeed& seed, ThreadPool* pool = nullptr,
                            const std::stop_token& stop = {}) const;

private:
    struct Impl;
    explicit GradientProgram(std::shared_ptr<const Impl> impl) : m_impl(std::move(impl)) {}
    std::shared_ptr<const Impl> m_impl;
};

/// Loss of one image's row of outputs against the float network's, and dL/drow, added to `gradient`.
using RowLoss =
    std::function<double(std::span<const float> reference, std::span<const float> row, std::span<float> gradient)>;

/// Gradients of one run of the graph, on their way to who asked for them.
struct GradientBatch {
    std::size_t first = 0;  ///< number of its first image in the source
    std::size_t images = 1; ///< fewer than Graph::batch() in a last run, which is filled up: the gradient there is 0
    double loss = 0;        ///< sum over its images
    const Tensor& outputs;
    std::span<const Tensor> gradients; ///< in the order of GradientProgram::wanted()
};
using GradientConsumer = std::function<Result<void>(const GradientBatch&)>;

/// Gradients of the loss over images [first, first + count), run by run.
///   L = sum over images of loss(reference_i, outputs_i); without a `loss`, of KL(softmax(reference_i) ||
///       softmax(logits_i)), or of relativeError where the outputs are no class scores
/// Where an image's outputs, or its row of the reference, are probabilities, their logarithms are the logits.
/// The sum: an image's gradient does not depend on how many others there are. That of torch's "batchmean" over B
/// images is this one / B (which leaves the argmin of every squared-gradient weighted error where it is).
/// reference: float logits [>= first + count, classes], row i for image i of the source.
/// `consumer` is called on the calling thread, one run at a time, in the order of the images; what it is given lives
/// only during the call. Runs are computed `context.threads()` at a time, so memory does not grow with the images.
/// Returns L. Errors: the image's; the consumer's; InvalidArgument (not so many images, or a reference of another
/// shape); NotFinite (logits; names the image); Cancelled; OutOfMemory.
/// Source: Q-HyViT (arXiv 2303.12557), algorithm 1; PTQ4ViT (arXiv 2111.12293), Hessian-guided metric.
Result<double> lossGradients(const GradientProgram& program, const ImageSource& images, std::size_t first,
                             std::size_t count, const Tensor& reference, const Context& context,
                             std::string_view stage, const GradientConsumer& consumer, const RowLoss& loss = {});

} // namespace qs::exec
