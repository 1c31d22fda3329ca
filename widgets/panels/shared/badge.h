#pragma once

#include <QColor>
#include <QFont>
#include <QRectF>
#include <QString>

class QPainter;

namespace qs::ui {

/// A small rounded tag with a few letters, on a ground of its own so that it is read on any colour: the number of a
/// bridge block, the mark of a warning.
QSizeF badgeSize(const QFont& font, const QString& text);
/// `rect`: where it goes; it is made no larger than that.
void paintBadge(QPainter& painter, const QRectF& rect, const QFont& font, const QString& text, const QColor& colour);

} // namespace qs::ui
