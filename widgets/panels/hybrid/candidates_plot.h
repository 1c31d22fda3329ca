#pragma once

#include "core/search/hybrid_search.h"
#include "widgets/plots/plot.h"

#include <optional>
#include <vector>

namespace qs::ui {

/// The objective of Q-HyViT's search over the candidate steps of one site: a curve for each granularity (colour) and
/// scheme (solid: asymmetric, dashed: symmetric), the chosen candidate, and the error that the site had before.
class CandidatesPlot : public Plot {
    Q_OBJECT
public:
    explicit CandidatesPlot(QWidget* parent = nullptr);

    /// weighted: by squared gradients, which gives E a unit.
    void setChoice(const search::HybridChoice& choice, const std::vector<double>& factors, bool weighted);
    void clear();
    /// "per channel, asymmetric at 0.86 Δ₀: E = 0.0012": the nearest curve there; "" outside.
    QString describe(QPointF pixel) const;
    int curves() const { return static_cast<int>(m_graphs.size()); }
    std::optional<QPointF> chosenPixel() const; ///< of the mark; none where the start was kept

protected:
    void recolour() override;

private:
    void resetView();
    void drawMark(QCPPainter& painter);
    QString table() const;

    search::HybridChoice m_choice;
    std::vector<double> m_factors;
    std::vector<QCPGraph*> m_graphs; ///< by curve
    QCPGraph* m_before;
};

} // namespace qs::ui
