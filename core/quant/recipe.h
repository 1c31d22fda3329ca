#pragma once

#include "core/base/error.h"
#include "core/graph/sites.h"

#include <filesystem>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace qs::quant {

/// Bits of a site that stays in float.
constexpr int kFloatBits = 32;

enum class Scheme { Symmetric, Asymmetric };
/// Part: the weight of a joined q, k, v layer has one scale for each of the three (PTQ4ViT); elsewhere as Tensor.
enum class Granularity { Tensor, Channel, Part };

/// What becomes of the zero point of an asymmetric range [low, high] that does not contain 0, where rne(-low / scale)
/// is not a code ("zero-point overflow", see zero_point.h). Symmetric grids do not ask.
enum class ZeroPoint {
    ZeroInRange, ///< the range is widened to contain 0: no overflow, a larger step. ONNX Runtime's tools do this
    Clamped,     ///< clamped to the codes, the step kept: the grid no longer covers the values. Q-HyViT's problem
    Wide,        ///< kept, as a 32-bit integer: no overflow, no larger step; not an ONNX zero point
};

/// How the range [low, high] that the codes span is chosen from the statistics of a site.
enum class EstimatorKind {
    MinMax,     ///< smallest and largest value
    Percentile, ///< the (1 - p) and p quantiles; of several p the one with the smallest squared error
    Mse,        ///< grid search over shrunken ranges for the smallest squared error
    Entropy,    ///< smallest KL divergence between the histogram and its quantized form (TensorRT's calibrator)
    Manual,     ///< given by hand
    Search,     ///< of a grid of candidate steps the best one; with other objectives than InputError jointly with the
                ///< operator's other operand, see layer_search.h
    /// Symmetric: the largest magnitude lies half a code beyond the last code, scale = max / (2^(bits-1) - 1/2), as
    /// in FQ-ViT and PTQ4ViT. Asymmetric: MinMax.
    MinMaxHalf,
    /// Of the smallest and largest value, times a factor that is given: what a search of a whole network (Q-HyViT)
    /// writes down. Symmetric: the step is factor · Δ0, Δ0 as in SearchGrid. Asymmetric: [low, low + factor (high -
    /// low)], so that the zero point is rne(-low / Δ).
    Scaled,
};

/// Candidates of a search: the step Δ0 of the whole range times a factor. Symmetric: Δ0 = max|x| / (2^(bits-1) -
/// 0.5).
///   factor_i = low + i (high - low) / count,  i = 0 .. count - 1
///   reciprocal: factor_i = 1 / s_i,  s_i = low + (i + 1) (high - low) / (count + 1): equal steps of 1 / Δ
/// Δ0 itself (factor 1) is tried too. Source: PTQ4ViT's released code (0.5 .. 1.2, one round: "BasePTQ"; 0.01 .. 1.2,
/// three rounds: PTQ4ViT); EasyQuant, arXiv 2006.16669 (0.5 .. 2, rounds until nothing changes); its release for ncnn
/// (reciprocal, activations 0.8 .. 1 with 198 candidates; weights 98 down to 1 / Δ = 1).
struct SearchGrid {
    double low = 0.5; ///< > 0
    double high = 1.2;
    int count = 100;
    int rounds = 1; ///< each goes through the operands once; ends early where nothing changes
    bool reciprocal = false;
    friend bool operator==(const SearchGrid&, const SearchGrid&) = default;
};

struct Estimator {
    EstimatorKind kind = EstimatorKind::MinMax;
    /// Percentile: candidates in (0.5, 1]. RepQ-ViT's three by default.
    std::vector<double> percentiles{0.999, 0.9999, 0.99999};
    /// Manual: the range, in units of the activation; low <= high.
    double low = 0;
    double high = 0;
    SearchGrid search{}; ///< Search
    double factor = 1;   ///< Scaled; > 0
    /// Manual, granularity Channel: a range for each channel (both lists empty: low and high for all of them). What a
    /// file that is already quantized says of its weights.
    std::vector<double> channelLow{}, channelHigh{};
    friend bool operator==(const Estimator&, const Estimator&) = default;
};

/// What a search of a quantizer's parameters (ranges, ratios, splits) makes small.
enum class Objective {
    InputError, ///< sum (x - Q(x))², on the histogram
    /// Activations: sum (y - y_q)² of the operators that read the site, on the sample rows; where these are products
    /// with constant weights, InputError elsewhere. Weights of linear layers: sum E[x_j²] (w_j - Q(w_j))², its part
    /// without correlations between inputs.
    OutputError,
    /// 1 - cosine of the operator's output: mean over output rows (BasePTQ), for weights with a scale a channel over
    /// the rows of each output channel (EasyQuant). EstimatorKind::Search alone knows it; others take InputError.
    Cosine,
    /// sum h (y - y_q)², h: squared gradients of the network's loss by y, which the calibration must have (see
    /// stats/importance.h). PTQ4ViT's metric. EstimatorKind::Search alone knows it; others take OutputError.
    Hessian,
};
/// Whether a search that knows no weights of errors goes by the output.
constexpr bool byOutput(Objective objective)
{
    return objective == Objective::OutputError || objective == Objective::Hessian;
}

/// A change of scale and offset of every channel of an activation, X̂ = (X - b) / s, that the weights and bias of its
/// readers undo:  Ŵ = W·diag(s), ĉ = c + W b. The float network stays the same. See smoothing.h for the formulas.
enum class SmoothingKind {
    None,
    Scale,      ///< SmoothQuant: s, no b
    ShiftScale, ///< SQ-b: b to the middle of each channel's range, then s
    Shift,      ///< b alone
    /// RepQ-ViT: b and s give every channel the codes of a grid of its own, on one grid for all; no alpha. It makes
    /// the grid, too, from the site's bits, scheme and estimator. See reparameterize.h.
    Reparameterize,
};
struct Smoothing {
    SmoothingKind kind = SmoothingKind::None;
    double alpha = 0.5; ///< migration strength in [0, 1]: 0 leaves the difficulty to the activation
    bool searchAlpha =
        false; ///< alpha from 0, 0.05, ..., 1 by the output error of the sample rows; `alpha` is unused
    /// The middle and half width of a channel are those of its quantiles 1 - q and q; 1: of its extremes.
    double quantile = 1;
    friend bool operator==(const Smoothing&, const Smoothing&) = default;
};

/// How the directions of noise are drawn.
enum class NoiseLaw {
    Uniform,  ///< U(-1, 1)
    Released, ///< 2 g - 1 with Gaussian g: NoisyQuant's released code
};
/// A fixed vector, one number a channel, added to an activation before its quantizer and taken off through the bias
/// of its readers:  y = Ŵq q(X̂ + N) + (ĉ - Ŵq N).  Comes after smoothing. Its size is in steps of the quantizer. See
/// noise.h.
struct Noise {
    bool on = false;
    NoiseLaw law = NoiseLaw::Uniform;
    Objective objective = Objective::OutputError; ///< of the search: InputError is the paper's text
    bool searchRange = true;                      ///< among 0 .. range; else it is the range
    double range = 2;                             ///< >= 0, steps
    bool shift = false;                           ///< a shift of all channels is searched first: released code
    /// Into V's bias for the projection after attention: nothing is left to do at run time, but where the softmax is
    /// quantized its rows do not add up to 1, and (1 - sum) N stays in the output. Else an addition.
    bool foldIntoValue = true;
    bool int16 = false; ///< noise and bias are stored as 16-bit integers times a scale
    uint32_t seed = 0;  ///< below 2^31
    friend bool operator==(const Noise&, const Noise&) = default;
};

/// All choices for one site.
struct SiteSettings {
    int bits = 8; ///< 2..8, or kFloatBits
    Scheme scheme = Scheme::Asymmetric;
    Granularity granularity = Granularity::Tensor;
    std::string quantizer = "uniform"; ///< name in the list of quantizers (quantizer.h)
    Estimator estimator;
    /// 8-bit weights of linear layers that no x86 CPU saturates on: ONNX Runtime's u8 × s8 product without VNNI adds
    /// two neighbouring products in 16 bits, so the scale of an output channel is raised until every pair of codes
    /// (q[2j], q[2j + 1]) along the inputs has positive parts, and negative parts, that add up to at most 128.
    /// Costs about 2 dB of the weight's SQNR; fewer bits never saturate. Activations ignore it.
    bool saturationSafe = true;
    Objective objective = Objective::InputError; ///< of quantizers and estimators that search
    Smoothing smoothing = {};                    ///< activations that enter linear layers
    Noise noise = {};                            ///< activations that enter linear layers
    /// Weights of linear layers: the bias takes up the mean of what quantization changes in the output,
    /// E[Ŵ x - Ŵq q(x)] over the float network's x. See bias_correction.h.
    bool biasCorrection = false;
    ZeroPoint zeroPoint = ZeroPoint::ZeroInRange; ///< activations with the uniform quantizer

    bool isFloat() const { return bits == kFloatBits; }
    friend bool operator==(const SiteSettings&, const SiteSettings&) = default;
};

/// The choices that a rule or an override makes; the others are left as they are.
struct SitePatch {
    std::optional<int> bits;
    std::optional<Scheme> scheme;
    std::optional<Granularity> granularity;
    std::optional<std::string> quantizer;
    std::optional<Estimator> estimator;
    std::optional<bool> saturationSafe;
    std::optional<Objective> objective;
    std::optional<Smoothing> smoothing;
    std::optional<Noise> noise;
    std::optional<bool> biasCorrection;
    std::optional<ZeroPoint> zeroPoint;

    bool empty() const;
    void applyTo(SiteSettings& settings) const;
    /// What `other` sets wins.
    void merge(const SitePatch& other);
    friend bool operator==(const SitePatch&, const SitePatch&) = default;
};

/// The patch that makes every choice as the settings have it.
SitePatch wholePatch(const SiteSettings& settings);

/// Which sites a rule is about: all that is set must match.
struct Selector {
    std::optional<graph::SiteKind> kind;
    std::optional<graph::Role> role;
    std::optional<int> block;
    std::optional<std::string> name; ///< with * and ? as wildcards
    bool matches(const graph::Site& site) const;
    friend bool operator==(const Selector&, const Selector&) = default;
};

struct Rule {
    Selector match;
    SitePatch set;
    friend bool operator==(const Rule&, const Rule&) = default;
};

/// The document: every choice of the user, edited, undone, saved, sent to a colleague. Later wins over earlier:
/// defaults, then rules in order, then overrides of single sites. Sites are addressed by their stable names.
struct Recipe {
    static constexpr int kVersion = 1;

    std::string preset; ///< name it started from, "" for none
    /// Where min-max at the same bits has less error in a site's output than what the recipe chooses, take that and
    /// say so (see guard.h). Sites with an override of more than their bits are left alone.
    bool guard = false;
    graph::Coverage coverage = graph::Coverage::MatMul;
    SiteSettings weight{8, Scheme::Symmetric, Granularity::Channel, "uniform", {}, true, {}, {}, {}, false};
    SiteSettings activation{8, Scheme::Asymmetric, Granularity::Tensor, "uniform", {}, true, {}, {}, {}, false};
    std::vector<Rule> rules;
    std::map<std::string, SitePatch> overrides;
    std::set<std::string> locked; ///< sites that searches and group edits leave alone

    friend bool operator==(const Recipe&, const Recipe&) = default;
};

/// The settings of one site: float where the coverage leaves the site out.
SiteSettings settingsOf(const Recipe& recipe, const graph::Site& site);

/// A recipe with `patch` as override of the sites (locked ones are left alone).
Recipe edited(const Recipe& recipe, const graph::SiteTable& sites, std::span<const SiteId> which,
              const SitePatch& patch);
/// A recipe without overrides of the sites.
Recipe reset(const Recipe& recipe, const graph::SiteTable& sites, std::span<const SiteId> which);

/// JSON, with "format": "quantoscope-recipe" and "version". Unknown and repeated keys are an error, not ignored;
/// absent ones keep their defaults. Bits are a number or "float". Errors: Malformed (not JSON, with the position),
/// Unsupported (a later version), InvalidArgument with the JSON path in `where`, e.g. `rules[0].set.bits` or
/// `overrides["blocks.3.fc2.input"].estimator.low`.
std::string recipeToJson(const Recipe& recipe);
Result<Recipe> recipeFromJson(std::string_view json);
Result<Recipe> loadRecipe(const std::filesystem::path& path);
Result<void> saveRecipe(const Recipe& recipe, const std::filesystem::path& path);
/// Names in the recipe that the model does not have: warnings, since a recipe may be meant for a family of models.
std::vector<std::string> unknownNames(const Recipe& recipe, const graph::SiteTable& sites);

struct Preset {
    std::string_view name;        ///< as on the command line
    std::string_view title;       ///< for people
    std::string_view description; ///< one sentence, with the source
};
std::span<const Preset> presets();
/// What follows a preset's name where its rule shall be taken literally, without the guard: "mptq-vit-literal".
inline constexpr std::string_view kLiteral = "-literal";
/// The recipe of a preset, guarded unless the name ends in kLiteral (minmax is what the guard compares with: the same
/// with and without). The patch embedding's input stays at 8 bits whatever activationBits (float with float).
/// Errors: NotFound (an unknown name, with the known ones), InvalidArgument (bits outside 2..8 and not kFloatBits).
Result<Recipe> presetRecipe(std::string_view name, int weightBits, int activationBits);

} // namespace qs::quant
