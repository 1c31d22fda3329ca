#pragma once

#include "widgets/panels/anatomy/anatomy_view.h"
#include "widgets/model/session.h"
#include "widgets/frame/panel.h"

#include <QTimer>

namespace qs::ui {

/// Anatomy: binds the map of blocks and roles to the session.
class AnatomyPanel : public AnatomyView, public Panel {
    Q_OBJECT
public:
    explicit AnatomyPanel(Session& session, QWidget* parent = nullptr);

    static QWidget* create(Session& session, QWidget* parent) { return new AnatomyPanel(session, parent); }

protected:
    void showEvent(QShowEvent* event) override;

private:
    void refresh();

    Session& m_session;
    QTimer m_later;
};

} // namespace qs::ui
