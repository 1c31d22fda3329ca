#pragma once

#include <QKeySequence>
#include <QObject>
#include <QString>

#include <functional>
#include <map>
#include <utility>
#include <vector>

class QAction;
class QMenu;

namespace qs::ui {

class Document;
class Plans;
class Selection;

/// What the window can be told to do, as far as somebody else than its menu asks for it.
enum class Command {
    OpenModel,
    OpenCalibrationImages,
    OpenTestImages,
    Images, ///< and preprocessing
    ClassNames,
    InputAndOutput,
    OpenDemo,
    OpenSegmentationDemo,
    OpenSession,
    SaveSession,
    SaveSessionAs,
    LoadRecipe,
    ExportModel,
    ExportRecipe,
    ExportReport,
    Undo,
    Redo,
    SelectAll,
    ResetSites,
    LockSites,
    FindSites,
    CommandPalette,
    DefaultLayout,
    LogAxis,
    ShowBefore,
    Calibrate,
    Evaluate,
    MeasureSensitivity,
    Search,
    Stop,
    TakeLiterally,
    FloatSites,
    BitsOfSites, ///< + n: n bits, 2 to 8. The last: bitsCommand(n)
};
Command bitsCommand(int bits);

/// What an action needs to be of use.
struct Needs {
    bool model = false, calibration = false, selection = false, plan = false;
    friend bool operator==(const Needs&, const Needs&) = default;
};
constexpr Needs kNothing{}; ///< nobody disables it but who made it
constexpr Needs kModel{.model = true};
constexpr Needs kSites{.model = true, .selection = true};
constexpr Needs kCalibration{.model = true, .calibration = true};
constexpr Needs kPlan{.model = true, .calibration = true, .plan = true};

/// How an action looks, and the keys that it has.
struct Look {
    QString text;
    QKeySequence keys;
    const char* icon = nullptr; ///< a themed one
};

/// The actions of the window: found by what they do, and enabled while there is what they need.
class Actions : public QObject {
    Q_OBJECT
public:
    Actions(const Document& document, const Selection& selection, const Plans& plans, QObject* parent);

    QAction* add(QMenu& menu, const Look& look, Needs needs, std::function<void()> run);
    QAction* add(Command command, QMenu& menu, const Look& look, Needs needs, std::function<void()> run);
    /// One that was made elsewhere and knows itself when it is of use.
    void take(Command command, QAction* action) { m_commands[command] = action; }
    QAction* of(Command command) const; ///< null where there is none

private:
    void refresh();
    void enable(QAction& action, const Needs& needs) const;

    const Document& m_document;
    const Selection& m_selection;
    const Plans& m_plans;
    std::map<Command, QAction*> m_commands;
    std::vector<std::pair<QAction*, Needs>> m_needs;
};

} // namespace qs::ui
