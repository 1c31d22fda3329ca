#pragma once

#include "widgets/panels/distribution/site_picture.h"
#include "widgets/plots/plot.h"

#include <vector>

namespace qs::ui {

/// Range of every channel, smallest to largest value, as a ribbon: the part that the codes cover in one colour, what
/// they clip in another; behind it, of a smoothed site, the range before. Where outlier channels show.
class RibbonPlot : public Plot {
    Q_OBJECT
public:
    explicit RibbonPlot(QWidget* parent = nullptr);

    void setPicture(const SitePicture& picture, bool keepView);
    void setBefore(bool on);
    /// By width of the range, widest first, instead of by number.
    void setSorted(bool on);
    bool sorted() const { return m_sorted; }
    /// Channel at a place of the x axis.
    std::size_t channelAt(std::size_t place) const { return m_order[place]; }
    QString describe(QPointF pixel) const;

private:
    struct Span {
        double low, high;
    };
    void reorder();
    void resetView();
    void draw(QCPPainter& painter);
    void drawOriginal(QCPPainter& painter);
    /// On show: before or after smoothing.
    const stats::SiteStatistics* values() const { return m_picture.shown(m_before); }
    bool withOriginal() const
    {
        return !m_before && m_picture.original && m_picture.original->minimum.size() == channels();
    }
    /// What the codes of a channel cover.
    Span covered(std::size_t channel) const;
    std::optional<Span> sameLimits() const;
    std::size_t channels() const { return m_order.size(); }
    QString table() const;

    SitePicture m_picture;
    std::vector<std::size_t> m_order;
    QCPRange m_whole; ///< of the ranges' axis as resetView() left it
    bool m_sorted = false;
    bool m_before = false;
};

} // namespace qs::ui
