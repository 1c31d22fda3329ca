#pragma once

#include "core/quant/plan.h"
#include "widgets/plots/plot.h"

#include <vector>

namespace qs::ui {

/// Error of a site over the range of its noise, from no noise on, with the range in use: whether noise helps here,
/// and how much of it. It takes no wheel and no drag: it lies in a form that scrolls.
class NoiseCurve : public Plot {
    Q_OBJECT
public:
    explicit NoiseCurve(QWidget* parent = nullptr);

    struct Picture {
        std::vector<quant::NoisePlan::Point> points; ///< ascending; empty: not known yet
        quant::Objective objective = quant::Objective::OutputError;
        double chosen = -1;   ///< range in use, steps; negative: none
        double searched = -1; ///< where the search ends, steps; negative: no search
        double end = 3;       ///< of the axis, steps
        bool current = true;
    };
    void setPicture(const Picture& picture);
    const Picture& picture() const { return m_picture; }
    /// What lies under a pixel; "" outside.
    QString describe(QPointF pixel) const;

protected:
    void recolour() override;
    void wheelEvent(QWheelEvent* event) override;

private:
    void drawSearched(QCPPainter& painter);
    void drawMark(QCPPainter& painter);
    double errorAt(double range) const; ///< linear between points
    QString table() const;

    Picture m_picture;
    QCPGraph* m_curve;
    QCPGraph* m_none; ///< the error without noise
};

} // namespace qs::ui
