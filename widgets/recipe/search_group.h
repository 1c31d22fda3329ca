#pragma once

#include "widgets/session/session.h"

#include <QWidget>

#include <functional>
#include <vector>

class QCheckBox;
class QDoubleSpinBox;
class QLabel;
class QSpinBox;

namespace qs::ui {

/// The grid of candidate steps of the selected sites whose range is searched (EasyQuant, PTQ4ViT): factors, their
/// number, rounds. Hidden where there are none.
class SearchGroup : public QWidget {
    Q_OBJECT
public:
    explicit SearchGroup(Session& session, QWidget* parent = nullptr);

    void refresh(); ///< selection or recipe

private:
    using Change = std::function<void(quant::SearchGrid&)>;
    void edit(const Change& change);

    Session& m_session;
    QDoubleSpinBox* m_low;
    QDoubleSpinBox* m_high;
    QSpinBox* m_count;
    QSpinBox* m_rounds;
    QCheckBox* m_reciprocal;
    QLabel* m_note;
    std::vector<SiteId> m_sites; ///< of the selection, those that search
    bool m_filling = false;
    int m_gesture = 0; ///< of the box that has the focus
};

} // namespace qs::ui
