#pragma once

#include "core/base/doubt.h"

#include <QObject>
#include <QString>

#include <functional>
#include <set>
#include <string>
#include <vector>

namespace qs::ui {

class Document;
class Edits;
class Figures;

/// A doubt and what a press of a button can do about it.
struct ShownDoubt {
    Doubt doubt;
    QString remedy;              ///< "Move labels by −1"; "": nothing to press, only to know
    std::function<void()> apply; ///< the remedy
};

/// All that is doubtful of the session as it is now: of the model's file, the preprocessing, the images and the
/// figures that are shown, computed anew whenever one of them changes. What was put away stays away until it changes.
class DoubtList : public QObject {
    Q_OBJECT
public:
    explicit DoubtList(Document& document, const Figures& figures, Edits& edits, QObject* parent = nullptr);

    const std::vector<ShownDoubt>& doubts() const { return m_shown; } ///< not those that were put away
    std::size_t away() const { return m_total - m_shown.size(); }
    void putAway(const Doubt& doubt);
    void bringBack(); ///< all of them

signals:
    void changed();
    void chooseInput(); ///< the remedy of assumed sizes and outputs: ask for others

private:
    void refresh();
    std::vector<Doubt> all() const;
    ShownDoubt withRemedy(const Doubt& doubt);

    Document& m_document;
    const Figures& m_figures;
    Edits& m_edits;
    std::vector<ShownDoubt> m_shown;
    std::size_t m_total = 0;
    std::set<std::string> m_away; ///< texts
};

} // namespace qs::ui
