#pragma once

#include "widgets/panels/error/error_row.h"

#include <QWidget>

class QComboBox;
class QLabel;
class QPushButton;

namespace qs::ui {

class DepthPlot;
class EmptyState;
class SplitPlot;

/// Errors along the depth, and below them where they come from: shows values, says what the user wishes.
class ErrorView : public QWidget {
    Q_OBJECT
public:
    explicit ErrorView(QWidget* parent = nullptr);

    void setPicture(const ErrorPicture& picture);
    void setSelection(const std::vector<SiteId>& sites);
    void showReason(const QString& text, const QString& button = {});

    DepthPlot& depth() { return *m_depth; }
    SplitPlot& split() { return *m_split; }
    QString note() const; ///< what the curves stand on
    QString hoverText() const;
    QString reason() const;

signals:
    void selectWished(qs::SiteId site, bool toggle);
    void sensitivityWished();
    void helpWished();
    void failed(const QString& text);

private:
    void changeShow();
    void sayHover(const QString& text);
    QString saySelected() const;

    ErrorPicture m_picture;
    std::vector<SiteId> m_selection;
    EmptyState* m_empty;
    DepthPlot* m_depth;
    SplitPlot* m_split;
    QLabel* m_note;
    QLabel* m_hover;
    QComboBox* m_show;
    QPushButton* m_measure;
};

} // namespace qs::ui
