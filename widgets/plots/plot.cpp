#include "widgets/plots/plot.h"

#include "widgets/theme/colours.h"

#include <QApplication>
#include <QClipboard>
#include <QContextMenuEvent>
#include <QFileDialog>
#include <QFileInfo>
#include <QMenu>
#include <QSaveFile>
#include <QSvgGenerator>

namespace qs::ui {

namespace {
constexpr QSize kNeverShown(800, 420);
}

Plot::Plot(const QString& name, QWidget* parent) : QCustomPlot(parent), m_name(name)
{
    setInteractions(QCP::iRangeDrag | QCP::iRangeZoom);
    setNoAntialiasingOnDrag(true);
    setMouseTracking(true);
    setAccessibleName(name);
    setFocusPolicy(Qt::StrongFocus);
    xAxis->setTickLabelFont(font());
    yAxis->setTickLabelFont(font());
}

void Plot::colourAxis(QCPAxis& axis)
{
    const Colours& c = colours();
    axis.setBasePen(QPen(c.plotFrame));
    axis.setTickPen(QPen(c.plotFrame));
    axis.setSubTickPen(QPen(c.plotFrame));
    axis.setTickLabelColor(c.plotText);
    axis.setLabelColor(c.plotText);
    axis.grid()->setPen(QPen(c.plotGrid));
    axis.grid()->setSubGridPen(QPen(c.plotGrid, 0, Qt::DotLine));
    axis.grid()->setZeroLinePen(QPen(c.plotFrame));
}

void Plot::applyColours()
{
    setBackground(QBrush(colours().plotBackground));
    for (QCPAxisRect* rect : axisRects())
        for (QCPAxis* axis : rect->axes())
            colourAxis(*axis);
    if (legend) {
        legend->setTextColor(colours().plotText);
        legend->setBorderPen(QPen(colours().plotGrid));
        QColor back = colours().plotBackground;
        back.setAlpha(215);
        legend->setBrush(back);
    }
    recolour();
    redraw();
}

void Plot::changeEvent(QEvent* event)
{
    QCustomPlot::changeEvent(event);
    if (event->type() == QEvent::PaletteChange)
        applyColours();
}

void Plot::leaveEvent(QEvent* event)
{
    QCustomPlot::leaveEvent(event);
    emit left();
}

void Plot::mouseMoveEvent(QMouseEvent* event)
{
    QCustomPlot::mouseMoveEvent(event);
    if (event->buttons() == Qt::NoButton)
        emit hovered(event->position());
}

void Plot::mouseDoubleClickEvent(QMouseEvent* event)
{
    QCustomPlot::mouseDoubleClickEvent(event);
    emit resetRequested();
}

void Plot::contextMenuEvent(QContextMenuEvent* event)
{
    auto* menu = new QMenu(this);
    menu->setAttribute(Qt::WA_DeleteOnClose);
    extendMenu(*menu);
    menu->addAction(tr("Reset view"), this, &Plot::resetRequested);
    menu->addSeparator();
    menu->addAction(tr("Copy image"), this, [this] { QApplication::clipboard()->setPixmap(toPixmap(0, 0, 2)); });
    if (m_csv)
        menu->addAction(tr("Copy values"), this, [this] { QApplication::clipboard()->setText(m_csv()); });
    menu->addSeparator();
    menu->addAction(tr("Save as PNG…"), this, [this] { saveAs(QStringLiteral("png"), tr("PNG image (*.png)")); });
    menu->addAction(tr("Save as SVG…"), this, [this] { saveAs(QStringLiteral("svg"), tr("SVG drawing (*.svg)")); });
    menu->addAction(tr("Save as PDF…"), this, [this] { saveAs(QStringLiteral("pdf"), tr("PDF document (*.pdf)")); });
    if (m_csv)
        menu->addAction(tr("Save values as CSV…"), this,
                        [this] { saveAs(QStringLiteral("csv"), tr("Table (*.csv)")); });
    menu->popup(event->globalPos());
}

void Plot::saveAs(const QString& suffix, const QString& filter)
{
    auto* dialog = new QFileDialog(window(), tr("Save %1").arg(m_name), QString(), filter);
    dialog->setAttribute(Qt::WA_DeleteOnClose);
    dialog->setAcceptMode(QFileDialog::AcceptSave);
    dialog->setDefaultSuffix(suffix);
    dialog->selectFile(m_name.toLower().replace(QLatin1Char(' '), QLatin1Char('-')));
    connect(dialog, &QFileDialog::fileSelected, this, [this](const QString& path) {
        if (const QString wrong = save(path); !wrong.isEmpty())
            emit failed(wrong);
    });
    dialog->open();
}

/// As on screen; of a plot that no layout has given a size yet, one that shows everything.
QSize Plot::extent() const
{
    return testAttribute(Qt::WA_WState_Created) ? size() : size().expandedTo(kNeverShown);
}

QString Plot::save(const QString& path)
{
    const QString suffix = QFileInfo(path).suffix().toLower();
    bool done = false;
    if (suffix == QLatin1String("png"))
        done = savePng(path, extent().width(), extent().height(), 2.0);
    else if (suffix == QLatin1String("pdf"))
        done = savePdf(path, extent().width(), extent().height(), QCP::epAllowCosmetic, QStringLiteral("Quantoscope"),
                       m_name);
    else if (suffix == QLatin1String("svg"))
        return saveSvg(path);
    else if (suffix == QLatin1String("csv") && m_csv) {
        QSaveFile file(path);
        done = file.open(QIODevice::WriteOnly) && file.write(m_csv().toUtf8()) >= 0 && file.commit();
    } else
        return tr("%1: unknown kind of file; there are .png, .svg, .pdf and .csv").arg(path);
    return done ? QString() : tr("%1: cannot be written").arg(path);
}

QString Plot::saveSvg(const QString& path)
{
    QSvgGenerator svg;
    svg.setFileName(path);
    svg.setTitle(m_name);
    const QRect area(QPoint(), extent());
    svg.setSize(area.size());
    svg.setViewBox(area);
    QCPPainter painter;
    if (!painter.begin(&svg))
        return tr("%1: cannot be written").arg(path);
    painter.setMode(QCPPainter::pmVectorized);
    painter.setMode(QCPPainter::pmNoCaching);
    painter.fillRect(area, colours().plotBackground);
    toPainter(&painter, area.width(), area.height());
    painter.end();
    return {};
}

PlotLayerable::PlotLayerable(QCPAxisRect& rect, const QString& layer, Draw draw)
    : QCPLayerable(rect.parentPlot(), layer), m_rect(&rect), m_draw(std::move(draw))
{
}

void PlotLayerable::applyDefaultAntialiasingHint(QCPPainter* painter) const
{
    painter->setAntialiasing(false);
}

} // namespace qs::ui
