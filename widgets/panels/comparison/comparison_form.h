#pragma once

#include "core/quant/presets.h"
#include "widgets/panels/comparison/comparer.h"

#include <QWidget>

class QAction;
class QCheckBox;
class QComboBox;
class QLabel;
class QMenu;
class QProgressBar;
class QPushButton;
class QStackedWidget;
class QToolButton;

namespace qs::ui {

/// What is to be compared, the start, and while it runs its progress and Cancel.
class ComparisonForm : public QWidget {
    Q_OBJECT
public:
    explicit ComparisonForm(QWidget* parent = nullptr);

    ComparisonWish wish() const;
    void setPresets(const std::vector<std::string>& names); ///< those that are checked
    void setBits(const std::vector<std::pair<int, int>>& bits);
    /// Why there can be no comparison now, "" where there can.
    void setObstacle(const QString& reason);
    void setImages(std::size_t images);
    void setRunning(bool running);
    void setHasLines(bool lines, bool unfinished);
    /// fraction < 0: unknown.
    void showProgress(const QString& text, double fraction);

    QPushButton& startButton() { return *m_start; }
    QPushButton& cancelButton() { return *m_cancel; }
    QPushButton& clearButton() { return *m_clear; }

signals:
    void startWished(const qs::ui::ComparisonWish& wish);
    void cancelWished();
    void clearWished();

private:
    void updateEnabled();

    std::vector<quant::Preset> m_names; ///< methods that can be compared
    QToolButton* m_methods;
    QMenu* m_menu;
    std::vector<QAction*> m_presets; ///< in their order
    std::vector<QCheckBox*> m_bits;
    QComboBox* m_coverage;
    QCheckBox* m_present;
    QLabel* m_images;
    QStackedWidget* m_pages;
    QPushButton* m_start;
    QPushButton* m_clear;
    QProgressBar* m_bar;
    QLabel* m_what;
    QPushButton* m_cancel;
    QString m_obstacle;
    bool m_running = false;
    bool m_unfinished = false;
    bool m_lines = false;
};

} // namespace qs::ui
