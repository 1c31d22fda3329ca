#include "widgets/model/text.h"

#include <QCoreApplication>

#include "core/quant/quantizers.h"
#include "core/quant/setting_names.h"

namespace qs::ui {

namespace {

template <class Names, class T>
QString titleOf(const Names& names, T value)
{
    const std::string_view title = quant::namedOf(names, value).title;
    return QString::fromUtf8(title.data(), qsizetype(title.size()));
}

} // namespace

QString siteTitle(const graph::Site& site)
{
    return QString::fromStdString(site.name).replace(QLatin1Char('.'), QStringLiteral(" · "));
}

QString channelTitle(const graph::Site& site)
{
    if (site.kind == graph::SiteKind::Weight)
        return QObject::tr("output channel");
    switch (site.role) {
    case graph::Role::SoftmaxInput:
    case graph::Role::SoftmaxOutput:
    case graph::Role::ValueOperand: // A·V sums over tokens
        return QObject::tr("key token");
    case graph::Role::QueryOperand:
    case graph::Role::KeyOperand: // Q·Kᵀ sums over the dimensions of a head
        return QObject::tr("head dimension");
    case graph::Role::MatMulOperand:
        return QObject::tr("index of the product's sum");
    case graph::Role::Logits:
        return QObject::tr("class");
    default:
        return QObject::tr("channel");
    }
}

QString schemeTitle(quant::Scheme scheme)
{
    return titleOf(quant::kSchemes, scheme);
}

QString warningText(const quant::PlanWarnings::Line& line)
{
    const QString site = line.site.empty() ? QString() : QString::fromStdString(line.site) + QStringLiteral(": ");
    const QString text = site + QString::fromStdString(line.text);
    const auto tr = [](const char* words) { return QCoreApplication::translate("PlanWarnings", words); };
    return line.others == 0   ? text
           : line.others == 1 ? tr("%1; so at one other site").arg(text)
                              : tr("%1; so at %2 other sites").arg(text).arg(line.others);
}

QString granularityTitle(quant::Granularity granularity)
{
    return titleOf(quant::kGranularities, granularity);
}

QString estimatorTitle(quant::EstimatorKind kind)
{
    return titleOf(quant::kEstimators, kind);
}

QString zeroPointTitle(quant::ZeroPoint zeroPoint)
{
    return titleOf(quant::kZeroPoints, zeroPoint);
}

QString zeroPointHelp(quant::ZeroPoint zeroPoint)
{
    switch (zeroPoint) {
    case quant::ZeroPoint::ZeroInRange:
        return QStringLiteral("A range without 0 is widened to contain it: no zero point overflows, the step grows "
                              "(what ONNX Runtime's tools do).");
    case quant::ZeroPoint::Clamped:
        return QStringLiteral("A zero point beyond the codes is clamped to them, the step kept: the grid no longer "
                              "covers the values (zero-point overflow, Q-HyViT, arXiv 2303.12557).");
    case quant::ZeroPoint::Wide:
        return QStringLiteral("A zero point beyond the codes is kept as a 32-bit integer: no overflow and no larger "
                              "step, but not a zero point of ONNX.");
    }
    return {};
}

QString coverageTitle(graph::Coverage coverage)
{
    return titleOf(quant::kCoverages, coverage);
}

QString quantizerTitle(const std::string& name)
{
    const quant::QuantizerDef* def = quant::findQuantizer(name);
    return def ? QString::fromUtf8(def->title.data(), qsizetype(def->title.size())) : QString::fromStdString(name);
}

QString objectiveTitle(quant::Objective objective)
{
    return titleOf(quant::kObjectives, objective);
}

QString objectiveHelp(quant::Objective objective)
{
    if (objective == quant::Objective::Cosine)
        return QStringLiteral("The search makes 1 − cosine of the operator's output small, on the sampled rows, "
                              "together with its other operand (EasyQuant, arXiv 2006.16669).");
    if (objective == quant::Objective::Hessian)
        return QStringLiteral(
            "The search makes the output's error small, each number weighed by the squared gradient "
            "of the network's loss (PTQ4ViT, arXiv 2111.12293). Needs a calibration with importances "
            "(quantoscope-cli calibrate --importances).");
    return objective == quant::Objective::InputError
               ? QStringLiteral("The search makes Σ(x − Q(x))² small, on the histogram: fast.")
               : QStringLiteral(
                     "The search makes the error of the operators that read the site small, on the sampled "
                     "rows; slower. Where they are no products with constant weights it is the input "
                     "error.");
}

QString smoothingTitle(quant::SmoothingKind kind)
{
    return titleOf(quant::kSmoothings, kind);
}

QString smoothingHelp(quant::SmoothingKind kind)
{
    switch (kind) {
    case quant::SmoothingKind::None:
        return QStringLiteral("Channels keep their scales and offsets.");
    case quant::SmoothingKind::Scale:
        return QStringLiteral("Every channel is divided by s = R^α / w^(1 − α), which the weights that read it undo: "
                              "outlier channels shrink (SmoothQuant, arXiv 2211.10438).");
    case quant::SmoothingKind::ShiftScale:
        return QStringLiteral("Every channel is moved to the middle of its range, then scaled; weights and bias undo "
                              "it (SQ-b of MPTQ-ViT, arXiv 2401.14895; reconstructed).");
    case quant::SmoothingKind::Shift:
        return QStringLiteral("Every channel is moved to the middle of its range, which the bias undoes; scales stay "
                              "as they are.");
    case quant::SmoothingKind::Reparameterize:
        return QStringLiteral("Every channel gets the codes of a grid of its own, moved and scaled onto one grid for "
                              "all; weights and bias undo it (RepQ-ViT, arXiv 2212.08254). The range estimator of "
                              "the site chooses the grids of the channels.");
    }
    return {};
}

QString smoothingText(const quant::Smoothing& smoothing)
{
    return QString::fromStdString(quant::inWords(smoothing));
}

QString smoothingText(const quant::SitePlan& plan)
{
    if (!plan.smoothing)
        return {};
    quant::Smoothing found = plan.settings.smoothing;
    found.alpha = plan.smoothing->alpha;
    found.searchAlpha = false;
    return smoothingText(found) + (plan.smoothing->target.place == quant::FoldPlace::Explicit
                                       ? QStringLiteral(", explicit")
                                       : QStringLiteral(", folded"));
}

QString noiseLawTitle(quant::NoiseLaw law)
{
    return titleOf(quant::kNoiseLaws, law);
}

QString noiseLawHelp(quant::NoiseLaw law)
{
    return law == quant::NoiseLaw::Uniform
               ? QStringLiteral("U(−n, n), as in the paper (NoisyQuant, arXiv 2211.16056).")
               : QStringLiteral("n (2 g − 1) with Gaussian g, as the released code of NoisyQuant draws it: mean −n, "
                                "deviation 2 n.");
}

QString noiseText(const quant::Noise& noise)
{
    return QString::fromStdString(quant::inWords(noise));
}

QString estimatorHelp(quant::EstimatorKind kind)
{
    switch (kind) {
    case quant::EstimatorKind::MinMax:
        return QStringLiteral(
            "The range from the smallest to the largest value that was seen: nothing is clipped, and "
            "one outlier makes the grid coarse for all.");
    case quant::EstimatorKind::Percentile:
        return QStringLiteral(
            "The range between the (1 − p) and p quantiles; of p = 0.999, 0.9999 and 0.99999 the one "
            "with the smallest squared error (RepQ-ViT, Li et al. 2023).");
    case quant::EstimatorKind::Mse:
        return QStringLiteral("The range, searched on a grid, whose expected squared error (rounding and clipping "
                              "together) is smallest.");
    case quant::EstimatorKind::Entropy:
        return QStringLiteral(
            "The range with the smallest KL divergence between the histogram and its quantized form "
            "(TensorRT's calibrator, Migacz 2017).");
    case quant::EstimatorKind::Manual:
        return QStringLiteral("The range given by hand, in units of the activation; drag the clip limits in the "
                              "histogram or type them here.");
    case quant::EstimatorKind::Search:
        return QStringLiteral(
            "The best step of a grid of candidates, found together with the operator's other operand "
            "(EasyQuant, Wu et al. 2020; PTQ4ViT, Yuan et al. 2022).");
    case quant::EstimatorKind::MinMaxHalf:
        return QStringLiteral("As min–max, but of symmetric codes the largest value lies half a code beyond the last "
                              "one (FQ-ViT's weights).");
    case quant::EstimatorKind::Scaled:
        return QStringLiteral("The range from the smallest to the largest value, times a factor that a search of the "
                              "whole network has found (Q-HyViT, Lee et al. 2024).");
    }
    return {};
}

QString schemeHelp(quant::Scheme scheme)
{
    return scheme == quant::Scheme::Symmetric
               ? QStringLiteral("Zero point 0, codes −(2ᵇ⁻¹−1) … 2ᵇ⁻¹−1: cheapest for weights; wastes half the codes "
                                "on one-sided values.")
               : QStringLiteral(
                     "A zero point shifts the codes 0 … 2ᵇ−1 over the range: for one-sided activations such "
                     "as GELU and softmax outputs.");
}

QString granularityHelp(quant::Granularity granularity)
{
    if (granularity == quant::Granularity::Part)
        return QStringLiteral("The weight of a joined q, k, v layer has one scale for each of the three (PTQ4ViT); "
                              "elsewhere one for the whole tensor.");
    return granularity == quant::Granularity::Tensor
               ? QStringLiteral("One scale for the whole tensor: what integer kernels need for activations.")
               : QStringLiteral("One scale for each channel: usual for weights; for activations it has no integer "
                                "kernel in ONNX Runtime and runs in float.");
}

QString describe(const quant::SitePatch& patch)
{
    return QString::fromStdString(quant::inWords(patch));
}

QString describe(std::span<const SiteId> which, const graph::SiteTable& sites)
{
    if (which.size() == 1)
        return QString::fromStdString(sites[which.front()].name);
    if (which.size() == sites.size())
        return QStringLiteral("all %1 sites").arg(which.size());
    return QStringLiteral("%1 sites").arg(which.size());
}

QString sentence(const std::string& message)
{
    QString text = QString::fromStdString(message);
    if (!text.isEmpty())
        text[0] = text[0].toUpper();
    return text;
}

} // namespace qs::ui
