#pragma once

#include <qcustomplot.h>

#include <functional>

namespace qs::ui {

/// What all plots of the window share: colours of the theme (also after a change), wheel zoom, drag pan, reset on
/// double click, hover, and a context menu that copies or exports (PNG, SVG, PDF, CSV).
class Plot : public QCustomPlot {
    Q_OBJECT
public:
    using Csv = std::function<QString()>;

    /// name: for people and for file names, "Histogram".
    explicit Plot(const QString& name, QWidget* parent = nullptr);

    const QString& name() const { return m_name; }
    /// Table behind the plot, with a header line; without one there is no CSV in the menu.
    void setCsv(Csv csv) { m_csv = std::move(csv); }
    QString csv() const { return m_csv ? m_csv() : QString(); }
    /// By suffix: .png (twice the size on screen), .svg, .pdf, .csv. Returns what went wrong, "" if nothing.
    QString save(const QString& path);
    /// Puts the colours of the theme on all axes, then calls recolour and draws.
    void applyColours();
    /// For everything that changes data: draws once, when the events of now are done.
    void redraw() { replot(QCustomPlot::rpQueuedReplot); }
    /// Pen for axes that the subclass adds.
    static void colourAxis(QCPAxis& axis);

signals:
    void hovered(QPointF pixel); ///< the mouse is over the plot, no button pressed
    void left();
    void resetRequested(); ///< double click
    void failed(const QString& text);

protected:
    /// Colours of what the subclass draws.
    virtual void recolour() {}
    /// Room for entries at the top of the context menu.
    virtual void extendMenu(QMenu&) {}

    void changeEvent(QEvent* event) override;
    void leaveEvent(QEvent* event) override;
    void mouseMoveEvent(QMouseEvent* event) override;
    void mouseDoubleClickEvent(QMouseEvent* event) override;
    void contextMenuEvent(QContextMenuEvent* event) override;

private:
    void saveAs(const QString& suffix, const QString& filter);
    QString saveSvg(const QString& path);
    QSize extent() const;
    QString m_name;
    Csv m_csv;
};

/// A part of a plot that a function draws; clipped to the axis rect.
class PlotLayerable : public QCPLayerable {
    Q_OBJECT
public:
    using Draw = std::function<void(QCPPainter&)>;
    PlotLayerable(QCPAxisRect& rect, const QString& layer, Draw draw);

protected:
    void applyDefaultAntialiasingHint(QCPPainter* painter) const override;
    void draw(QCPPainter* painter) override { m_draw(*painter); }
    QRect clipRect() const override { return m_rect->rect(); }

private:
    QCPAxisRect* m_rect;
    Draw m_draw;
};

} // namespace qs::ui
