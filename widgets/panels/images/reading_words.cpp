#include "widgets/panels/images/reading_words.h"

#include "core/tasks/reading_difference.h"
#include "widgets/theme/colours.h"
#include "widgets/theme/format.h"

#include <QObject>
#include <QStringList>

#include <algorithm>

namespace qs::ui {

namespace {

using Names = std::vector<std::string>;
using tasks::PresentClasses;
using tasks::ReadText;
using tasks::TextEdit;

QString nameOf(int category, const Names& names)
{
    const auto at = static_cast<std::size_t>(std::max(0, category));
    return at < names.size() && !names[at].empty() ? QString::fromStdString(names[at])
                                                   : QObject::tr("class %1").arg(category);
}

bool has(const PresentClasses& present, int category)
{
    return std::ranges::find(present.classes, category, &std::pair<int, float>::first) != present.classes.end();
}

QString marked(const QString& text, const QColor& colour, const char* form)
{
    return QStringLiteral("<span style=\"color:%1; %2\">%3</span>")
        .arg(colour.name(), QLatin1String(form), text.toHtmlEscaped());
}

QString lost(const QString& text)
{
    return marked(text, colours().bad, "text-decoration: line-through");
}

QString added(const QString& text)
{
    return marked(text, colours().warning, "text-decoration: underline");
}

// --- text ----------------------------------------------------------------------------------------------------------

std::vector<TextEdit> editsOf(const ImageReading& reading)
{
    const auto* before = std::get_if<ReadText>(&reading.before);
    const auto* now = std::get_if<ReadText>(&reading.now);
    return before && now ? tasks::alignTexts(*before, *now) : std::vector<TextEdit>{};
}

QString textDifference(const std::vector<TextEdit>& edits)
{
    const auto other = std::ranges::count_if(edits, [](const TextEdit& e) { return e.kind != TextEdit::Kind::Same; });
    return other == 0 ? QObject::tr("the same") : QObject::tr("%1 of %2 characters").arg(other).arg(edits.size());
}

QString editsHtml(const std::vector<TextEdit>& edits)
{
    QString html;
    for (const TextEdit& edit : edits) {
        const QString before = QString::fromStdString(edit.before), now = QString::fromStdString(edit.now);
        if (edit.kind == TextEdit::Kind::Same) {
            html += now.toHtmlEscaped();
            continue;
        }
        html += before.isEmpty() ? QString() : lost(before);
        html += now.isEmpty() ? QString() : added(now);
    }
    return html;
}

// --- classes -------------------------------------------------------------------------------------------------------

QString list(const PresentClasses& present, const Names& names)
{
    QStringList words;
    for (const auto& [category, probability] : present.classes)
        words << (probability < 1 ? QStringLiteral("%1 %2").arg(nameOf(category, names), formatPercent(probability))
                                  : nameOf(category, names));
    return words.isEmpty() ? QObject::tr("none") : words.join(QStringLiteral(", "));
}

QStringList classDifference(const ImageReading& reading, const Names& names, bool html)
{
    const auto* before = std::get_if<PresentClasses>(&reading.before);
    const auto* now = std::get_if<PresentClasses>(&reading.now);
    QStringList words;
    if (!before || !now)
        return words;
    for (const auto& one : before->classes)
        if (!has(*now, one.first))
            words << (html ? lost(nameOf(one.first, names)) : QStringLiteral("−") + nameOf(one.first, names));
    for (const auto& one : now->classes)
        if (!has(*before, one.first))
            words << (html ? added(nameOf(one.first, names)) : QStringLiteral("+") + nameOf(one.first, names));
    if (words.isEmpty())
        words << QObject::tr("the same");
    return words;
}

// --- numbers that nobody can look at
// ---------------------------------------------------------------------------------

QString outputsText(const ImageReading& reading, const QString& between)
{
    QStringList lines;
    for (const tasks::OutputDifference& output : reading.outputs)
        lines << QObject::tr("%1: SQNR %2, cosine %3, largest difference %4")
                     .arg(QString::fromStdString(output.name), formatDb(output.sqnrDb),
                          QString::number(output.cosine, 'f', 5), formatNumber(output.maxAbs));
    return lines.join(between);
}

const tasks::Reading& sideOf(const ImageReading& reading, ReadingSide side)
{
    return side == ReadingSide::Float ? reading.before : side == ReadingSide::Truth ? reading.truth : reading.now;
}

} // namespace

QString readingText(const ImageReading& reading, ReadingSide side, const Names& names)
{
    const tasks::Reading& shown = sideOf(reading, side);
    if (const auto* text = std::get_if<ReadText>(&shown))
        return side == ReadingSide::Difference ? textDifference(editsOf(reading))
                                               : QString::fromStdString(text->text());
    if (const auto* classes = std::get_if<PresentClasses>(&shown))
        return side == ReadingSide::Difference ? classDifference(reading, names, false).join(QStringLiteral(", "))
                                               : list(*classes, names);
    if (std::holds_alternative<std::monostate>(reading.now) && side == ReadingSide::Difference &&
        !reading.outputs.empty())
        return QObject::tr("SQNR %1").arg(formatDb(reading.outputs.front().sqnrDb));
    return {};
}

QString readingHtml(const ImageReading& reading, ReadingSide side, const Names& names)
{
    const tasks::Reading& shown = sideOf(reading, side);
    if (side == ReadingSide::Difference && std::holds_alternative<ReadText>(shown))
        return editsHtml(editsOf(reading));
    if (side == ReadingSide::Difference && std::holds_alternative<PresentClasses>(shown))
        return classDifference(reading, names, true).join(QStringLiteral(", "));
    if (side == ReadingSide::Difference && std::holds_alternative<std::monostate>(shown))
        return outputsText(reading, QStringLiteral("\n"))
            .toHtmlEscaped()
            .replace(QLatin1Char('\n'), QStringLiteral("<br>"));
    return readingText(reading, side, names).toHtmlEscaped();
}

} // namespace qs::ui
