#pragma once

#include "core/quant/setting_table.h"
#include "widgets/model/session.h"

#include <QWidget>

class QCheckBox;
class QComboBox;
class QFormLayout;
class QLabel;
class QPushButton;
class QStackedWidget;

namespace qs::ui {

class NoiseGroup;
class NotesLabel;
class RangeGroup;
class SearchGroup;
class SmoothingGroup;
class ZeroPointGroup;

/// Inspector of the selected sites: their settings (those that differ read "mixed" and stay untouched until they are
/// chosen), and what the settings do to each site's error, before and after.
class RecipePanel : public QWidget {
    Q_OBJECT
public:
    explicit RecipePanel(Session& session, QWidget* parent = nullptr);

protected:
    void changeEvent(QEvent* event) override;

private:
    void buildForm(QWidget* form);
    void refresh();
    void refreshNumbers();
    void followSteps(SiteId id, const std::shared_ptr<const quant::SitePlan>& plan);
    void edit(const quant::SitePatch& patch);
    void editKind(graph::SiteKind kind, const quant::SitePatch& patch);
    void showQuantizers(bool editable);
    void showFlag(QCheckBox* box, std::optional<bool> quant::WeightChoices<std::optional>::*flag, bool editable);
    /// Whether a site has a setting: applies(&SitePatch::objective, site).
    template <class Part, class Choices>
    bool applies(std::optional<Part> Choices::*part, SiteId site) const
    {
        return quant::settingApplies(part, {m_session.document.model()->graph, m_session.document.sites()[site],
                                            m_session.document.settings(site)});
    }
    QComboBox* addChoice(QFormLayout* layout, const QString& label, const QString& help);

    Session& m_session;
    QStackedWidget* m_pages;
    QLabel* m_empty;
    QLabel* m_title;
    QLabel* m_what;
    QComboBox* m_bits;
    QFormLayout* m_fields;
    QComboBox* m_quantizer;
    QComboBox* m_scheme;
    QComboBox* m_granularity;
    QComboBox* m_estimator;
    QComboBox* m_objective;
    SmoothingGroup* m_smoothing;
    NoiseGroup* m_noise;
    NotesLabel* m_notes;
    ZeroPointGroup* m_zeroPoint;
    RangeGroup* m_range;
    SearchGroup* m_search;
    QCheckBox* m_safe;
    QCheckBox* m_bias;
    QLabel* m_numbers;
    QLabel* m_note;
    QPushButton* m_reset;
    QPushButton* m_lock;
    bool m_filling = false;
    /// Numbers of the current site as they were when it was selected or before its last edit, and as they are.
    SiteId m_site;
    int m_step = 0; ///< of the history, that m_after belongs to
    std::shared_ptr<const quant::SitePlan> m_before, m_after;
};

} // namespace qs::ui
