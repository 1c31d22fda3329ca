#pragma once

#include "core/base/context.h"
#include "core/base/doubt.h"
#include "core/base/thread_pool.h"

#include <CLI/CLI.hpp>

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace qs::cli {

/// One line on stderr.
void warn(const std::string& line);

/// What every command that computes has: threads, seed, progress on a terminal.
struct RunOptions {
    int threads = 0; ///< 0: all
    uint64_t seed = 0;
    Execution execution = Execution::Auto;
    void addTo(CLI::App& app);
};

/// A Context that lives as long as it: pool, progress line on stderr (terminals only), Ctrl+C as the wish to stop,
/// and the doubts that came up.
class Run {
public:
    explicit Run(const RunOptions& options);
    ~Run();
    const Context& context() const { return m_context; }

    /// Prints a doubt as a warning, once.
    void say(const Doubt& doubt);
    void say(std::span<const Doubt> doubts);
    const std::vector<Doubt>& said() const { return m_said; }

private:
    ThreadPool m_pool;
    Context m_context;
    std::vector<Doubt> m_said;
};

} // namespace qs::cli
