#pragma once

namespace qs::onnx {

/// Keeps the elements of a repeated field of protobuf, in their order, for which `keep` holds.
template <class Field, class Keep>
void filter(Field& field, const Keep& keep)
{
    int kept = 0;
    for (int i = 0; i < field.size(); ++i) {
        if (!keep(field.Get(i)))
            continue;
        if (kept != i)
            field.SwapElements(kept, i);
        ++kept;
    }
    field.DeleteSubrange(kept, field.size() - kept);
}

} // namespace qs::onnx
