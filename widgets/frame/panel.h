#pragma once

#include <QByteArray>
#include <QString>
#include <QStringList>

class QWidget;

namespace qs::ui {

struct Session;

/// What the window may ask of a panel, beside being a QWidget: class LayersPanel : public QWidget, public Panel.
/// All have a default, so that a panel implements what it can.
class Panel {
public:
    virtual ~Panel() = default;

    /// Plots that File > Export > Plots offers, in the panel's order, e.g. "Histogram", "Range per channel".
    virtual QStringList plotNames() const { return {}; }
    /// Writes one of them as it is now, also where the panel was never shown; the suffix of the path decides: .png
    /// (twice the size on screen), .svg or .pdf. Returns what went wrong, or why there is nothing to draw; "" if
    /// nothing.
    virtual QString savePlot(const QString& name, const QString& path);
    /// The panel's table as CSV with a header line, "" where it has none. For File > Export > Tables.
    virtual QString tableCsv() const { return {}; }
    /// Ctrl+F: put the cursor into the filter; false where the panel has none.
    virtual bool focusFilter() { return false; }
    /// Ctrl+A: select the sites that the panel lists, none that its filter hides; false where it lists none.
    virtual bool selectListed() { return false; }
    /// Sort order, columns and the like, for session files; empty where there is nothing to keep.
    virtual QByteArray viewState() const { return {}; }
    virtual void restoreViewState(const QByteArray& state) { Q_UNUSED(state); }
};

/// Where a panel is docked the first time.
enum class PanelArea { Left, Centre, Right, RightBottom, Bottom };

/// One panel of the window: the list in panels.cpp has one line for each.
struct PanelFactory {
    const char* id; ///< stable, for layouts: "layers"
    const char* title;
    PanelArea area;
    QWidget* (*create)(Session& session); ///< its place in the window becomes its parent
};

} // namespace qs::ui
