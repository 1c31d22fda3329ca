#pragma once

#include "core/quant/smoothing.h"
#include "widgets/session/session.h"

#include <QWidget>

#include <functional>
#include <vector>

class QCheckBox;
class QComboBox;
class QDoubleSpinBox;
class QFormLayout;
class QLabel;
class QSlider;

namespace qs::ui {

/// Smoothing of the selected sites: kind, α by slider or number or searched, the quantiles that say where a channel's
/// range ends, and how the current site's is carried out. Sites that are no inputs of linear layers are left alone.
class SmoothingGroup : public QWidget {
    Q_OBJECT
public:
    explicit SmoothingGroup(Session& session, QWidget* parent = nullptr);

    void refresh();        ///< selection or recipe
    void refreshNumbers(); ///< plan
    QString note() const;

private:
    using Change = std::function<void(quant::Smoothing&)>;
    void buildForm();
    void edit(const Change& change, int gesture = 0);
    void editAlpha(double alpha);
    void showSettings(const std::vector<quant::SiteSettings>& settings, bool editable);
    void findTarget(SiteId site);
    QString carriedOut(const quant::FoldTarget& target, bool smoothed) const;

    Session& m_session;
    QFormLayout* m_form;
    QComboBox* m_kind;
    QWidget* m_alphaRow;
    QSlider* m_slider;
    QDoubleSpinBox* m_alpha;
    QCheckBox* m_search;
    QComboBox* m_quantile;
    QLabel* m_note;
    std::vector<SiteId> m_sites; ///< of the selection, those that can be smoothed
    Job<quant::FoldTarget> m_find;
    SiteId m_targetOf; ///< what m_target or m_refusal is about
    std::optional<quant::FoldTarget> m_target;
    QString m_refusal;
    bool m_filling = false;
    int m_gesture = 0; ///< of the control that has the focus or the button
};

} // namespace qs::ui
