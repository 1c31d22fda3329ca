#pragma once

#include "widgets/frame/panel.h"
#include "widgets/frame/refresher.h"
#include "widgets/model/document.h"
#include "widgets/model/plans.h"
#include "widgets/model/searches.h"
#include "widgets/model/selection.h"
#include "widgets/panels/hybrid/hybrid_view.h"

#include <QTimer>

namespace qs::ui {

/// Q-HyViT: binds the search and what it found to the session.
class HybridPanel : public HybridView, public Panel {
    Q_OBJECT
public:
    explicit HybridPanel(const Document& document, Selection& selection, Plans& plans, Searches& searches,
                         QWidget* parent = nullptr);

    QStringList plotNames() const override;
    QString savePlot(const QString& name, const QString& path) override;
    QString tableCsv() const override;

private:
    void refresh();
    void refreshProgress();
    QString summary() const;

    const Document& m_document;
    Selection& m_selection;
    Plans& m_plans;
    Searches& m_searches;
    Refresher m_refresher{*this, [this] { refresh(); }};
    QTimer m_tick;
};

} // namespace qs::ui
