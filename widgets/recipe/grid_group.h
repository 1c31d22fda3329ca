#pragma once

#include "widgets/recipe/site_group.h"

#include <vector>

class QComboBox;

namespace qs::ui {

/// How uniform codes lie around zero, and how many scales there are. Both stay on show, but cannot be chosen, where
/// the selected sites are float or have other levels: these have no scheme and one scale.
class GridGroup : public SiteGroup {
    Q_OBJECT
public:
    GridGroup(const Document& document, const Selection& selection, Edits& edits, QWidget* parent = nullptr);

protected:
    bool suits(const graph::Site&, const quant::SiteSettings&) const override { return true; }
    void showSettings(const std::vector<quant::SiteSettings>& settings, bool editable) override;

private:
    QComboBox* m_scheme;
    QComboBox* m_granularity;
};

} // namespace qs::ui
