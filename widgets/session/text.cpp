#include "widgets/session/text.h"

#include "widgets/theme/format.h"

#include <QStringList>

namespace qs::ui {

QString siteTitle(const graph::Site& site)
{
    return QString::fromStdString(site.name).replace(QLatin1Char('.'), QStringLiteral(" · "));
}

QString schemeTitle(quant::Scheme scheme)
{
    return scheme == quant::Scheme::Symmetric ? QStringLiteral("symmetric") : QStringLiteral("asymmetric");
}

QString granularityTitle(quant::Granularity granularity)
{
    return granularity == quant::Granularity::Tensor ? QStringLiteral("per tensor") : QStringLiteral("per channel");
}

QString estimatorTitle(quant::EstimatorKind kind)
{
    switch (kind) {
    case quant::EstimatorKind::MinMax:
        return QStringLiteral("min–max");
    case quant::EstimatorKind::Percentile:
        return QStringLiteral("percentile");
    case quant::EstimatorKind::Mse:
        return QStringLiteral("MSE");
    case quant::EstimatorKind::Entropy:
        return QStringLiteral("entropy");
    case quant::EstimatorKind::Manual:
        return QStringLiteral("manual");
    }
    return {};
}

QString coverageTitle(graph::Coverage coverage)
{
    return coverage == graph::Coverage::MatMul ? QStringLiteral("matrix products") : QStringLiteral("full");
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
    return granularity == quant::Granularity::Tensor
               ? QStringLiteral("One scale for the whole tensor: what integer kernels need for activations.")
               : QStringLiteral("One scale for each channel: usual for weights; for activations it has no integer "
                                "kernel in ONNX Runtime and runs in float.");
}

QString describe(const quant::SitePatch& patch)
{
    QStringList parts;
    if (patch.bits)
        parts << (*patch.bits == quant::kFloatBits ? QStringLiteral("float")
                                                   : QStringLiteral("%1 bits").arg(*patch.bits));
    if (patch.scheme)
        parts << schemeTitle(*patch.scheme);
    if (patch.granularity)
        parts << granularityTitle(*patch.granularity);
    if (patch.quantizer)
        parts << QString::fromStdString(*patch.quantizer);
    if (patch.estimator) {
        QString text = estimatorTitle(patch.estimator->kind);
        if (patch.estimator->kind == quant::EstimatorKind::Manual)
            text += QStringLiteral(" [%1, %2]")
                        .arg(formatNumber(patch.estimator->low), formatNumber(patch.estimator->high));
        parts << text;
    }
    if (patch.saturationSafe)
        parts << (*patch.saturationSafe ? QStringLiteral("safe from saturation")
                                        : QStringLiteral("full 8-bit codes"));
    return parts.join(QStringLiteral(", "));
}

QString describe(std::span<const SiteId> which, const graph::SiteTable& sites)
{
    if (which.size() == 1)
        return QString::fromStdString(sites[which.front()].name);
    if (which.size() == sites.size())
        return QStringLiteral("all %1 sites").arg(which.size());
    return QStringLiteral("%1 sites").arg(which.size());
}

} // namespace qs::ui
