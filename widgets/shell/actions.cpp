#include "widgets/shell/actions.h"

#include "widgets/model/document.h"
#include "widgets/model/follow.h"
#include "widgets/model/plans.h"
#include "widgets/model/selection.h"
#include "widgets/theme/icon.h"

#include <QAction>
#include <QMenu>

namespace qs::ui {

Command bitsCommand(int bits)
{
    return static_cast<Command>(static_cast<int>(Command::BitsOfSites) + bits);
}

Actions::Actions(const Document& document, const Selection& selection, const Plans& plans, QObject* parent)
    : QObject(parent), m_document(document), m_selection(selection), m_plans(plans)
{
    follow(this, &Actions::refresh)
        .on(document, &Document::modelChanged)
        .on(document, &Document::imagesChanged)
        .on(plans, &Plans::calibrationChanged)
        .on(plans, &Plans::planChanged)
        .on(selection, &Selection::changed);
}

QAction* Actions::add(QMenu& menu, const Look& look, Needs needs, std::function<void()> run)
{
    QAction* action = menu.addAction(look.text);
    action->setShortcut(look.keys);
    if (look.icon)
        setThemedIcon(action, look.icon);
    connect(action, &QAction::triggered, this, [run = std::move(run)] { run(); });
    if (needs != kNothing) {
        m_needs.emplace_back(action, needs);
        enable(*action, needs);
    }
    return action;
}

QAction* Actions::add(Command command, QMenu& menu, const Look& look, Needs needs, std::function<void()> run)
{
    QAction* action = add(menu, look, needs, std::move(run));
    take(command, action);
    return action;
}

QAction* Actions::of(Command command) const
{
    const auto found = m_commands.find(command);
    return found == m_commands.end() ? nullptr : found->second;
}

void Actions::refresh()
{
    for (const auto& [action, needs] : m_needs)
        enable(*action, needs);
}

void Actions::enable(QAction& action, const Needs& needs) const
{
    action.setEnabled((m_document.model() || !needs.model) && (m_plans.calibration() || !needs.calibration) &&
                      (!m_selection.sites().empty() || !needs.selection) && (m_plans.plan() || !needs.plan));
}

} // namespace qs::ui
