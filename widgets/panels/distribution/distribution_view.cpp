#include "widgets/panels/distribution/distribution_view.h"

#include "core/quant/covered_range.h"
#include "widgets/model/text.h"
#include "widgets/panels/distribution/histogram_plot.h"
#include "widgets/panels/distribution/noise_region.h"
#include "widgets/panels/distribution/quantizer_table.h"
#include "widgets/panels/distribution/ribbon_plot.h"
#include "widgets/panels/shared/empty_state.h"
#include "widgets/theme/colours.h"
#include "widgets/theme/format.h"

#include <QCheckBox>
#include <QHBoxLayout>
#include <QLabel>
#include <QSplitter>
#include <QStackedWidget>
#include <QTabBar>
#include <QTextDocumentFragment>
#include <QVBoxLayout>

#include <algorithm>
#include <cmath>

namespace qs::ui {

namespace {

/// "<b>SQNR</b> 17.2 dB" parts with room between them.
class Figures {
public:
    void add(const QString& name, const QString& value)
    {
        m_parts << QStringLiteral("%1&nbsp;<b>%2</b>").arg(unbroken(name), unbroken(value));
    }
    /// A line breaks between figures, never inside one.
    static QString unbroken(const QString& text)
    {
        return text.toHtmlEscaped().replace(QLatin1Char(' '), QLatin1String("&nbsp;"));
    }
    QString html() const { return m_parts.join(QStringLiteral(" &nbsp;&nbsp; ")); }

private:
    QStringList m_parts;
};

/// Quantizer and steps of levels that are not equally spaced.
void addLevels(Figures& figures, const quant::SitePlan& plan)
{
    figures.add(DistributionView::tr("quantizer"), quantizerTitle(plan.settings.quantizer));
    if (const auto* regions = std::get_if<quant::RegionGrid>(&plan.levels)) {
        const double small = regions->step(regions->lower);
        const double large = regions->step(regions->upper);
        figures.add(DistributionView::tr("steps"),
                    QStringLiteral("%1 · %2").arg(formatNumber(small), formatNumber(large)));
        figures.add(DistributionView::tr("ratio"), regions->upper.freeStep == 0
                                                       ? QStringLiteral("2^%1").arg(regions->upper.shift)
                                                       : formatNumber(large / small));
        figures.add(DistributionView::tr("border"),
                    QStringLiteral("%1%2").arg(regions->byMagnitude ? QStringLiteral("± ") : QString(),
                                               formatNumber(regions->border)));
    } else if (const auto* logarithm = std::get_if<quant::LogGrid>(&plan.levels)) {
        figures.add(DistributionView::tr("scale"), formatNumber(logarithm->scale));
    }
}

QString clippedText(double share)
{
    return share > 0 && share < 5e-4 ? QStringLiteral("%1 ppm").arg(formatNumber(share * 1e6)) : formatPercent(share);
}

} // namespace

DistributionView::DistributionView(QWidget* parent)
    : QWidget(parent), m_title(new QLabel), m_figures(new QLabel), m_hover(new QLabel),
      m_log(new QCheckBox(tr("Log counts"))), m_before(new QCheckBox(tr("Float only"))),
      m_sorted(new QCheckBox(tr("Sort channels"))), m_gain(new QCheckBox(tr("Noise gain"))), m_noise(new QLabel),
      m_histogram(new HistogramPlot), m_ribbon(new RibbonPlot), m_tabs(new QTabBar), m_table(new QuantizerTable)
{
    m_log->setToolTip(tr("Counts on a logarithmic scale"));
    m_sorted->setToolTip(tr("Channels by the width of their range, widest first, instead of by number"));
    m_gain->setToolTip(tr("Which values gain from the noise of this site, and which lose: those near the middle "
                          "between two levels gain (theorem 1 of NoisyQuant, arXiv 2211.16056, integrated over "
                          "bins). Steps of a few pixels are coloured as a whole, grey where it comes to nothing: "
                          "zoom in for their sides."));
    m_noise->setWordWrap(true);
    m_noise->setTextInteractionFlags(Qt::TextSelectableByMouse);
    m_noise->hide();
    m_figures->setWordWrap(true);
    m_figures->setTextInteractionFlags(Qt::TextSelectableByMouse);
    m_title->setTextInteractionFlags(Qt::TextSelectableByMouse);
    m_title->setSizePolicy(QSizePolicy::Ignored, QSizePolicy::Preferred);
    m_hover->setSizePolicy(QSizePolicy::Ignored, QSizePolicy::Preferred);
    QFont bold = m_title->font();
    bold.setBold(true);
    m_title->setFont(bold);

    auto* content = new QWidget;
    auto* layout = new QVBoxLayout(content);
    layout->setContentsMargins(8, 6, 8, 2);
    layout->setSpacing(4);
    auto* top = new QHBoxLayout;
    top->setSpacing(14);
    top->addWidget(m_title, 1);
    for (QCheckBox* box : {m_gain, m_log, m_before, m_sorted})
        top->addWidget(box);
    layout->addLayout(top);
    layout->addWidget(m_figures);
    layout->addWidget(m_noise);
    auto* splitter = new QSplitter(Qt::Vertical);
    splitter->addWidget(m_histogram);
    auto* lower = new QWidget;
    auto* lowerLayout = new QVBoxLayout(lower);
    lowerLayout->setContentsMargins(0, 0, 0, 0);
    lowerLayout->setSpacing(2);
    auto* pages = new QStackedWidget;
    m_tabs->setDrawBase(false);
    m_tabs->setExpanding(false);
    m_tabs->addTab(tr("Range per channel"));
    m_tabs->addTab(tr("Compare quantizers"));
    m_tabs->setTabToolTip(1, tr("Uniform, region and logarithmic levels at this site, side by side"));
    pages->addWidget(m_ribbon);
    pages->addWidget(m_table);
    connect(m_tabs, &QTabBar::currentChanged, pages, &QStackedWidget::setCurrentIndex);
    connect(m_tabs, &QTabBar::currentChanged, this, &DistributionView::comparisonWished);
    lowerLayout->addWidget(m_tabs);
    lowerLayout->addWidget(pages, 1);
    splitter->addWidget(lower);
    splitter->setStretchFactor(0, 3);
    splitter->setStretchFactor(1, 2);
    splitter->setChildrenCollapsible(false);
    m_histogram->setMinimumHeight(120);
    m_ribbon->setMinimumHeight(80);
    layout->addWidget(splitter, 1);
    layout->addWidget(m_hover);
    // Both plots start at the same place.
    auto* margins = new QCPMarginGroup(m_histogram);
    m_histogram->axisRect()->setMarginGroup(QCP::msLeft | QCP::msRight, margins);
    m_ribbon->axisRect()->setMarginGroup(QCP::msLeft | QCP::msRight, margins);

    m_empty = new EmptyState(content);
    auto* outer = new QVBoxLayout(this);
    outer->setContentsMargins(0, 0, 0, 0);
    outer->addWidget(m_empty);

    connect(m_empty, &EmptyState::pressed, this, &DistributionView::helpWished);
    connect(m_log, &QCheckBox::clicked, this, &DistributionView::logAxisWished);
    connect(m_before, &QCheckBox::clicked, this, &DistributionView::beforeWished);
    connect(m_table, &QuantizerTable::taken, this,
            [this](const quant::QuantizerTrial& trial) { emit quantizerWished(m_picture.id, trial); });
    connect(m_gain, &QCheckBox::toggled, this, &DistributionView::showNoise);
    connect(m_sorted, &QCheckBox::toggled, m_ribbon, &RibbonPlot::setSorted);
    connect(m_histogram, &HistogramPlot::previewed, this, &DistributionView::showPreview);
    connect(m_histogram, &HistogramPlot::rangeWished, this,
            [this](quant::Range range) { emit rangeWished(m_picture.id, range); });
    connect(m_histogram, &Plot::hovered, this, [this](QPointF at) { sayHover(m_histogram->describe(at)); });
    connect(m_ribbon, &Plot::hovered, this, [this](QPointF at) { sayHover(m_ribbon->describe(at)); });
    for (Plot* plot : {static_cast<Plot*>(m_histogram), static_cast<Plot*>(m_ribbon)}) {
        connect(plot, &Plot::left, this, [this] { sayHover({}); });
        connect(plot, &Plot::failed, this, &DistributionView::failed);
    }
    setLogAxis(true);
    setBefore(false);
    sayHover({});
}

void DistributionView::setPicture(const SitePicture& picture)
{
    // A drag of α gives other values each time, and one unit of the axis stays what it was.
    const bool same =
        picture.id == m_picture.id && (picture.original != nullptr) == (m_picture.original != nullptr) &&
        (picture.original ? picture.original == m_picture.original : picture.statistics == m_picture.statistics);
    m_picture = picture;
    m_before->setText(picture.original ? tr("Before smoothing") : tr("Float only"));
    m_before->setToolTip(
        picture.original ? tr("Show the values of the float network as they are before smoothing, without grid and "
                              "levels (Space)")
                         : tr("Show the values of the float network alone, without grid and levels (Space)"));
    m_empty->showView();
    m_histogram->setPicture(picture, same);
    m_ribbon->setPicture(picture, same);
    m_title->setText(picture.title);
    m_title->setToolTip(m_title->text());
    showFigures();
    showNoise();
    sayHover({});
}

void DistributionView::showNoise()
{
    m_gain->setVisible(m_picture.takesNoise && m_picture.quantizedSite());
    const NoiseRegion region = showsNoiseGain() ? noiseRegion(m_picture) : NoiseRegion{};
    m_histogram->setGains(region.gains, region.step);
    m_noise->setText(region.text);
    m_noise->setVisible(!region.text.isEmpty());
}

bool DistributionView::showsNoiseGain() const
{
    return m_gain->isChecked() && m_picture.takesNoise;
}

void DistributionView::setNoiseGain(bool on)
{
    m_gain->setChecked(on);
}

QString DistributionView::noiseText() const
{
    return QTextDocumentFragment::fromHtml(m_noise->text()).toPlainText();
}

void DistributionView::changeEvent(QEvent* event)
{
    QWidget::changeEvent(event);
    if (event->type() == QEvent::PaletteChange) { // colours in the texts
        showFigures();
        showNoise();
    }
}

void DistributionView::setLogAxis(bool on)
{
    m_log->setChecked(on);
    m_histogram->setLogAxis(on);
}

void DistributionView::setBefore(bool on)
{
    m_before->setChecked(on);
    m_histogram->setBefore(on);
    m_ribbon->setBefore(on);
}

void DistributionView::showReason(const QString& text, const QString& button)
{
    m_empty->showReason(text, button);
}

bool DistributionView::comparing() const
{
    return m_tabs->currentIndex() == 1;
}

void DistributionView::setComparing(bool on)
{
    m_tabs->setCurrentIndex(on ? 1 : 0);
}

QString DistributionView::figures() const
{
    return QTextDocumentFragment::fromHtml(m_figures->text()).toPlainText();
}

QString DistributionView::reason() const
{
    return m_empty->reason();
}

void DistributionView::showFigures()
{
    Figures figures;
    if (!m_picture.plan) {
        figures.add(tr("quantized:"), tr("waiting for numbers"));
    } else if (!m_picture.quantizedSite()) {
        figures.add(tr("bits"), tr("float"));
    } else {
        const quant::SitePlan& plan = *m_picture.plan;
        figures.add(tr("bits"), formatBitsOfSite(plan.settings.bits));
        figures.add(tr("SQNR"), formatDb(plan.error.sqnrDb));
        if (std::isfinite(plan.error.outputError))
            figures.add(tr("output error"), formatPercent(plan.error.outputError));
        figures.add(tr("clipped"), clippedText(plan.error.clippedShare));
        if (plan.error.clippedShare > 0)
            figures.add(tr("clipping makes"), tr("%1 of the error").arg(formatPercent(1 - plan.error.roundingShare)));
        if (plan.smoothing)
            figures.add(tr("smoothed"), smoothingText(plan));
        else if (m_picture.original)
            figures.add(tr("smoothed"),
                        m_picture.kind == graph::SiteKind::Weight ? tr("with its input") : tr("for the projection"));
        if (m_picture.uneven()) {
            addLevels(figures, plan);
        } else if (m_picture.oneGrid()) {
            figures.add(tr("step Δ"), formatNumber(plan.grid.scale.front()));
            figures.add(tr("zero point"), QString::number(plan.grid.zeroPoint.front()));
        } else {
            const auto [least, most] = std::ranges::minmax(plan.grid.scale);
            figures.add(tr("step Δ per channel"),
                        QStringLiteral("%1 … %2").arg(formatNumber(least), formatNumber(most)));
        }
        const quant::Range covered = quant::coveredRange(plan);
        figures.add(tr("levels"),
                    QStringLiteral("%1 … %2").arg(formatNumber(covered.low), formatNumber(covered.high)));
    }
    if (m_picture.images > 0 && m_picture.kind == graph::SiteKind::Activation)
        figures.add(tr("calibrated on"), tr("%n images", nullptr, static_cast<int>(m_picture.images)));
    QString html = figures.html();
    if (m_picture.plan && !m_picture.planCurrent)
        html = QStringLiteral("<span style='color:%1'>%2</span>").arg(colours().stale.name(), html);
    m_figures->setText(html);
}

void DistributionView::showPreview(const quant::ClipPreview& preview, quant::Range range)
{
    Figures figures;
    figures.add(tr("bits"), formatBitsOfSite(m_picture.settings.bits));
    figures.add(tr("SQNR"), formatDb(preview.sqnrDb));
    figures.add(tr("clipped"), clippedText(preview.clippedShare));
    if (preview.clippedShare > 0)
        figures.add(tr("clipping makes"), tr("%1 of the error").arg(formatPercent(1 - preview.roundingShare)));
    figures.add(tr("step Δ"), formatNumber(preview.grid.scale.front()));
    figures.add(tr("zero point"), QString::number(preview.grid.zeroPoint.front()));
    figures.add(tr("limits"), QStringLiteral("%1 … %2").arg(formatNumber(range.low), formatNumber(range.high)));
    m_figures->setText(figures.html());
}

void DistributionView::sayHover(const QString& text)
{
    if (!text.isEmpty())
        m_hover->setText(text);
    else if (m_picture.uneven())
        m_hover->setText(
            tr("Levels that are not equally spaced: lines where they lie apart, marks at the top for all."));
    else if (m_picture.quantizedSite() && !m_picture.oneGrid())
        m_hover->setText(tr("One grid per channel; with one per tensor the clip limits can be dragged."));
    else
        m_hover->setText(tr("Wheel zooms, drag pans, double click resets; drag a clip limit to set the range."));
}

} // namespace qs::ui
