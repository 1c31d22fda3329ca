#pragma once

#include "widgets/model/search_run.h"
#include "widgets/panels/bits/bits_picture.h"

#include <QWidget>

class QComboBox;
class QLabel;
class QMenu;
class QToolButton;

namespace qs::ui {

class BarsPlot;
class EmptyState;
class SearchForm;
class TracePlot;

/// Mixed precision: settings of a search, its trace, and the bits of all sites as bars. Shows values, says what the
/// user wishes.
class BitsView : public QWidget {
    Q_OBJECT
public:
    explicit BitsView(QWidget* parent = nullptr);

    void setPicture(const BitsPicture& picture);
    void setSelection(const std::vector<SiteId>& sites);
    /// names: of the sites of the steps; present: the step whose recipe is the present one, or -1.
    void setRun(const SearchRun& run, const QStringList& names);
    void setPresentStep(int step);
    /// In the place of everything.
    void showReason(const QString& text, const QString& button = {});
    void showAll();
    /// In the place of the trace; "": the trace is shown.
    void setTraceReason(const QString& text, const QString& button = {});

    SearchForm& form() { return *m_form; }
    TracePlot& trace() { return *m_trace; }
    BarsPlot& weights() { return *m_weights; }
    BarsPlot& activations() { return *m_activations; }
    QMenu& compareMenu() { return *m_compareMenu; }
    QString reason() const;
    QString traceReason() const;
    QString hoverText() const;
    QString note() const; ///< what the bars show: how many differ from the compared state, how many are locked

signals:
    void helpWished();
    void failed(const QString& text);

protected:
    void changeEvent(QEvent* event) override;

private:
    void sayHover(const QString& text);
    void sayLegend();
    void chooseCost();

    BitsPicture m_picture;
    SearchForm* m_form;
    TracePlot* m_trace;
    BarsPlot* m_weights;
    BarsPlot* m_activations;
    QComboBox* m_cost;
    QToolButton* m_compare;
    QMenu* m_compareMenu;
    QLabel* m_note;
    QLabel* m_legend;
    QLabel* m_hover;
    EmptyState* m_empty;
    EmptyState* m_traceEmpty;
    bool m_costChosen = false; ///< by hand: a new search does not change it
};

} // namespace qs::ui
