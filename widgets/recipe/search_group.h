#pragma once

#include "widgets/recipe/site_group.h"

#include <vector>

class QCheckBox;
class QDoubleSpinBox;
class QSpinBox;

namespace qs::ui {

class FormNote;

/// The grid of candidate steps of the selected sites whose range is searched (EasyQuant, PTQ4ViT): factors, their
/// number, rounds. Hidden where there are none.
class SearchGroup : public SiteGroup {
    Q_OBJECT
public:
    SearchGroup(const Document& document, const Selection& selection, Edits& edits, QWidget* parent = nullptr);

protected:
    bool suits(const graph::Site& site, const quant::SiteSettings& settings) const override;
    void showSettings(const std::vector<quant::SiteSettings>& settings, bool editable) override;

private:
    void edit(const std::function<void(quant::SearchGrid&)>& change);

    QDoubleSpinBox* m_low;
    QDoubleSpinBox* m_high;
    QSpinBox* m_count;
    QSpinBox* m_rounds;
    QCheckBox* m_reciprocal;
    FormNote* m_note;
};

} // namespace qs::ui
