#include "widgets/recipe/estimator_group.h"

#include "widgets/model/plans.h"
#include "widgets/model/text.h"
#include "widgets/recipe/choice.h"

#include <QFormLayout>

#include <algorithm>
#include <set>

namespace qs::ui {

EstimatorGroup::EstimatorGroup(const Document& document, const Selection& selection, Edits& edits, const Plans& plans,
                               QWidget* parent)
    : SiteGroup(document, selection, edits, parent), m_plans(plans)
{
    m_estimator = makeChoice(this, tr("How the range of values that the codes span is chosen."));
    for (const quant::EstimatorKind kind :
         {quant::EstimatorKind::MinMax, quant::EstimatorKind::Percentile, quant::EstimatorKind::Mse,
          quant::EstimatorKind::Entropy, quant::EstimatorKind::Search, quant::EstimatorKind::Manual,
          quant::EstimatorKind::MinMaxHalf, quant::EstimatorKind::Scaled})
        addEntry(m_estimator, estimatorTitle(kind), static_cast<int>(kind), estimatorHelp(kind));
    m_form->addRow(tr("&Range"), m_estimator);
    m_objective = makeChoice(this, tr("What the search of steps and ratio makes small."));
    m_objective->setObjectName(QStringLiteral("objective"));
    for (const quant::Objective objective : {quant::Objective::InputError, quant::Objective::OutputError})
        addEntry(m_objective, objectiveTitle(objective), static_cast<int>(objective), objectiveHelp(objective));
    m_form->addRow(tr("Searched b&y"), m_objective);
    onChoice(m_estimator, [this](int chosen) { setKind(static_cast<quant::EstimatorKind>(chosen)); });
    onChoice(m_objective, [this](int chosen) {
        edit(&quant::SitePatch::objective,
             [chosen](quant::Objective& own) { own = static_cast<quant::Objective>(chosen); });
    });
}

void EstimatorGroup::setKind(quant::EstimatorKind kind)
{
    quant::Estimator wanted;
    wanted.kind = kind;
    if (kind == quant::EstimatorKind::Manual) { // begins where the range is now
        const auto plan = m_plans.sitePlan(m_selection.current());
        wanted.low = plan ? plan->range.low : -1;
        wanted.high = plan ? plan->range.high : 1;
    }
    edit(&quant::SitePatch::estimator, [&wanted](quant::Estimator& own) { own = wanted; });
}

void EstimatorGroup::showSettings(const std::vector<quant::SiteSettings>& settings, bool editable)
{
    if (settings.empty())
        return;
    showChoice(m_estimator, common(settings, [](const auto& s) { return static_cast<int>(s.estimator.kind); }));
    m_estimator->setEnabled(editable && anyQuantized());
    offerObjectives(settings);
    showChoice(m_objective, common(settings, [](const auto& s) { return static_cast<int>(s.objective); }));
    m_objective->setEnabled(editable && anyQuantized() && anyApplies(&quant::SitePatch::objective));
}

void EstimatorGroup::offerObjectives(const std::vector<quant::SiteSettings>& settings)
{
    std::set<quant::Objective> more;
    for (const quant::SiteSettings& own : settings) {
        more.insert(own.objective);
        if (own.estimator.kind != quant::EstimatorKind::Search)
            continue;
        more.insert(quant::Objective::Cosine);
        if (m_plans.calibration() && !m_plans.calibration()->importances.empty())
            more.insert(quant::Objective::Hessian);
    }
    for (const quant::Objective objective : {quant::Objective::Cosine, quant::Objective::Hessian}) {
        const int key = static_cast<int>(objective);
        if (const int at = m_objective->findData(key); at >= 0 && !more.contains(objective))
            m_objective->removeItem(at);
        else if (at < 0 && more.contains(objective))
            addEntry(m_objective, objectiveTitle(objective), key, objectiveHelp(objective));
    }
}

} // namespace qs::ui
