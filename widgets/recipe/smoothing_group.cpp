#include "widgets/recipe/smoothing_group.h"
#include "core/quant/fold.h"

#include "widgets/model/text.h"
#include "widgets/recipe/choice.h"
#include "widgets/recipe/form_note.h"

#include <QCheckBox>
#include <QFormLayout>
#include <QHBoxLayout>
#include <QLabel>
#include <QSignalBlocker>
#include <QSlider>

#include <algorithm>
#include <cmath>

namespace qs::ui {

namespace {

constexpr int kSliderSteps = 100;
/// A number of the spin box that stands for "mixed": below every α.
constexpr double kNoAlpha = -0.05;
/// Entries of the choice of quantiles are told apart by parts of a million.
int keyOf(double quantile)
{
    return static_cast<int>(std::lround(quantile * 1e6));
}

QString quantileTitle(double quantile)
{
    return quantile >= 1 ? SmoothingGroup::tr("min–max")
                         : SmoothingGroup::tr("quantile %1").arg(QString::number(quantile));
}

bool scales(quant::SmoothingKind kind)
{
    return kind == quant::SmoothingKind::Scale || kind == quant::SmoothingKind::ShiftScale;
}

} // namespace

SmoothingGroup::SmoothingGroup(const Document& document, const Selection& selection, Edits& edits, const Plans& plans,
                               JobRunner& runner, QWidget* parent)
    : SiteGroup(document, selection, edits, parent), m_plans(plans), m_find(runner, Lane::Interactive)
{
    buildForm();
    connect(&document, &Document::modelChanged, this, [this] { m_targetOf = {}; });
}

void SmoothingGroup::buildForm()
{
    m_kind = makeChoice(this, tr("A change of scale and offset of every channel that the weights and the bias after "
                                 "it undo: the float network stays the same."));
    m_kind->setObjectName(QStringLiteral("smoothing.kind"));
    for (const quant::SmoothingKind kind :
         {quant::SmoothingKind::None, quant::SmoothingKind::Scale, quant::SmoothingKind::ShiftScale,
          quant::SmoothingKind::Shift, quant::SmoothingKind::Reparameterize}) {
        m_kind->addItem(smoothingTitle(kind), static_cast<int>(kind));
        m_kind->setItemData(m_kind->count() - 1, smoothingHelp(kind), Qt::ToolTipRole);
    }
    m_form->addRow(tr("S&moothing"), m_kind);

    const auto begins = gestureBegins();
    m_alphaRow = new QWidget(this);
    auto* row = new QHBoxLayout(m_alphaRow);
    row->setContentsMargins(0, 0, 0, 0);
    row->setSpacing(6);
    m_slider = new GestureSlider(m_alphaRow, begins);
    m_slider->setObjectName(QStringLiteral("smoothing.slider"));
    m_slider->setRange(0, kSliderSteps);
    m_slider->setPageStep(kSliderSteps / 10);
    m_alpha = new GestureBox(m_alphaRow, begins);
    m_alpha->setObjectName(QStringLiteral("smoothing.alpha"));
    m_alpha->setRange(kNoAlpha, 1);
    m_alpha->setDecimals(2);
    m_alpha->setSingleStep(0.05);
    m_alpha->setSpecialValueText(tr("mixed"));
    const QString help = tr("Migration strength from 0 to 1: at 0 the activation keeps all of the difficulty, at 1 "
                            "the weights get it. s = R^α / w^(1 − α), R the half width of a channel, w the largest "
                            "weight that reads it.");
    m_slider->setToolTip(help);
    m_alpha->setToolTip(help);
    row->addWidget(m_slider, 1);
    row->addWidget(m_alpha);
    auto* label = new QLabel(tr("α"), this);
    label->setBuddy(m_alpha);
    m_form->addRow(label, m_alphaRow);
    m_search = new QCheckBox(tr("Search α"), this);
    m_search->setObjectName(QStringLiteral("smoothing.search"));
    m_search->setToolTip(tr("Of α = 0, 0.05, … 1 the one with the smallest output error of the layers that read the "
                            "site, on the sampled rows."));
    m_form->addRow(QString(), m_search);
    m_quantile = makeChoice(this, tr("Where the range of a channel ends: at its extremes, or at the quantiles 1 − q "
                                     "and q, which a single outlier does not move."));
    m_quantile->setObjectName(QStringLiteral("smoothing.quantile"));
    for (const double quantile : {1.0, 0.9999, 0.999, 0.99})
        m_quantile->addItem(quantileTitle(quantile), keyOf(quantile));
    m_form->addRow(tr("Chan&nels by"), m_quantile);
    m_note = new FormNote(this);
    m_note->setObjectName(QStringLiteral("smoothing.note"));
    m_form->addRow(m_note);

    connect(m_kind, &QComboBox::activated, this, [this] {
        const int kind = m_kind->currentData().toInt();
        if (kind != kMixed)
            edit([kind](quant::Smoothing& s) { s.kind = static_cast<quant::SmoothingKind>(kind); });
    });
    connect(m_slider, &QSlider::valueChanged, this,
            [this](int value) { editAlpha(static_cast<double>(value) / kSliderSteps); });
    connect(m_alpha, &QDoubleSpinBox::valueChanged, this, &SmoothingGroup::editAlpha);
    connect(m_search, &QCheckBox::clicked, this,
            [this](bool on) { edit([on](quant::Smoothing& s) { s.searchAlpha = on; }); });
    connect(m_quantile, &QComboBox::activated, this, [this] {
        const int key = m_quantile->currentData().toInt();
        if (key != kMixed)
            edit([key](quant::Smoothing& s) { s.quantile = key / 1e6; });
    });
}

void SmoothingGroup::editAlpha(double alpha)
{
    if (alpha >= 0)
        edit([alpha](quant::Smoothing& s) { s.alpha = alpha; }, gesture());
}

void SmoothingGroup::edit(const std::function<void(quant::Smoothing&)>& change, int gesture)
{
    SiteGroup::edit(&quant::SitePatch::smoothing, change, gesture);
}

bool SmoothingGroup::suits(const graph::Site& site, const quant::SiteSettings& settings) const
{
    return applies(&quant::SitePatch::smoothing, site, settings);
}

void SmoothingGroup::showSettings(const std::vector<quant::SiteSettings>& settings, bool editable)
{
    using quant::SmoothingKind;
    const bool any = !settings.empty();
    const auto kindOf = [](const quant::SiteSettings& s) { return static_cast<int>(s.smoothing.kind); };
    showChoice(m_kind, any ? common(settings, kindOf) : static_cast<int>(SmoothingKind::None));
    m_kind->setEnabled(editable);
    const bool scaled = std::ranges::any_of(settings, [](const auto& s) { return scales(s.smoothing.kind); });
    const bool smooth = std::ranges::any_of(settings, [](const auto& s) {
        return s.smoothing.kind != SmoothingKind::None && s.smoothing.kind != SmoothingKind::Reparameterize;
    });
    m_form->setRowVisible(m_alphaRow, scaled);
    m_form->setRowVisible(m_search, scaled);
    m_form->setRowVisible(m_quantile, smooth);
    if (!any)
        return;
    const int search = common(settings, [](const auto& s) { return s.smoothing.searchAlpha ? 1 : 0; });
    showCheck(m_search, search);
    m_search->setEnabled(editable);
    const double first = settings.front().smoothing.alpha;
    const bool same = std::ranges::all_of(settings, [&](const auto& s) { return s.smoothing.alpha == first; });
    m_alpha->setValue(same ? first : kNoAlpha);
    m_slider->setValue(static_cast<int>(std::lround(settings.back().smoothing.alpha * kSliderSteps)));
    m_alphaRow->setEnabled(editable && search != 1);
    const int quantile = common(settings, [](const auto& s) { return keyOf(s.smoothing.quantile); });
    if (quantile != kMixed && m_quantile->findData(quantile) < 0) // of a recipe written by hand
        m_quantile->addItem(quantileTitle(quantile / 1e6), quantile);
    showChoice(m_quantile, quantile);
    m_quantile->setEnabled(editable);
}

/// Follows the graph and moves made-up numbers through it: too long for the UI thread.
void SmoothingGroup::findTarget(SiteId site)
{
    if (m_find.running())
        return; // goes on with the present site when it ends
    m_find.start(
        [model = m_document.model(), site](const Context&) { return quant::findFold(*model, model->sites[site]); },
        [this, model = m_document.model(), site](Result<quant::FoldTarget> result) {
            if (model != m_document.model())
                return;
            m_targetOf = site;
            m_target.reset();
            m_refusal.clear();
            if (result)
                m_target = *result;
            else
                m_refusal = QString::fromStdString(result.error().message);
            refreshNumbers();
        });
}

QString SmoothingGroup::carriedOut(const quant::FoldTarget& target, bool smoothed) const
{
    switch (target.place) {
    case quant::FoldPlace::LayerNorm:
        return smoothed ? tr("Folded into the LayerNorm before it and the weights after it: free at run time.")
                        : tr("Can be folded into the LayerNorm before it: free at run time.");
    case quant::FoldPlace::Value:
        return smoothed ? tr("Folded into V's projection and the weights after it: free at run time.")
                        : tr("Can be folded into V's projection: free at run time.");
    case quant::FoldPlace::Explicit:
        return (smoothed ? tr("Explicit, an operation before the quantizer: %1.")
                         : tr("Takes an operation of its own: %1."))
            .arg(QString::fromStdString(target.reason));
    }
    return {};
}

void SmoothingGroup::refreshNumbers()
{
    const SiteId id = m_selection.current();
    if (!id.valid())
        return;
    if (id != m_targetOf)
        return findTarget(id);
    if (!m_target) {
        m_note->showText(m_document.sites()[id].kind == graph::SiteKind::Weight
                             ? tr("Set at the inputs of linear layers; their weights follow.")
                             : tr("Not here: %1.").arg(m_refusal));
        return;
    }
    const quant::Smoothing wanted = m_document.settings(id).smoothing;
    QString text = carriedOut(*m_target, wanted.kind != quant::SmoothingKind::None);
    if (wanted.searchAlpha && scales(wanted.kind)) {
        const auto plan = m_plans.sitePlan(id);
        const bool found = plan && plan->smoothing && plan->settings.smoothing == wanted;
        text = (found ? tr("Found α = %1. ").arg(plan->smoothing->alpha, 0, 'f', 2) : tr("Searching α … ")) + text;
        if (found && sites().size() == 1) // the slider shows what was found
            fill([&] {
                m_alpha->setValue(plan->smoothing->alpha);
                m_slider->setValue(static_cast<int>(std::lround(plan->smoothing->alpha * kSliderSteps)));
            });
    }
    m_note->showText(text);
}

QString SmoothingGroup::note() const
{
    return m_note->text();
}

} // namespace qs::ui
