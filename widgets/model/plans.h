#pragma once

#include "core/quant/plan.h"
#include "core/quant/plan_warnings.h"
#include "core/stats/calibrate.h"
#include "core/stats/calibration.h"
#include "widgets/model/figure.h"
#include "widgets/model/job.h"

#include <QObject>

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

namespace qs::ui {

class Document;
class Jobs;
class Messages;
class Selection;
class WeightStatistics;
enum class ImageChange;

/// The numbers of the sites: the calibration, and the recipe resolved against it. After each edit the one site that
/// single-site views show is previewed alone, and all are resolved.
class Plans : public QObject {
    Q_OBJECT
public:
    Plans(Document& document, Selection& selection, const WeightStatistics& weights, Jobs& jobs, Messages& messages,
          QObject* parent = nullptr);
    ~Plans() override;

    Figure<stats::Calibration> calibration() const;
    /// Statistics of a site; null before calibration and for weights.
    const stats::SiteStatistics* statistics(SiteId site) const;
    /// The same, or those of a weight. Null where unknown. Valid while the calibration and the model are the
    /// document's.
    std::shared_ptr<const stats::SiteStatistics> statisticsOf(SiteId site) const;
    Figure<quant::Plan> plan() const;
    /// Freshest numbers of a site: a preview of the present recipe where there is one, else those of plan(). Null
    /// before the first plan.
    std::shared_ptr<const quant::SitePlan> sitePlan(SiteId site) const;
    /// Whether sitePlan(site) belongs to the present recipe.
    bool sitePlanCurrent(SiteId site) const;

    void calibrate();
    /// Another model was opened: ends what runs, then resolves the document's recipe where it has a calibration.
    void restart();
    void announce();

signals:
    void calibrationChanged();                               ///< value, current or running
    void weightsCounted();                                   ///< statistics of the weights are new
    void planChanged();                                      ///< a new plan, all sites
    void sitesChanged(const std::vector<qs::SiteId>& sites); ///< sitePlan of these sites is new (preview)

private:
    struct Preview {
        SiteId site;
        std::shared_ptr<const quant::SitePlan> plan;
    };

    void imagesChanged(ImageChange change);
    void recipeChanged(const std::vector<SiteId>& changed);
    void forget();
    void findStale();
    void startPreview(const std::vector<SiteId>& changed);
    void startResolve();
    void setPlan(std::shared_ptr<const quant::Plan> plan);
    void showWorst();

    Document& m_document;
    Selection& m_selection;
    const WeightStatistics& m_weights;
    Messages& m_messages;
    Job<std::shared_ptr<const stats::Calibration>> m_calibrate;
    Job<Preview> m_preview;
    Job<std::shared_ptr<const quant::Plan>> m_resolve;
    std::shared_ptr<const quant::Plan> m_plan;
    std::string m_planKey;                                               ///< History::keyOf its recipe
    std::map<SiteId, std::shared_ptr<const quant::SitePlan>> m_previews; ///< of the present recipe
    std::set<SiteId> m_stale;       ///< sites whose numbers in the plan may not be the recipe's: quant::staleSites
    std::string m_seenKey;          ///< of the recipe at the last change
    quant::PlanWarnings m_warnings; ///< said of this model
};

} // namespace qs::ui
