#include "core/quant/presets.h"

#include <algorithm>
#include <array>
#include <string>
#include <utility>

namespace qs::quant {

namespace {

using graph::Role;

void minMax(Recipe&) {}

void percentile(Recipe& recipe)
{
    recipe.activation.estimator.kind = EstimatorKind::Percentile;
}

void addRule(Recipe& recipe, Role role, const SitePatch& patch)
{
    Rule rule;
    rule.match.kind = graph::SiteKind::Activation;
    rule.match.role = role;
    rule.set = patch;
    recipe.rules.push_back(std::move(rule));
}

/// What a LayerNormalization feeds in a transformer, but for the head: that reads one row of every image, so that the
/// ranges of its channels are those of as few rows as there are images, and others exceed them. Without it DeiT-Tiny
/// has 0.008 nats of KL at W8A8 instead of 0.015, and at W4A4 0.42 instead of 0.44 (32 images).
constexpr std::array kAfterNorm{Role::Qkv, Role::Query, Role::Key, Role::Value, Role::Fc1, Role::Downsample};

void smooth(Recipe& recipe, SmoothingKind kind, double alpha)
{
    SitePatch patch;
    patch.smoothing = Smoothing{kind, alpha, false, 1};
    for (const Role role : kAfterNorm)
        addRule(recipe, role, patch);
}

/// With coverage `full`: what stands between the products has values of either sign that are far from balanced, and
/// in the residual stream a few channels that no clipping survives. Power-of-two factors by channel there, a zero
/// point everywhere: DeiT-Tiny at W6A6 has 0.16 nats instead of 2.4, at W8A8 0.015 instead of 0.042 (317 images).
void betweenProducts(Recipe& recipe)
{
    SitePatch patch;
    patch.scheme = Scheme::Asymmetric;
    for (const Role role : {Role::SoftmaxInput, Role::GeluInput, Role::Logits})
        addRule(recipe, role, patch);
    patch.quantizer = "ptf";
    patch.estimator = Estimator{EstimatorKind::MinMax};
    for (const Role role : {Role::LayerNormInput, Role::ResidualSum})
        addRule(recipe, role, patch);
}

/// What the variants of MPTQ-ViT share: symmetric activations by percentiles, weights by the squared error of their
/// products, logarithmic codes for the softmax.
void symmetric(Recipe& recipe, bool logarithm = true)
{
    percentile(recipe);
    recipe.activation.scheme = Scheme::Symmetric;
    recipe.weight.estimator.kind = EstimatorKind::Mse;
    recipe.weight.objective = Objective::OutputError;
    SitePatch softmax;
    softmax.scheme = Scheme::Asymmetric; // probabilities have one sign
    softmax.estimator = Estimator{};
    if (logarithm) {
        softmax.quantizer = "log-sqrt2";
        softmax.estimator->kind = EstimatorKind::Mse; // against the largest value: 0.08 nats less on DeiT-Tiny
    }
    addRule(recipe, Role::SoftmaxOutput, softmax);
    betweenProducts(recipe);
}

/// Measured on DeiT-Tiny at W4A4: 0.8 is better than the 0.5 of SmoothQuant, and a search by layer is not better.
constexpr double kAlpha = 0.8;

/// With 8 bits a uniform softmax is good enough, and the exported file then runs in integers throughout.
bool coarse(const Recipe& recipe)
{
    return recipe.activation.bits < 8;
}

void smoothQuant(Recipe& recipe)
{
    symmetric(recipe, coarse(recipe));
    smooth(recipe, SmoothingKind::Scale, kAlpha);
}

void smoothQuantWithBias(Recipe& recipe)
{
    symmetric(recipe, coarse(recipe));
    smooth(recipe, SmoothingKind::ShiftScale, kAlpha);
}

void regions(Recipe& recipe, const char* quantizer)
{
    SitePatch patch;
    patch.quantizer = quantizer;
    addRule(recipe, Role::Fc2, patch);
}

void regionRatio(Recipe& recipe)
{
    symmetric(recipe);
    regions(recipe, "region-sign");
}

/// Regions split by magnitude with a zero point, not by sign: 73.5 % against 69.4 % on DeiT-Tiny at W4A4. Bias
/// correction is no part of the paper; at few bits it evens out calibrations (73.2 and 71.5 % of two draws,
/// without 73.5 and 70.5), at 6 bits it changes nothing (0.0535 nats, 0.054 without).
void mptqVit(Recipe& recipe)
{
    symmetric(recipe);
    recipe.weight.biasCorrection = recipe.activation.bits < 6;
    regions(recipe, "region-asymmetric");
    smooth(recipe, SmoothingKind::ShiftScale, kAlpha);
}

/// What the released code of PTQ4ViT compares itself with ("BasePTQ"): symmetric, cosine, one round of weights, then
/// activations. There a weight has one scale (q, k and v each): granularity "part" gives that; the image is float
/// there.
void easyQuant(Recipe& recipe)
{
    recipe.activation.scheme = Scheme::Symmetric;
    for (SiteSettings* settings : {&recipe.weight, &recipe.activation}) {
        settings->estimator.kind = EstimatorKind::Search;
        settings->objective = Objective::Cosine;
    }
}

/// Symmetric, steps by the squared error of the output (PTQ4ViT's released code weighs it with gradients that are 0
/// but for rounding).
void stepsByOutput(Recipe& recipe)
{
    easyQuant(recipe);
    for (SiteSettings* settings : {&recipe.weight, &recipe.activation}) {
        settings->estimator.search = {.low = 0.01, .high = 1.2, .count = 100, .rounds = 3};
        settings->objective = Objective::OutputError;
    }
}

void ptq4vit(Recipe& recipe)
{
    stepsByOutput(recipe);
    SitePatch patch;
    patch.quantizer = "twin-softmax";
    addRule(recipe, Role::SoftmaxOutput, patch);
    patch.quantizer = "twin-gelu";
    addRule(recipe, Role::Fc2, patch);
}

/// The fixed rule of Q-HyViT's released code: symmetric throughout, one scale an activation, but one a channel where
/// a grouped convolution reads it (here: depthwise ones), one a channel of every weight; steps as PTQ4ViT.
void qHyVitCode(Recipe& recipe)
{
    stepsByOutput(recipe);
    SitePatch patch;
    patch.granularity = Granularity::Channel;
    addRule(recipe, Role::DepthwiseConv, patch);
}

/// Activations on grids of their own by channel after LayerNorm, ranges by RepQ-ViT's three percentiles; softmax with
/// 0 as one code more, as released. Unlike the paper, weights are by output error and ranges are those of the float
/// network (the released code calibrates every layer behind quantized ones).
void repqVit(Recipe& recipe)
{
    percentile(recipe);
    recipe.weight.estimator.kind = EstimatorKind::Mse;
    recipe.weight.objective = Objective::OutputError;
    SitePatch patch;
    patch.smoothing = Smoothing{SmoothingKind::Reparameterize};
    for (const Role role : kAfterNorm)
        if (role != Role::Head) // as the paper
            addRule(recipe, role, patch);
    SitePatch softmax;
    softmax.quantizer = "log-sqrt2-zero";
    addRule(recipe, Role::SoftmaxOutput, softmax);
}

/// Inputs of the linear layers of a transformer.
constexpr std::array kNoisy{Role::Qkv, Role::Query, Role::Key,  Role::Value,  Role::Proj,
                            Role::Fc1, Role::Fc2,   Role::Head, Role::Linear, Role::Downsample};

/// Symmetric activations clipped by the error of the products they enter, weights over their whole range. Ranges from
/// both operands' samples: with those of one site alone the base has 7.6 % instead of 26 % on DeiT-Tiny at W4A4.
void noisyQuant(Recipe& recipe)
{
    recipe.activation.scheme = Scheme::Symmetric;
    recipe.activation.estimator.kind = EstimatorKind::Search;
    recipe.activation.estimator.search = {.low = 0.01, .high = 1, .count = 100, .rounds = 1};
    recipe.activation.objective = Objective::OutputError;
    SitePatch softmax;
    softmax.scheme = Scheme::Asymmetric; // probabilities have one sign
    addRule(recipe, Role::SoftmaxOutput, softmax);
    SitePatch noise;
    noise.noise = Noise{.on = true};
    for (const Role role : kNoisy)
        addRule(recipe, role, noise);
}

void noisyTwin(Recipe& recipe)
{
    noisyQuant(recipe);
    regions(recipe, "twin-gelu");
    SitePatch softmax;
    softmax.quantizer = "twin-softmax";
    addRule(recipe, Role::SoftmaxOutput, softmax);
}

/// Everything but GELU's and softmax's arithmetic, over its whole range; attention of at most 4 bits, as the paper
/// has it at W8A8.
void fqVit(Recipe& recipe)
{
    recipe.coverage = graph::Coverage::Full;
    recipe.weight.estimator.kind = EstimatorKind::MinMaxHalf;
    SitePatch norm;
    norm.quantizer = "ptf";
    addRule(recipe, Role::LayerNormInput, norm);
    addRule(recipe, Role::ResidualSum, norm); // there one quantizer serves both readers of a sum
    SitePatch softmax;
    softmax.quantizer = "log-int";
    softmax.estimator = Estimator{EstimatorKind::Manual, Estimator{}.percentiles, 0, 1};
    if (recipe.activation.bits != kFloatBits)
        softmax.bits = std::min(recipe.activation.bits, 4);
    addRule(recipe, Role::SoftmaxOutput, softmax);
}

struct Entry {
    Preset preset;
    void (*fill)(Recipe&);
};
constexpr std::array kEntries{
    Entry{{"minmax", "Min-max", "Ranges from the smallest and largest value seen; the plain baseline of every tool."},
          minMax},
    Entry{{"percentile", "Percentile",
           "Of three percentile ranges the one with the smallest squared error (as calibrated by RepQ-ViT)."},
          percentile},
    Entry{
        {"smoothquant", "SmoothQuant",
         "Activations symmetric, scales of channels moved into the weights after every LayerNorm (arXiv 2211.10438), "
         "log√2 softmax."},
        smoothQuant},
    Entry{{"sq-b", "SQ-b",
           "SmoothQuant that also moves every channel to the middle of its range (MPTQ-ViT, arXiv 2401.14895; "
           "reconstructed), log√2 softmax below 8 bits."},
          smoothQuantWithBias},
    Entry{{"opt-m", "OPT-m",
           "Two regions by sign with a data-driven ratio of steps after GELU (MPTQ-ViT, arXiv 2401.14895; "
           "reconstructed), "
           "log√2 "
           "softmax."},
          regionRatio},
    Entry{{"mptq-vit", "MPTQ-ViT",
           "SQ-b and OPT-m together, regions by magnitude (arXiv 2401.14895, published again as AMP-ViT; formulas "
           "reconstructed), with bias correction below 6 bits."},
          mptqVit},
    Entry{
        {"easyquant", "EasyQuant",
         "Steps of both operands of every product by the cosine of its output, as the papers on transformers compare "
         "with it (arXiv 2006.16669; BasePTQ of PTQ4ViT)."},
        easyQuant},
    Entry{{"ptq4vit", "PTQ4ViT",
           "Twin uniform quantizers after softmax and GELU, steps of both operands of every product by its squared "
           "error "
           "(arXiv 2111.12293, without its Hessian)."},
          ptq4vit},
    Entry{
        {"repq-vit", "RepQ-ViT",
         "A grid for every channel after LayerNorm, moved onto one for all; log√2 softmax with one code more for 0; "
         "activations by three percentiles (arXiv 2212.08254); unlike there, weights by squared output error."},
        repqVit},
    Entry{{"noisyquant", "NoisyQuant",
           "Fixed noise before the quantizers of linear layers, taken off through their bias, on symmetric ranges by "
           "output error (NoisyQuant-Linear, arXiv 2211.16056)."},
          noisyQuant},
    Entry{{"noisyquant-ptq4vit", "NoisyQuant on PTQ4ViT",
           "NoisyQuant with PTQ4ViT's twin quantizers after softmax and GELU (arXiv 2211.16056, 2111.12293)."},
          noisyTwin},
    Entry{
        {"q-hyvit-code", "Q-HyViT's released rule",
         "For hybrid networks: symmetric, activations before depthwise convolutions with a scale a channel, steps as "
         "PTQ4ViT (the released code of arXiv 2303.12557; the paper's search is another)."},
        qHyVitCode},
    Entry{{"fq-vit", "FQ-ViT",
           "Every activation, over its whole range; power-of-two factors by channel before LayerNorm, powers of 2 in "
           "4 bits for attention (arXiv 2111.13824)."},
          fqVit},
};

constexpr auto kPresets = [] {
    std::array<Preset, kEntries.size()> list{};
    for (std::size_t i = 0; i < list.size(); ++i)
        list[i] = kEntries[i].preset;
    return list;
}();

bool validBits(int bits)
{
    return (bits >= 2 && bits <= 8) || bits == kFloatBits;
}

} // namespace

std::span<const Preset> presets()
{
    return kPresets;
}

Result<Recipe> presetRecipe(std::string_view name, int weightBits, int activationBits)
{
    const bool literal = name.ends_with(kLiteral);
    const std::string_view rule = literal ? name.substr(0, name.size() - kLiteral.size()) : name;
    const auto found = std::ranges::find_if(kEntries, [&](const Entry& entry) { return entry.preset.name == rule; });
    if (found == kEntries.end()) {
        std::string known;
        for (const Preset& preset : kPresets)
            known += (known.empty() ? "" : ", ") + std::string(preset.name);
        return fail(ErrorCode::NotFound,
                    "no preset of this name; there are: " + known + ", each also with " + std::string(kLiteral) +
                        " at its end",
                    std::string(name));
    }
    for (const int bits : {weightBits, activationBits})
        if (!validBits(bits))
            return fail(ErrorCode::InvalidArgument,
                        "bits must be 2 to 8, or 32 for float, not " + std::to_string(bits), std::string(name));
    Recipe recipe;
    recipe.preset = name;
    recipe.guard = !literal && found->fill != &minMax;
    recipe.weight.bits = weightBits;
    recipe.activation.bits = activationBits;
    found->fill(recipe);
    if (activationBits != kFloatBits) {
        SitePatch image;
        image.bits = 8;
        addRule(recipe, Role::PatchEmbed, image);
    }
    return recipe;
}

} // namespace qs::quant
