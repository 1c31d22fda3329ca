#include "widgets/panels/distribution/quantizer_trials.h"

#include "core/quant/quantizers.h"
#include "widgets/model/text.h"
#include "widgets/theme/format.h"

#include <QObject>

#include <cmath>
#include <optional>

namespace qs::ui {

namespace {

QString text(std::string_view view)
{
    return QString::fromUtf8(view.data(), static_cast<qsizetype>(view.size()));
}

QString levelsText(const quant::SitePlan& plan)
{
    if (const auto* regions = std::get_if<quant::RegionGrid>(&plan.levels)) {
        const double small = regions->step(regions->lower);
        const double large = regions->step(regions->upper);
        const double ratio = large / small;
        const double power = std::log2(ratio);
        const QString said = std::abs(power - std::round(power)) < 1e-6
                                 ? QStringLiteral("2^%1").arg(static_cast<int>(std::lround(power)))
                                 : formatNumber(ratio);
        return QObject::tr("step %1, ratio %2")
            .arg(formatNumber(std::min(small, large)), QString(said).replace(QLatin1Char('-'), QStringLiteral("−")));
    }
    if (const auto* logarithm = std::get_if<quant::LogGrid>(&plan.levels))
        return QObject::tr("largest %1").arg(formatNumber(logarithm->scale));
    return plan.grid.scale.size() == 1 ? QObject::tr("step %1").arg(formatNumber(plan.grid.scale.front()))
                                       : QString();
}

} // namespace

quant::SitePatch QuantizerTrial::patch() const
{
    quant::SitePatch patch;
    patch.quantizer = quantizer;
    if (quantizer == quant::kUniform)
        patch.scheme = scheme;
    patch.granularity = quant::Granularity::Tensor;
    return patch;
}

Result<std::vector<QuantizerTrial>> tryQuantizers(const onnx::Model& model, const stats::Calibration& calibration,
                                                  SiteId id, const quant::SiteSettings& settings,
                                                  const quant::Plan* plan, const Context& context)
{
    const graph::Site& site = model.sites[id];
    if (site.kind != graph::SiteKind::Activation || settings.isFloat() || id.index() >= calibration.sites.size() ||
        calibration.sites[id.index()].values == 0)
        return fail(ErrorCode::InvalidArgument, "only quantized activations are compared", site.name);
    const stats::SiteStatistics& seen = calibration.sites[id.index()];
    std::optional<stats::SiteStatistics> smoothed;
    if (const quant::ChannelTransform* lanes = plan ? plan->laneTransform(id) : nullptr)
        smoothed = quant::transformed(seen, *lanes);
    const stats::SiteStatistics& values = smoothed ? *smoothed : seen;

    std::vector<QuantizerTrial> trials;
    for (const quant::QuantizerDef& def : quant::quantizers()) {
        if (!def.suitsRole(site.role) || !def.suits(values))
            continue;
        QuantizerTrial trial;
        trial.quantizer = def.name;
        trial.title = text(def.title);
        trial.help = text(def.description);
        trial.scheme = settings.scheme;
        if (def.name != quant::kUniform) {
            trials.push_back(trial);
            continue;
        }
        for (const quant::Scheme scheme : {quant::Scheme::Symmetric, quant::Scheme::Asymmetric}) {
            trial.scheme = scheme;
            trial.title = QStringLiteral("%1, %2").arg(text(def.title), schemeTitle(scheme));
            trials.push_back(trial);
        }
    }
    for (QuantizerTrial& trial : trials) {
        if (context.stopRequested())
            return cancelled();
        quant::SiteSettings changed = settings;
        trial.patch().applyTo(changed);
        const auto found = quant::resolveSite(model.graph, site, calibration, changed, plan);
        if (found) {
            trial.error = found->error;
            trial.levels = levelsText(*found);
        } else {
            trial.problem = QString::fromStdString(found.error().message);
        }
    }
    return trials;
}

} // namespace qs::ui
