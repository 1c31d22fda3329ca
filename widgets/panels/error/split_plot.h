#pragma once

#include "widgets/panels/error/error_row.h"
#include "widgets/plots/plot.h"

#include <set>

namespace qs::ui {

/// Bars along the depth: where the error of each layer comes from (stacked), or how sensitive each site is.
class SplitPlot : public Plot {
    Q_OBJECT
public:
    enum class Show {
        Split,       ///< squared error over signal, %
        SplitShares, ///< the same, each layer 100 %
        Sensitivity, ///< KL of the class probabilities, mnat
    };
    explicit SplitPlot(QWidget* parent = nullptr);

    void setPicture(const ErrorPicture& picture);
    void setShow(Show show);
    void setSelection(const std::vector<SiteId>& sites);
    QString describe(QPointF pixel) const;
    SiteId siteAt(QPointF pixel) const;

signals:
    void selectWished(qs::SiteId site, bool toggle);

protected:
    void recolour() override;
    void mousePressEvent(QMouseEvent* event) override;
    void mouseReleaseEvent(QMouseEvent* event) override;

private:
    std::size_t count() const;
    int placeAt(QPointF pixel) const;
    SiteId site(std::size_t place) const;
    bool chosen(std::size_t place) const;
    void rebuild();
    void resetView();
    void draw(QCPPainter& painter);
    QString table() const;

    ErrorPicture m_picture;
    Show m_show = Show::Split;
    std::set<SiteId> m_selected;
    std::vector<QCPBars*> m_legend; ///< without data: names and colours
    QPointF m_pressed;
};

} // namespace qs::ui
