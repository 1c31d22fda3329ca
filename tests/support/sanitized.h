#pragma once

namespace qs::test {

/// How many times as much time and memory tests may take under a sanitizer: ThreadSanitizer keeps four bytes for one.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr int kSlowdown = 10;
#else
constexpr int kSlowdown = 1;
#endif

} // namespace qs::test
