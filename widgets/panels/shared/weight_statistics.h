#pragma once

#include "core/stats/calibration.h"
#include "widgets/model/job.h"

#include <QObject>

#include <map>
#include <memory>

namespace qs::ui {

class Session;

/// Statistics of the weights of the session's model in the form that activations have them in a calibration (no
/// sample rows), counted by one job after a model is opened. Panels share the object: of(session).
class WeightStatistics : public QObject {
    Q_OBJECT
public:
    using Table = std::map<SiteId, std::shared_ptr<const stats::SiteStatistics>>;

    /// The object of this session; made by the first call, destroyed with the session.
    static WeightStatistics& of(Session& session);

    /// Null before they are counted, and for activations.
    std::shared_ptr<const stats::SiteStatistics> find(SiteId site) const;
    bool running() const { return m_job.running(); }

    /// The count itself. values: as layout says, row-major, finite.
    static stats::SiteStatistics count(const graph::ChannelLayout& layout, std::span<const float> values);

signals:
    void changed();

private:
    explicit WeightStatistics(Session& session);
    void start();

    Session& m_session;
    Job<Table> m_job;
    Table m_table;
};

/// Statistics of any site: the calibration's, or those of the weight. Null where unknown. Valid while the calibration
/// and the model are the session's.
std::shared_ptr<const stats::SiteStatistics> statisticsOf(Session& session, SiteId site);

} // namespace qs::ui
