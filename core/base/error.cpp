#include "core/base/error.h"

namespace qs {

std::string_view errorCodeName(ErrorCode code)
{
    switch (code) {
    case ErrorCode::InvalidArgument:
        return "InvalidArgument";
    case ErrorCode::NotFound:
        return "NotFound";
    case ErrorCode::Io:
        return "Io";
    case ErrorCode::Malformed:
        return "Malformed";
    case ErrorCode::Unsupported:
        return "Unsupported";
    case ErrorCode::NotFinite:
        return "NotFinite";
    case ErrorCode::ShapeMismatch:
        return "ShapeMismatch";
    case ErrorCode::TooLarge:
        return "TooLarge";
    case ErrorCode::Cancelled:
        return "Cancelled";
    case ErrorCode::OutOfMemory:
        return "OutOfMemory";
    case ErrorCode::Internal:
        return "Internal";
    }
    return "Internal";
}

} // namespace qs
