#pragma once

#include "widgets/recipe/site_group.h"

#include <vector>

class QComboBox;

namespace qs::ui {

/// What becomes of zero points that are no codes, for the selected activations with asymmetric uniform codes. Hidden
/// where there are none.
class ZeroPointGroup : public SiteGroup {
    Q_OBJECT
public:
    ZeroPointGroup(const Document& document, const Selection& selection, Edits& edits, QWidget* parent = nullptr);

protected:
    bool suits(const graph::Site& site, const quant::SiteSettings& settings) const override;
    void showSettings(const std::vector<quant::SiteSettings>& settings, bool editable) override;

private:
    QComboBox* m_rule;
};

} // namespace qs::ui
