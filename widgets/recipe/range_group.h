#pragma once

#include "widgets/recipe/site_group.h"

#include <vector>

class QDoubleSpinBox;

namespace qs::ui {

/// Numbers of the range estimators that have some: the limits of a manual range, and the factor of a scaled one.
/// Hidden where the selected sites do not all have the one or the other.
class RangeGroup : public SiteGroup {
    Q_OBJECT
public:
    RangeGroup(const Document& document, const Selection& selection, Edits& edits, QWidget* parent = nullptr);

protected:
    bool suits(const graph::Site& site, const quant::SiteSettings& settings) const override;
    void showSettings(const std::vector<quant::SiteSettings>& settings, bool editable) override;

private:
    void edit(const std::function<void(quant::Estimator&)>& change);

    QWidget* m_limits;
    QDoubleSpinBox* m_low;
    QDoubleSpinBox* m_high;
    QDoubleSpinBox* m_factor;
};

} // namespace qs::ui
