#pragma once

#include "core/stats/calibration.h"
#include "widgets/model/job.h"

#include <QObject>

#include <map>
#include <memory>

namespace qs::ui {

class Document;
class Jobs;

/// Statistics of the weights of the document's model in the form that activations have them in a calibration (no
/// sample rows), counted by one job after a model is opened.
class WeightStatistics : public QObject {
    Q_OBJECT
public:
    using Table = std::map<SiteId, std::shared_ptr<const stats::SiteStatistics>>;

    WeightStatistics(const Document& document, Jobs& jobs, QObject* parent = nullptr);
    ~WeightStatistics() override;

    /// Null before they are counted, and for activations.
    std::shared_ptr<const stats::SiteStatistics> find(SiteId site) const;
    bool running() const { return m_job.running(); }

    /// The count itself. values: as layout says, row-major, finite.
    static stats::SiteStatistics count(const graph::ChannelLayout& layout, std::span<const float> values);

signals:
    void changed();

private:
    void start();

    const Document& m_document;
    Job<Table> m_job;
    Table m_table;
};

} // namespace qs::ui
