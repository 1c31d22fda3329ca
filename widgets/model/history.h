#pragma once

#include "core/project/provenance.h"
#include "core/quant/evaluate.h"
#include "core/quant/profiles.h"
#include "core/quant/recipe.h"

#include <QObject>
#include <QUndoStack>

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace qs::ui {

/// Figures that are known of a recipe, with what each was computed from; null where never computed.
struct StateFigures {
    project::Kept<quant::Evaluation> probe;
    project::Kept<quant::Evaluation> evaluation;
    project::Kept<std::vector<quant::SiteProfile>> profile;
};

/// One state of the recipe: what was done to get here, and the recipe it gave.
struct HistoryState {
    QString text; ///< "blocks.3.fc2.input: 4 bits"
    quant::Recipe recipe;
    std::string key; ///< of the figures: hash of everything that changes numbers (not locks, not the preset's name)
    uint64_t number = 0; ///< another one for every edit
};

/// All recipes of a session as an undo stack, with the figures of each. State 0 is the start; state i is the result
/// of command i - 1. Figures belong to recipes, not to states: coming back to a recipe in any way brings its figures
/// back.
class History : public QObject {
    Q_OBJECT
public:
    explicit History(QObject* parent = nullptr);

    QUndoStack& stack() { return m_stack; }
    int size() const { return m_stack.count() + 1; }
    int index() const { return m_stack.index(); } ///< of the present state
    const HistoryState& state(int index) const;
    /// Undoes or redoes until this state is the present one.
    void jumpTo(int index) { m_stack.setIndex(index); }

    /// Forgets everything and starts from this recipe, without emitting applied().
    void start(const quant::Recipe& recipe, const QString& text);
    /// The same with all states; emits nothing but changed().
    void restore(std::vector<HistoryState> states, int index);
    /// One edit. See Edits::newGesture for gesture; no entry is made when nothing changes.
    void push(const quant::Recipe& recipe, const QString& text, int gesture = 0);

    const StateFigures& figures(const std::string& key) const;
    void setFigures(const std::string& key, const StateFigures& figures);

    static std::string keyOf(const quant::Recipe& recipe);

signals:
    void applied(const qs::quant::Recipe& recipe); ///< the present recipe is now this one (push, undo, redo, jump)
    void changed();

private:
    friend class RecipeCommand;
    void apply(const quant::Recipe& recipe);

    QUndoStack m_stack;
    HistoryState m_first;
    std::map<std::string, StateFigures> m_figures;
    uint64_t m_edits = 0;
    bool m_silent = false;
};

} // namespace qs::ui
