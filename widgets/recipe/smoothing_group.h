#pragma once

#include "core/quant/smoothing.h"
#include "widgets/model/plans.h"
#include "widgets/recipe/site_group.h"

#include <optional>
#include <vector>

class QCheckBox;
class QComboBox;
class QDoubleSpinBox;
class QSlider;

namespace qs::ui {

class FormNote;

/// Smoothing of the selected sites: kind, α by slider or number or searched, the quantiles that say where a channel's
/// range ends, and how the current site's is carried out. Sites that are no inputs of linear layers are left alone.
class SmoothingGroup : public SiteGroup {
    Q_OBJECT
public:
    SmoothingGroup(const Document& document, const Selection& selection, Edits& edits, const Plans& plans,
                   JobRunner& runner, QWidget* parent = nullptr);

    void refreshNumbers() override;
    QString note() const;

protected:
    bool suits(const graph::Site& site, const quant::SiteSettings& settings) const override;
    void showSettings(const std::vector<quant::SiteSettings>& settings, bool editable) override;

private:
    void buildForm();
    void edit(const std::function<void(quant::Smoothing&)>& change, int gesture = 0);
    void editAlpha(double alpha);
    void findTarget(SiteId site);
    QString carriedOut(const quant::FoldTarget& target, bool smoothed) const;

    const Plans& m_plans;
    QComboBox* m_kind;
    QWidget* m_alphaRow;
    QSlider* m_slider;
    QDoubleSpinBox* m_alpha;
    QCheckBox* m_search;
    QComboBox* m_quantile;
    FormNote* m_note;
    Job<quant::FoldTarget> m_find;
    SiteId m_targetOf; ///< what m_target or m_refusal is about
    std::optional<quant::FoldTarget> m_target;
    QString m_refusal;
};

} // namespace qs::ui
