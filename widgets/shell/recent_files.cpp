#include "widgets/shell/recent_files.h"

#include <QFileInfo>
#include <QMenu>
#include <QSettings>

#include <algorithm>

namespace qs::ui {

namespace {

constexpr int kMost = 10;
const QString kKey = QStringLiteral("recent/files");

} // namespace

RecentFiles::RecentFiles(QMenu& menu, QObject* parent) : QObject(parent), m_menu(menu)
{
    menu.setToolTipsVisible(true);
    connect(this, &RecentFiles::changed, this, &RecentFiles::fillMenu);
    fillMenu();
}

QStringList RecentFiles::files() const
{
    return QSettings().value(kKey).toStringList();
}

void RecentFiles::add(const QString& path)
{
    QStringList list = files();
    const QString absolute = QFileInfo(path).absoluteFilePath();
    list.removeAll(absolute);
    list.prepend(absolute);
    list = list.first(std::min<qsizetype>(kMost, list.size()));
    if (list == files())
        return;
    QSettings().setValue(kKey, list);
    emit changed();
}

void RecentFiles::forget()
{
    QSettings().remove(kKey);
    emit changed();
}

void RecentFiles::fillMenu()
{
    const QStringList list = files();
    m_menu.clear();
    for (const QString& file : list) {
        QAction* action = m_menu.addAction(QFileInfo(file).fileName(), this, [this, file] { emit chosen(file); });
        action->setToolTip(file);
        action->setStatusTip(file);
    }
    if (!list.isEmpty()) {
        m_menu.addSeparator();
        m_menu.addAction(tr("Forget these"), this, &RecentFiles::forget);
    }
    m_menu.setEnabled(!list.isEmpty());
}

} // namespace qs::ui
