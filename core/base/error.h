#pragma once

#include <string>
#include <string_view>
#include <utility>

#include <tl/expected.hpp>

namespace qs {

/// What kind of failure it is: for programs. The text of the Error is for people.
enum class ErrorCode {
    InvalidArgument, ///< a setting or an argument that makes no sense
    NotFound,        ///< a file, node, site or class that does not exist
    Io,              ///< reading or writing failed (permissions, full disk)
    Malformed,       ///< a file that is not what it claims to be
    Unsupported,     ///< well-formed, but outside what is implemented
    NotFinite,       ///< NaN or infinity in weights, pixels or results
    ShapeMismatch,   ///< shapes that do not fit together
    TooLarge,        ///< a size beyond the limits (hostile or absurd)
    Cancelled,       ///< the user stopped it
    OutOfMemory,
    Internal, ///< a bug of ours, reported rather than crashed on
};

/// One failure: one clear sentence (`message`) and the place it is about (`where`: file, node, site, JSON path).
struct Error {
    ErrorCode code = ErrorCode::Internal;
    std::string message;
    std::string where;

    /// "where: message", the line shown to people.
    std::string text() const { return where.empty() ? message : where + ": " + message; }
};

/// Stable name of a code, e.g. "Malformed".
std::string_view errorCodeName(ErrorCode code);

/// Result of everything that depends on a file, a model or a user's setting.
template <class T>
using Result = tl::expected<T, Error>;

/// `return fail(ErrorCode::Malformed, "ends after 12 of 40 bytes", path);`
inline tl::unexpected<Error> fail(ErrorCode code, std::string message, std::string where = {})
{
    return tl::unexpected<Error>(Error{code, std::move(message), std::move(where)});
}

/// The usual error of a job that was stopped.
inline tl::unexpected<Error> cancelled()
{
    return fail(ErrorCode::Cancelled, "cancelled");
}

} // namespace qs

/// Returns the error of `expression` (a Result) from the calling function, if it has one.
#define QS_CHECK(expression)                                                                                         \
    do {                                                                                                             \
        if (auto qsResult = (expression); !qsResult)                                                                 \
            return tl::unexpected<::qs::Error>(std::move(qsResult.error()));                                         \
    } while (false)

#define QS_CONCAT_(a, b) a##b
#define QS_CONCAT(a, b) QS_CONCAT_(a, b)
/// `QS_ASSIGN(auto model, load(path));` assigns the value or returns the error.
#define QS_ASSIGN(declaration, expression)                                                                           \
    auto QS_CONCAT(qsResult, __LINE__) = (expression);                                                               \
    if (!QS_CONCAT(qsResult, __LINE__))                                                                              \
        return tl::unexpected<::qs::Error>(std::move(QS_CONCAT(qsResult, __LINE__).error()));                        \
    declaration = std::move(*QS_CONCAT(qsResult, __LINE__))
