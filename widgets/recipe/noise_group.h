#pragma once

#include "widgets/model/plans.h"
#include "widgets/recipe/noise_curve.h"
#include "widgets/recipe/site_group.h"

#include <vector>

class QCheckBox;
class QComboBox;
class QDoubleSpinBox;
class QLabel;
class QSlider;
class QSpinBox;

namespace qs::ui {

class FormNote;

/// Noise of the selected sites (NoisyQuant): on or off, its range by slider or number or searched, with the error
/// over the range, law, shift, objective, seed and storage. Sites that are no inputs of linear layers are left alone.
class NoiseGroup : public SiteGroup {
    Q_OBJECT
public:
    NoiseGroup(const Document& document, const Selection& selection, Edits& edits, const Plans& plans,
               JobRunner& runner, QWidget* parent = nullptr);

    void refreshNumbers() override;
    const NoiseCurve& curve() const { return *m_curve; }

protected:
    bool suits(const graph::Site& site, const quant::SiteSettings& settings) const override;
    void showSettings(const std::vector<quant::SiteSettings>& settings, bool editable) override;

private:
    using Points = std::vector<quant::NoisePlan::Point>;
    /// What a curve over the whole slider depends on.
    struct CurveKey {
        SiteId site;
        std::shared_ptr<const stats::Calibration> calibration;
        quant::SiteSettings settings; ///< without range
        quant::Range range;           ///< of the quantizer
        double step = 0;              ///< of the quantizer
        friend bool operator==(const CurveKey& a, const CurveKey& b)
        {
            return a.site == b.site && a.calibration == b.calibration && a.settings == b.settings &&
                   a.range.low == b.range.low && a.range.high == b.range.high && a.step == b.step;
        }
    };

    void buildForm();
    void connectForm();
    void addTip(QWidget* widget, const char* name, const QString& help);
    void edit(const std::function<void(quant::Noise&)>& change, int gesture = 0);
    void editRange(double range);
    void showCurve(const quant::SitePlan* plan, const quant::Noise& wanted, bool current);
    void measure(const CurveKey& key);
    QString found(const quant::SitePlan& plan) const;

    const Plans& m_plans;
    QCheckBox* m_on;
    NoiseCurve* m_curve;
    QWidget* m_rangeRow;
    QLabel* m_rangeLabel;
    QSlider* m_slider;
    QDoubleSpinBox* m_range;
    QCheckBox* m_search;
    QComboBox* m_objective;
    QComboBox* m_law;
    QCheckBox* m_shift;
    QCheckBox* m_value;
    QComboBox* m_storage;
    QSpinBox* m_seed;
    FormNote* m_note;
    Job<Points> m_measure;
    CurveKey m_measuring, m_measured; ///< what m_points is of
    Points m_points;
};

} // namespace qs::ui
