#pragma once

#include "widgets/frame/panel.h"
#include "widgets/frame/refresher.h"
#include "widgets/model/document.h"
#include "widgets/model/plans.h"
#include "widgets/model/searches.h"
#include "widgets/model/selection.h"
#include "widgets/panels/bits/bits_view.h"

#include <QTimer>

#include <optional>

namespace qs::ui {

/// Bits: binds the search of mixed precision and its trace to what was found, and the bars to the bits of the sites.
/// What is done to a bar is an edit: BarEdits.
class BitsPanel : public BitsView, public Panel {
    Q_OBJECT
public:
    BitsPanel(const Document& document, const Selection& selection, Plans& plans, Searches& searches,
              QWidget* parent = nullptr);

    QStringList plotNames() const override;
    QString savePlot(const QString& name, const QString& path) override;
    QString tableCsv() const override;

    /// Marks the differences to a recipe on the bars; label: what it is, "pinned: W5.00 A5.00".
    void compareWith(const quant::Recipe& recipe, const QString& label);
    void compareWithNothing();

private:
    struct Reference {
        quant::Recipe recipe;
        QString label;
    };
    void refresh();
    void refreshTrace();
    void refreshProgress();
    void sayWhyNoTrace();
    BitsPicture makePicture() const;
    /// Of the last search: the step that gives the present bits; -1: none does.
    int presentStep() const;
    void fillCompareMenu();

    const Document& m_document;
    const Selection& m_selection;
    Plans& m_plans;
    Searches& m_searches;
    Refresher m_refresher{*this, [this] { refresh(); }};
    QTimer m_tick;
    std::optional<Reference> m_reference;
};

} // namespace qs::ui
