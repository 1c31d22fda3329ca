#include "widgets/theme/icon.h"

#include <QAbstractButton>
#include <QAction>
#include <QApplication>
#include <QFile>
#include <QLabel>
#include <QPainter>
#include <QPalette>
#include <QPixmap>
#include <QSvgRenderer>

namespace qs::ui {

namespace {

constexpr const char* kProperty = "quantoscopeIcon";
constexpr int kLabelSize = 18; ///< pixels

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

void setThemedIcon(QAbstractButton* button, const char* name)
{
    button->setProperty(kProperty, QByteArray(name));
    button->setIcon(themedIcon(name));
}

void setThemedIcon(QLabel* label, const char* name)
{
    label->setProperty(kProperty, QByteArray(name));
    label->setPixmap(themedIcon(name).pixmap(kLabelSize, kLabelSize));
}

namespace {

template <class T>
void refreshAll(QObject* root)
{
    for (T* item : root->findChildren<T*>())
        if (const QByteArray name = item->property(kProperty).toByteArray(); !name.isEmpty())
            setThemedIcon(item, name.constData());
}

} // namespace

void refreshIcons(QObject* root)
{
    refreshAll<QAction>(root);
    refreshAll<QAbstractButton>(root);
    refreshAll<QLabel>(root);
}

} // namespace qs::ui
