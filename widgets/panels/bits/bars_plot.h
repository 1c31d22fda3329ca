#pragma once

#include "widgets/panels/bits/bits_picture.h"
#include "widgets/plots/plot.h"

#include <set>

namespace qs::ui {

/// Bits of all weights or all activations as bars, grouped by block and coloured by role. A bar is dragged up and
/// down by its column; every drag has a number of its own, so that it becomes one edit.
///
/// Blocks are as wide as their larger kind has sites, so that the bars of weights and of activations of a block stand
/// above each other: x counts those places.
class BarsPlot : public Plot {
    Q_OBJECT
public:
    BarsPlot(graph::SiteKind kind, const QString& name, QWidget* parent = nullptr);

    void setPicture(const BitsPicture& picture);
    void setSelection(const std::vector<SiteId>& sites);
    QString describe(QPointF pixel) const;
    SiteId siteAt(QPointF pixel) const; ///< whose column is there
    /// The top of a site's bar; null where it is not on show. For tests, and to point at it.
    QPointF topOf(SiteId site) const;

signals:
    void selectWished(qs::SiteId site, bool toggle);
    void dragBegan();
    void bitsWished(qs::SiteId site, int bits); ///< during a drag, where it changes
    void lockWished(const std::vector<qs::SiteId>& sites, bool locked);

protected:
    void extendMenu(QMenu& menu) override;
    void mousePressEvent(QMouseEvent* event) override;
    void mouseMoveEvent(QMouseEvent* event) override;
    void mouseReleaseEvent(QMouseEvent* event) override;
    void contextMenuEvent(QContextMenuEvent* event) override;

private:
    struct Bar {
        SiteBits site;
        double left = 0, right = 0; ///< in places
    };
    const Bar* barAt(QPointF pixel) const;
    const Bar* find(SiteId site) const;
    QRectF rectOf(const Bar& bar) const;
    void addLockActions(QMenu& menu, const QString& what, const std::vector<SiteId>& sites);
    template <class Predicate>
    std::vector<SiteId> sitesWhere(Predicate predicate) const;
    void resetView();
    void drawBlocks(QCPPainter& painter);
    void drawBars(QCPPainter& painter);
    void drawBar(QCPPainter& painter, const Bar& bar, const QRectF& rect);
    QString table() const;

    const graph::SiteKind m_kind;
    std::vector<Bar> m_bars;
    std::vector<double> m_blockEnds;
    double m_places = 1;
    std::set<SiteId> m_selected;
    QPointF m_pressed;
    SiteId m_dragged;
    bool m_dragging = false;
    int m_bitsBefore = 0; ///< of the dragged bar
    int m_wishedBits = 0; ///< last emitted
    SiteId m_menuSite;
};

} // namespace qs::ui
