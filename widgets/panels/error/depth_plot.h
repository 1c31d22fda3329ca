#pragma once

#include "widgets/panels/error/error_row.h"
#include "widgets/plots/plot.h"

#include <set>

namespace qs::ui {

/// Isolated and accumulated SQNR of the activation sites along the depth. The marks tell the roles apart that matter
/// most: softmax output, GELU output (fc2), others.
class DepthPlot : public Plot {
    Q_OBJECT
public:
    explicit DepthPlot(QWidget* parent = nullptr);

    void setPicture(const ErrorPicture& picture);
    void setSelection(const std::vector<SiteId>& sites);
    QString describe(QPointF pixel) const;
    /// Site nearest to a pixel, by its place on the x axis.
    SiteId siteAt(QPointF pixel) const;

signals:
    void selectWished(qs::SiteId site, bool toggle);

protected:
    void recolour() override;
    void mousePressEvent(QMouseEvent* event) override;
    void mouseReleaseEvent(QMouseEvent* event) override;

private:
    int placeAt(QPointF pixel) const; ///< -1 outside
    void resetView();
    void drawBlocks(QCPPainter& painter);
    void drawSelection(QCPPainter& painter);
    void drawMarks(QCPPainter& painter);
    QString table() const;

    ErrorPicture m_picture;
    std::set<SiteId> m_selected;
    QCPGraph* m_isolated;
    QCPGraph* m_accumulated;
    QPointF m_pressed;
};

} // namespace qs::ui
