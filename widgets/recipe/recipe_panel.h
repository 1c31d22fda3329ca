#pragma once

#include <QWidget>

#include <vector>

class QLabel;
class QPushButton;
class QStackedWidget;
class QVBoxLayout;

namespace qs::ui {

class Document;
class Edits;
class ErrorChange;
class JobRunner;
class NotesLabel;
class Plans;
class Selection;
class SiteGroup;

/// Inspector of the selected sites: groups of their settings (those that differ read "mixed" and stay untouched until
/// they are chosen), and what the settings do to the current site's error.
class RecipePanel : public QWidget {
    Q_OBJECT
public:
    RecipePanel(const Document& document, const Selection& selection, Edits& edits, const Plans& plans,
                JobRunner& runner, QWidget* parent = nullptr);

private:
    QWidget* makeForm(JobRunner& runner);
    void addGroups(QVBoxLayout& form, JobRunner& runner);
    void addButtons(QVBoxLayout& form);
    void refresh();
    void refreshNumbers();
    void showTitle();
    void showButtons();

    const Document& m_document;
    const Selection& m_selection;
    Edits& m_edits;
    const Plans& m_plans;
    QStackedWidget* m_pages;
    QLabel* m_empty;
    QLabel* m_title = nullptr;
    QLabel* m_what = nullptr;
    NotesLabel* m_notes = nullptr;
    std::vector<SiteGroup*> m_groups;
    QPushButton* m_reset = nullptr;
    QPushButton* m_lock = nullptr;
    ErrorChange* m_change = nullptr;
};

} // namespace qs::ui
