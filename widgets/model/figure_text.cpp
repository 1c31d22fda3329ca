#include "widgets/model/figure_text.h"

#include "widgets/theme/format.h"

#include <QObject>

#include <algorithm>
#include <cmath>

namespace qs::ui {

namespace {

bool isShare(const tasks::Figure& figure)
{
    return figure.unit == "%";
}

QString unitOf(const tasks::Figure& figure)
{
    return figure.unit.empty() ? QString() : QLatin1Char(' ') + QString::fromStdString(figure.unit);
}

/// Without its unit. Numbers near 1 differ from it in their last digits.
QString number(const tasks::Figure& figure, double value)
{
    if (figure.unit == "dB")
        return formatDb(value).remove(QStringLiteral(" dB"));
    return std::abs(value) > 0.99 && std::abs(value) < 1 ? QString::number(value, 'f', 5) : formatNumber(value);
}

} // namespace

QString figureTitle(const tasks::Figure& figure)
{
    return QString::fromStdString(figure.title);
}

QString figureValue(const tasks::Figure& figure)
{
    if (isShare(figure))
        return formatPercent(figure.value);
    if (figure.unit == "dB")
        return formatDb(figure.value);
    return std::isfinite(figure.value) ? number(figure, figure.value) + unitOf(figure) : formatNumber(figure.value);
}

QString figureInterval(const tasks::Figure& figure)
{
    if (!figure.interval || !std::isfinite(figure.interval->low) || !std::isfinite(figure.interval->high))
        return {};
    const auto& [low, high] = *figure.interval;
    return isShare(figure) ? formatShares(low, high)
                           : number(figure, low) + QStringLiteral("–") + number(figure, high);
}

QString figureDifference(const tasks::Figure& now, const tasks::Figure& before)
{
    const double difference = now.value - before.value;
    if (isShare(now))
        return formatPointsDifference(difference);
    if (!std::isfinite(difference))
        return formatNumber(difference);
    const QString text = now.unit == "dB" ? formatDb(difference) : formatNumber(difference) + unitOf(now);
    return difference > 0 ? QStringLiteral("+") + text : text;
}

const tasks::Figure* floatHeadline(const quant::Evaluation& evaluation)
{
    const tasks::Figure* headline = evaluation.headline();
    if (!headline)
        return nullptr;
    const auto found = std::ranges::find(evaluation.figures, "float_" + headline->key, &tasks::Figure::key);
    return found == evaluation.figures.end() ? nullptr : &*found;
}

QString headlineText(const quant::Evaluation& evaluation, bool onCalibration)
{
    const tasks::Figure* headline = evaluation.headline();
    if (!headline)
        return {};
    QString text = (onCalibration ? QObject::tr("%1 on calibration images %2") : QStringLiteral("%1 %2"))
                       .arg(figureTitle(*headline), figureValue(*headline));
    if (const QString interval = figureInterval(*headline); !interval.isEmpty())
        text += QStringLiteral(" (%1)").arg(interval);
    if (const tasks::Figure* before = floatHeadline(evaluation)) {
        text += QStringLiteral(", ") + figureDifference(*headline, *before) +
                QObject::tr(" (float %1)").arg(figureValue(*before));
    }
    return text;
}

} // namespace qs::ui
