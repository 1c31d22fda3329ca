#pragma once

#include "widgets/model/document.h"
#include "widgets/model/plans.h"
#include "widgets/model/selection.h"

#include <QLabel>

namespace qs::ui {

/// What is worth knowing of the current site before it is quantized: that it lies in a bridge block, that its zero
/// point overflows, that its channels differ widely. Each with a link to its page. Hidden where there is nothing.
class NotesLabel : public QLabel {
    Q_OBJECT
public:
    explicit NotesLabel(const Document& document, const Selection& selection, const Plans& plans,
                        QWidget* parent = nullptr);

    void refresh(); ///< selection, recipe, calibration or theme

protected:
    void changeEvent(QEvent* event) override;

private:
    const Document& m_document;
    const Selection& m_selection;
    const Plans& m_plans;
};

} // namespace qs::ui
