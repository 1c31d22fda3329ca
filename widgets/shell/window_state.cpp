#include "widgets/shell/window_state.h"

#include <QDataStream>

namespace qs::ui {

namespace {
constexpr quint32 kMagic = 0x51535732; // "QSW2"
}

QByteArray WindowState::pack() const
{
    QByteArray bytes;
    QDataStream out(&bytes, QIODevice::WriteOnly);
    out.setVersion(QDataStream::Qt_6_4);
    out << kMagic << layout << panels;
    return bytes;
}

WindowState WindowState::unpack(const QByteArray& bytes)
{
    QDataStream in(bytes);
    in.setVersion(QDataStream::Qt_6_4);
    quint32 magic = 0;
    WindowState state;
    in >> magic >> state.layout >> state.panels;
    if (magic == kMagic && in.status() == QDataStream::Ok)
        return state;
    return {bytes, {}};
}

} // namespace qs::ui
