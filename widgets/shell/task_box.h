#pragma once

#include <QWidget>

class QComboBox;
class QMenu;

namespace qs::ui {

class Actions;
class Document;

/// Toolbar: what the network is for, as it was guessed or chosen; the tip says why.
class TaskBox : public QWidget {
    Q_OBJECT
public:
    explicit TaskBox(Document& document, QWidget* parent = nullptr);

private:
    void follow();

    Document& m_document;
    QComboBox* m_tasks;
};

/// Task: the same as a menu of the keyboard.
void addTaskMenu(QMenu& menu, Actions& actions, Document& document);

} // namespace qs::ui
