#pragma once

#include "core/search/hybrid_search.h"
#include "widgets/model/search_run.h"
#include "widgets/panels/shared/search_parts.h"

#include <QWidget>

class QCheckBox;
class QDoubleSpinBox;
class QLabel;
class QPushButton;
class QSpinBox;
class QStackedWidget;

namespace qs::ui {

/// Settings of a search by Q-HyViT's method, its start, and while it runs its progress and Cancel.
class HybridForm : public QWidget {
    Q_OBJECT
public:
    explicit HybridForm(QWidget* parent = nullptr);

    search::HybridOptions options() const;
    void setOptions(const search::HybridOptions& options);
    SearchImages images() const;
    /// Why there can be no search now, "" where there can.
    void setObstacle(const QString& reason);
    /// Numbers of images there are; 0: none.
    void setImages(std::size_t calibration, std::size_t test);
    void setBridges(std::size_t bridges); ///< of the model
    void setApplicable(bool on);          ///< there is something found that the recipe is not
    /// fraction < 0: unknown.
    void showProgress(const QString& text, const QString& time, double fraction);
    void setRunning(bool running);

    QPushButton& searchButton() { return *m_search; }
    QPushButton& applyButton() { return *m_apply; }
    QPushButton& cancelButton() { return m_progress->cancelButton(); }
    QString note() const; ///< the line below: why there is no search, what was found

signals:
    void startWished(const qs::search::HybridOptions& options, qs::ui::SearchImages images);
    void applyWished();
    void cancelWished();
    void helpWished();

public slots:
    void setNote(const QString& text);

private:
    void buildSettings();
    void layOut();
    void updateEnabled();

    SearchImagesBox* m_images;
    QSpinBox* m_candidates;
    QDoubleSpinBox* m_low;
    QDoubleSpinBox* m_high;
    QSpinBox* m_rounds;
    QCheckBox* m_granularity;
    QCheckBox* m_scheme;
    QCheckBox* m_bridges;
    QCheckBox* m_importance;
    QCheckBox* m_channels;
    QCheckBox* m_whole;
    QPushButton* m_search;
    QPushButton* m_apply;
    QPushButton* m_help;
    QStackedWidget* m_pages;
    SearchProgress* m_progress;
    QLabel* m_note;
    QString m_obstacle, m_found;
    bool m_running = false;
    bool m_applicable = false;
    bool m_hasBridges = true;
};

} // namespace qs::ui
