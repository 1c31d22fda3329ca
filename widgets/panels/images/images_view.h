#pragma once

#include "widgets/panels/images/images_model.h"

#include <QWidget>

class QComboBox;
class QLabel;
class QPushButton;
class QTableView;

namespace qs::ui {

class EmptyState;
class TopFive;

/// The images and what both networks say of them: shows values, says what the user wishes.
class ImagesView : public QWidget {
    Q_OBJECT
public:
    explicit ImagesView(QWidget* parent = nullptr);

    /// note: what the answers stand on, "Evaluation of 320 images".
    void setRows(std::vector<ImageRow> rows, bool current, const QString& note);
    void setCurrentImage(int image); ///< -1: none
    void setFilter(ImageFilter filter);
    void setEvaluating(bool running);
    void showReason(const QString& text, const QString& button = {});

    ImagesModel& model() { return *m_model; }
    int shownImages() const;
    QString counts() const;
    QString reason() const;

signals:
    void imageWished(int image);
    void evaluateWished();
    void helpWished();
    void failed(const QString& text);

private:
    void buildTable();
    QWidget* buildDetail();
    void showDetail();
    void sayCounts();
    void saveCsv();
    int imageAt(const QModelIndex& proxyIndex) const;

    ImagesModel* m_model;
    ImagesProxy* m_proxy;
    QTableView* m_table;
    EmptyState* m_empty;
    QComboBox* m_filter;
    QPushButton* m_evaluate;
    QLabel* m_counts;
    QLabel* m_picture;
    QLabel* m_caption;
    TopFive* m_float;
    TopFive* m_quantized;
    QString m_note;
    int m_image = -1;
};

} // namespace qs::ui
