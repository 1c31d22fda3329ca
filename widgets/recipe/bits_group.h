#pragma once

#include "widgets/recipe/site_group.h"

#include <vector>

class QComboBox;

namespace qs::ui {

/// Bits of the selected sites, or float.
class BitsGroup : public SiteGroup {
    Q_OBJECT
public:
    BitsGroup(const Document& document, const Selection& selection, Edits& edits, QWidget* parent = nullptr);

protected:
    bool suits(const graph::Site&, const quant::SiteSettings&) const override { return true; }
    void showSettings(const std::vector<quant::SiteSettings>& settings, bool editable) override;

private:
    QComboBox* m_bits;
};

} // namespace qs::ui
