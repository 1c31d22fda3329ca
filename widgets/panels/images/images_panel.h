#pragma once

#include "widgets/frame/panel.h"
#include "widgets/frame/refresher.h"
#include "widgets/model/document.h"
#include "widgets/model/figures.h"
#include "widgets/model/selection.h"
#include "widgets/panels/images/images_view.h"
#include "widgets/panels/images/thumbnails.h"

namespace qs::ui {

/// Images: binds the table of images to the session's test images (calibration images where there are none) and their
/// evaluation.
class ImagesPanel : public ImagesView, public Panel {
    Q_OBJECT
public:
    explicit ImagesPanel(const Document& document, Selection& selection, Figures& figures, JobRunner& runner,
                         QWidget* parent = nullptr);

    QString tableCsv() const override;

private:
    void refresh();

    const Document& m_document;
    Selection& m_selection;
    Figures& m_figures;
    Thumbnails m_thumbnails;
    Refresher m_refresher{*this, [this] { refresh(); }};
};

} // namespace qs::ui
