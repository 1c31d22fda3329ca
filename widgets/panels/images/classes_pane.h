#pragma once

#include "widgets/model/document.h"
#include "widgets/model/figures.h"
#include "widgets/model/selection.h"
#include "widgets/panels/images/images_view.h"
#include "widgets/panels/images/thumbnails.h"

namespace qs::ui {

/// Images of a classification: binds the table of images to the session's test images (calibration images where there
/// are none) and their evaluation.
class ClassesPane : public ImagesView {
    Q_OBJECT
public:
    ClassesPane(const Document& document, Selection& selection, Figures& figures, JobRunner& runner,
                QWidget* parent = nullptr);
    void refresh();

private:
    const Document& m_document;
    Selection& m_selection;
    Figures& m_figures;
    Thumbnails m_thumbnails;
};

} // namespace qs::ui
