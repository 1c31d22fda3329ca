#pragma once

#include "core/base/context.h"
#include "core/base/doubt.h"
#include "core/base/error.h"
#include "core/base/tensor.h"
#include "core/exec/image_source.h"
#include "core/exec/program.h"
#include "core/graph/network.h"
#include "core/quant/plan.h"
#include "core/tasks/difference.h"
#include "core/tasks/task.h"

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace qs::quant {

/// What one image gave.
struct ImageResult {
    std::string name;
    std::optional<int> label;
    std::vector<int> top5;              ///< classes, best first (fewer where there are fewer classes)
    std::vector<float> top5Probability; ///< softmax
    std::vector<int> floatTop5;
    std::vector<float> floatTop5Probability;
    bool flipped() const { return !top5.empty() && !floatTop5.empty() && top5[0] != floatTop5[0]; }
    double changed = 0; ///< see tasks::Measured
};

/// Figures of a network on a set of images. All but top1/top5 are against the float network on the same images.
struct Evaluation {
    std::string preset;
    graph::Coverage coverage = graph::Coverage::MatMul;
    bool isFloat = true;
    std::size_t images = 0;
    std::size_t labelled = 0;
    std::optional<double> top1, top5;           ///< fractions of the labelled images
    std::optional<double> floatTop1, floatTop5; ///< of the same images
    /// Labelled images that the float network alone gets right, and the quantized one alone; absent where that was
    /// not kept. With them a difference has an interval, see accuracy.h.
    std::optional<std::size_t> lost, gained;
    std::string task;                             ///< tasks::TaskDef::name
    std::vector<tasks::Figure> figures;           ///< the task's; the first is the headline
    std::vector<tasks::OutputDifference> outputs; ///< by output
    const tasks::Figure* headline() const { return figures.empty() ? nullptr : &figures.front(); }
    bool scores = true;       ///< classification; otherwise top1, agreement and KL have no meaning
    double agreement = 1;     ///< share of images with the float network's top-1
    double logitSqnrDb = 0;   ///< 10 log10(sum l² / sum (l - l_q)²); +inf for the float network itself
    double cosine = 1;        ///< sum l l_q / sqrt(sum l² sum l_q²), of all outputs
    double maxDifference = 0; ///< largest |l - l_q|
    double klDivergence = 0;  ///< mean KL(softmax(float) ‖ softmax(quantized)), nats
    /// What searches make small: KL of class scores, else the mean of the task's loss.
    double loss() const { return scores ? klDivergence : taskLoss; }
    double taskLoss = 0;
    double relativeError = 0; ///< sum (l - l_q)² / sum l²
    double meanWeightBits = 32, meanActivationBits = 32;
    std::size_t modelBytes = 0; ///< with codes packed at their bits, see Plan::modelBytes
    std::size_t fileBytes = 0;  ///< of the file that an export would write; 0: not asked (onnx::previewExport)
    /// Set by who knows: the ranges were chosen on these very images, so the figures are better than on others.
    bool onCalibrationImages = false;
    double bops = 0;
    double seconds = 0; ///< wall time, quantized network only
    double imagesPerSecond = 0;
    int threads = 1;
    int batch = 1; ///< images asked for at once by the caller; images run one by one on each thread
    std::vector<ImageResult> results;
    std::vector<Doubt> doubts; ///< the reference's, labels that are shifted, outputs that are no logits
};

/// What an evaluation is of.
struct EvaluationTask {
    tasks::ChosenTask chosen{};                         ///< none: guessed from the outputs
    std::shared_ptr<const tasks::TruthSource> truths{}; ///< of the images; null: their labels
};

/// Outputs [images, outputs an image] of the float network, so that several evaluations share one float pass.
struct FloatReference {
    /// Null where they are too large to be kept (more than 256 MiB): evaluations run the float network again beside
    /// the quantized one.
    std::shared_ptr<const Tensor> logits;
    double seconds = 0;
    std::vector<Doubt> doubts{}; ///< another preprocessing that fits clearly better
};
/// Always with all outputs. Errors: TooLarge where they do not fit into half of the memory that is available.
Result<FloatReference> floatReference(const graph::Network& network, const exec::ImageSource& images,
                                      std::size_t count, const Context& context);

/// The same, with what is doubtful of how the images are prepared (preprocessingDoubt): where the reference is shown.
Result<FloatReference> evaluationReference(const graph::Network& network, const exec::ImageSource& images,
                                           std::size_t count, const Context& context,
                                           const EvaluationTask& task = {});

/// Outputs that are probabilities are compared as their logarithms, see exec::OutputForm, and said.
/// `plan` null: the float network. `reference` null: it is computed first.
/// Errors: InvalidArgument (no images, a label outside the classes, with the image's name), the image's, Cancelled.
Result<Evaluation> evaluate(const graph::Network& network, const Plan* plan, const exec::ImageSource& images,
                            std::size_t count, const FloatReference* reference,
                            const std::shared_ptr<exec::WeightCache>& weights, const Context& context,
                            const EvaluationTask& task = {});

} // namespace qs::quant
