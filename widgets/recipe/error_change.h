#pragma once

#include "core/quant/plan.h"

#include <QWidget>

#include <memory>

class QLabel;

namespace qs::ui {

class Document;
class Plans;
class Selection;

/// What the settings do to the error of the current site: its numbers before the present step of the history and as
/// they are. All of a drag is one step.
class ErrorChange : public QWidget {
    Q_OBJECT
public:
    ErrorChange(const Document& document, const Selection& selection, const Plans& plans, QWidget* parent = nullptr);

    void refresh();
    void forget() { m_site = {}; } ///< what is known now is no "before" of what comes

protected:
    void changeEvent(QEvent* event) override;

private:
    void followSteps(SiteId id, const std::shared_ptr<const quant::SitePlan>& plan);
    QString table(const quant::SitePlan& plan, bool current) const;

    const Document& m_document;
    const Selection& m_selection;
    const Plans& m_plans;
    QLabel* m_numbers;
    QLabel* m_note;
    SiteId m_site;
    int m_step = 0; ///< of the history, that m_after belongs to
    std::shared_ptr<const quant::SitePlan> m_before, m_after;
};

} // namespace qs::ui
