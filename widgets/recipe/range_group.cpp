#include "widgets/recipe/range_group.h"

#include "widgets/recipe/choice.h"

#include <QFormLayout>
#include <QHBoxLayout>
#include <QLabel>

#include <algorithm>

namespace qs::ui {

namespace {

constexpr double kNoFactor = 0; ///< of the box: "mixed"
constexpr double kMostFactor = 10;

} // namespace

RangeGroup::RangeGroup(const Document& document, const Selection& selection, Edits& edits, QWidget* parent)
    : SiteGroup(document, selection, edits, parent)
{
    m_limits = new QWidget(this);
    auto* row = new QHBoxLayout(m_limits);
    row->setContentsMargins(0, 0, 0, 0);
    m_low = new GestureBox(m_limits, gestureBegins());
    m_high = new GestureBox(m_limits, gestureBegins());
    for (QDoubleSpinBox* box : {m_low, m_high}) {
        box->setRange(-1e9, 1e9);
        box->setDecimals(5);
        box->setMinimumWidth(60); // the dock is no wider than it must be
        box->setSizePolicy(QSizePolicy::Ignored, QSizePolicy::Fixed);
        box->setStepType(QAbstractSpinBox::AdaptiveDecimalStepType);
        connect(box, &QDoubleSpinBox::valueChanged, this, [this] {
            edit([this](quant::Estimator& estimator) {
                estimator.low = std::min(m_low->value(), m_high->value());
                estimator.high = std::max(m_low->value(), m_high->value());
            });
        });
    }
    m_low->setToolTip(tr("Smallest value that is not clipped"));
    m_high->setToolTip(tr("Largest value that is not clipped"));
    row->addWidget(m_low);
    row->addWidget(new QLabel(QStringLiteral("…"), m_limits));
    row->addWidget(m_high);
    m_form->addRow(tr("Limits"), m_limits);

    m_factor = new GestureBox(this, gestureBegins());
    m_factor->setObjectName(QStringLiteral("range.factor"));
    m_factor->setRange(kNoFactor, kMostFactor);
    m_factor->setDecimals(4);
    m_factor->setSingleStep(0.01);
    m_factor->setSpecialValueText(tr("mixed"));
    m_factor->setToolTip(tr("The step is this times that of the whole range: below 1 the largest values are clipped "
                            "and all others get finer codes."));
    m_form->addRow(tr("Factor"), m_factor);
    connect(m_factor, &QDoubleSpinBox::valueChanged, this, [this](double value) {
        if (value > kNoFactor)
            edit([value](quant::Estimator& estimator) { estimator.factor = value; });
    });
}

void RangeGroup::edit(const std::function<void(quant::Estimator&)>& change)
{
    SiteGroup::edit(&quant::SitePatch::estimator, change, gesture());
}

bool RangeGroup::suits(const graph::Site& site, const quant::SiteSettings& settings) const
{
    return applies(&quant::SitePatch::estimator, site, settings);
}

void RangeGroup::showSettings(const std::vector<quant::SiteSettings>& settings, bool editable)
{
    const auto all = [&](quant::EstimatorKind kind) {
        return !settings.empty() &&
               std::ranges::all_of(settings, [kind](const auto& s) { return s.estimator.kind == kind; });
    };
    const bool manual = all(quant::EstimatorKind::Manual);
    const bool scaled = all(quant::EstimatorKind::Scaled);
    setVisible(manual || scaled);
    m_form->setRowVisible(m_limits, manual);
    m_form->setRowVisible(m_factor, scaled);
    setEnabled(editable);
    if (manual) {
        m_low->setValue(settings.back().estimator.low);
        m_high->setValue(settings.back().estimator.high);
    }
    if (scaled) {
        const double first = settings.front().estimator.factor;
        const bool same = std::ranges::all_of(settings, [&](const auto& s) { return s.estimator.factor == first; });
        m_factor->setValue(same ? first : kNoFactor);
    }
}

} // namespace qs::ui
