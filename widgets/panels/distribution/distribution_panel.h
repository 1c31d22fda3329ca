#pragma once

#include "widgets/panels/distribution/distribution_view.h"
#include "widgets/session/session.h"
#include "widgets/shell/panel.h"

#include <QTimer>

namespace qs::ui {

/// Distribution: binds the view of one site to the session's current site.
class DistributionPanel : public DistributionView, public Panel {
    Q_OBJECT
public:
    explicit DistributionPanel(Session& session, QWidget* parent = nullptr);

    static QWidget* create(Session& session, QWidget* parent) { return new DistributionPanel(session, parent); }

    QStringList plotNames() const override;
    QString savePlot(const QString& name, const QString& path) override;

protected:
    void showEvent(QShowEvent* event) override;

private:
    using Quantized = std::shared_ptr<const stats::Histogram>;
    void later();
    void refresh();
    void countQuantized(const std::shared_ptr<const quant::SitePlan>& plan);
    void setRange(SiteId site, quant::Range range);
    void help();

    Session& m_session;
    QTimer m_later;
    Job<Quantized> m_count;
    std::shared_ptr<const quant::SitePlan> m_counted; ///< what m_quantized is of
    Quantized m_quantized;
};

} // namespace qs::ui
