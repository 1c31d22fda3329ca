#pragma once

#include "core/base/context.h"
#include "core/base/doubt.h"
#include "core/base/error.h"
#include "core/base/json_reader.h"
#include "core/exec/image_source.h"
#include "core/graph/sites.h"
#include "core/onnx/import.h"
#include "core/quant/evaluate.h"
#include "core/quant/presets.h"
#include "core/quant/recipe.h"
#include "core/search/hybrid_search.h"
#include "core/stats/calibration.h"

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace qs::report {

/// Q-HyViT's search on images.
struct HybridSearch {
    search::HybridOptions options;
    std::shared_ptr<const exec::ImageSource> images; ///< null: the line fails and says that the search needs them
};

/// One line to be: a recipe and the calibration that it is resolved against.
struct Candidate {
    std::string method; ///< preset, search or file, as the reader knows it
    int weightBits = 8; ///< as asked for; the recipe may give single sites others
    int activationBits = 8;
    quant::Recipe recipe;
    std::shared_ptr<const stats::Calibration> calibration;
    std::string calibrationTitle; ///< "" where there is only one
    /// The recipe is where the search starts; the figures are those of what it finds, its time is in resolveSeconds.
    std::optional<HybridSearch> search = {};
};

/// Methods with a name, to be compared: all presets, then Q-HyViT's searches (search/hybrid_methods.h).
std::vector<quant::Preset> comparedMethods();
/// The candidate of such a method; `search`, but for granularity and scheme, is taken over where it is a search.
/// coverage: null: the method's own. Errors: NotFound (the name), InvalidArgument (bits).
Result<Candidate> candidateOf(std::string_view method, int weightBits, int activationBits,
                              std::optional<graph::Coverage> coverage,
                              std::shared_ptr<const stats::Calibration> calibration, const HybridSearch& search);

/// What the figures of a line are measured of and against, beside the model and the images.
struct MeasuredOf {
    std::string task;    ///< tasks::TaskDef::name; "": a line of an earlier version, of classification
    std::string outputs; ///< names of the outputs that count, with commas between
    std::string reading; ///< hash of what was said of how to read them (tasks::TaskSettings); "": nothing
    std::string truths;  ///< tasks::TruthSource::key, or hash of the images' labels; "": none
    friend bool operator==(const MeasuredOf&, const MeasuredOf&) = default;
};

/// One line of a comparison.
struct ComparisonRow {
    std::string key; ///< hash of method, model, recipe, calibration, images and MeasuredOf: a line that is there need
                     ///< not be made again
    MeasuredOf of;
    std::string method;
    std::string calibration;
    std::size_t calibrationImages = 0;
    int weightBits = 8;
    int activationBits = 8;
    graph::Coverage coverage = graph::Coverage::MatMul;
    std::optional<quant::Recipe> found;    ///< by a search; the method and the bits give the others
    std::string failure;                   ///< why there are no figures; "" where there are
    bool scores = true;                    ///< classification: top1, agreement and KL have a meaning
    std::optional<tasks::Figure> headline; ///< of the task
    std::optional<double> top1;
    std::size_t labelled = 0; ///< images behind top1; 0: not kept
    double agreement = 0;     ///< share of images with the float network's top-1
    double klDivergence = 0;  ///< nats
    double logitSqnrDb = 0;
    double meanWeightBits = 0, meanActivationBits = 0;
    std::size_t modelBytes = 0; ///< with codes packed at their bits
    std::size_t fileBytes = 0;  ///< of the exported file; 0: not kept, or it cannot be exported
    double int8Share = 0;       ///< of the multiply-accumulates, in integer kernels of ONNX Runtime once exported
    double resolveSeconds = 0;  ///< ranges and all searches, without the calibration pass that all lines share
    double evaluateSeconds = 0; ///< simulation of all images
    friend bool operator==(const ComparisonRow&, const ComparisonRow&) = default;
};

/// Methods on equal terms: the same model, images and sites.
struct Comparison {
    std::string model; ///< file name
    std::string modelHash;
    std::size_t images = 0;
    std::string imagesHash;
    std::optional<double> floatTop1;
    std::vector<ComparisonRow> rows; ///< in the order of the candidates
    std::vector<Doubt> doubts;       ///< of images and labels, where a line was made; not in the files of rows
    friend bool operator==(const Comparison&, const Comparison&) = default;
};

/// The comparison so far and the line that was added last.
using ComparisonGrew = std::function<void(const Comparison&, const ComparisonRow&)>;

/// Makes the lines that are not there yet, one after the other, and calls `grew` (may be empty) after each. A
/// candidate that cannot be resolved or exported is a line with its failure, not the end. Lines of other candidates
/// stay. Errors: InvalidArgument (`into` is of another model or of other images, or a line of it of another task,
/// other outputs or truths: figures of one table stand beside each other), those of the images, Cancelled; what was
/// finished is in `into` then.
Result<void> compare(const onnx::Model& model, std::span<const Candidate> candidates, const exec::ImageSource& images,
                     std::size_t count, Comparison& into, const ComparisonGrew& grew, const Context& context,
                     const quant::EvaluationTask& task = {});

/// {"format": "quantoscope-comparison", "version": 1, ...}: what a later run goes on from. Errors: Malformed,
/// Unsupported (a later version), InvalidArgument (another kind of JSON).
std::string comparisonToJson(const Comparison& comparison);
Result<Comparison> comparisonFromJson(std::string_view json);
/// The same as a value, for comparisons inside of other files; what is wrong there is an error of the reader.
nlohmann::ordered_json comparisonValue(const Comparison& comparison);
Comparison comparisonFrom(const JsonReader& json);
/// RFC 4180; fractions in per cent, units in the names of the columns; empty where a figure is not known.
std::string comparisonToCsv(const Comparison& comparison);
/// A page of its own.
std::string comparisonToHtml(const Comparison& comparison);

} // namespace qs::report
