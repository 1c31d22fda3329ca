#include "app/cli/run.h"

#include "core/exec/integer_execution.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <map>
#include <unistd.h>

namespace qs::cli {

namespace {

std::stop_source gStop;
std::atomic<bool> gInterrupted{false};

/// Ctrl+C, what service managers and batch systems send, and a terminal that is gone.
constexpr int kStopping[] = {SIGINT, SIGTERM, SIGHUP};

/// The first: stop in order; the second: at once.
extern "C" void onInterrupt(int signal)
{
    if (gInterrupted.exchange(true)) {
        std::signal(signal, SIG_DFL);
        std::raise(signal);
    }
    gStop.request_stop();
}

} // namespace

void RunOptions::addTo(CLI::App& app)
{
    app.add_option("--threads", threads, "Threads; 0 for all cores")->check(CLI::Range(0, 256));
    app.add_option("--seed", seed, "Seed of all random choices");
    static const std::map<std::string, Execution> kExecutions = {{"auto", Execution::Auto},
                                                                 {"float", Execution::Float},
                                                                 {"integer", exec::kInteger},
                                                                 {"reference", Execution::Reference}};
    app.add_option("--execution", execution,
                   "auto, float (the fast executor), integer (its products of 8-bit codes as the exported file "
                   "computes them), "
                   "or reference: node by node in plain loops, slow, a second opinion")
        ->transform(CLI::Transformer(kExecutions).description("{auto,float,integer,reference}"));
}

Run::Run(const RunOptions& options) : m_pool(options.threads)
{
    gStop = std::stop_source{};
    for (const int signal : kStopping)
        std::signal(signal, onInterrupt);
    m_context.stop = gStop.get_token();
    m_context.pool = &m_pool;
    m_context.seed = options.seed;
    m_context.execution = options.execution;
    if (!::isatty(STDERR_FILENO))
        return;
    using Clock = std::chrono::steady_clock;
    m_context.report = [stage = std::string(), begin = Clock::now(),
                        last = Clock::time_point{}](const Progress& progress) mutable {
        const auto now = Clock::now();
        if (stage != progress.stage) {
            stage = progress.stage;
            begin = now;
        } else if (now - last < std::chrono::milliseconds(100) && progress.done != progress.total) {
            return;
        }
        last = now;
        const double elapsed = std::chrono::duration<double>(now - begin).count();
        const double share =
            progress.total ? static_cast<double>(progress.done) / static_cast<double>(progress.total) : 0;
        const double remaining = share > 0 ? elapsed / share - elapsed : 0;
        std::fprintf(stderr, "\r%s %zu/%zu, %.0f s left\033[K", stage.c_str(), progress.done, progress.total,
                     remaining);
    };
}

Run::~Run()
{
    if (m_context.report)
        std::fputs("\r\033[K", stderr);
    for (const int signal : kStopping)
        std::signal(signal, SIG_DFL);
}

void Run::say(const Doubt& doubt)
{
    if (std::ranges::find(m_said, doubt) != m_said.end())
        return;
    m_said.push_back(doubt);
    warn(doubt.text());
}

void Run::say(std::span<const Doubt> doubts)
{
    for (const Doubt& doubt : doubts)
        say(doubt);
}

void warn(const std::string& line)
{
    std::fprintf(stderr, "%swarning: %s\n", ::isatty(STDERR_FILENO) ? "\r\033[K" : "", line.c_str());
}

} // namespace qs::cli
