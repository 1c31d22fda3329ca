#pragma once

#include "widgets/panels/images/image_reading.h"

#include <QImage>
#include <QString>

#include <string>
#include <vector>

namespace qs::ui {

/// What a picture of a reading shows.
enum class ReadingSide { Float, Quantized, Difference, Truth };

/// Whether a reading is drawn over the image: a map or boxes. Others are written.
bool isPicture(const tasks::Reading& reading);

/// The largest size of the image's proportions that fits into `room`.
QSize pictureSize(const ImageReading& reading, QSize room);
/// The picture of one side in pixels of a screen of so many dots a pixel, in the colours of the present theme.
/// classNames: of boxes, by class; "": the number is written. A null image where there is nothing to draw.
///   classes: a colour each over the grey image; difference: what changed, over the image in grey
///   values: cividis over the range of the float network, the same for both; difference: blue less, orange more, over
///     ± the largest difference
///   boxes: float in the colour of before, quantized in that of after; difference: lost ones, new ones, and the rest
///     thin
QImage readingPicture(const ImageReading& reading, ReadingSide side, QSize size, qreal dots,
                      const std::vector<std::string>& classNames);

/// What the colours of a difference mean: "±0.034 (range of float −1.2 to 4.5)", "2 lost, 1 new"; "" where nothing is
/// to be said.
QString differenceLegend(const ImageReading& reading);

/// The same colour for a class in every picture of a theme.
QColor classColour(int category);

} // namespace qs::ui
