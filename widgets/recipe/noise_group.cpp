#include "widgets/recipe/noise_group.h"

#include "core/quant/noise.h"
#include "core/quant/preview.h"
#include "widgets/model/text.h"
#include "widgets/recipe/choice.h"
#include "widgets/recipe/form_note.h"
#include "widgets/theme/format.h"

#include <QCheckBox>
#include <QFormLayout>
#include <QHBoxLayout>
#include <QLabel>
#include <QSlider>
#include <QSpinBox>

#include <algorithm>
#include <cmath>
#include <limits>

namespace qs::ui {

namespace {

/// The slider and the curve go this far; the box beside them takes more.
constexpr double kMostSteps = 3;
constexpr int kSliderSteps = 100; ///< a step of the quantizer
constexpr double kLargestRange = 100;
/// A number of the spin boxes that stands for "mixed".
constexpr double kNoRange = -0.05;
constexpr int kNoSeed = -1;

} // namespace

NoiseGroup::NoiseGroup(const Document& document, const Selection& selection, Edits& edits, const Plans& plans,
                       JobRunner& runner, QWidget* parent)
    : SiteGroup(document, selection, edits, parent), m_plans(plans), m_measure(runner, Lane::Interactive)
{
    buildForm();
    connectForm();
}

void NoiseGroup::addTip(QWidget* widget, const char* name, const QString& help)
{
    widget->setObjectName(QLatin1String(name));
    widget->setToolTip(help);
}

void NoiseGroup::buildForm()
{
    m_on = new QCheckBox(tr("per channel"), this);
    addTip(m_on, "noise.on",
           tr("A fixed vector, one number a channel, is added before the quantizer and taken off through the bias "
              "(NoisyQuant, arXiv 2211.16056): values near the middle between two levels gain, others lose."));
    auto* label = new QLabel(tr("N&oise"), this);
    label->setBuddy(m_on);
    m_form->addRow(label, m_on);

    m_curve = new NoiseCurve(this);
    m_curve->setObjectName(QStringLiteral("noise.curve"));
    m_form->addRow(m_curve);
    m_note = new FormNote(this);
    m_note->setObjectName(QStringLiteral("noise.note"));
    m_form->addRow(m_note);
    const auto begins = gestureBegins();
    m_rangeRow = new QWidget(this);
    auto* row = new QHBoxLayout(m_rangeRow);
    row->setContentsMargins(0, 0, 0, 0);
    row->setSpacing(6);
    m_slider = new GestureSlider(m_rangeRow, begins);
    m_slider->setRange(0, static_cast<int>(kMostSteps * kSliderSteps));
    m_slider->setPageStep(kSliderSteps / 4);
    m_range = new GestureBox(m_rangeRow, begins);
    m_range->setRange(kNoRange, kLargestRange);
    m_range->setDecimals(2);
    m_range->setSingleStep(0.05);
    m_range->setSuffix(QStringLiteral(" Δ"));
    m_range->setMaximumWidth(m_range->fontMetrics().horizontalAdvance(QStringLiteral("00.00 Δ")) + 28);
    m_range->setSpecialValueText(tr("mixed"));
    const QString help = tr("n, in steps Δ of the quantizer: the noise of a channel lies between −n and n. Searched: "
                            "the largest n that is tried.");
    addTip(m_slider, "noise.slider", help);
    addTip(m_range, "noise.range", help);
    row->addWidget(m_slider, 1);
    row->addWidget(m_range);
    m_rangeLabel = new QLabel(tr("Largest n"), this);
    m_rangeLabel->setBuddy(m_range);
    m_form->addRow(m_rangeLabel, m_rangeRow);
    m_search = new QCheckBox(tr("Search the range"), this);
    addTip(m_search, "noise.search",
           tr("Of 101 ranges from 0 to the largest the one with the smallest error on the sampled rows; never worse "
              "there than no noise."));
    m_form->addRow(QString(), m_search);
    m_shift = new QCheckBox(tr("Search a shift"), this);
    addTip(m_shift, "noise.shift",
           tr("One number for all channels between −Δ and Δ, found before the range: not in the paper, but in its "
              "released code. It is as good as noise on many layers."));
    m_form->addRow(QString(), m_shift);

    m_objective = makeChoice(this, tr("What the search makes small, and what the curve shows."));
    m_objective->setObjectName(QStringLiteral("noise.objective"));
    for (const quant::Objective objective : {quant::Objective::OutputError, quant::Objective::InputError})
        m_objective->addItem(objectiveTitle(objective), static_cast<int>(objective));
    m_objective->setItemData(0, tr("Σ|(Q(x + N) − N − x) W|² of the layers that read the site: the released code."),
                             Qt::ToolTipRole);
    m_objective->setItemData(1, tr("Σ|Q(x + N) − N − x|² of the values: the paper's text. It mostly finds no noise."),
                             Qt::ToolTipRole);
    m_form->addRow(tr("Noise by"), m_objective);
    m_law = makeChoice(this, tr("How the numbers of the channels are drawn."));
    m_law->setObjectName(QStringLiteral("noise.law"));
    for (const quant::NoiseLaw law : {quant::NoiseLaw::Uniform, quant::NoiseLaw::Released}) {
        m_law->addItem(noiseLawTitle(law), static_cast<int>(law));
        m_law->setItemData(m_law->count() - 1, noiseLawHelp(law), Qt::ToolTipRole);
    }
    m_form->addRow(tr("Law"), m_law);
    m_storage = makeChoice(this, tr("How noise and bias are kept in the file."));
    m_storage->setObjectName(QStringLiteral("noise.storage"));
    m_storage->addItem(tr("float32"), 0);
    m_storage->addItem(tr("INT16 × scale"), 1);
    m_storage->setItemData(1, tr("Noise and bias as 16-bit integers times one scale, for hardware without floats."),
                           Qt::ToolTipRole);
    m_form->addRow(tr("Stored as"), m_storage);
    m_seed = new QSpinBox(this);
    m_seed->setKeyboardTracking(false);
    m_seed->setRange(kNoSeed, std::numeric_limits<int>::max());
    m_seed->setSpecialValueText(tr("mixed"));
    addTip(m_seed, "noise.seed", tr("The same seed gives the same noise, on every machine; each site has its own."));
    auto* seed = new QLabel(tr("Seed"), this);
    seed->setBuddy(m_seed);
    m_form->addRow(seed, m_seed);
    m_value = new QCheckBox(tr("Fold into V"), this);
    addTip(
        m_value, "noise.value",
        tr("Into the bias of V, so that nothing is left to do at run time. Where the softmax is quantized its rows "
           "do not add up to 1, and a little of the noise stays in the output. Else an addition."));
    m_form->addRow(QString(), m_value);
}

void NoiseGroup::connectForm()
{
    const auto check = [this](QCheckBox* box, bool quant::Noise::*member) {
        connect(box, &QCheckBox::clicked, this,
                [this, member](bool on) { edit([member, on](quant::Noise& n) { n.*member = on; }); });
    };
    check(m_on, &quant::Noise::on);
    check(m_search, &quant::Noise::searchRange);
    check(m_shift, &quant::Noise::shift);
    check(m_value, &quant::Noise::foldIntoValue);
    const auto choice = [this](QComboBox* box, auto set) {
        connect(box, &QComboBox::activated, this, [this, box, set] {
            if (const int chosen = box->currentData().toInt(); chosen != kMixed)
                edit([set, chosen](quant::Noise& n) { set(n, chosen); });
        });
    };
    choice(m_objective, [](quant::Noise& n, int key) { n.objective = static_cast<quant::Objective>(key); });
    choice(m_law, [](quant::Noise& n, int key) { n.law = static_cast<quant::NoiseLaw>(key); });
    choice(m_storage, [](quant::Noise& n, int key) { n.int16 = key != 0; });
    connect(m_slider, &QSlider::valueChanged, this,
            [this](int value) { editRange(static_cast<double>(value) / kSliderSteps); });
    connect(m_range, &QDoubleSpinBox::valueChanged, this, &NoiseGroup::editRange);
    connect(m_seed, &QSpinBox::valueChanged, this, [this](int value) {
        if (value != kNoSeed)
            edit([value](quant::Noise& n) { n.seed = static_cast<uint32_t>(value); });
    });
}

void NoiseGroup::editRange(double range)
{
    if (range >= 0)
        edit([range](quant::Noise& n) { n.range = range; }, gesture());
}

void NoiseGroup::edit(const std::function<void(quant::Noise&)>& change, int gesture)
{
    SiteGroup::edit(&quant::SitePatch::noise, change, gesture);
}

bool NoiseGroup::suits(const graph::Site& site, const quant::SiteSettings& settings) const
{
    return applies(&quant::SitePatch::noise, site, settings);
}

void NoiseGroup::showSettings(const std::vector<quant::SiteSettings>& settings, bool editable)
{
    setVisible(!settings.empty());
    if (settings.empty())
        return;
    const auto flag = [&](bool quant::Noise::*member) {
        return common(settings, [member](const auto& s) { return s.noise.*member ? 1 : 0; });
    };
    const bool any = std::ranges::any_of(settings, [](const auto& s) { return s.noise.on; });
    showCheck(m_on, flag(&quant::Noise::on));
    for (QWidget* row :
         {static_cast<QWidget*>(m_curve), m_rangeRow, static_cast<QWidget*>(m_search), static_cast<QWidget*>(m_shift),
          static_cast<QWidget*>(m_objective), static_cast<QWidget*>(m_law), static_cast<QWidget*>(m_storage),
          static_cast<QWidget*>(m_seed), static_cast<QWidget*>(m_value), static_cast<QWidget*>(m_note)})
        m_form->setRowVisible(row, any);
    const bool projection =
        std::ranges::any_of(sites(), [this](SiteId id) { return m_document.sites()[id].role == graph::Role::Proj; });
    m_form->setRowVisible(m_value, any && projection);
    setEnabled(editable);
    const quant::Noise& last = settings.back().noise;
    const bool sameRange = std::ranges::all_of(settings, [&](const auto& s) { return s.noise.range == last.range; });
    const bool sameSeed = std::ranges::all_of(settings, [&](const auto& s) { return s.noise.seed == last.seed; });
    const int search = flag(&quant::Noise::searchRange);
    m_rangeLabel->setText(search == 0 ? tr("Range n") : tr("Largest n"));
    m_range->setValue(sameRange ? last.range : kNoRange);
    m_slider->setValue(static_cast<int>(std::lround(std::min(last.range, kMostSteps) * kSliderSteps)));
    showCheck(m_search, search);
    showCheck(m_shift, flag(&quant::Noise::shift));
    showCheck(m_value, flag(&quant::Noise::foldIntoValue));
    showChoice(m_objective, common(settings, [](const auto& s) { return static_cast<int>(s.noise.objective); }));
    showChoice(m_law, common(settings, [](const auto& s) { return static_cast<int>(s.noise.law); }));
    showChoice(m_storage, flag(&quant::Noise::int16));
    m_seed->setValue(sameSeed ? static_cast<int>(last.seed) : kNoSeed);
}

QString NoiseGroup::found(const quant::SitePlan& plan) const
{
    const quant::NoisePlan& noise = *plan.noise;
    if (!noise.refusal.empty())
        return tr("None here: %1.").arg(QString::fromStdString(noise.refusal));
    QString text = plan.settings.noise.searchRange ? tr("Found n = %1 Δ = %2") : tr("n = %1 Δ = %2");
    text = text.arg(QString::number(noise.range, 'f', 2), formatNumber(noise.range * noise.step));
    if (plan.settings.noise.shift)
        text += tr(", shift %1 Δ").arg(QString::number(noise.shift, 'f', 2));
    text += QStringLiteral(". ");
    if (!noise.transform)
        return text + tr("No noise is best here.");
    switch (noise.transform->target.place) {
    case quant::FoldPlace::LayerNorm:
        return text + tr("Folded into the LayerNorm before it: free at run time.");
    case quant::FoldPlace::Value:
        return text + tr("Folded into V's bias: free at run time.");
    case quant::FoldPlace::Explicit:
        return text + tr("One addition at run time.");
    }
    return text;
}

void NoiseGroup::refreshNumbers()
{
    const SiteId id = m_selection.current();
    if (isHidden() || !id.valid())
        return;
    const bool among = std::ranges::find(sites(), id) != sites().end();
    const quant::Noise wanted = m_document.settings(id).noise;
    const auto plan = m_plans.sitePlan(id);
    const bool current = m_plans.sitePlanCurrent(id);
    m_form->setRowVisible(m_curve, m_form->isRowVisible(m_rangeRow) && among && wanted.on);
    if (!among || !wanted.on)
        return m_note->showText(tr("The current site has no noise."));
    showCurve(plan.get(), wanted, current);
    if (!m_plans.calibration())
        m_note->showText(tr("Not calibrated: no numbers yet."));
    else
        m_note->showText(plan && plan->noise && current ? found(*plan) : tr("Searching …"));
    const bool added = plan && plan->noise && plan->noise->transform &&
                       plan->noise->transform->target.place == quant::FoldPlace::Explicit;
    m_note->setToolTip(
        added ? tr("It cannot be folded: %1.").arg(QString::fromStdString(plan->noise->transform->target.reason))
              : QString());
}

/// Searched: the curve of the search. Given: one over the whole slider, which a drag leaves as it is.
void NoiseGroup::showCurve(const quant::SitePlan* plan, const quant::Noise& wanted, bool current)
{
    NoiseCurve::Picture picture = m_curve->picture();
    picture.objective = wanted.objective;
    picture.end = std::max(kMostSteps, wanted.range);
    picture.current = current;
    if (wanted.searchRange) {
        picture.searched = wanted.range;
        if (plan && plan->noise && current) {
            picture.points = plan->noise->curve;
            picture.chosen = plan->noise->range;
        }
    } else {
        picture.searched = -1;
        picture.chosen = wanted.range;
        if (plan && plan->quantized() && m_plans.calibration()) {
            CurveKey key{m_selection.current(), m_plans.calibration().value,
                         m_document.settings(m_selection.current()), plan->range, quant::noiseStep(*plan)};
            key.settings.noise.range = 0;
            if (current && key != m_measured)
                measure(key);
            picture.current = key == m_measured;
            if (picture.current || key.site == m_measured.site)
                picture.points = m_points;
            else
                picture.points.clear();
        }
    }
    m_curve->setPicture(picture);
}

void NoiseGroup::measure(const CurveKey& key)
{
    if (m_measure.running() && m_measuring == key)
        return;
    m_measuring = key;
    const Figure<quant::Plan>& plan = m_plans.plan();
    const bool fits = plan && plan->calibration == key.calibration;
    m_measure.start(
        [model = m_document.model(), key, plan = fits ? plan.value : nullptr](const Context&) {
            return quant::noiseCurve(*model, *key.calibration, key.site, key.settings, kMostSteps, plan.get());
        },
        [this, key](Result<Points> result) {
            if (!result)
                return;
            m_points = std::move(*result);
            m_measured = key;
            refreshNumbers();
        });
}

} // namespace qs::ui
