#pragma once

#include "widgets/frame/panel.h"
#include "widgets/frame/refresher.h"
#include "widgets/model/session.h"
#include "widgets/panels/images/images_view.h"
#include "widgets/panels/images/thumbnails.h"

namespace qs::ui {

/// Images: binds the table of images to the session's test images (calibration images where there are none) and their
/// evaluation.
class ImagesPanel : public ImagesView, public Panel {
    Q_OBJECT
public:
    explicit ImagesPanel(Session& session, QWidget* parent = nullptr);

    static QWidget* create(Session& session, QWidget* parent) { return new ImagesPanel(session, parent); }

    QString tableCsv() const override;

private:
    void refresh();

    Session& m_session;
    Thumbnails m_thumbnails;
    Refresher m_refresher{*this, [this] { refresh(); }};
};

} // namespace qs::ui
