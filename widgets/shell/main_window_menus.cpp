#include "core/quant/presets.h"
#include "core/quant/recipe.h"
#include "core/quant/recipe_json.h"
#include "widgets/frame/help.h"
#include "widgets/frame/panel.h"
#include "widgets/model/session.h"
#include "widgets/shell/command_palette.h"
#include "widgets/shell/images_dialog.h"
#include "widgets/shell/input_dialog.h"
#include "widgets/shell/main_window.h"
#include "widgets/shell/message_strip.h"
#include "widgets/shell/preset_box.h"
#include "widgets/theme/icon.h"

#include <QActionGroup>
#include <QApplication>
#include <QDockWidget>
#include <QFile>
#include <QMenuBar>
#include <QSaveFile>
#include <QTabWidget>
#include <QToolBar>
#include <QUndoStack>

namespace qs::ui {

QAction* MainWindow::add(QMenu* menu, const QString& text, const QKeySequence& keys, const char* icon,
                         std::function<void()> run)
{
    QAction* action = menu->addAction(text);
    action->setShortcut(keys);
    if (icon)
        setThemedIcon(action, icon);
    connect(action, &QAction::triggered, this, [run = std::move(run)] { run(); });
    return action;
}

void MainWindow::buildMenus()
{
    buildFileMenu();
    buildEditMenu();
    buildViewMenu();
    buildQuantizeMenu();
    buildHelpMenu();
}

void MainWindow::buildFileMenu()
{
    QMenu* menu = menuBar()->addMenu(tr("&File"));
    add(menu, tr("&Open model…"), QKeySequence::Open, "open", [this] {
        chooseFile(tr("Open a model"), tr("ONNX models (*.onnx)"),
                   [this](const QString& path) { openPaths({path}); });
    });
    add(menu, tr("Open &calibration images…"), tr("Ctrl+Shift+C"), "images", [this] {
        chooseFolder(tr("Folder of calibration images"),
                     [this](const QString& f) { m_session.folders.open(ImagePurpose::Calibration, f); });
    });
    add(menu, tr("Open &test images…"), tr("Ctrl+Shift+T"), "images", [this] {
        chooseFolder(tr("Folder of test images"),
                     [this](const QString& f) { m_session.folders.open(ImagePurpose::Test, f); });
    });
    m_needs.push_back({add(menu, tr("&Images and preprocessing…"), tr("Ctrl+I"), nullptr,
                           [this] { showImagesDialog(m_session, this); }),
                       true});
    m_needs.push_back({add(menu, tr("Class na&mes…"), {}, nullptr,
                           [this] {
                               chooseFile(tr("Names of the classes"), tr("Lists (*.txt *.json *.csv)"),
                                          [this](const QString& path) { m_session.files.loadClassNames(path); });
                           }),
                       true});
    m_needs.push_back(
        {add(menu, tr("Model's i&nput and output…"), {}, nullptr, [this] { showInputDialog(m_session, this); }),
         true});
    add(menu, tr("Open &demo"), tr("Ctrl+D"), "demo", [this] { openDemo(); })->setEnabled(!m_demoFolder.isEmpty());
    menu->addSeparator();
    add(menu, tr("Open &session…"), tr("Ctrl+Shift+O"), nullptr, [this] {
        chooseFile(tr("Open a session"), tr("Quantoscope sessions (*.quantoscope)"),
                   [this](const QString& path) { openPaths({path}); });
    });
    m_needs.push_back(
        {add(menu, tr("&Save session"), QKeySequence::Save, "save", [this] { saveSession(false); }), true});
    m_needs.push_back(
        {add(menu, tr("Save session &as…"), tr("Ctrl+Shift+S"), nullptr, [this] { saveSession(true); }), true});
    m_recentMenu = menu->addMenu(tr("&Recent"));
    fillRecentMenu();
    menu->addSeparator();
    add(menu, tr("Load recipe…"), {}, nullptr, [this] {
        chooseFile(tr("Load a recipe"), tr("Recipes (*.json)"),
                   [this](const QString& path) { m_session.files.loadRecipe(path); });
    });
    QMenu* exports = menu->addMenu(tr("&Export"));
    m_needs.push_back({add(exports, tr("Quantized &ONNX model…"), tr("Ctrl+E"), "export", [this] { exportModel(); }),
                       true, true, false, true});
    m_needs.push_back({add(exports, tr("&Recipe…"), {}, nullptr,
                           [this] {
                               chooseNewFile(tr("Save the recipe"), tr("Recipe (*.json)"),
                                             QStringLiteral("recipe.json"),
                                             [this](const QString& path) { m_session.files.saveRecipe(path); });
                           }),
                       true});
    m_needs.push_back({add(exports, tr("Repor&t…"), {}, nullptr,
                           [this] {
                               chooseNewFile(tr("Save a report"), tr("Web page (*.html)"),
                                             QStringLiteral("report.html"),
                                             [this](const QString& path) { m_session.exports.exportReport(path); });
                           }),
                       true, true, false, true});
    m_plotMenu = exports->addMenu(tr("&Plot"));
    m_tableMenu = exports->addMenu(tr("T&able"));
    fillExportMenus();
    menu->addSeparator();
    add(menu, tr("&Quit"), QKeySequence::Quit, nullptr, [this] { close(); })->setMenuRole(QAction::QuitRole);
}

void MainWindow::fillExportMenus()
{
    for (const Placed& placed : m_panels) {
        if (!placed.panel)
            continue;
        for (const QString& name : placed.panel->plotNames())
            m_needs.push_back(
                {m_plotMenu->addAction(
                     QStringLiteral("%1: %2…").arg(placed.title, name), this,
                     [this, panel = placed.panel, name] {
                         chooseNewFile(tr("Export the plot"),
                                       tr("Portable network graphics (*.png);;Scalable vector graphics "
                                          "(*.svg);;Portable document (*.pdf)"),
                                       name.toLower().replace(u' ', u'-') + QStringLiteral(".png"),
                                       [this, panel, name](const QString& path) {
                                           if (const QString wrong = panel->savePlot(name, path); !wrong.isEmpty())
                                               m_messages->showError(
                                                   Error{ErrorCode::Io, wrong.toStdString(), path.toStdString()});
                                       });
                     }),
                 true});
        // Whether a panel has a table is asked when it is wanted: it may need a model.
        m_needs.push_back(
            {m_tableMenu->addAction(
                 placed.title + QStringLiteral("…"), this,
                 [this, panel = placed.panel, title = placed.title] {
                     const QString csv = panel->tableCsv();
                     if (csv.isEmpty()) {
                         m_messages->showNote(tr("%1 has no table to export now.").arg(title));
                         return;
                     }
                     chooseNewFile(
                         tr("Export the table"), tr("Comma-separated values (*.csv)"),
                         title.toLower() + QStringLiteral(".csv"), [this, csv](const QString& path) {
                             QSaveFile file(path);
                             if (!file.open(QIODevice::WriteOnly) || file.write(csv.toUtf8()) < 0 || !file.commit())
                                 m_messages->showError(
                                     Error{ErrorCode::Io, file.errorString().toStdString(), path.toStdString()});
                         });
                 }),
             true});
    }
    m_plotMenu->menuAction()->setVisible(!m_plotMenu->isEmpty());
    m_tableMenu->menuAction()->setVisible(!m_tableMenu->isEmpty());
}

void MainWindow::buildEditMenu()
{
    QMenu* menu = menuBar()->addMenu(tr("&Edit"));
    QUndoStack& stack = m_session.document.history().stack();
    QAction* undo = stack.createUndoAction(this, tr("Undo"));
    undo->setShortcut(QKeySequence::Undo);
    setThemedIcon(undo, "undo");
    undo->setObjectName(QStringLiteral("undo"));
    QAction* redo = stack.createRedoAction(this, tr("Redo"));
    redo->setShortcuts({QKeySequence(tr("Ctrl+Shift+Z")), QKeySequence(tr("Ctrl+Y"))});
    setThemedIcon(redo, "redo");
    redo->setObjectName(QStringLiteral("redo"));
    menu->addAction(undo);
    menu->addAction(redo);
    menu->addSeparator();
    m_needs.push_back(
        {add(menu, tr("Select &all sites shown"), QKeySequence::SelectAll, nullptr, [this] { selectAll(); }), true});
    m_needs.push_back({add(menu, tr("&Reset selected sites"), tr("Ctrl+R"), "reset",
                           [this] { m_session.edits.resetSites(m_session.selection.sites()); }),
                       true, false, true});
    m_needs.push_back({add(menu, tr("&Lock or unlock selected sites"), tr("L"), "lock", [this] { toggleLock(); }),
                       true, false, true});
    menu->addSeparator();
    m_needs.push_back({add(menu, tr("&Find sites"), QKeySequence::Find, nullptr,
                           [this] {
                               for (const Placed& placed : m_panels)
                                   if (placed.panel && placed.panel->focusFilter()) {
                                       if (placed.dock)
                                           placed.dock->raise();
                                       return;
                                   }
                           }),
                       true});
    add(menu, tr("&Command palette…"), tr("Ctrl+P"), nullptr, [this] { showCommandPalette(allActions(), this); });
}

void MainWindow::buildViewMenu()
{
    QMenu* menu = menuBar()->addMenu(tr("&View"));
    int number = 0;
    for (const Placed& placed : m_panels) {
        ++number;
        const QKeySequence keys(number < 10 ? QStringLiteral("Alt+%1").arg(number) : QString());
        m_needs.push_back({add(menu, placed.title, keys, nullptr, [this, id = placed.id] { showPanel(id); }), true});
    }
    m_viewPanels = menu->addMenu(tr("&Docks"));
    for (QDockWidget* dock : m_docks)
        m_viewPanels->addAction(dock->toggleViewAction());
    m_needs.push_back({add(menu, tr("&Default layout"), {}, nullptr, [this] { resetLayout(); }), true});
    menu->addSeparator();
    QAction* log = add(menu, tr("&Logarithmic axis"), tr("Ctrl+L"), nullptr, [] {});
    log->setCheckable(true);
    log->setChecked(m_session.selection.logAxis());
    connect(log, &QAction::toggled, &m_session.selection, &Selection::setLogAxis);
    QAction* before = add(menu, tr("Show &before (float)"), tr("Space"), nullptr, [] {});
    before->setCheckable(true);
    connect(before, &QAction::toggled, &m_session.selection, &Selection::setShowBefore);
    connect(&m_session.selection, &Selection::viewChanged, this, [this, log, before] {
        log->setChecked(m_session.selection.logAxis());
        before->setChecked(m_session.selection.showBefore());
    });
    menu->addSeparator();
    QMenu* themes = menu->addMenu(tr("&Theme"));
    auto* group = new QActionGroup(this);
    for (const auto& [theme, title] : {std::pair{Theme::System, tr("As the desktop")},
                                       std::pair{Theme::Light, tr("Light")}, std::pair{Theme::Dark, tr("Dark")}}) {
        QAction* action = add(themes, title, {}, nullptr, [this, theme = theme] { setTheme(theme); });
        action->setCheckable(true);
        action->setChecked(currentTheme() == theme);
        group->addAction(action);
    }
}

void MainWindow::buildQuantizeMenu()
{
    QMenu* menu = menuBar()->addMenu(tr("&Quantize"));
    m_needs.push_back(
        {add(menu, tr("&Calibrate"), tr("F4"), "calibrate", [this] { m_session.plans.calibrate(); }), true});
    m_needs.push_back({add(menu, tr("&Evaluate"), tr("F5"), "evaluate", [this] { m_session.figures.evaluate(); }),
                       true, true, false, true});
    m_needs.push_back({add(menu, tr("Measure &sensitivity of every site"), tr("F6"), nullptr,
                           [this] { m_session.figures.measureSensitivity(); }),
                       true, true, false, true});
    m_needs.push_back(
        {add(menu, tr("Searc&h…"), tr("F7"), nullptr, [this] { showPanel(QStringLiteral("bits")); }), true, true});
    add(menu, tr("S&top"), tr("Esc"), nullptr, [this] { m_session.jobs.cancelAll(); });
    menu->addSeparator();
    QMenu* presets = menu->addMenu(tr("&Preset"));
    presets->setToolTipsVisible(true);
    for (const quant::Preset& preset : quant::presets()) {
        QMenu* one = presets->addMenu(QString::fromUtf8(preset.title.data(), qsizetype(preset.title.size())));
        const QString name = QString::fromUtf8(preset.name.data(), qsizetype(preset.name.size()));
        one->menuAction()->setToolTip(
            QString::fromUtf8(preset.description.data(), qsizetype(preset.description.size())));
        for (const auto& [w, a] : {std::pair{8, 8}, {6, 6}, {4, 8}, {4, 4}})
            m_needs.push_back({add(one, QStringLiteral("%1 W%2A%3").arg(name).arg(w).arg(a), {}, nullptr,
                                   [this, name, w = w, a = a] { m_session.edits.applyPreset(name, w, a); }),
                               true});
    }
    QMenu* coverage = menu->addMenu(tr("C&overage"));
    auto* coverages = new QActionGroup(this);
    for (const auto& [value, title] :
         {std::pair{graph::Coverage::MatMul, tr("Matrix products")}, std::pair{graph::Coverage::Full, tr("Full")}}) {
        QAction* one =
            add(coverage, title, {}, nullptr, [this, value = value] { m_session.edits.setCoverage(value); });
        one->setCheckable(true);
        coverages->addAction(one);
        connect(&m_session.document, &Document::recipeChanged, one,
                [this, one, value = value] { one->setChecked(m_session.document.recipe().coverage == value); });
        one->setChecked(m_session.document.recipe().coverage == value);
        m_needs.push_back({one, true});
    }
    QAction* literal = add(menu, tr("Take the recipe &literally"), {}, nullptr, [] {});
    literal->setCheckable(true);
    literal->setToolTip(tr("Else min-max is taken at the sites where it has less error than the recipe's choice"));
    connect(literal, &QAction::triggered, this, [this](bool on) { m_session.edits.setGuard(!on); });
    const auto follow = [this, literal] {
        const quant::Recipe& recipe = m_session.document.recipe();
        literal->setChecked(!recipe.guard && recipe.preset != "minmax");
    };
    connect(&m_session.document, &Document::recipeChanged, literal, follow);
    follow();
    m_needs.push_back({literal, true});
    QMenu* bits = menu->addMenu(tr("&Bits of the selected sites"));
    for (int n = 2; n <= 8; ++n)
        m_needs.push_back(
            {add(bits, tr("%1 bits").arg(n), QKeySequence(QString::number(n)), nullptr, [this, n] { setBits(n); }),
             true, false, true});
    m_needs.push_back(
        {add(bits, tr("Float"), tr("0"), nullptr, [this] { setBits(quant::kFloatBits); }), true, false, true});
}

void MainWindow::buildHelpMenu()
{
    QMenu* menu = menuBar()->addMenu(tr("&Help"));
    add(menu, tr("&Methods"), QKeySequence::HelpContents, nullptr, [this] { showMethodsHelp(this); });
    add(menu, tr("&Keyboard shortcuts"), tr("Ctrl+/"), nullptr, [this] { showShortcuts(allActions(), this); });
    menu->addSeparator();
    add(menu, tr("&About Quantoscope"), {}, nullptr, [this] { showAbout(this); });
}

void MainWindow::buildToolBar()
{
    m_tools = addToolBar(tr("Tools"));
    m_tools->setObjectName(QStringLiteral("tools"));
    m_tools->setMovable(false);
    m_tools->setIconSize({20, 20});
    m_tools->setToolButtonStyle(Qt::ToolButtonTextBesideIcon);
    insertToolBarBreak(m_tools);
    for (const QString& name : {tr("Open model"), tr("Calibrate"), tr("Evaluate")})
        m_tools->addAction(action(name));
    m_tools->addSeparator();
    m_tools->addWidget(new PresetBox(m_session, m_tools));
    m_tools->addSeparator();
    for (const char* name : {"undo", "redo"}) {
        QAction* step = findChild<QAction*>(QLatin1String(name));
        m_tools->addAction(step);
        if (auto* button = qobject_cast<QWidget*>(m_tools->widgetForAction(step)))
            button->setProperty("toolButtonStyle", Qt::ToolButtonIconOnly);
    }
    m_tools->addSeparator();
    QAction* exporting = action(tr("Quantized ONNX model"));
    exporting->setIconText(tr("Export"));
    m_tools->addAction(exporting);
    m_tools->toggleViewAction()->setVisible(false);
}

void MainWindow::updateActions()
{
    const bool model = m_session.document.model() != nullptr;
    const bool calibration = m_session.plans.calibration().value != nullptr;
    const bool selection = !m_session.selection.sites().empty();
    const bool plan = m_session.plans.plan().value != nullptr;
    for (const Needs& needs : m_needs)
        needs.action->setEnabled((model || !needs.model) && (calibration || !needs.calibration) &&
                                 (selection || !needs.selection) && (plan || !needs.plan));
}

void MainWindow::setBits(int bits)
{
    quant::SitePatch patch;
    patch.bits = bits;
    m_session.edits.editSelection(patch);
}

/// What a filter hides is not meant.
void MainWindow::selectAll()
{
    for (const Placed& placed : m_panels)
        if (placed.panel && !(placed.dock && placed.dock->isHidden()) && placed.panel->selectListed())
            return;
    m_session.selection.selectAll();
}

void MainWindow::toggleLock()
{
    const std::vector<SiteId>& selection = m_session.selection.sites();
    const bool all = std::ranges::all_of(selection, [this](SiteId id) { return m_session.document.locked(id); });
    m_session.edits.setLocked(selection, !all);
}

} // namespace qs::ui
