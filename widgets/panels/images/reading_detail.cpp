#include "widgets/panels/images/reading_detail.h"

#include "widgets/panels/images/reading_words.h"
#include "widgets/theme/colours.h"

#include <QEvent>
#include <QPainter>
#include <QTextDocument>

#include <algorithm>

namespace qs::ui {

namespace {
constexpr int kGap = 8;
constexpr double kWide = 2.5; ///< photos wider than so many times their height stand above the words
constexpr int kMostThumbnail = 96;
} // namespace

ReadingDetail::ReadingDetail(QWidget* parent) : QWidget(parent)
{
    setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Expanding);
}

void ReadingDetail::setContent(DetailContent content)
{
    m_content = std::move(content);
    m_pictures.clear();
    setAccessibleName(spoken());
    update();
}

void ReadingDetail::changeEvent(QEvent* event)
{
    if (event->type() == QEvent::PaletteChange)
        m_pictures.clear();
    QWidget::changeEvent(event);
}

QString ReadingDetail::spoken() const
{
    if (!m_content.reading)
        return m_content.message;
    QStringList words;
    for (const Side& side : sides())
        words << side.title + QStringLiteral(": ") + readingText(*m_content.reading, side.side, m_content.classNames);
    return words.join(QStringLiteral("; ")) + QLatin1Char(' ') + differenceLegend(*m_content.reading);
}

std::vector<ReadingDetail::Side> ReadingDetail::sides() const
{
    std::vector<Side> list{{ReadingSide::Float, tr("Float")},
                           {ReadingSide::Quantized, tr("Quantized")},
                           {ReadingSide::Difference, tr("Difference")}};
    if (m_content.reading && !std::holds_alternative<std::monostate>(m_content.reading->truth))
        list.push_back({ReadingSide::Truth, tr("Truth")});
    return list;
}

void ReadingDetail::paintEvent(QPaintEvent*)
{
    QPainter painter(this);
    painter.setRenderHint(QPainter::SmoothPixmapTransform);
    if (!m_content.reading) {
        const QRect rest = paintPhoto(painter, rect());
        painter.setPen(palette().color(QPalette::PlaceholderText));
        painter.drawText(rest, Qt::AlignLeft | Qt::AlignTop | Qt::TextWordWrap, m_content.message);
    } else if (isPicture(m_content.reading->now)) {
        paintPictures(painter);
    } else if (std::holds_alternative<tasks::FeatureVector>(m_content.reading->now)) {
        paintNeighbours(painter);
    } else {
        paintWords(painter);
    }
}

QRect ReadingDetail::paintPhoto(QPainter& painter, const QRect& room) const
{
    const QImage photo = m_content.reading ? m_content.reading->photo : m_content.photo.toImage();
    if (photo.isNull())
        return room;
    const bool wide = photo.width() > kWide * photo.height();
    QSize size = photo.size();
    size.scale(wide ? QSize(room.width(), room.height() / 3) : QSize(room.width() / 3, room.height()),
               Qt::KeepAspectRatio);
    size = size.boundedTo(2 * photo.size());
    painter.drawImage(QRect(room.topLeft(), size), photo);
    return wide ? room.adjusted(0, size.height() + kGap, 0, 0) : room.adjusted(size.width() + 2 * kGap, 0, 0, 0);
}

void ReadingDetail::paintPictures(QPainter& painter)
{
    const ImageReading& reading = *m_content.reading;
    const std::vector<Side> list = sides();
    const int line = fontMetrics().height();
    const int count = static_cast<int>(list.size());
    const QSize room((width() - (count - 1) * kGap) / count, height() - 2 * line - 4);
    const QSize size = pictureSize(reading, room.expandedTo({8, 8}));
    int x = 0;
    for (const Side& side : list) {
        painter.setPen(palette().color(QPalette::Text));
        QFont bold = font();
        bold.setBold(true);
        painter.setFont(bold);
        painter.drawText(QRect(x, 0, room.width(), line), Qt::AlignLeft | Qt::AlignVCenter, side.title);
        painter.setFont(font());
        auto kept = std::ranges::find_if(m_pictures,
                                         [&](const Kept& one) { return one.side == side.side && one.size == size; });
        if (kept == m_pictures.end()) {
            std::erase_if(m_pictures, [&](const Kept& one) { return one.side == side.side; });
            m_pictures.push_back(
                {side.side, size,
                 readingPicture(reading, side.side, size, devicePixelRatioF(), m_content.classNames)});
            kept = m_pictures.end() - 1;
        }
        painter.drawImage(QPoint(x, line + 2), kept->picture);
        if (side.side == ReadingSide::Difference) {
            painter.setPen(palette().color(QPalette::PlaceholderText));
            const QRect foot(x, line + 4 + size.height(), room.width(), line);
            painter.drawText(foot, Qt::AlignLeft | Qt::AlignTop,
                             fontMetrics().elidedText(differenceLegend(reading), Qt::ElideRight, foot.width()));
        }
        x += room.width() + kGap;
    }
}

void ReadingDetail::paintWords(QPainter& painter)
{
    const QRect rest = paintPhoto(painter, rect());
    QString html = QStringLiteral("<table cellspacing=0 cellpadding=3>");
    for (const Side& side : sides()) {
        const QString words = readingHtml(*m_content.reading, side.side, m_content.classNames);
        if (!words.isEmpty())
            html += QStringLiteral("<tr><td style=\"color:%1\">%2&nbsp;&nbsp;</td><td>%3</td></tr>")
                        .arg(palette().color(QPalette::PlaceholderText).name(), side.title, words);
    }
    QTextDocument document;
    QFont font = this->font();
    if (std::holds_alternative<tasks::ReadText>(m_content.reading->now))
        font.setPointSizeF(1.25 * font.pointSizeF());
    document.setDefaultFont(font);
    document.setDefaultStyleSheet(QStringLiteral("td { color: %1 }").arg(palette().color(QPalette::Text).name()));
    document.setHtml(html + QStringLiteral("</table>"));
    document.setTextWidth(rest.width());
    painter.translate(rest.topLeft());
    document.drawContents(&painter, QRectF(QPointF(), QSizeF(rest.size())));
}

void ReadingDetail::paintNeighbours(QPainter& painter)
{
    const QRect rest = paintPhoto(painter, rect());
    const int line = fontMetrics().height();
    const int most = static_cast<int>(std::max({m_content.before.size(), m_content.now.size(), std::size_t{1}}));
    const int side = std::clamp(std::min((rest.width() - most * kGap) / most, (rest.height() - 3 * line - 8) / 2), 8,
                                kMostThumbnail);
    int y = rest.top();
    const auto row = [&](const QString& title, const std::vector<NeighbourPicture>& list) {
        painter.setPen(palette().color(QPalette::Text));
        painter.drawText(QRect(rest.left(), y, rest.width(), line), Qt::AlignLeft | Qt::AlignVCenter, title);
        y += line + 2;
        int x = rest.left();
        for (const NeighbourPicture& one : list) {
            const QRect cell(x, y, side, side);
            QSize size = one.picture.size();
            size.scale(cell.size(), Qt::KeepAspectRatio);
            if (!one.picture.isNull())
                painter.drawPixmap(QRect(cell.topLeft(), size), one.picture);
            if (!one.shared) { // only of this network
                painter.setPen(QPen(colours().bad, 2));
                painter.drawRect(cell.adjusted(1, 1, -1, -1));
            }
            x += side + kGap;
        }
        y += side + 4;
    };
    if (!m_content.before.empty()) {
        row(tr("Nearest in float"), m_content.before);
        row(tr("Nearest in quantized"), m_content.now);
    }
    painter.setPen(palette().color(QPalette::PlaceholderText));
    painter.drawText(QRect(rest.left(), y, rest.width(), 2 * line), Qt::AlignLeft | Qt::TextWordWrap, m_content.note);
}

} // namespace qs::ui
