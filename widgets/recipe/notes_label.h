#pragma once

#include "widgets/model/session.h"

#include <QLabel>

namespace qs::ui {

/// What is worth knowing of the current site before it is quantized: that it lies in a bridge block, that its zero
/// point overflows, that its channels differ widely. Each with a link to its page. Hidden where there is nothing.
class NotesLabel : public QLabel {
    Q_OBJECT
public:
    explicit NotesLabel(Session& session, QWidget* parent = nullptr);

    void refresh(); ///< selection, recipe, calibration or theme

protected:
    void changeEvent(QEvent* event) override;

private:
    Session& m_session;
};

} // namespace qs::ui
