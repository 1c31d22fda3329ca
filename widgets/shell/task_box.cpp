#include "widgets/shell/task_box.h"

#include "widgets/model/document.h"
#include "widgets/model/follow.h"
#include "widgets/shell/actions.h"

#include <QAbstractItemView>
#include <QActionGroup>
#include <QComboBox>
#include <QHBoxLayout>
#include <QLabel>
#include <QMenu>
#include <QStandardItemModel>

namespace qs::ui {

namespace {

/// Truths of another task say nothing of this one.
void choose(Document& document, const std::string& name)
{
    images::TaskChoice choice = document.task().choice;
    choice.name = name;
    const tasks::TaskDef* def = tasks::findTask(name.empty() ? document.task().guessed : name);
    if (choice.truths && (!def || images::truthKindOf(*def) != choice.truths->kind))
        choice.truths.reset();
    if (!def || def->name != "text")
        choice.characters.clear();
    document.setTask(choice);
}

} // namespace

TaskBox::TaskBox(Document& document, QWidget* parent)
    : QWidget(parent), m_document(document), m_tasks(new QComboBox(this))
{
    auto* layout = new QHBoxLayout(this);
    layout->setContentsMargins(6, 0, 6, 0);
    layout->setSpacing(4);
    auto* label = new QLabel(tr("Tas&k"), this);
    label->setBuddy(m_tasks);
    layout->addWidget(label);
    layout->addWidget(m_tasks);
    m_tasks->setObjectName(QStringLiteral("task"));
    m_tasks->setAccessibleName(tr("Task: what the outputs of the network are for"));
    m_tasks->setSizeAdjustPolicy(QComboBox::AdjustToMinimumContentsLengthWithIcon);
    m_tasks->setMinimumContentsLength(15);
    connect(m_tasks, &QComboBox::activated, this, [this] {
        choose(m_document, m_tasks->currentData().toString().toStdString());
        follow(); // it may be refused
    });
    ui::follow(this, &TaskBox::follow).on(document, &Document::modelChanged).on(document, &Document::taskChanged);
    follow();
}

void TaskBox::follow()
{
    m_tasks->clear();
    setEnabled(m_document.model() != nullptr);
    m_tasks->setToolTip(taskReason(m_document.task()) + QLatin1Char('\n') + taskHelp(m_document.task()));
    if (!m_document.model())
        return;
    for (const TaskOffer& offer : taskOffers(*m_document.model(), m_document.task())) {
        m_tasks->addItem(offer.title, offer.name);
        const int at = m_tasks->count() - 1;
        m_tasks->setItemData(at, offer.help, Qt::ToolTipRole);
        if (auto* items = qobject_cast<QStandardItemModel*>(m_tasks->model()))
            items->item(at)->setEnabled(offer.usable);
        if (offer.present)
            m_tasks->setCurrentIndex(at);
    }
    m_tasks->view()->setMinimumWidth(m_tasks->view()->sizeHintForColumn(0) + 24);
}

void addTaskMenu(QMenu& menu, Actions& actions, Document& document)
{
    QMenu* list = menu.addMenu(QObject::tr("&Task"));
    list->setToolTipsVisible(true);
    auto* group = new QActionGroup(list);
    for (const tasks::TaskDef& def : tasks::allTasks()) {
        const std::string name(def.name);
        const QString title = QString::fromUtf8(def.title.data(), qsizetype(def.title.size()));
        QAction* one = actions.add(*list, {title, {}, nullptr}, kModel, [&document, name] {
            choose(document, name == document.task().guessed ? std::string() : name);
        });
        one->setCheckable(true);
        one->setToolTip(QString::fromUtf8(def.words.data(), qsizetype(def.words.size())));
        group->addAction(one);
        const auto follow = [&document, one, name] { one->setChecked(document.task().is(name)); };
        QObject::connect(&document, &Document::taskChanged, one, follow);
        QObject::connect(one, &QAction::triggered, one, follow);
        follow();
    }
}

} // namespace qs::ui
