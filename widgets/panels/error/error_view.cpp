#include "widgets/panels/error/error_view.h"

#include "widgets/panels/error/depth_plot.h"
#include "widgets/panels/error/split_plot.h"
#include "widgets/panels/shared/empty_state.h"

#include <QComboBox>
#include <QHBoxLayout>
#include <QLabel>
#include <QPushButton>
#include <QSplitter>
#include <QVBoxLayout>

#include <algorithm>

namespace qs::ui {

ErrorView::ErrorView(QWidget* parent)
    : QWidget(parent), m_depth(new DepthPlot), m_split(new SplitPlot), m_note(new QLabel), m_hover(new QLabel),
      m_show(new QComboBox), m_measure(new QPushButton(tr("Measure sensitivity")))
{
    m_show->addItem(tr("Where the error comes from, % of the signal"), QVariant::fromValue(0));
    m_show->addItem(tr("Where the error comes from, shares"), QVariant::fromValue(1));
    m_show->addItem(tr("Sensitivity of the outputs"), QVariant::fromValue(2));
    m_show->setAccessibleName(tr("What the bars show"));
    m_show->setToolTip(tr("<p>Error over signal of each layer: Σ(x − Q(x))² / Σx² of its weights and of its inputs, "
                          "each quantized alone, split into rounding and clipping. Sensitivity: mean loss of "
                          "the outputs (KL of class probabilities) with one site quantized at a time.</p>"));
    m_measure->setToolTip(tr("Quantizes one site at a time on a few images; takes a while, can be cancelled"));
    m_note->setSizePolicy(QSizePolicy::Ignored, QSizePolicy::Preferred);
    m_note->setToolTip(
        tr("<p>Isolated: 10 log₁₀(Σx² / Σ(x − Q(x))²) with only this site quantized. Accumulated: SQNR "
           "of the value that enters the site in the quantized network against the float "
           "network.</p>"));
    m_hover->setSizePolicy(QSizePolicy::Ignored, QSizePolicy::Preferred);

    auto* content = new QWidget;
    auto* layout = new QVBoxLayout(content);
    layout->setContentsMargins(8, 6, 8, 2);
    layout->setSpacing(4);
    layout->addWidget(m_note);
    auto* lower = new QWidget;
    auto* lowerLayout = new QVBoxLayout(lower);
    lowerLayout->setContentsMargins(0, 2, 0, 0);
    lowerLayout->setSpacing(2);
    auto* bar = new QHBoxLayout;
    bar->addWidget(m_show);
    bar->addStretch();
    bar->addWidget(m_measure);
    lowerLayout->addLayout(bar);
    lowerLayout->addWidget(m_split, 1);
    auto* splitter = new QSplitter(Qt::Vertical);
    splitter->addWidget(m_depth);
    splitter->addWidget(lower);
    splitter->setStretchFactor(0, 3);
    splitter->setStretchFactor(1, 2);
    splitter->setChildrenCollapsible(false);
    m_depth->setMinimumHeight(140);
    m_split->setMinimumHeight(100);
    layout->addWidget(splitter, 1);
    layout->addWidget(m_hover);
    // Both plots start at the same place.
    auto* margins = new QCPMarginGroup(m_depth);
    m_depth->axisRect()->setMarginGroup(QCP::msLeft | QCP::msRight, margins);
    m_split->axisRect()->setMarginGroup(QCP::msLeft | QCP::msRight, margins);
    m_empty = new EmptyState(content);
    auto* outer = new QVBoxLayout(this);
    outer->setContentsMargins(0, 0, 0, 0);
    outer->addWidget(m_empty);

    connect(m_empty, &EmptyState::pressed, this, &ErrorView::helpWished);
    connect(m_measure, &QPushButton::clicked, this, &ErrorView::sensitivityWished);
    connect(m_show, &QComboBox::currentIndexChanged, this, &ErrorView::changeShow);
    connect(m_depth, &DepthPlot::selectWished, this, &ErrorView::selectWished);
    connect(m_split, &SplitPlot::selectWished, this, &ErrorView::selectWished);
    connect(m_depth, &Plot::hovered, this, [this](QPointF at) { sayHover(m_depth->describe(at)); });
    connect(m_split, &Plot::hovered, this, [this](QPointF at) { sayHover(m_split->describe(at)); });
    for (Plot* plot : {static_cast<Plot*>(m_depth), static_cast<Plot*>(m_split)}) {
        connect(plot, &Plot::left, this, [this] { sayHover({}); });
        connect(plot, &Plot::failed, this, &ErrorView::failed);
    }
    changeShow();
    sayHover({});
}

void ErrorView::setPicture(const ErrorPicture& picture)
{
    m_picture = picture;
    m_empty->showView();
    m_depth->setPicture(picture);
    m_split->setPicture(picture);
    QString note;
    if (picture.accumulatedRunning)
        note = tr("Measuring the accumulated error…");
    else if (picture.images == 0)
        note = tr("The accumulated error needs images: open test images.");
    else
        note = tr("Accumulated error on %n images", nullptr, static_cast<int>(picture.images)) +
               (picture.accumulatedCurrent ? QString() : tr(" (grey: of an older recipe)"));
    m_note->setText(note + tr("  ·  ▲ softmax output  ■ fc2 input  ● others"));
    changeShow();
    sayHover({});
}

void ErrorView::setSelection(const std::vector<SiteId>& sites)
{
    m_selection = sites;
    m_depth->setSelection(sites);
    m_split->setSelection(sites);
    sayHover({});
}

void ErrorView::showReason(const QString& text, const QString& button)
{
    m_empty->showReason(text, button);
}

QString ErrorView::note() const
{
    return m_note->text();
}

QString ErrorView::hoverText() const
{
    return m_hover->text();
}

QString ErrorView::reason() const
{
    return m_empty->reason();
}

void ErrorView::changeShow()
{
    const auto show = static_cast<SplitPlot::Show>(m_show->currentData().toInt());
    m_split->setShow(show);
    const bool sensitivity = show == SplitPlot::Show::Sensitivity;
    m_measure->setVisible(sensitivity && !m_picture.sensitivityCurrent);
    m_measure->setEnabled(!m_picture.sensitivityRunning);
    m_measure->setText(m_picture.sensitivityRunning ? tr("Measuring…") : tr("Measure sensitivity"));
}

QString ErrorView::saySelected() const
{
    // Shares of different signals do not add up: of several layers the most of each.
    ErrorSplit sum;
    int layers = 0;
    for (const ErrorSplit& split : m_picture.splits)
        if (std::ranges::any_of(
                split.sites, [this](SiteId id) { return std::ranges::find(m_selection, id) != m_selection.end(); })) {
            sum.layer = ++layers == 1 ? split.layer : tr("%1 layers, the most of each").arg(layers);
            sum.weightRounding = std::max(sum.weightRounding, split.weightRounding);
            sum.activationRounding = std::max(sum.activationRounding, split.activationRounding);
            sum.clipping = std::max(sum.clipping, split.clipping);
        }
    return layers > 0 ? QStringLiteral("%1 · %2").arg(sum.layer, describe(sum)) : QString();
}

void ErrorView::sayHover(const QString& text)
{
    const QString selected = text.isEmpty() ? saySelected() : text;
    m_hover->setText(selected.isEmpty() ? tr("Click selects a site, Ctrl+click adds one.") : selected);
    m_hover->setToolTip(m_hover->text());
}

} // namespace qs::ui
