#pragma once

#include "core/graph/sites.h"

#include <QObject>

namespace qs::ui {

class BarsPlot;
class Document;
class Edits;
class Selection;

/// What a person does to the bars of a plot of bits: selects, drags, locks. A drag is one entry of the history.
class BarEdits : public QObject {
    Q_OBJECT
public:
    BarEdits(BarsPlot& plot, const Document& document, Selection& selection, Edits& edits);

private:
    void setBits(SiteId site, int bits);

    const Document& m_document;
    Selection& m_selection;
    Edits& m_edits;
    int m_gesture = 0; ///< of the drag
};

} // namespace qs::ui
