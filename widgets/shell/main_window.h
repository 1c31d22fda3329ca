#pragma once

#include "core/onnx/export.h"
#include "widgets/theme/colours.h"

#include <QMainWindow>
#include <QStringList>

#include <functional>
#include <memory>
#include <vector>

class QActionGroup;
class QFileDialog;
class QLabel;
class QMenu;
class QStackedWidget;
class QTabWidget;
class QToolBar;

namespace qs::ui {

class Autosave;
class ExportDialog;
class LeaveFlow;
class MessageStrip;
class Panel;
struct Session;
class Welcome;

/// The frame: menus, docks, strips and the status line. It turns actions into commands of the session and knows
/// nothing of models or numbers.
class MainWindow : public QMainWindow {
    Q_OBJECT
public:
    /// demoFolder "": there is no demo. autosave may be null.
    MainWindow(Session& session, const QString& demoFolder, Autosave* autosave, QWidget* parent = nullptr);
    ~MainWindow() override;

    /// Opens what the command line or a drop names.
    void openPaths(const QStringList& paths);
    void openDemo();
    MessageStrip& messages() { return *m_messages; }
    /// All actions with a text, for the list of shortcuts, the command palette, and tests.
    std::vector<QAction*> allActions() const;
    QAction* action(const QString& text) const; ///< by its text without & and …; null where there is none
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
    struct Placed {
        QString id;
        QString title;
        QWidget* widget;
        Panel* panel;      ///< null where the widget is none
        QDockWidget* dock; ///< null: a tab of the centre
    };
    // main_window_menus.cpp
    void buildMenus();
    void buildFileMenu();
    void buildEditMenu();
    void buildViewMenu();
    void buildQuantizeMenu();
    void buildHelpMenu();
    void buildToolBar();
    QAction* add(QMenu* menu, const QString& text, const QKeySequence& keys, const char* icon,
                 std::function<void()> run);
    void updateActions();
    void setBits(int bits);
    void selectAll();
    void toggleLock();
    void fillExportMenus();
    // main_window_docks.cpp
    void buildPanels();
    void buildStrips();
    void restoreLayout();
    void saveLayout();
    void keepViews();
    void resetLayout();
    /// Opens another model, session or the demo when what is unsaved is saved or discarded.
    void leaveFor(const QString& name, bool imagesStay, std::function<void()> then);
    void askFolders(const QString& one, const QString& other);
    void askSize(const QString& path, const std::vector<onnx::ImageSize>& sizes);
    void showModelState();
    void setTheme(Theme theme);
    QDockWidget* addDock(const QString& id, const QString& title, QWidget* widget, Qt::DockWidgetArea area);
    // main_window_files.cpp
    using Chosen = std::function<void(const QString&)>;
    void chooseFile(const QString& title, const QString& filter, Chosen chosen);
    void chooseFolder(const QString& title, Chosen chosen);
    void chooseNewFile(const QString& title, const QString& filter, const QString& suggestion, Chosen chosen,
                       std::function<void()> none = {});
    void chooseSessionFile(Chosen chosen, std::function<void()> none = {});
    void saveSession(bool asNew);
    void exportModel();
    void addRecent(const QString& path);
    void fillRecentMenu();
    void offerRecovery();
    void updateTitle();

    Session& m_session;
    QString m_demoFolder;
    Autosave* m_autosave;
    MessageStrip* m_messages = nullptr;
    QWidget* m_doubts = nullptr; ///< strips over the foot of the area
    Welcome* m_welcome = nullptr;
    QMainWindow* m_area = nullptr; ///< the docks, between the strips
    QStackedWidget* m_pages = nullptr;
    QTabWidget* m_tabs = nullptr;
    QLabel* m_corner = nullptr;
    QToolBar* m_tools = nullptr;
    QMenu* m_recentMenu = nullptr;
    QMenu* m_plotMenu = nullptr;
    QMenu* m_tableMenu = nullptr;
    QMenu* m_viewPanels = nullptr;
    std::vector<Placed> m_panels;
    std::vector<QDockWidget*> m_docks;
    QByteArray m_layout; ///< of the docks while they are hidden
    bool m_docksShown = false;
    LeaveFlow* m_leave = nullptr;
    bool m_mayClose = false;
    ExportDialog* m_exportDialog = nullptr;

    struct Needs { ///< what an action needs to be of use
        QAction* action;
        bool model = false, calibration = false, selection = false, plan = false;
    };
    std::vector<Needs> m_needs;
};

} // namespace qs::ui
