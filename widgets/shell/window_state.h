#pragma once

#include <QByteArray>
#include <QMap>
#include <QString>

namespace qs::ui {

/// What the window keeps in a session file.
struct WindowState {
    QByteArray layout;                ///< of the docks
    QMap<QString, QByteArray> panels; ///< Panel::viewState() by the panel's id

    QByteArray pack() const;
    /// Also of a file of before, which held the layout alone.
    static WindowState unpack(const QByteArray& bytes);
};

} // namespace qs::ui
