#include "widgets/theme/icon.h"

#include <QAction>
#include <QApplication>
#include <QFile>
#include <QPainter>
#include <QPalette>
#include <QPixmap>
#include <QSvgRenderer>

namespace qs::ui {

namespace {

constexpr const char* kProperty = "quantoscopeIcon";

QPixmap render(const QByteArray& svg, const QColor& colour, int size)
{
    QByteArray coloured = svg;
    coloured.replace("currentColor", colour.name().toUtf8());
    QSvgRenderer renderer(coloured);
    QPixmap pixmap(size, size);
    pixmap.fill(Qt::transparent);
    QPainter painter(&pixmap);
    renderer.render(&painter);
    return pixmap;
}

} // namespace

QIcon themedIcon(const char* name)
{
    QFile file(QStringLiteral(":/icons/%1.svg").arg(QLatin1String(name)));
    if (!file.open(QIODevice::ReadOnly))
        return {};
    const QByteArray svg = file.readAll();
    const QPalette palette = QApplication::palette();
    QIcon icon;
    for (const int size : {16, 20, 32, 40, 64}) {
        icon.addPixmap(render(svg, palette.color(QPalette::Active, QPalette::ButtonText), size));
        icon.addPixmap(render(svg, palette.color(QPalette::Disabled, QPalette::ButtonText), size), QIcon::Disabled);
    }
    return icon;
}

void setThemedIcon(QAction* action, const char* name)
{
    action->setProperty(kProperty, QByteArray(name));
    action->setIcon(themedIcon(name));
}

void refreshIcons(QObject* root)
{
    for (QAction* action : root->findChildren<QAction*>())
        if (const QByteArray name = action->property(kProperty).toByteArray(); !name.isEmpty())
            action->setIcon(themedIcon(name.constData()));
}

} // namespace qs::ui
