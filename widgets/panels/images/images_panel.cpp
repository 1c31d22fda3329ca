#include "widgets/panels/images/images_panel.h"

#include "widgets/panels/images/changes_pane.h"
#include "widgets/panels/images/classes_pane.h"

#include <QStackedWidget>
#include <QVBoxLayout>

namespace qs::ui {

ImagesPanel::ImagesPanel(const Document& document, Selection& selection, const Plans& plans, Figures& figures,
                         JobRunner& runner, QWidget* parent)
    : QWidget(parent), m_document(document), m_stack(new QStackedWidget(this)),
      m_classes(new ClassesPane(document, selection, figures, runner)),
      m_changes(new ChangesPane(document, selection, plans, figures, runner))
{
    m_stack->addWidget(m_classes);
    m_stack->addWidget(m_changes);
    auto* layout = new QVBoxLayout(this);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->addWidget(m_stack);
    m_refresher.on(document, &Document::modelChanged)
        .on(document, &Document::imagesChanged)
        .on(document, &Document::taskChanged)
        .on(document, &Document::recipeChanged)
        .on(plans, &Plans::planChanged)
        .on(figures, &Figures::evaluationChanged)
        .on(figures, &Figures::probeChanged);
    connect(m_classes, &ImagesView::helpWished, this, &ImagesPanel::helpWished);
    connect(m_classes, &ImagesView::failed, this, &ImagesPanel::failed);
    connect(m_changes, &ChangesPane::failed, this, &ImagesPanel::failed);
    refresh();
}

bool ImagesPanel::showsClasses() const
{
    const ModelTask& task = m_document.task();
    return !task || task.is("classification") || !m_document.probeImages(); // which say why there is nothing
}

void ImagesPanel::refresh()
{
    if (showsClasses()) {
        m_stack->setCurrentWidget(m_classes);
        m_classes->refresh();
    } else {
        m_stack->setCurrentWidget(m_changes);
        m_changes->refresh();
    }
}

QString ImagesPanel::tableCsv() const
{
    auto* self = const_cast<ImagesPanel*>(this);
    self->refresh(); // the panel may never have been shown
    if (!showsClasses())
        return m_changes->model().csv();
    return m_classes->reason().isEmpty() ? m_classes->model().csv() : QString();
}

} // namespace qs::ui
