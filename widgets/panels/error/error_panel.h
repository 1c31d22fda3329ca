#pragma once

#include "widgets/panels/error/error_view.h"
#include "widgets/model/session.h"
#include "widgets/frame/panel.h"

#include <QTimer>

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

protected:
    void showEvent(QShowEvent* event) override;

private:
    void refresh();
    ErrorPicture makePicture() const;
    std::vector<ErrorSplit> makeSplits() const;

    Session& m_session;
    QTimer m_later;
};

} // namespace qs::ui
