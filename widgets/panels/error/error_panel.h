#pragma once

#include "widgets/frame/panel.h"
#include "widgets/frame/refresher.h"
#include "widgets/model/session.h"
#include "widgets/panels/error/error_view.h"

namespace qs::ui {

/// Error: binds the curves and bars to the session's plan, profile and sensitivities.
class ErrorPanel : public ErrorView, public Panel {
    Q_OBJECT
public:
    explicit ErrorPanel(Session& session, QWidget* parent = nullptr);

    static QWidget* create(Session& session, QWidget* parent) { return new ErrorPanel(session, parent); }

    QStringList plotNames() const override;
    QString savePlot(const QString& name, const QString& path) override;
    QString tableCsv() const override;

private:
    void refresh();
    ErrorPicture makePicture() const;
    std::vector<ErrorSplit> makeSplits() const;

    Session& m_session;
    Refresher m_refresher{*this, [this] { refresh(); }};
};

} // namespace qs::ui
