#pragma once

#include "widgets/panels/images/reading_picture.h"

#include <QPixmap>
#include <QWidget>

#include <memory>
#include <string>
#include <vector>

namespace qs::ui {

/// A nearest neighbour of an image in one network.
struct NeighbourPicture {
    QPixmap picture;
    bool shared = true; ///< a neighbour in the other network too
};

/// What the detail shows of one image.
struct DetailContent {
    std::shared_ptr<const ImageReading> reading; ///< null: `message` instead
    QString message;
    QPixmap photo; ///< while there is no reading
    std::vector<std::string> classNames;
    std::vector<NeighbourPicture> before, now; ///< of features
    QString note;                              ///< under them
};

/// One image large: the photo, float beside quantized beside difference, and the truth where there is one.
class ReadingDetail : public QWidget {
    Q_OBJECT
public:
    explicit ReadingDetail(QWidget* parent = nullptr);

    void setContent(DetailContent content);
    const DetailContent& content() const { return m_content; }
    QSize sizeHint() const override { return {480, 200}; }
    QSize minimumSizeHint() const override { return {240, 120}; }

protected:
    void paintEvent(QPaintEvent* event) override;
    void changeEvent(QEvent* event) override;

private:
    struct Side {
        ReadingSide side;
        QString title;
    };
    std::vector<Side> sides() const;
    void paintPictures(QPainter& painter);
    void paintWords(QPainter& painter);
    void paintNeighbours(QPainter& painter);
    QRect paintPhoto(QPainter& painter, const QRect& room) const; ///< what is left beside or below it
    QString spoken() const;

    DetailContent m_content;
    struct Kept {
        ReadingSide side;
        QSize size;
        QImage picture;
    };
    std::vector<Kept> m_pictures; ///< drawn once a size
};

} // namespace qs::ui
