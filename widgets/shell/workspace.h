#pragma once

#include "widgets/frame/panel.h"
#include "widgets/shell/window_state.h"

#include <QMainWindow>
#include <QStringList>

#include <vector>

class QDockWidget;
class QStackedWidget;
class QTabWidget;

namespace qs::ui {

/// A panel in the window.
struct PlacedPanel {
    QString id;
    QString title;
    QWidget* widget;
    Panel* panel;      ///< null where the widget is none
    QDockWidget* dock; ///< null: a tab of the centre
};

/// The panels, as docks and as tabs of the centre, between the strips of the window; a page of its own in the centre
/// while there is no model. Its layout is kept while the docks are hidden.
class Workspace : public QMainWindow {
    Q_OBJECT
public:
    explicit Workspace(QWidget* parent);

    void setWelcome(QWidget* page);
    /// What lies over the foot of the tabs.
    void add(const QString& id, const QString& title, QWidget* widget, PanelArea area);

    const std::vector<PlacedPanel>& panels() const { return m_panels; }
    QWidget* panel(const QString& id) const; ///< null where there is none
    void show(const QString& id);
    bool focusFilter();  ///< of the first panel that has one
    bool selectListed(); ///< the sites that a panel on show lists; false where none does

    /// Layout of the docks and views of the panels, now.
    WindowState state() const;
    void setLayout(const QByteArray& layout) { m_layout = layout; } ///< for when docks are shown
    /// kept: of the session file. Docks that are on show already stay where they are without one.
    void showPanels(bool on, const WindowState& kept, bool hasKept);
    void resetLayout();

private:
    QDockWidget* addDock(const QString& id, const QString& title, QWidget* widget, Qt::DockWidgetArea area);

    QStackedWidget* m_pages;
    QWidget* m_centre;
    QTabWidget* m_tabs;
    std::vector<PlacedPanel> m_panels;
    QByteArray m_layout; ///< of the docks while they are hidden
    bool m_docksShown = false;
};

} // namespace qs::ui
