#pragma once

#include <QAbstractTableModel>
#include <QPixmap>
#include <QSortFilterProxyModel>
#include <QString>

#include <functional>
#include <optional>
#include <vector>

namespace qs::ui {

/// One class of a top-5 list.
struct Guess {
    int index = 0;
    QString name; ///< class name, else the number
    double probability = 0;
};

/// One image as the panel shows it: values only.
struct ImageRow {
    QString name;
    std::optional<int> label;
    QString labelName;
    std::vector<Guess> floatTop, quantizedTop; ///< best first; empty: not evaluated yet

    bool evaluated() const { return !floatTop.empty() && !quantizedTop.empty(); }
    bool flipped() const { return evaluated() && floatTop[0].index != quantizedTop[0].index; }
    bool wrong() const { return evaluated() && label && quantizedTop[0].index != *label; }
    bool lost() const { return wrong() && floatTop[0].index == *label; } ///< right in float
};

enum class ImageColumn { Picture, Verdict, Label, Float, Quantized, Name, Count };

/// The table of images. Pictures come from a function, which may return a null pixmap and say pictureReady later.
class ImagesModel : public QAbstractTableModel {
    Q_OBJECT
public:
    using Picture = std::function<QPixmap(int row)>;
    static constexpr int SortRole = Qt::UserRole;

    using QAbstractTableModel::QAbstractTableModel;

    void setPictures(Picture picture) { m_picture = std::move(picture); }
    void setRows(std::vector<ImageRow> rows, bool current);
    const std::vector<ImageRow>& rows() const { return m_rows; }
    bool current() const { return m_current; }
    void pictureReady(int row);

    int rowCount(const QModelIndex& parent = {}) const override;
    int columnCount(const QModelIndex& parent = {}) const override;
    QVariant data(const QModelIndex& index, int role = Qt::DisplayRole) const override;
    QVariant headerData(int section, Qt::Orientation orientation, int role = Qt::DisplayRole) const override;

    /// All rows: file, label, top-1 of both networks with probabilities, flipped.
    QString csv() const;

private:
    std::vector<ImageRow> m_rows;
    Picture m_picture;
    bool m_current = true;
};

enum class ImageFilter { All, Flipped, Wrong, Lost };

class ImagesProxy : public QSortFilterProxyModel {
    Q_OBJECT
public:
    explicit ImagesProxy(QObject* parent = nullptr);
    void setFilter(ImageFilter filter);

protected:
    bool filterAcceptsRow(int row, const QModelIndex& parent) const override;

private:
    ImageFilter m_filter = ImageFilter::All;
};

} // namespace qs::ui
