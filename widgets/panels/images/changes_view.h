#pragma once

#include "widgets/panels/images/changes_model.h"

#include <QWidget>

class QCheckBox;
class QDoubleSpinBox;
class QLabel;
class QPushButton;
class QTableView;

namespace qs::ui {

class ReadingDetail;

/// The images of a task that is no classification, those that changed most first: float beside quantized beside
/// difference, a row each, and one of them large. Shows values, says what the user wishes.
class ChangesView : public QWidget {
    Q_OBJECT
public:
    explicit ChangesView(QWidget* parent = nullptr);

    /// note: what the values stand on.
    void setRows(std::vector<ChangedImage> rows, bool current, const QString& measure, const QString& note);
    void setCurrentImage(int image); ///< -1: none
    void setEvaluating(bool running);
    void setThreshold(double threshold);
    /// Which columns there are: without `sides` only the difference, in words. wide: the images are wide.
    void setForm(bool sides, bool wide);

    ChangesModel& model() { return *m_model; }
    ReadingDetail& detail() { return *m_detail; }
    int currentImage() const { return m_image; }
    int shownImages() const;
    QString counts() const;

signals:
    void imageWished(int image);
    void evaluateWished();
    void csvWished();
    void thresholdMoved(double threshold);

private:
    void buildTable();
    void sayCounts();
    int imageAt(const QModelIndex& proxyIndex) const;

    ChangesModel* m_model;
    ChangesProxy* m_proxy;
    QTableView* m_table;
    QDoubleSpinBox* m_threshold;
    QCheckBox* m_only;
    QPushButton* m_evaluate;
    QLabel* m_counts;
    ReadingDetail* m_detail;
    QString m_note;
    int m_image = -1;
};

} // namespace qs::ui
