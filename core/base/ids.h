#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>

namespace qs {

/// An index that cannot be mistaken for another kind of index. Default: invalid.
template <class Tag>
struct Id {
    int32_t value = -1;

    constexpr Id() = default;
    constexpr explicit Id(std::size_t index) : value(static_cast<int32_t>(index)) {}
    constexpr bool valid() const { return value >= 0; }
    constexpr std::size_t index() const { return static_cast<std::size_t>(value); }
    constexpr auto operator<=>(const Id&) const = default;
};

using TensorId = Id<struct TensorTag>;
using NodeId = Id<struct NodeTag>;
using SiteId = Id<struct SiteTag>;

} // namespace qs

template <class Tag>
struct std::hash<qs::Id<Tag>> {
    std::size_t operator()(qs::Id<Tag> id) const noexcept { return std::hash<int32_t>{}(id.value); }
};
