#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace qs::quant {

/// Bits of a site that stays in float.
constexpr int kFloatBits = 32;
/// The quantizer with equally spaced levels.
inline constexpr std::string_view kUniform = "uniform";

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

// What can be chosen for a site. Each choice stands once, in one of the three structures below, with Of<T> = T as
// settings and Of<T> = std::optional<T> as a patch; what files, texts and the window know of it is its row in
// setting_table.h, and a choice without a row does not compile.

/// The value a setting has where nobody chooses; a patch chooses nothing.
template <template <class> class Of, class T>
constexpr Of<T> initially(T value)
{
    if constexpr (std::is_same_v<Of<T>, T>)
        return value;
    else
        return {};
}

/// Choices of weights and activations.
template <template <class> class Of>
struct CommonChoices {
    Of<int> bits = initially<Of>(8); ///< 2..8, or kFloatBits
    Of<Scheme> scheme = initially<Of>(Scheme::Asymmetric);
    Of<Granularity> granularity = initially<Of>(Granularity::Tensor);
    Of<std::string> quantizer = initially<Of>(std::string(kUniform)); ///< name in the list of quantizers
    Of<Estimator> estimator{};
    Of<Objective> objective = initially<Of>(Objective::InputError); ///< of quantizers and estimators that search
    friend bool operator==(const CommonChoices&, const CommonChoices&) = default;
};

/// Choices of weights alone; activations ignore them.
template <template <class> class Of>
struct WeightChoices {
    /// 8-bit weights of linear layers that no x86 CPU saturates on: ONNX Runtime's u8 × s8 product without VNNI adds
    /// two neighbouring products in 16 bits, so the scale of an output channel is raised until every pair of codes
    /// (q[2j], q[2j + 1]) along the inputs has positive parts, and negative parts, that add up to at most 128.
    /// Costs about 2 dB of the weight's SQNR; fewer bits never saturate.
    Of<bool> saturationSafe = initially<Of>(true);
    /// Linear layers: the bias takes up the mean of what quantization changes in the output, E[Ŵ x - Ŵq q(x)] over
    /// the float network's x. See bias_correction.h.
    Of<bool> biasCorrection = initially<Of>(false);
    friend bool operator==(const WeightChoices&, const WeightChoices&) = default;
};

/// Choices of activations alone; weights ignore them.
template <template <class> class Of>
struct ActivationChoices {
    Of<Smoothing> smoothing{};                                       ///< where the site enters linear layers
    Of<Noise> noise{};                                               ///< where the site enters linear layers
    Of<ZeroPoint> zeroPoint = initially<Of>(ZeroPoint::ZeroInRange); ///< with the uniform quantizer
    friend bool operator==(const ActivationChoices&, const ActivationChoices&) = default;
};

/// All choices for one site.
struct SiteSettings : CommonChoices<std::type_identity_t>,
                      WeightChoices<std::type_identity_t>,
                      ActivationChoices<std::type_identity_t> {
    bool isFloat() const { return bits == kFloatBits; }
    bool isUniform() const { return quantizer == kUniform; } ///< equally spaced levels
    friend bool operator==(const SiteSettings&, const SiteSettings&) = default;
};

/// The choices that a rule or an override makes; the others are left as they are.
struct SitePatch : CommonChoices<std::optional>, WeightChoices<std::optional>, ActivationChoices<std::optional> {
    bool empty() const { return *this == SitePatch{}; }
    void applyTo(SiteSettings& settings) const;
    /// What `other` sets wins.
    void merge(const SitePatch& other);
    friend bool operator==(const SitePatch&, const SitePatch&) = default;
};

/// The patch that makes every choice as the settings have it.
SitePatch wholePatch(const SiteSettings& settings);

/// What a patch chooses, for people, in UTF-8: "4 bits, asymmetric, MSE, no smoothing".
std::string inWords(const SitePatch& patch);
std::string inWords(const Smoothing& smoothing); ///< "SQ-b α = 0.50, quantile 0.999"
std::string inWords(const Noise& noise);         ///< "noise searched up to 2.00 steps"

} // namespace qs::quant
