#include "widgets/panels/shared/badge.h"

#include "widgets/theme/colours.h"

#include <QFontMetricsF>
#include <QPainter>

#include <algorithm>

namespace qs::ui {

namespace {

QFont small(QFont font)
{
    font.setPointSizeF(font.pointSizeF() * 0.85);
    font.setBold(true);
    return font;
}

} // namespace

QSizeF badgeSize(const QFont& font, const QString& text)
{
    const QFontMetricsF metrics(small(font));
    const double height = metrics.height();
    return {std::max(metrics.horizontalAdvance(text) + 7, height), height};
}

void paintBadge(QPainter& painter, const QRectF& rect, const QFont& font, const QString& text, const QColor& colour)
{
    const QSizeF size = badgeSize(font, text).boundedTo(rect.size());
    const QRectF tag(QPointF(rect.left(), rect.center().y() - size.height() / 2), size);
    painter.save();
    painter.setFont(small(font));
    painter.setPen(QPen(colour, 1));
    painter.setBrush(colours().plotBackground);
    painter.setRenderHint(QPainter::Antialiasing);
    painter.drawRoundedRect(tag, 3, 3);
    painter.drawText(tag, Qt::AlignCenter, text);
    painter.restore();
}

} // namespace qs::ui
