#pragma once

#include "widgets/frame/panel.h"
#include "widgets/frame/refresher.h"
#include "widgets/model/document.h"
#include "widgets/model/edits.h"
#include "widgets/model/selection.h"
#include "widgets/panels/layers/layer_rows.h"
#include "widgets/panels/layers/layers_view.h"

#include <memory>

namespace qs::ui {

/// Layers: binds the table of sites to the session.
class LayersPanel : public LayersView, public Panel {
    Q_OBJECT
public:
    LayersPanel(const Document& document, Selection& selection, Edits& edits, std::unique_ptr<LayerRows> rows,
                QWidget* parent = nullptr);

    QString tableCsv() const override { return csv(); }
    bool focusFilter() override { return LayersView::focusFilter(); }
    bool selectListed() override;
    QByteArray viewState() const override { return LayersView::viewState(); }
    void restoreViewState(const QByteArray& state) override { LayersView::restoreViewState(state); }

private:
    void refresh();
    void showSelection();
    void editBits(SiteId site, int bits);
    void setLock(SiteId site, bool locked);
    /// The site, or the whole selection where the site is part of it.
    std::vector<SiteId> meant(SiteId site) const;

    const Document& m_document;
    Selection& m_selection;
    Edits& m_edits;
    std::unique_ptr<LayerRows> m_rows;
    Refresher m_refresher{*this, [this] { refresh(); }};
};

} // namespace qs::ui
