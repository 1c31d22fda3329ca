#include "widgets/model/doubt_list.h"

#include "core/images/doubts.h"
#include "widgets/model/document.h"
#include "widgets/model/edits.h"
#include "widgets/model/figures.h"
#include "widgets/model/follow.h"

#include <algorithm>

namespace qs::ui {

DoubtList::DoubtList(Document& document, const Figures& figures, Edits& edits, QObject* parent)
    : QObject(parent), m_document(document), m_figures(figures), m_edits(edits)
{
    follow(this, &DoubtList::refresh)
        .on(document, &Document::modelChanged)
        .on(document, &Document::imagesChanged)
        .on(figures, &Figures::evaluationChanged)
        .on(figures, &Figures::probeChanged)
        .on(document, &Document::recipeChanged);
    refresh();
}

void DoubtList::putAway(const Doubt& doubt)
{
    m_away.insert(doubt.text());
    refresh();
}

void DoubtList::bringBack()
{
    m_away.clear();
    refresh();
}

std::vector<Doubt> DoubtList::all() const
{
    std::vector<Doubt> found;
    const auto add = [&found](const Doubt& doubt) {
        if (std::ranges::find(found, doubt) == found.end())
            found.push_back(doubt);
    };
    if (m_document.model()) {
        std::ranges::for_each(m_document.model()->info.assumed, add);
        for (const Doubt& doubt : images::preprocessDoubts(m_document.preprocess()))
            add(doubt);
    }
    for (const auto& images : {m_document.calibrationImages(), m_document.testImages()})
        if (images)
            std::ranges::for_each(images->folder.doubts, add);
    for (const Figure<quant::Evaluation>& figure : {m_figures.evaluation(), m_figures.probe()})
        if (figure && figure.current)
            std::ranges::for_each(figure->doubts, add);
    return found;
}

ShownDoubt DoubtList::withRemedy(const Doubt& doubt)
{
    switch (doubt.kind) {
    case DoubtKind::Assumption:
        if (doubt.cure.empty())
            break;
        return {doubt, tr("Choose…"), [this] { emit chooseInput(); }};
    case DoubtKind::PixelScale:
        return {doubt, tr("Divide by 255"),
                [this] { m_document.setPreprocess(images::scaledToUnit(m_document.preprocess())); }};
    case DoubtKind::Preprocessing:
        for (const images::Alternative& other : images::alternativesTo(m_document.preprocess()))
            if (images::normalisationOptions(other.preprocess) == doubt.cure)
                return {doubt, tr("Normalise as %1").arg(QString::fromStdString(other.name)),
                        [this, other] { m_document.setPreprocess(other.preprocess); }};
        break;
    case DoubtKind::LabelShift: {
        const int shift = static_cast<int>(doubt.evidence.at("shift"));
        return {doubt, shift > 0 ? tr("Move labels by +1") : tr("Move labels by −1"),
                [this, shift] { m_document.setLabelOffset(m_document.labelOffset() + shift); }};
    }
    case DoubtKind::Preset: {
        const auto bits = [](const quant::SiteSettings& settings) { return settings.bits; };
        return {doubt, tr("Take min-max"), [this, bits] {
                    const quant::Recipe& recipe = m_document.recipe();
                    m_edits.applyPreset(QStringLiteral("minmax"), bits(recipe.weight), bits(recipe.activation));
                }};
    }
    default:
        break;
    }
    return {doubt, {}, {}};
}

void DoubtList::refresh()
{
    const std::vector<Doubt> found = all();
    std::erase_if(m_away, [&](const std::string& text) {
        return std::ranges::none_of(found, [&](const Doubt& doubt) { return doubt.text() == text; });
    });
    std::vector<ShownDoubt> shown;
    for (const Doubt& doubt : found)
        if (!m_away.contains(doubt.text()))
            shown.push_back(withRemedy(doubt));
    const auto same = [](const ShownDoubt& a, const ShownDoubt& b) { return a.doubt == b.doubt; };
    if (found.size() == m_total && std::ranges::equal(shown, m_shown, same))
        return;
    m_total = found.size();
    m_shown = std::move(shown);
    emit changed();
}

} // namespace qs::ui
