#pragma once

#include "widgets/model/search_run.h"
#include "widgets/plots/plot.h"

#include <QStringList>

namespace qs::ui {

/// What a search lost at what cost, one point a step: filled where the loss was measured, hollow where it is a sum of
/// table entries; steps of the fill pass, which raise bits again, as squares. A click loads a step.
class TracePlot : public Plot {
    Q_OBJECT
public:
    enum class Cost { MeanBits, WeightBits, ActivationBits, ModelMegabytes, GigaBops, Budget };
    explicit TracePlot(QWidget* parent = nullptr);

    /// names: of the sites of the steps, by step.
    void setRun(const SearchRun& run, const QStringList& names);
    void setCost(Cost cost);
    Cost cost() const { return m_cost; }
    /// The step whose recipe is the present one; -1: none.
    void setPresentStep(int step);
    int presentStep() const { return m_present; }
    void setLogLoss(bool on);

    int steps() const { return static_cast<int>(m_run.steps()); }
    int stepAt(QPointF pixel) const; ///< the nearest one within reach; -1: none
    QPointF pixelOf(int step) const;
    QString describe(int step) const;

signals:
    void stepWished(int step);
    void stepPointed(int step); ///< by the mouse or the keys; -1: none

protected:
    void recolour() override;
    void keyPressEvent(QKeyEvent* event) override;
    void mousePressEvent(QMouseEvent* event) override;
    void mouseMoveEvent(QMouseEvent* event) override;
    void mouseReleaseEvent(QMouseEvent* event) override;
    void leaveEvent(QEvent* event) override;

private:
    double costOf(const search::Step& step) const;
    double lossOf(const search::Step& step) const; ///< nats, or % of wrong top-1
    std::optional<double> budget() const;          ///< in the units of the x axis
    bool logarithmic() const;
    void point(int step);
    void rebuild();
    void resetView();
    void drawBudget(QCPPainter& painter);
    QRectF labelPlace(double x, QSizeF size, const QRect& rect) const;
    void drawMarks(QCPPainter& painter);
    QString table() const;

    SearchRun m_run;
    QStringList m_names;
    Cost m_cost = Cost::MeanBits;
    QCPCurve* m_curve;
    int m_present = -1;
    int m_pointed = -1;
    bool m_logLoss = true;
    bool m_positive = true; ///< all losses are: a logarithmic axis can show them
    bool m_own = false;     ///< the view is the user's: what grows does not move it
    QPointF m_pressed;
};

} // namespace qs::ui
