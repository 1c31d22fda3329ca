#pragma once

#include "core/project/provenance.h"

#include <memory>

namespace qs::ui {

/// A value that a job computes from other values of the document, as it is seen now. While `current` is false the
/// value belongs to an older recipe, calibration or file: draw it greyed, never as the present state. Null: never
/// computed, or of other images.
template <class T>
struct Figure {
    std::shared_ptr<const T> value;
    bool current = false;
    bool running = false; ///< a job that will replace it is queued or running
    explicit operator bool() const { return value != nullptr; }
    const T* operator->() const { return value.get(); }
    const T& operator*() const { return *value; }
};

/// What was computed, beside what it would be computed from now.
template <class T>
Figure<T> seen(const project::Kept<T>& kept, const project::Origin& now, bool running)
{
    const bool sameImages = kept.origin.images == now.images;
    return {sameImages ? kept.value : nullptr, kept.current(now), running};
}

} // namespace qs::ui
