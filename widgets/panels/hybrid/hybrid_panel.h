#pragma once

#include "widgets/frame/panel.h"
#include "widgets/frame/refresher.h"
#include "widgets/model/session.h"
#include "widgets/panels/hybrid/hybrid_view.h"

#include <QTimer>

namespace qs::ui {

/// Q-HyViT: binds the search and what it found to the session.
class HybridPanel : public HybridView, public Panel {
    Q_OBJECT
public:
    explicit HybridPanel(Session& session, QWidget* parent = nullptr);

    static QWidget* create(Session& session, QWidget* parent) { return new HybridPanel(session, parent); }

    QStringList plotNames() const override;
    QString savePlot(const QString& name, const QString& path) override;
    QString tableCsv() const override;

private:
    void refresh();
    void refreshProgress();
    QString summary() const;

    Session& m_session;
    Refresher m_refresher{*this, [this] { refresh(); }};
    QTimer m_tick;
};

} // namespace qs::ui
