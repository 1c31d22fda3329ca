#include "widgets/model/history.h"

#include <QUndoCommand>

namespace qs::ui {

/// One edit of the recipe, from before to after.
class RecipeCommand : public QUndoCommand {
public:
    RecipeCommand(History& history, quant::Recipe before, HistoryState after, int gesture)
        : QUndoCommand(after.text), m_history(history), m_before(std::move(before)), m_after(std::move(after)),
          m_gesture(gesture)
    {
    }

    const HistoryState& after() const { return m_after; }
    void undo() override { m_history.apply(m_before); }
    void redo() override { m_history.apply(m_after.recipe); }
    int id() const override { return m_gesture ? 1 : -1; }
    bool mergeWith(const QUndoCommand* other) override
    {
        const auto* next = static_cast<const RecipeCommand*>(other);
        if (next->m_gesture != m_gesture)
            return false;
        m_after = next->m_after;
        setText(m_after.text);
        setObsolete(m_after.recipe == m_before);
        return true;
    }

private:
    History& m_history;
    quant::Recipe m_before;
    HistoryState m_after;
    int m_gesture;
};

History::History(QObject* parent) : QObject(parent)
{
    connect(&m_stack, &QUndoStack::indexChanged, this, [this] {
        if (!m_silent)
            emit changed();
    });
}

const HistoryState& History::state(int index) const
{
    if (index <= 0)
        return m_first;
    return static_cast<const RecipeCommand*>(m_stack.command(index - 1))->after();
}

void History::start(const quant::Recipe& recipe, const QString& text)
{
    std::vector<HistoryState> states(1);
    states[0] = {text, recipe, {}};
    restore(std::move(states), 0);
}

void History::restore(std::vector<HistoryState> states, int index)
{
    m_silent = true;
    m_stack.clear();
    m_figures.clear();
    m_first = states.empty() ? HistoryState{} : std::move(states.front());
    m_first.key = keyOf(m_first.recipe);
    m_first.number = ++m_edits;
    for (std::size_t i = 1; i < states.size(); ++i)
        push(states[i].recipe, states[i].text);
    m_stack.setIndex(index);
    m_silent = false;
    emit changed();
}

void History::push(const quant::Recipe& recipe, const QString& text, int gesture)
{
    const quant::Recipe& before = state(index()).recipe;
    if (recipe == before)
        return;
    m_stack.push(new RecipeCommand(*this, before, {text, recipe, keyOf(recipe), ++m_edits}, gesture));
}

void History::apply(const quant::Recipe& recipe)
{
    if (!m_silent)
        emit applied(recipe);
}

const StateFigures& History::figures(const std::string& key) const
{
    static const StateFigures kNone;
    const auto found = m_figures.find(key);
    return found == m_figures.end() ? kNone : found->second;
}

void History::setFigures(const std::string& key, const StateFigures& figures)
{
    m_figures[key] = figures;
    emit changed();
}

std::string History::keyOf(const quant::Recipe& recipe)
{
    return project::recipeKey(recipe);
}

} // namespace qs::ui
