#pragma once

#include "widgets/frame/panel.h"
#include "widgets/frame/refresher.h"
#include "widgets/model/document.h"
#include "widgets/model/figures.h"
#include "widgets/model/plans.h"
#include "widgets/model/selection.h"
#include "widgets/panels/error/error_view.h"

namespace qs::ui {

/// Error: binds the curves and bars to the session's plan, profile and sensitivities.
class ErrorPanel : public ErrorView, public Panel {
    Q_OBJECT
public:
    explicit ErrorPanel(const Document& document, Selection& selection, Plans& plans, Figures& figures,
                        QWidget* parent = nullptr);

    QStringList plotNames() const override;
    QString savePlot(const QString& name, const QString& path) override;
    QString tableCsv() const override;

private:
    void refresh();
    ErrorPicture makePicture() const;
    std::vector<ErrorSplit> makeSplits() const;

    const Document& m_document;
    Selection& m_selection;
    Plans& m_plans;
    Figures& m_figures;
    Refresher m_refresher{*this, [this] { refresh(); }};
};

} // namespace qs::ui
