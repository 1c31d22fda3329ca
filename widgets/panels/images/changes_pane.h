#pragma once

#include "widgets/model/document.h"
#include "widgets/model/figures.h"
#include "widgets/model/plans.h"
#include "widgets/model/selection.h"
#include "widgets/panels/images/changes_view.h"
#include "widgets/panels/images/image_readings.h"
#include "widgets/panels/images/neighbours.h"
#include "widgets/panels/images/thumbnails.h"

#include <QCache>

namespace qs::ui {

struct DetailContent;

/// Images of all other tasks: binds the table of changes to the session's test images (calibration images where there
/// are none), to their evaluation, and to what both networks say of those that are to be seen.
class ChangesPane : public ChangesView {
    Q_OBJECT
public:
    ChangesPane(const Document& document, Selection& selection, const Plans& plans, Figures& figures,
                JobRunner& runner, QWidget* parent = nullptr);
    void refresh();

signals:
    void failed(const QString& text);

protected:
    void changeEvent(QEvent* event) override;

private:
    void takeNetworks();
    void takeForm();
    QVariant cell(int row, ChangeColumn column);
    QVariant neighbourCell(int row, ChangeColumn column);
    void showDetail();
    void addNeighbours(int image, DetailContent& content);
    const std::vector<std::string>& classNames() const;
    bool features() const { return m_document.task().is("features"); }

    const Document& m_document;
    Selection& m_selection;
    const Plans& m_plans;
    Figures& m_figures;
    Thumbnails m_thumbnails;
    ImageReadings m_readings;
    Neighbours m_neighbours;
    QCache<int, QPixmap> m_cells; ///< drawn once; by row and column
    QString m_taskName;           ///< that the threshold belongs to
};

} // namespace qs::ui
