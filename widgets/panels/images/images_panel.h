#pragma once

#include "widgets/frame/panel.h"
#include "widgets/frame/refresher.h"

#include <QWidget>

class QStackedWidget;

namespace qs::ui {

class ChangesPane;
class ClassesPane;
class Document;
class Figures;
class JobRunner;
class Plans;
class Selection;

/// Images: what both networks say of each, as the task has it: classes, or pictures, texts and neighbours.
class ImagesPanel : public QWidget, public Panel {
    Q_OBJECT
public:
    ImagesPanel(const Document& document, Selection& selection, const Plans& plans, Figures& figures,
                JobRunner& runner, QWidget* parent = nullptr);

    ClassesPane& classes() { return *m_classes; }
    ChangesPane& changes() { return *m_changes; }
    bool showsClasses() const;
    QString tableCsv() const override;

signals:
    void helpWished();
    void failed(const QString& text);

private:
    void refresh();

    const Document& m_document;
    QStackedWidget* m_stack;
    ClassesPane* m_classes;
    ChangesPane* m_changes;
    Refresher m_refresher{*this, [this] { refresh(); }};
};

} // namespace qs::ui
