#pragma once

#include "widgets/model/document.h"
#include "widgets/model/figures.h"
#include "widgets/model/jobs.h"
#include "widgets/model/plans.h"

#include <QTimer>
#include <QWidget>

#include <memory>

class QLabel;
class QProgressBar;

namespace qs::ui {

/// The line of figures at the bottom: the headline of the task with its 95 % interval and against float, agreement,
/// mean bits, size on disk, what they stand on, and what runs in the background. Greyed while they belong to an older
/// recipe.
class StatusFigures : public QWidget {
    Q_OBJECT
public:
    explicit StatusFigures(const Document& document, Plans& plans, Figures& figures, Jobs& jobs,
                           QWidget* parent = nullptr);
    QString text() const;  ///< of the figures, without markup
    QString basis() const; ///< "probe on 64 calibration images, coverage matrix products"

private:
    void measureFile();
    QString sizeText() const;
    QString explanation() const;
    void refresh();
    void refreshRunning();
    const Document& m_document;
    Plans& m_plans;
    Figures& m_figures;
    Jobs& m_jobs;
    QLabel* m_text;
    QLabel* m_basis;
    QLabel* m_running;
    QProgressBar* m_bar;
    QTimer m_later; ///< no export is measured while a control moves
    Job<std::size_t> m_export;
    std::shared_ptr<const quant::Plan> m_measured; ///< whose file has m_fileBytes
    std::size_t m_fileBytes = 0;                   ///< 0: it cannot be exported
};

/// "top-1 74.1 % (62.1–83.3), −7.1 points (float 81.2) · agreement 84.0 %"; a difference whose 95 % interval holds 0
/// is "within noise". onCalibration: said, such figures are better than those of other images.
QString accuracyText(const quant::Evaluation& figures, bool onCalibration = false);
/// "6.4 MB on disk (4.6 MB packed)".
QString sizeText(std::size_t fileBytes, std::size_t packedBytes);

} // namespace qs::ui
