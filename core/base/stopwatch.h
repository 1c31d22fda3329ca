#pragma once

#include <chrono>

namespace qs {

/// Wall-clock seconds since it was made, on a clock that never goes back.
class Stopwatch {
public:
    double seconds() const { return std::chrono::duration<double>(Clock::now() - m_start).count(); }

private:
    using Clock = std::chrono::steady_clock;
    Clock::time_point m_start = Clock::now();
};

/// Adds the seconds of a scope to a sum.
class AddsSeconds {
public:
    explicit AddsSeconds(double& sum) : m_sum(sum) {}
    ~AddsSeconds() { m_sum += m_watch.seconds(); }
    AddsSeconds(const AddsSeconds&) = delete;
    AddsSeconds& operator=(const AddsSeconds&) = delete;

private:
    double& m_sum;
    Stopwatch m_watch;
};

} // namespace qs
