#include "widgets/panels/bits/bits_view.h"

#include "widgets/panels/bits/bars_plot.h"
#include "widgets/panels/bits/search_form.h"
#include "widgets/panels/bits/trace_plot.h"
#include "widgets/panels/shared/empty_state.h"
#include "widgets/panels/shared/role_colour.h"

#include <QComboBox>
#include <QEvent>
#include <QHBoxLayout>
#include <QLabel>
#include <QMenu>
#include <QSplitter>
#include <QToolButton>
#include <QVBoxLayout>

#include <algorithm>
#include <set>

namespace qs::ui {

BitsView::BitsView(QWidget* parent)
    : QWidget(parent), m_form(new SearchForm), m_trace(new TracePlot),
      m_weights(new BarsPlot(graph::SiteKind::Weight, tr("Bits of weights"))),
      m_activations(new BarsPlot(graph::SiteKind::Activation, tr("Bits of activations"))), m_cost(new QComboBox),
      m_compare(new QToolButton), m_compareMenu(new QMenu(this)), m_note(new QLabel), m_legend(new QLabel),
      m_hover(new QLabel)
{
    using Cost = TracePlot::Cost;
    for (const auto& [cost, title] : {std::pair{Cost::MeanBits, tr("mean bits")},
                                      {Cost::WeightBits, tr("weight bits")},
                                      {Cost::ActivationBits, tr("activation bits")},
                                      {Cost::ModelMegabytes, tr("model size")},
                                      {Cost::GigaBops, tr("bit operations")},
                                      {Cost::Budget, tr("share of the budget")}})
        m_cost->addItem(title, static_cast<int>(cost));
    m_cost->setAccessibleName(tr("Cost axis of the trace"));
    m_cost->setToolTip(tr("What the trace shows the loss against"));
    m_compare->setText(tr("Compare with…"));
    m_compare->setMenu(m_compareMenu);
    m_compare->setPopupMode(QToolButton::InstantPopup);
    m_compare->setToolTip(tr("<p>Marks on the bars where another state of the history, or a pinned one, has other "
                             "bits: a line at its bits, the difference shaded</p>"));
    for (QLabel* label : {m_note, m_legend, m_hover})
        label->setSizePolicy(QSizePolicy::Ignored, QSizePolicy::Preferred);
    m_weights->xAxis->setLabel({}); // the activations below have the same
    m_trace->setMinimumHeight(110);
    m_weights->setMinimumHeight(80);
    m_activations->setMinimumHeight(90);

    m_traceEmpty = new EmptyState(m_trace);
    auto* bars = new QWidget;
    auto* barsLayout = new QVBoxLayout(bars);
    barsLayout->setContentsMargins(0, 2, 0, 0);
    barsLayout->setSpacing(2);
    auto* line = new QHBoxLayout;
    line->addWidget(m_note, 1);
    line->addWidget(m_cost);
    line->addWidget(m_compare);
    barsLayout->addLayout(line);
    barsLayout->addWidget(m_weights, 1);
    barsLayout->addWidget(m_activations, 1);
    barsLayout->addWidget(m_legend);
    auto* splitter = new QSplitter(Qt::Vertical);
    splitter->addWidget(m_traceEmpty);
    splitter->addWidget(bars);
    splitter->setStretchFactor(0, 2);
    splitter->setStretchFactor(1, 3);
    splitter->setChildrenCollapsible(false);
    splitter->setSizes({210, 300});
    auto* content = new QWidget;
    auto* layout = new QVBoxLayout(content);
    layout->setContentsMargins(8, 6, 8, 2);
    layout->setSpacing(4);
    layout->addWidget(m_form);
    layout->addWidget(splitter, 1);
    layout->addWidget(m_hover);
    m_empty = new EmptyState(content);
    auto* outer = new QVBoxLayout(this);
    outer->setContentsMargins(0, 0, 0, 0);
    outer->addWidget(m_empty);
    setFocusProxy(m_form);

    // All plots start at the same place, and the bars of a block stand above each other.
    auto* margins = new QCPMarginGroup(m_weights);
    for (Plot* plot : std::initializer_list<Plot*>{m_trace, m_weights, m_activations})
        plot->axisRect()->setMarginGroup(QCP::msLeft | QCP::msRight, margins);
    const auto follow = [](BarsPlot* from, BarsPlot* to) {
        QObject::connect(from->xAxis, qOverload<const QCPRange&>(&QCPAxis::rangeChanged), to,
                         [to](const QCPRange& range) {
                             to->xAxis->setRange(range);
                             to->redraw();
                         });
    };
    follow(m_weights, m_activations);
    follow(m_activations, m_weights);

    connect(m_empty, &EmptyState::pressed, this, &BitsView::helpWished);
    connect(m_traceEmpty, &EmptyState::pressed, this, &BitsView::helpWished);
    connect(m_cost, &QComboBox::activated, this, [this] {
        m_costChosen = true;
        chooseCost();
    });
    connect(m_trace, &TracePlot::stepPointed, this, [this](int step) { sayHover(m_trace->describe(step)); });
    for (BarsPlot* plot : {m_weights, m_activations}) {
        connect(plot, &Plot::hovered, this, [this, plot](QPointF at) { sayHover(plot->describe(at)); });
        connect(plot, &Plot::left, this, [this] { sayHover({}); });
    }
    for (Plot* plot : std::initializer_list<Plot*>{m_trace, m_weights, m_activations})
        connect(plot, &Plot::failed, this, &BitsView::failed);
    sayHover({});
}

void BitsView::setPicture(const BitsPicture& picture)
{
    m_picture = picture;
    m_weights->setPicture(picture);
    m_activations->setPicture(picture);
    const auto locked = std::ranges::count_if(picture.sites, &SiteBits::locked);
    QStringList said;
    if (!picture.reference.isEmpty()) {
        const auto lower = std::ranges::count_if(
            picture.sites, [](const SiteBits& site) { return site.reference && site.bits < *site.reference; });
        const auto higher = std::ranges::count_if(
            picture.sites, [](const SiteBits& site) { return site.reference && site.bits > *site.reference; });
        said << tr("against %1: %2 lower, %3 higher").arg(picture.reference).arg(lower).arg(higher);
    }
    if (locked > 0)
        said << tr("%1 locked").arg(locked);
    m_note->setText(said.isEmpty() ? tr("Bits of every site: drag a bar to change them") : said.join(tr(" · ")));
    m_note->setToolTip(m_note->text());
    m_compare->setText(picture.reference.isEmpty() ? tr("Compare with…") : tr("Compared"));
    sayLegend();
}

void BitsView::sayLegend()
{
    std::set<RoleGroup> groups;
    for (const SiteBits& site : m_picture.sites)
        groups.insert(roleGroup(site.role));
    QStringList parts;
    for (const RoleGroup group : groups)
        parts << QStringLiteral("<span style='color:%1'>■</span> %2")
                     .arg(roleColour(group).name(), roleGroupTitle(group));
    m_legend->setText(parts.join(QStringLiteral("&nbsp; ")));
}

void BitsView::setSelection(const std::vector<SiteId>& sites)
{
    m_weights->setSelection(sites);
    m_activations->setSelection(sites);
}

void BitsView::setRun(const SearchRun& run, const QStringList& names)
{
    if (!m_costChosen) {
        const search::Budget& budget = run.options.budget;
        using Cost = TracePlot::Cost;
        const Cost cost = budget.meanWeightBits && budget.meanActivationBits ? Cost::MeanBits
                          : budget.meanWeightBits                            ? Cost::WeightBits
                          : budget.meanActivationBits                        ? Cost::ActivationBits
                          : budget.modelBytes                                ? Cost::ModelMegabytes
                          : budget.bops                                      ? Cost::GigaBops
                                                                             : Cost::MeanBits;
        m_cost->setCurrentIndex(m_cost->findData(static_cast<int>(cost)));
        if (m_trace->cost() != cost)
            chooseCost();
    }
    m_trace->setRun(run, names);
}

void BitsView::setPresentStep(int step)
{
    m_trace->setPresentStep(step);
}

void BitsView::chooseCost()
{
    m_trace->setCost(static_cast<TracePlot::Cost>(m_cost->currentData().toInt()));
}

void BitsView::showReason(const QString& text, const QString& button)
{
    m_empty->showReason(text, button);
}

void BitsView::showAll()
{
    m_empty->showView();
}

void BitsView::setTraceReason(const QString& text, const QString& button)
{
    if (text.isEmpty())
        m_traceEmpty->showView();
    else
        m_traceEmpty->showReason(text, button);
    m_cost->setVisible(text.isEmpty());
}

QString BitsView::reason() const
{
    return m_empty->reason();
}

QString BitsView::traceReason() const
{
    return m_traceEmpty->reason();
}

QString BitsView::hoverText() const
{
    return m_hover->text();
}

QString BitsView::note() const
{
    return m_note->text();
}

void BitsView::sayHover(const QString& text)
{
    m_hover->setText(text.isEmpty() ? tr("A click on the curve loads its step; on a bar it selects the site. Right "
                                         "click locks.")
                                    : text);
    m_hover->setToolTip(m_hover->text());
}

void BitsView::changeEvent(QEvent* event)
{
    QWidget::changeEvent(event);
    if (event->type() == QEvent::PaletteChange)
        sayLegend();
}

} // namespace qs::ui
