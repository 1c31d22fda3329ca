#pragma once

#include "widgets/frame/panel.h"
#include "widgets/frame/refresher.h"
#include "widgets/model/session.h"
#include "widgets/panels/layers/layers_view.h"

#include <map>

namespace qs::ui {

/// Layers: binds the table of sites to the session.
class LayersPanel : public LayersView, public Panel {
    Q_OBJECT
public:
    explicit LayersPanel(Session& session, QWidget* parent = nullptr);

    static QWidget* create(Session& session, QWidget* parent) { return new LayersPanel(session, parent); }

    QString tableCsv() const override { return csv(); }
    bool focusFilter() override { return LayersView::focusFilter(); }
    bool selectListed() override;
    QByteArray viewState() const override { return LayersView::viewState(); }
    void restoreViewState(const QByteArray& state) override { LayersView::restoreViewState(state); }

private:
    void refresh();
    void showSelection();
    std::vector<SiteRow> makeRows();
    void addStatistics(SiteRow& row);
    void addNotes(SiteRow& row);
    void editBits(SiteId site, int bits);
    void setLock(SiteId site, bool locked);
    /// The site, or the whole selection where the site is part of it.
    std::vector<SiteId> meant(SiteId site) const;

    /// What is derived from statistics, kept until they change.
    struct Derived {
        std::weak_ptr<const stats::SiteStatistics> of;
        double kurtosis = 0;
        double tailWeight = 0;
        double channelRatio = 0;
        std::shared_ptr<const std::vector<float>> histogram;
    };

    Session& m_session;
    Refresher m_refresher{*this, [this] { refresh(); }};
    std::map<SiteId, Derived> m_derived;
};

} // namespace qs::ui
