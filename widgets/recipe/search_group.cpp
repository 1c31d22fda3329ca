#include "widgets/recipe/search_group.h"

#include "widgets/model/text.h"
#include "widgets/recipe/choice.h"
#include "widgets/recipe/form_note.h"

#include <QCheckBox>
#include <QFormLayout>
#include <QHBoxLayout>
#include <QLabel>
#include <QSpinBox>

#include <algorithm>

namespace qs::ui {

namespace {

constexpr int kNarrow = 52; ///< pixels; the dock is no wider than it must be
constexpr double kLeastFactor = 0.01;
constexpr double kMostFactor = 10;
/// Numbers of the boxes that stand for "mixed".
constexpr double kNoFactor = 0;
constexpr int kNoCount = 0;

QSpinBox* countBox(QWidget* parent, const char* name, int most, const QString& help)
{
    auto* box = new QSpinBox(parent);
    box->setObjectName(QLatin1String(name));
    box->setKeyboardTracking(false);
    box->setRange(kNoCount, most);
    box->setSpecialValueText(SearchGroup::tr("mixed"));
    box->setToolTip(help);
    return box;
}

} // namespace

SearchGroup::SearchGroup(const Document& document, const Selection& selection, Edits& edits, QWidget* parent)
    : SiteGroup(document, selection, edits, parent)
{
    const auto begins = gestureBegins();
    auto* factors = new QWidget(this);
    auto* row = new QHBoxLayout(factors);
    row->setContentsMargins(0, 0, 0, 0);
    m_low = new GestureBox(factors, begins);
    m_high = new GestureBox(factors, begins);
    for (QDoubleSpinBox* box : {m_low, m_high}) {
        box->setRange(kNoFactor, kMostFactor);
        box->setDecimals(2);
        box->setSingleStep(0.05);
        box->setMinimumWidth(kNarrow);
        box->setSizePolicy(QSizePolicy::Ignored, QSizePolicy::Fixed);
        box->setSpecialValueText(tr("mixed"));
        box->setToolTip(tr("Candidates are the step of the whole range times factors from α to β; the whole range "
                           "itself is tried too."));
    }
    m_low->setObjectName(QStringLiteral("search.low"));
    m_high->setObjectName(QStringLiteral("search.high"));
    row->addWidget(m_low, 1);
    row->addWidget(new QLabel(QStringLiteral("…"), factors));
    row->addWidget(m_high, 1);
    auto* label = new QLabel(tr("Δ × α … β"), this);
    label->setBuddy(m_low);
    m_form->addRow(label, factors);
    m_count = countBox(this, "search.count", 1000, tr("How many factors are tried: more are finer, and slower."));
    m_form->addRow(tr("Candidates"), m_count);
    m_rounds = countBox(this, "search.rounds", 10,
                        tr("A round goes through the weights and the activation of a layer once; it ends early where "
                           "nothing changes. BasePTQ 1, PTQ4ViT 3."));
    m_form->addRow(tr("Rounds"), m_rounds);
    m_reciprocal = new QCheckBox(tr("Steps of 1 / Δ"), this);
    m_reciprocal->setObjectName(QStringLiteral("search.reciprocal"));
    m_reciprocal->setToolTip(tr("Equal steps of 1 / Δ, as EasyQuant's release for ncnn; else of Δ."));
    m_form->addRow(QString(), m_reciprocal);
    m_note = new FormNote(this);
    m_note->showText(tr("By input error each site is searched by itself; by output error or cosine together with the "
                        "operator's other operand."));
    m_form->addRow(m_note);

    connect(m_low, &QDoubleSpinBox::valueChanged, this, [this](double value) {
        if (value >= kLeastFactor)
            edit([value](quant::SearchGrid& grid) {
                grid.low = value;
                grid.high = std::max(grid.high, value + kLeastFactor);
            });
    });
    connect(m_high, &QDoubleSpinBox::valueChanged, this, [this](double value) {
        if (value >= 2 * kLeastFactor)
            edit([value](quant::SearchGrid& grid) {
                grid.high = value;
                grid.low = std::min(grid.low, value - kLeastFactor);
            });
    });
    connect(m_count, &QSpinBox::valueChanged, this, [this](int value) {
        if (value != kNoCount)
            edit([value](quant::SearchGrid& grid) { grid.count = value; });
    });
    connect(m_rounds, &QSpinBox::valueChanged, this, [this](int value) {
        if (value != kNoCount)
            edit([value](quant::SearchGrid& grid) { grid.rounds = value; });
    });
    connect(m_reciprocal, &QCheckBox::clicked, this,
            [this](bool on) { edit([on](quant::SearchGrid& grid) { grid.reciprocal = on; }); });
}

void SearchGroup::edit(const std::function<void(quant::SearchGrid&)>& change)
{
    SiteGroup::edit(
        &quant::SitePatch::estimator, [&change](quant::Estimator& estimator) { change(estimator.search); },
        gesture());
}

bool SearchGroup::suits(const graph::Site& site, const quant::SiteSettings& settings) const
{
    return applies(&quant::SitePatch::estimator, site, settings) &&
           settings.estimator.kind == quant::EstimatorKind::Search;
}

void SearchGroup::showSettings(const std::vector<quant::SiteSettings>& settings, bool editable)
{
    setVisible(!settings.empty());
    if (settings.empty())
        return;
    setEnabled(editable);
    const auto same = [&](auto get, auto none) {
        const auto first = get(settings.front().estimator.search);
        const bool all =
            std::ranges::all_of(settings, [&](const auto& s) { return get(s.estimator.search) == first; });
        return all ? first : none;
    };
    m_low->setValue(same([](const auto& grid) { return grid.low; }, kNoFactor));
    m_high->setValue(same([](const auto& grid) { return grid.high; }, kNoFactor));
    m_count->setValue(same([](const auto& grid) { return grid.count; }, kNoCount));
    m_rounds->setValue(same([](const auto& grid) { return grid.rounds; }, kNoCount));
    showCheck(m_reciprocal, common(settings, [](const auto& s) { return s.estimator.search.reciprocal ? 1 : 0; }));
}

} // namespace qs::ui
