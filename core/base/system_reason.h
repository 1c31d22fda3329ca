#pragma once

#include <string>
#include <system_error>

namespace qs {

/// What the system says of an errno ("No space left on device"); safe from several threads.
inline std::string systemReason(int error)
{
    return std::generic_category().message(error);
}

} // namespace qs
