#include "widgets/panels/images/reading_picture.h"

#include "core/tasks/reading_difference.h"
#include "widgets/theme/colours.h"
#include "widgets/theme/format.h"

#include <QObject>
#include <QPainter>

#include <algorithm>
#include <array>
#include <cmath>

namespace qs::ui {

namespace {

constexpr double kOverlay = 0.62; ///< share of a class's colour over the image
constexpr double kGolden = 0.618033988749895;

QRgb mixed(QRgb under, QRgb over, double share)
{
    const auto mix = [share](int a, int b) { return static_cast<int>(std::lround(a + share * (b - a))); };
    return qRgb(mix(qRed(under), qRed(over)), mix(qGreen(under), qGreen(over)), mix(qBlue(under), qBlue(over)));
}

/// The photo in grey, paler in a light theme and darker in a dark one, so that colours stand out.
QImage greyed(const QImage& photo, QSize size)
{
    QImage grey = photo.isNull() ? QImage(size, QImage::Format_RGB32)
                                 : photo.scaled(size, Qt::IgnoreAspectRatio, Qt::SmoothTransformation)
                                       .convertToFormat(QImage::Format_RGB32);
    if (photo.isNull())
        grey.fill(colours().plotGrid);
    const QRgb ground = colours().plotBackground.rgb();
    for (int y = 0; y < grey.height(); ++y) {
        auto* line = reinterpret_cast<QRgb*>(grey.scanLine(y));
        for (int x = 0; x < grey.width(); ++x) {
            const int level = qGray(line[x]);
            line[x] = mixed(qRgb(level, level, level), ground, 0.25);
        }
    }
    return grey;
}

/// Calls colour(pixel of the map) for every pixel of the picture: a colour, or nothing to leave it.
template <class Map, class Colour>
void drawOver(QImage& picture, const Map& map, double share, const Colour& colour)
{
    if (map.height == 0 || map.width == 0)
        return;
    for (int y = 0; y < picture.height(); ++y) {
        const std::size_t row = static_cast<std::size_t>(y) * map.height / static_cast<std::size_t>(picture.height());
        auto* line = reinterpret_cast<QRgb*>(picture.scanLine(y));
        for (int x = 0; x < picture.width(); ++x) {
            const std::size_t column =
                static_cast<std::size_t>(x) * map.width / static_cast<std::size_t>(picture.width());
            if (const auto found = colour(row * map.width + column))
                line[x] = mixed(line[x], *found, share);
        }
    }
}

struct Range {
    float low = 0, high = 0;
};

Range rangeOf(const std::vector<float>& values)
{
    Range range{INFINITY, -INFINITY};
    for (const float v : values)
        if (std::isfinite(v)) {
            range.low = std::min(range.low, v);
            range.high = std::max(range.high, v);
        }
    return range.low <= range.high ? range : Range{};
}

float largest(const std::vector<float>& values)
{
    float most = 0;
    for (const float v : values)
        if (std::isfinite(v))
            most = std::max(most, std::abs(v));
    return most;
}

using MaybeColour = std::optional<QRgb>;

void drawClasses(QImage& picture, const tasks::ClassMap& map)
{
    drawOver(picture, map, kOverlay, [&](std::size_t at) -> MaybeColour {
        const uint16_t category = map.classes[at];
        return category == tasks::ClassMap::kNone ? MaybeColour() : classColour(category).rgb();
    });
}

void drawValues(QImage& picture, const tasks::ValueMap& map, Range range)
{
    std::array<QRgb, 256> palette{};
    for (std::size_t i = 0; i < palette.size(); ++i)
        palette[i] = magnitudeColour(static_cast<double>(i) / 255).rgb();
    const float width = range.high > range.low ? range.high - range.low : 1;
    drawOver(picture, map, 1, [&](std::size_t at) -> MaybeColour {
        const float value = map.values[at];
        if (!std::isfinite(value))
            return {};
        return palette[static_cast<std::size_t>(std::clamp((value - range.low) / width, 0.0F, 1.0F) * 255)];
    });
}

void drawSigned(QImage& picture, const tasks::ValueMap& shape, const std::vector<float>& difference)
{
    const float most = std::max(largest(difference), 1e-30F);
    std::array<QRgb, 511> palette{};
    for (std::size_t i = 0; i < palette.size(); ++i)
        palette[i] = signedColour(static_cast<double>(i) / 255 - 1).rgb();
    drawOver(picture, shape, 1, [&](std::size_t at) -> MaybeColour {
        const float value = at < difference.size() ? difference[at] : 0;
        if (!std::isfinite(value))
            return {};
        return palette[static_cast<std::size_t>(std::lround((value / most + 1) * 255))];
    });
}

class BoxPainter {
public:
    BoxPainter(QImage& picture, const ImageReading& reading, const std::vector<std::string>& names, qreal dots)
        : m_painter(&picture), m_scaleX(static_cast<double>(picture.width()) / std::max(1, reading.inputWidth)),
          m_scaleY(static_cast<double>(picture.height()) / std::max(1, reading.inputHeight)), m_dots(dots),
          m_names(names), m_words(picture.height() >= 110 * dots)
    {
        m_painter.setRenderHint(QPainter::Antialiasing);
        QFont font;
        font.setPixelSize(static_cast<int>(11 * dots));
        m_painter.setFont(font);
    }

    void draw(const tasks::Detection& box, const QColor& colour, Qt::PenStyle style, double width)
    {
        const QRectF rect(QPointF(box.x0 * m_scaleX, box.y0 * m_scaleY),
                          QPointF(box.x1 * m_scaleX, box.y1 * m_scaleY));
        // A dark or light rim, so that the box is seen on any image.
        m_painter.setPen(QPen(colours().plotBackground, (width + 1.6) * m_dots));
        m_painter.drawRect(rect);
        m_painter.setPen(QPen(colour, width * m_dots, style));
        m_painter.drawRect(rect);
        if (!m_words)
            return;
        const auto category = static_cast<std::size_t>(std::max(0, box.category));
        QString text = category < m_names.size() && !m_names[category].empty()
                           ? QString::fromStdString(m_names[category])
                           : QString::number(box.category);
        if (box.score < 1)
            text += QStringLiteral(" %1").arg(static_cast<double>(box.score), 0, 'f', 2);
        const QFontMetricsF metrics(m_painter.font());
        QRectF label(rect.topLeft(), QSizeF(metrics.horizontalAdvance(text) + 6 * m_dots, metrics.height()));
        label.moveTop(std::max(0.0, label.top()));
        label.moveLeft(std::max(0.0, label.left()));
        m_painter.fillRect(label, colour);
        m_painter.setPen(colour.lightnessF() > 0.55 ? Qt::black : Qt::white);
        m_painter.drawText(label, Qt::AlignCenter, text);
    }

private:
    QPainter m_painter;
    double m_scaleX, m_scaleY;
    qreal m_dots;
    const std::vector<std::string>& m_names;
    bool m_words;
};

/// The least sure first, so that the surest lie above.
void drawBoxes(BoxPainter& painter, const tasks::FoundBoxes& found, const QColor& colour)
{
    for (auto box = found.boxes.rbegin(); box != found.boxes.rend(); ++box)
        painter.draw(*box, colour, Qt::SolidLine, 2);
}

void drawBoxDifference(BoxPainter& painter, const tasks::FoundBoxes& before, const tasks::FoundBoxes& now)
{
    const tasks::BoxPairs pairs = tasks::pairBoxes(before, now);
    for (std::size_t i = now.boxes.size(); i-- > 0;)
        if (pairs.old[i])
            painter.draw(now.boxes[i], colours().stale, Qt::SolidLine, 1);
    for (std::size_t i = before.boxes.size(); i-- > 0;)
        if (!pairs.kept[i])
            painter.draw(before.boxes[i], colours().bad, Qt::DashLine, 2);
    for (std::size_t i = now.boxes.size(); i-- > 0;)
        if (!pairs.old[i])
            painter.draw(now.boxes[i], colours().warning, Qt::SolidLine, 2);
}

QImage ofPhoto(const QImage& photo, QSize size)
{
    return photo.isNull() ? greyed(photo, size)
                          : photo.scaled(size, Qt::IgnoreAspectRatio, Qt::SmoothTransformation)
                                .convertToFormat(QImage::Format_RGB32);
}

const tasks::Reading& sideOf(const ImageReading& reading, ReadingSide side)
{
    return side == ReadingSide::Float ? reading.before : side == ReadingSide::Truth ? reading.truth : reading.now;
}

} // namespace

bool isPicture(const tasks::Reading& reading)
{
    return std::holds_alternative<tasks::ClassMap>(reading) || std::holds_alternative<tasks::ValueMap>(reading) ||
           std::holds_alternative<tasks::FoundBoxes>(reading);
}

QSize pictureSize(const ImageReading& reading, QSize room)
{
    QSize size(std::max(1, reading.inputWidth), std::max(1, reading.inputHeight));
    size.scale(room, Qt::KeepAspectRatio);
    return size.expandedTo({1, 1});
}

QImage readingPicture(const ImageReading& reading, ReadingSide side, QSize size, qreal dots,
                      const std::vector<std::string>& classNames)
{
    const tasks::Reading& shown = sideOf(reading, side);
    const bool difference = side == ReadingSide::Difference;
    const QSize pixels = (QSizeF(size) * dots).toSize().expandedTo({1, 1});
    QImage picture;
    if (const auto* classes = std::get_if<tasks::ClassMap>(&shown)) {
        picture = greyed(reading.photo, pixels);
        const auto* before = std::get_if<tasks::ClassMap>(&reading.before);
        if (!difference) {
            drawClasses(picture, *classes);
        } else if (before) {
            const std::vector<uint8_t> other = tasks::differing(*before, *classes);
            drawOver(picture, *classes, 0.85, [&](std::size_t at) -> MaybeColour {
                return other[at] ? MaybeColour(colours().bad.rgb()) : MaybeColour();
            });
        }
    } else if (const auto* values = std::get_if<tasks::ValueMap>(&shown)) {
        picture = greyed(reading.photo, pixels);
        const auto* before = std::get_if<tasks::ValueMap>(&reading.before);
        if (difference && before)
            drawSigned(picture, *values, tasks::differenceOf(*before, *values));
        else
            drawValues(picture, *values,
                       rangeOf(side == ReadingSide::Truth || !before ? values->values : before->values));
    } else if (const auto* boxes = std::get_if<tasks::FoundBoxes>(&shown)) {
        picture = difference ? greyed(reading.photo, pixels) : ofPhoto(reading.photo, pixels);
        BoxPainter painter(picture, reading, classNames, dots);
        const auto* before = std::get_if<tasks::FoundBoxes>(&reading.before);
        if (difference && before)
            drawBoxDifference(painter, *before, *boxes);
        else
            drawBoxes(painter, *boxes,
                      side == ReadingSide::Float       ? colours().before
                      : side == ReadingSide::Quantized ? colours().after
                                                       : colours().good);
    }
    picture.setDevicePixelRatio(dots);
    return picture;
}

QString differenceLegend(const ImageReading& reading)
{
    if (const auto* now = std::get_if<tasks::ValueMap>(&reading.now)) {
        const auto& before = std::get<tasks::ValueMap>(reading.before);
        const Range range = rangeOf(before.values);
        return QObject::tr("±%1 (float: %2 to %3)")
            .arg(formatNumber(static_cast<double>(largest(tasks::differenceOf(before, *now)))),
                 formatNumber(static_cast<double>(range.low)), formatNumber(static_cast<double>(range.high)));
    }
    if (const auto* now = std::get_if<tasks::FoundBoxes>(&reading.now)) {
        const auto& before = std::get<tasks::FoundBoxes>(reading.before);
        const tasks::BoxPairs pairs = tasks::pairBoxes(before, *now);
        if (before.boxes.empty() && now->boxes.empty())
            return QObject::tr("no sure box in either");
        return QObject::tr("%1 lost (dashed), %2 new, %3 the same")
            .arg(std::ranges::count(pairs.kept, false))
            .arg(std::ranges::count(pairs.old, false))
            .arg(std::ranges::count(pairs.old, true));
    }
    if (const auto* now = std::get_if<tasks::ClassMap>(&reading.now)) {
        const auto other = tasks::differing(std::get<tasks::ClassMap>(reading.before), *now);
        const double share =
            other.empty() ? 0 : static_cast<double>(std::ranges::count(other, 1)) / static_cast<double>(other.size());
        return QObject::tr("%1 of the pixels").arg(formatPercent(share));
    }
    return {};
}

QColor classColour(int category)
{
    const double hue = std::fmod(0.08 + category * kGolden, 1.0);
    const int ring = category % 3; // neighbours in hue differ in lightness too
    const double lightness = colours().dark ? 0.45 + 0.12 * ring : 0.36 + 0.12 * ring;
    return QColor::fromHslF(static_cast<float>(hue), 0.7F, static_cast<float>(lightness));
}

} // namespace qs::ui
