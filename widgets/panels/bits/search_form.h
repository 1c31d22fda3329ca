#pragma once

#include "core/search/mixed_precision.h"
#include "widgets/model/search_run.h"
#include "widgets/panels/shared/search_parts.h"

#include <QWidget>

class QCheckBox;
class QComboBox;
class QDoubleSpinBox;
class QPushButton;
class QSpinBox;
class QStackedWidget;

namespace qs::ui {

/// Settings of a search, its start, and while it runs its progress and Cancel.
class SearchForm : public QWidget {
    Q_OBJECT
public:
    explicit SearchForm(QWidget* parent = nullptr);

    search::Options options() const; ///< without fromRecipe
    void setOptions(const search::Options& options);
    SearchImages images() const;
    /// Why there can be no search now, "" where there can.
    void setObstacle(const QString& reason);
    /// Numbers of images there are; 0: none.
    void setImages(std::size_t calibration, std::size_t test);
    void setCosts(std::size_t bytes, double bops); ///< of the present plan: what a budget of them is compared with
    /// fraction < 0: unknown.
    void showProgress(const QString& text, const QString& time, double fraction);
    /// Top-1 is for classification alone.
    void setTask(const tasks::ChosenTask& task);
    void setRunning(bool running);

    QPushButton& searchButton() { return *m_search; }
    QPushButton& continueButton() { return *m_continue; }
    QPushButton& cancelButton() { return m_progress->cancelButton(); }

signals:
    void startWished(const qs::search::Options& options, qs::ui::SearchImages images);
    void cancelWished();

private:
    void start(bool fromRecipe);
    void updateEnabled();

    QCheckBox* m_weights;
    QDoubleSpinBox* m_weightBits;
    QCheckBox* m_activations;
    QDoubleSpinBox* m_activationBits;
    QCheckBox* m_bytes;
    QDoubleSpinBox* m_megabytes;
    QCheckBox* m_bops;
    QDoubleSpinBox* m_gigabops;
    QComboBox* m_mode;
    QComboBox* m_performance;
    SearchImagesBox* m_images;
    QSpinBox* m_minBits;
    QPushButton* m_search;
    QPushButton* m_continue;
    QStackedWidget* m_pages;
    SearchProgress* m_progress;
    QString m_obstacle;
    bool m_running = false;
};

} // namespace qs::ui
