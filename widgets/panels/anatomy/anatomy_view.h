#pragma once

#include "core/graph/sites.h"

#include <QString>
#include <QWidget>

#include <array>
#include <limits>
#include <map>
#include <set>
#include <vector>

class QComboBox;
class QLabel;

namespace qs::ui {

class EmptyState;

enum class AnatomyColour { Sqnr, Accumulated, Bits, Kurtosis, OutputError, Count };

/// One site of the map: values only.
struct AnatomySite {
    static constexpr double kNone = std::numeric_limits<double>::quiet_NaN();
    SiteId id;
    QString name;
    graph::SiteKind kind = graph::SiteKind::Activation;
    graph::Role role = graph::Role::Linear;
    int block = -1;
    std::array<double, static_cast<std::size_t>(AnatomyColour::Count)> values{};
    int bridge = -1;     ///< number of the bridge block, -1: in none
    QString bridgeHelp;  ///< why
    bool current = true; ///< false: numbers of an older recipe
};

/// The map itself: a column for each block, a row for each role and kind, coloured by one figure. A rectangle drawn
/// with the mouse selects the sites in it.
class AnatomyMap : public QWidget {
    Q_OBJECT
public:
    explicit AnatomyMap(QWidget* parent = nullptr);

    void setSites(std::vector<AnatomySite> sites);
    void setSelection(const std::vector<SiteId>& sites);
    void setColour(AnatomyColour colour);

    /// Sites whose cells touch the rectangle, in pixels.
    std::vector<SiteId> sitesIn(const QRect& rect) const;
    QRect cellOf(SiteId site) const;
    /// What the ends of the colour map stand for, dark and bright; "" where there are no numbers.
    std::pair<QString, QString> legend() const;
    /// Place of a value on the colour map: 0 is the worst (fewest dB, fewest bits, heaviest tail).
    double shade(double value) const;
    /// The number that marks a cell, -1 where there is none.
    int bridgeAt(QPointF pixel) const;
    QSize minimumSizeHint() const override;

signals:
    void selectWished(const std::vector<qs::SiteId>& sites, bool add);
    void hovered(const QString& text);

protected:
    bool event(QEvent* event) override;
    void paintEvent(QPaintEvent* event) override;
    void mousePressEvent(QMouseEvent* event) override;
    void mouseMoveEvent(QMouseEvent* event) override;
    void mouseReleaseEvent(QMouseEvent* event) override;
    void leaveEvent(QEvent* event) override;

private:
    using Line = std::pair<graph::Role, graph::SiteKind>;
    struct Cell {
        int column, line;
        std::vector<std::size_t> sites; ///< several where a block has more than one of a role
    };
    QRectF place(int column, int line) const;
    const Cell* cellAt(QPointF pixel) const;
    double valueOf(const Cell& cell) const; ///< the worst of its sites
    double value(const AnatomySite& site) const { return site.values[static_cast<std::size_t>(m_colour)]; }
    bool highIsBad() const;
    QString valueText(double value) const;
    int labelWidth() const;
    int bridgeOf(const Cell& cell) const;

    std::vector<AnatomySite> m_sites;
    std::vector<Line> m_lines;
    std::vector<int> m_blocks;
    std::vector<Cell> m_cells;
    std::set<SiteId> m_selected;
    AnatomyColour m_colour = AnatomyColour::Sqnr;
    double m_low = 0;
    double m_high = 1;
    QPoint m_from, m_to;
    bool m_dragging = false;

    void spanColours();
};

/// The map with its choice of colour and its legend.
class AnatomyView : public QWidget {
    Q_OBJECT
public:
    explicit AnatomyView(QWidget* parent = nullptr);

    void setSites(std::vector<AnatomySite> sites);
    void showReason(const QString& text);
    AnatomyMap& map() { return *m_map; }

protected:
    void changeEvent(QEvent* event) override;

private:
    void sayLegend();
    AnatomyMap* m_map;
    EmptyState* m_empty;
    QComboBox* m_colour;
    QLabel* m_dark;
    QLabel* m_bright;
    QWidget* m_bar;
    QLabel* m_hover;
    QLabel* m_bridges; ///< what the numbers in cells are; hidden without bridge blocks
};

} // namespace qs::ui
