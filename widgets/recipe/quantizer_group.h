#pragma once

#include "widgets/recipe/site_group.h"

#include <vector>

class QComboBox;

namespace qs::ui {

class Plans;

/// How levels of the selected activations lie: the quantizers that suit all of them, and the one that they have.
/// Hidden where only weights are selected: integer kernels know uniform levels alone.
class QuantizerGroup : public SiteGroup {
    Q_OBJECT
public:
    QuantizerGroup(const Document& document, const Selection& selection, Edits& edits, const Plans& plans,
                   QWidget* parent = nullptr);

protected:
    bool suits(const graph::Site& site, const quant::SiteSettings& settings) const override;
    void showSettings(const std::vector<quant::SiteSettings>& settings, bool editable) override;

private:
    void fillChoice(int chosen);

    const Plans& m_plans;
    QComboBox* m_quantizer;
};

} // namespace qs::ui
