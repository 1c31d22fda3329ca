#include "core/base/process.h"

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <utility>

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

extern char** environ;

namespace qs {

namespace {

constexpr std::size_t kKeptBytes = std::size_t{1} << 20;
constexpr int kPollMs = 10;

/// The reading end of what a child writes.
class Pipe {
public:
    Pipe()
    {
        if (::pipe2(m_ends.data(), O_CLOEXEC) != 0)
            m_ends = {-1, -1};
    }
    ~Pipe()
    {
        closeEnd(0);
        closeEnd(1);
    }
    Pipe(const Pipe&) = delete;
    Pipe& operator=(const Pipe&) = delete;
    bool open() const { return m_ends[0] >= 0; }
    int reader() const { return m_ends[0]; }
    int writer() const { return m_ends[1]; }
    void closeWriter() { closeEnd(1); }
    void closeReader() { closeEnd(0); }

private:
    void closeEnd(std::size_t end)
    {
        if (m_ends[end] >= 0)
            ::close(m_ends[end]);
        m_ends[end] = -1;
    }
    std::array<int, 2> m_ends{-1, -1};
};

/// False at the end of the stream.
bool drain(Pipe& pipe, std::string& text)
{
    std::array<char, 4096> buffer;
    const ssize_t count = ::read(pipe.reader(), buffer.data(), buffer.size());
    if (count < 0 && errno == EINTR)
        return true;
    if (count <= 0)
        return false;
    text.append(buffer.data(),
                std::min(static_cast<std::size_t>(count), kKeptBytes - std::min(kKeptBytes, text.size())));
    return true;
}

std::string lastLine(std::string text)
{
    while (!text.empty() && (text.back() == '\n' || text.back() == '\r' || text.back() == ' '))
        text.pop_back();
    const auto at = text.rfind('\n');
    return at == std::string::npos ? text : text.substr(at + 1);
}

} // namespace

Result<TemporaryFolder> TemporaryFolder::create()
{
    std::error_code error;
    const auto place = std::filesystem::temp_directory_path(error);
    std::string name = (error ? std::filesystem::path("/tmp") : place) / "quantoscope-XXXXXX";
    if (!::mkdtemp(name.data()))
        return fail(ErrorCode::Io, std::string("cannot make a temporary folder: ") + std::strerror(errno), name);
    return TemporaryFolder(name);
}

TemporaryFolder::TemporaryFolder(TemporaryFolder&& other) noexcept : m_path(std::exchange(other.m_path, {})) {}

TemporaryFolder& TemporaryFolder::operator=(TemporaryFolder&& other) noexcept
{
    std::swap(m_path, other.m_path);
    return *this;
}

TemporaryFolder::~TemporaryFolder()
{
    std::error_code ignored;
    if (!m_path.empty())
        std::filesystem::remove_all(m_path, ignored);
}

Result<ProcessOutput> runProcess(const std::string& program, const std::vector<std::string>& arguments,
                                 const std::stop_token& stop)
{
    Pipe out, err;
    if (!out.open() || !err.open())
        return fail(ErrorCode::Io, std::string("cannot make a pipe: ") + std::strerror(errno), program);
    std::vector<char*> argv{const_cast<char*>(program.c_str())};
    for (const std::string& argument : arguments)
        argv.push_back(const_cast<char*>(argument.c_str()));
    argv.push_back(nullptr);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&actions, out.writer(), STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&actions, err.writer(), STDERR_FILENO);
    pid_t child = 0;
    const int failed = posix_spawnp(&child, program.c_str(), &actions, nullptr, argv.data(), environ);
    posix_spawn_file_actions_destroy(&actions);
    if (failed != 0)
        return fail(failed == ENOENT ? ErrorCode::NotFound : ErrorCode::Io,
                    std::string("cannot be started: ") + std::strerror(failed), program);
    out.closeWriter();
    err.closeWriter();

    ProcessOutput output;
    bool stopped = false;
    while (out.open() || err.open()) {
        if (!stopped && stop.stop_requested()) {
            ::kill(child, SIGKILL);
            stopped = true;
        }
        std::array<pollfd, 2> ends{pollfd{out.reader(), POLLIN, 0}, pollfd{err.reader(), POLLIN, 0}};
        if (::poll(ends.data(), ends.size(), kPollMs) <= 0)
            continue;
        if (ends[0].revents != 0 && !drain(out, output.out))
            out.closeReader();
        if (ends[1].revents != 0 && !drain(err, output.err))
            err.closeReader();
    }
    int status = 0;
    while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    if (stopped)
        return fail(ErrorCode::Cancelled, "cancelled", {});
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
        const std::string said = lastLine(output.err);
        return fail(ErrorCode::Io, said.empty() ? "failed without a word" : "failed: " + said, program);
    }
    return output;
}

} // namespace qs
