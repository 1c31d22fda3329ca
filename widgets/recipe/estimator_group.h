#pragma once

#include "widgets/recipe/site_group.h"

#include <vector>

class QComboBox;

namespace qs::ui {

class Plans;

/// How the range that the codes span is chosen, and what a search of steps makes small. Objectives that look at whole
/// layers are offered where one is selected that is searched so.
class EstimatorGroup : public SiteGroup {
    Q_OBJECT
public:
    EstimatorGroup(const Document& document, const Selection& selection, Edits& edits, const Plans& plans,
                   QWidget* parent = nullptr);

protected:
    bool suits(const graph::Site&, const quant::SiteSettings&) const override { return true; }
    void showSettings(const std::vector<quant::SiteSettings>& settings, bool editable) override;

private:
    void setKind(quant::EstimatorKind kind);
    void offerObjectives(const std::vector<quant::SiteSettings>& settings);

    const Plans& m_plans;
    QComboBox* m_estimator;
    QComboBox* m_objective;
};

} // namespace qs::ui
