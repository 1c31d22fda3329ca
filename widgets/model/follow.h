#pragma once

#include <QObject>

#include <utility>

namespace qs::ui {

/// One slot, many signals, of several rooms: follow(this, &Panel::refresh).on(document, &Document::modelChanged).
template <class Receiver, class Slot>
class Follow {
public:
    Follow(Receiver* receiver, Slot slot) : m_receiver(receiver), m_slot(std::move(slot)) {}

    template <class Sender, class Signal>
    const Follow& on(const Sender& sender, Signal signal) const
    {
        QObject::connect(&sender, signal, m_receiver, m_slot);
        return *this;
    }

private:
    Receiver* m_receiver;
    Slot m_slot;
};

template <class Receiver, class Slot>
Follow<Receiver, Slot> follow(Receiver* receiver, Slot slot)
{
    return {receiver, std::move(slot)};
}

} // namespace qs::ui
