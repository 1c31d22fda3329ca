#include "widgets/panels/distribution/noise_region.h"

#include "core/quant/noise.h"
#include "widgets/theme/colours.h"
#include "widgets/theme/format.h"

#include <QCoreApplication>

#include <cmath>

namespace qs::ui {

namespace {

QString tr(const char* text)
{
    return QCoreApplication::translate("NoiseRegion", text);
}

QString square(const QColor& colour)
{
    return QStringLiteral("<span style='color:%1'>■</span>").arg(colour.name());
}

QString describe(const quant::NoiseGains& gains, const quant::NoisePlan& noise)
{
    const auto unbroken = [](QString text) { return text.replace(QLatin1Char(' '), QLatin1String("&nbsp;")); };
    QString text =
        QStringLiteral("%1&nbsp;%2 &nbsp; %3&nbsp;%4 &nbsp; %5&nbsp;%6 &nbsp; ")
            .arg(square(winColour()), unbroken(tr("gain: %1 of the values").arg(formatPercent(gains.winning))),
                 square(loseColour()), unbroken(tr("lose: %1").arg(formatPercent(gains.losing))),
                 square(colours().before), tr("even"));
    text +=
        tr("Noise of ± %1 Δ = %2").arg(QString::number(noise.range, 'f', 2), formatNumber(noise.range * noise.step));
    if (noise.shift != 0)
        text += tr(" around %1 Δ").arg(QString::number(noise.shift, 'f', 2));
    text += tr(": expected squared error of a value %1 → %2 (%3), in units of the values, squared.")
                .arg(formatNumber(gains.errorWithout), formatNumber(gains.errorWith),
                     QStringLiteral("<b>%1</b>")
                         .arg(unbroken(
                             formatChange(gains.errorWithout > 0 ? gains.errorWith / gains.errorWithout - 1 : 0))));
    return text;
}

} // namespace

NoiseRegion noiseRegion(const SitePicture& picture)
{
    if (!picture.plan || !picture.statistics || !picture.quantizedSite())
        return {};
    if (!picture.settings.noise.on)
        return {nullptr, 0,
                tr("No noise at this site: switch it on in the recipe to see which values gain from it.")};
    const auto& noise = picture.plan->noise;
    if (!noise)
        return {nullptr, 0, tr("Waiting for the noise …")};
    if (!noise->refusal.empty())
        return {nullptr, 0, tr("No noise here: %1.").arg(QString::fromStdString(noise->refusal))};
    if (picture.plan->settings.noise.law == quant::NoiseLaw::Released)
        return {nullptr, 0, tr("The theorem is about uniform noise; here it is drawn as released.")};
    if (noise->range == 0 && noise->shift == 0)
        return {nullptr, 0, tr("The search found n = 0: no value gains or loses.")};
    const quant::NoiseGain gain(picture.oneGrid() ? quant::cellsOf(picture.plan->grid) : picture.cells(),
                                noise->range * noise->step, noise->shift * noise->step);
    NoiseRegion region;
    region.gains = std::make_shared<const quant::NoiseGains>(noiseGains(picture.statistics->histogram, gain));
    region.step = noise->step;
    region.text = describe(*region.gains, *noise);
    return region;
}

QColor winColour()
{
    return signedColour(-1);
}

QColor loseColour()
{
    return signedColour(1);
}

} // namespace qs::ui
