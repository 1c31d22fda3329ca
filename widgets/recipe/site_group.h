#pragma once

#include "core/quant/setting_table.h"
#include "widgets/model/document.h"
#include "widgets/model/edits.h"
#include "widgets/model/selection.h"

#include <QWidget>

#include <algorithm>
#include <functional>
#include <optional>
#include <vector>

class QComboBox;
class QFormLayout;

namespace qs::ui {

/// A group of the inspector that shows and edits one part of the settings of those selected sites that it suits:
/// what they have in common is shown, an edit changes that alone in all of them and is one entry of the history, and
/// locked sites keep theirs.
class SiteGroup : public QWidget {
    Q_OBJECT
public:
    /// Selection or recipe changed.
    void refresh();
    /// A plan or a preview came.
    virtual void refreshNumbers() {}

protected:
    SiteGroup(const Document& document, const Selection& selection, Edits& edits, QWidget* parent);

    virtual bool suits(const graph::Site& site, const quant::SiteSettings& settings) const = 0;
    /// Of the suitable sites, in the order of the selection; may be empty. What the controls say then is no edit.
    virtual void showSettings(const std::vector<quant::SiteSettings>& settings, bool editable) = 0;

    /// Changes a part of the settings, as each site has it: edit(&SitePatch::noise, ...).
    template <class Part, class Choices, class Change>
    void edit(std::optional<Part> Choices::*part, const Change& change, int gesture = 0)
    {
        editEach(
            [&, this](SiteId id) {
                const quant::SitePatch own = quant::wholePatch(m_document.settings(id));
                quant::SitePatch patch;
                patch.*part = own.*part;
                change(*(patch.*part));
                return patch;
            },
            gesture);
    }

    /// Whether the table of settings gives the site this one: applies(&SitePatch::noise, ...).
    template <class Part, class Choices>
    bool applies(std::optional<Part> Choices::*part, const graph::Site& site,
                 const quant::SiteSettings& settings) const
    {
        return quant::settingApplies(part, {m_document.model()->graph, site, settings});
    }

    /// Whether one of the suitable sites has the setting.
    template <class Part, class Choices>
    bool anyApplies(std::optional<Part> Choices::*part) const
    {
        return std::ranges::any_of(
            m_sites, [&](SiteId id) { return applies(part, m_document.sites()[id], m_document.settings(id)); });
    }
    bool anyQuantized() const; ///< of the suitable sites
    /// What is chosen of `box` goes to `take`, but for "mixed", which is no value to set.
    void onChoice(QComboBox* box, std::function<void(int)> take);

    /// Fills controls: their signals are no edits meanwhile.
    template <class Fill>
    void fill(Fill fill)
    {
        m_filling = true;
        fill();
        m_filling = false;
    }
    std::function<void()> gestureBegins();
    int gesture() const { return m_gesture; } ///< of the control that has the focus or the button
    const std::vector<SiteId>& sites() const { return m_sites; }

    const Document& m_document;
    const Selection& m_selection;
    Edits& m_edits;
    QFormLayout* m_form;

private:
    void editEach(const std::function<quant::SitePatch(SiteId)>& patchOf, int gesture);

    std::vector<SiteId> m_sites; ///< of the selection, those that it suits
    bool m_filling = false;
    int m_gesture = 0;
};

} // namespace qs::ui
