#include "core/exec/reference/reference.h"

#include "core/exec/op.h"

#include <vector>

namespace qs::exec::reference {

Compute find(std::string_view op)
{
    for (const auto family : {elementwise, movement, products, windows, normalisations, reductions, places})
        if (const Compute compute = family(op))
            return compute;
    return nullptr;
}

std::span<const std::string_view> operators()
{
    static const std::vector<std::string_view> names = [] {
        std::vector<std::string_view> found;
        for (const OpDef& op : allOps())
            if (find(op.name))
                found.push_back(op.name);
        return found;
    }();
    return names;
}

} // namespace qs::exec::reference
