#pragma once

#include "widgets/frame/panel.h"
#include "widgets/frame/refresher.h"
#include "widgets/model/session.h"
#include "widgets/panels/anatomy/anatomy_view.h"

namespace qs::ui {

/// Anatomy: binds the map of blocks and roles to the session.
class AnatomyPanel : public AnatomyView, public Panel {
    Q_OBJECT
public:
    explicit AnatomyPanel(Session& session, QWidget* parent = nullptr);

    static QWidget* create(Session& session, QWidget* parent) { return new AnatomyPanel(session, parent); }

private:
    void refresh();

    Session& m_session;
    Refresher m_refresher{*this, [this] { refresh(); }};
};

} // namespace qs::ui
