#pragma once

#include <QObject>
#include <QStringList>

class QMenu;

namespace qs::ui {

/// Models and sessions that were open last, kept in the settings, newest first; and their menu.
class RecentFiles : public QObject {
    Q_OBJECT
public:
    RecentFiles(QMenu& menu, QObject* parent);

    QStringList files() const;
    void add(const QString& path);

signals:
    void changed();
    void chosen(const QString& file);

private:
    void fillMenu();
    void forget();

    QMenu& m_menu;
};

} // namespace qs::ui
