#pragma once

#include "widgets/frame/panel.h"
#include "widgets/frame/refresher.h"
#include "widgets/model/document.h"
#include "widgets/model/figures.h"
#include "widgets/model/plans.h"
#include "widgets/model/selection.h"
#include "widgets/panels/anatomy/anatomy_view.h"

namespace qs::ui {

/// Anatomy: binds the map of blocks and roles to the session.
class AnatomyPanel : public AnatomyView, public Panel {
    Q_OBJECT
public:
    explicit AnatomyPanel(const Document& document, Selection& selection, const Plans& plans, const Figures& figures,
                          QWidget* parent = nullptr);

private:
    void refresh();

    const Document& m_document;
    Selection& m_selection;
    const Plans& m_plans;
    const Figures& m_figures;
    Refresher m_refresher{*this, [this] { refresh(); }};
};

} // namespace qs::ui
