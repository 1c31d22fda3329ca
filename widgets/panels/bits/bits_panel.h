#pragma once

#include "widgets/frame/panel.h"
#include "widgets/frame/refresher.h"
#include "widgets/model/session.h"
#include "widgets/panels/bits/bits_view.h"

#include <QTimer>

#include <optional>

namespace qs::ui {

/// Bits: binds the search of mixed precision, its trace and the bars of bits to the session.
class BitsPanel : public BitsView, public Panel {
    Q_OBJECT
public:
    explicit BitsPanel(Session& session, QWidget* parent = nullptr);

    static QWidget* create(Session& session, QWidget* parent) { return new BitsPanel(session, parent); }

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
    void edit(SiteId site, int bits);
    void fillCompareMenu();

    Session& m_session;
    Refresher m_refresher{*this, [this] { refresh(); }};
    QTimer m_tick;
    std::optional<Reference> m_reference;
    int m_gesture = 0; ///< of the drag
};

} // namespace qs::ui
