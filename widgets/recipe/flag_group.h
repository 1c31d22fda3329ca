#pragma once

#include "widgets/recipe/site_group.h"

#include <vector>

class QCheckBox;

namespace qs::ui {

/// A setting of weights that is on or off. Hidden where no selected site has it; the others keep theirs.
class FlagGroup : public SiteGroup {
    Q_OBJECT
public:
    using Flag = std::optional<bool> quant::WeightChoices<std::optional>::*;

    /// name: of the box, for tests.
    FlagGroup(const Document& document, const Selection& selection, Edits& edits, Flag flag, const char* name,
              const QString& title, const QString& help, QWidget* parent = nullptr);

protected:
    bool suits(const graph::Site& site, const quant::SiteSettings& settings) const override;
    void showSettings(const std::vector<quant::SiteSettings>& settings, bool editable) override;

private:
    Flag m_flag;
    QCheckBox* m_box;
};

} // namespace qs::ui
