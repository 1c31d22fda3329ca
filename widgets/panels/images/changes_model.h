#pragma once

#include "widgets/panels/images/reading_picture.h"

#include <QAbstractTableModel>
#include <QSortFilterProxyModel>
#include <QString>

#include <functional>
#include <optional>
#include <vector>

namespace qs::ui {

/// One image and how much of it changed, by the task's own measure.
struct ChangedImage {
    QString name;
    std::optional<double> changed; ///< nothing: not evaluated
};

enum class ChangeColumn { Picture, Float, Quantized, Difference, Changed, Name, Count };

/// The images of a task that is no classification. What stands in the cells of both networks comes from a function,
/// which may say later what it has (cellsReady).
class ChangesModel : public QAbstractTableModel {
    Q_OBJECT
public:
    /// A QPixmap, a text, or nothing yet.
    using Cell = std::function<QVariant(int row, ChangeColumn column)>;
    static constexpr int SortRole = Qt::UserRole;
    static constexpr int PictureRole = Qt::UserRole + 1; ///< a QPixmap, of the cells that have one

    using QAbstractTableModel::QAbstractTableModel;

    void setCells(Cell cell) { m_cell = std::move(cell); }
    /// current: the values belong to the present recipe. measure: "pixels of another class".
    void setRows(std::vector<ChangedImage> rows, bool current, const QString& measure);
    const std::vector<ChangedImage>& rows() const { return m_rows; }
    bool current() const { return m_current; }
    void setThreshold(double threshold);
    double threshold() const { return m_threshold; }
    bool changed(int row) const; ///< above the threshold
    void cellsReady(int row);    ///< -1: of all rows

    int rowCount(const QModelIndex& parent = {}) const override;
    int columnCount(const QModelIndex& parent = {}) const override;
    QVariant data(const QModelIndex& index, int role = Qt::DisplayRole) const override;
    QVariant headerData(int section, Qt::Orientation orientation, int role = Qt::DisplayRole) const override;

    QString csv() const; ///< file, changed, above the threshold

private:
    std::vector<ChangedImage> m_rows;
    Cell m_cell;
    QString m_measure;
    double m_threshold = 0;
    bool m_current = true;
};

/// Sorts by the measure; only changed ones where that is asked for.
class ChangesProxy : public QSortFilterProxyModel {
    Q_OBJECT
public:
    explicit ChangesProxy(QObject* parent = nullptr);
    void setOnlyChanged(bool on);

protected:
    bool filterAcceptsRow(int row, const QModelIndex& parent) const override;

private:
    bool m_onlyChanged = false;
};

} // namespace qs::ui
