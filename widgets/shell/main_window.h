#pragma once

#include <QMainWindow>
#include <QStringList>

#include <vector>

class QMenu;

namespace qs::ui {

class Actions;
class Autosave;
class ExportDialog;
class MessageStrip;
class ModelTitle;
class RecentFiles;
class SessionFlow;
class Workspace;
enum class Command;
struct Session;

/// The frame: it puts menus, panels, strips and the status line together and gives each the rooms that it needs. It
/// turns nothing into numbers and knows nothing of models.
class MainWindow : public QMainWindow {
    Q_OBJECT
public:
    /// demoFolder "": there is no demo. autosave may be null.
    MainWindow(Session& session, const QString& demoFolder, Autosave* autosave, QWidget* parent = nullptr);
    ~MainWindow() override;

    /// Opens what the command line or a drop names.
    void openPaths(const QStringList& paths);
    /// The demo of a task; "": the first.
    void openDemo(const QString& task = {});
    MessageStrip& messages() { return *m_messages; }
    QAction* action(Command command) const; ///< null where there is none
    /// All actions of the menus with a text, for the list of shortcuts, the command palette, and tests.
    std::vector<QAction*> allActions() const;
    QStringList panelIds() const;
    QWidget* panel(const QString& id) const; ///< null where there is none
    void showPanel(const QString& id);

protected:
    void closeEvent(QCloseEvent* event) override;
    void changeEvent(QEvent* event) override;
    void dragEnterEvent(QDragEnterEvent* event) override;
    void dropEvent(QDropEvent* event) override;
    bool eventFilter(QObject* watched, QEvent* event) override;

private:
    void buildArea();
    void buildPanels();
    void buildMenus();
    void buildHelpMenu();
    void buildToolBar();
    void buildStatusBar();
    void connectRooms();
    void restoreLayout();
    void saveLayout();
    void keepViews();
    void showModelState();
    void updateTitle();
    void exportModel();
    void addRecent(const QString& path);

    Session& m_session;
    Autosave* m_autosave;
    Actions* m_actions;
    SessionFlow* m_flow;
    Workspace* m_workspace = nullptr;
    MessageStrip* m_messages = nullptr;
    RecentFiles* m_recent = nullptr;
    ModelTitle* m_title = nullptr;
    ExportDialog* m_exportDialog = nullptr;
    bool m_mayClose = false;
};

} // namespace qs::ui
