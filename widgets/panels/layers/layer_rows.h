#pragma once

#include "core/stats/calibration.h"
#include "widgets/panels/layers/site_row.h"

#include <QObject>

#include <map>
#include <memory>
#include <vector>

namespace qs::ui {

class Document;
class Figures;
class Plans;

/// Lines of the table of sites: what is set, and every number that is known of a site. `changed` where they would
/// differ now, but for another model.
class LayerRows : public QObject {
    Q_OBJECT
public:
    LayerRows(const Document& document, const Plans& plans, const Figures& figures, QObject* parent = nullptr);

    std::vector<SiteRow> make();

signals:
    void changed();

private:
    void addSettings(SiteRow& row, const graph::Site& site) const;
    void addNotes(SiteRow& row) const;
    void addPlan(SiteRow& row) const;
    void addStatistics(SiteRow& row);
    void addProfiles(SiteRow& row) const;

    /// What is derived from statistics, kept until they change.
    struct Derived {
        std::weak_ptr<const stats::SiteStatistics> of;
        double kurtosis = 0;
        double tailWeight = 0;
        double channelRatio = 0;
        std::shared_ptr<const std::vector<float>> histogram;
    };

    const Document& m_document;
    const Plans& m_plans;
    const Figures& m_figures;
    std::map<SiteId, Derived> m_derived;
};

} // namespace qs::ui
