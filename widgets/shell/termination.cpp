#include "widgets/shell/termination.h"

#include "widgets/model/autosave.h"
#include "widgets/model/document.h"

#include <QCoreApplication>
#include <QSocketNotifier>
#include <QTimer>

#include <array>
#include <csignal>
#include <sys/socket.h>
#include <unistd.h>

namespace qs::ui {

namespace {

constexpr int kPatienceMs = 3000;
constexpr std::array kSignals{SIGTERM, SIGINT, SIGHUP};
int s_write = -1; ///< a handler may call no more than write()

void onSignal(int)
{
    const char one = 1;
    if (s_write >= 0)
        (void)!::write(s_write, &one, 1);
}

} // namespace

struct Termination::Pipe {
    std::array<int, 2> ends{-1, -1};
    std::array<struct sigaction, kSignals.size()> before{};
    std::unique_ptr<QSocketNotifier> notifier;
};

Termination::Termination(QObject* parent) : QObject(parent), m_pipe(std::make_unique<Pipe>())
{
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, m_pipe->ends.data()) != 0)
        return; // the signals then end the program at once, as without this
    s_write = m_pipe->ends[0];
    m_pipe->notifier = std::make_unique<QSocketNotifier>(m_pipe->ends[1], QSocketNotifier::Read);
    connect(m_pipe->notifier.get(), &QSocketNotifier::activated, this, [this] {
        char byte = 0;
        while (::read(m_pipe->ends[1], &byte, 1) > 0)
            continue;
        emit asked();
    });
    struct sigaction action = {};
    action.sa_handler = onSignal;
    action.sa_flags = SA_RESTART;
    sigemptyset(&action.sa_mask);
    for (std::size_t i = 0; i < kSignals.size(); ++i)
        ::sigaction(kSignals[i], &action, &m_pipe->before[i]);
}

Termination::~Termination()
{
    if (!m_pipe->notifier)
        return;
    for (std::size_t i = 0; i < kSignals.size(); ++i)
        ::sigaction(kSignals[i], &m_pipe->before[i], nullptr);
    s_write = -1;
    m_pipe->notifier.reset();
    for (const int end : m_pipe->ends)
        ::close(end);
}

void endQuietly(const Document& document, Autosave& autosave)
{
    if (!document.modified()) {
        autosave.finish();
        QCoreApplication::quit();
        return;
    }
    if (autosave.current()) {
        QCoreApplication::quit();
        return;
    }
    // What was done since the last copy.
    QObject::connect(&autosave, &Autosave::saved, qApp, &QCoreApplication::quit);
    QTimer::singleShot(kPatienceMs, qApp, &QCoreApplication::quit);
    autosave.save();
}

} // namespace qs::ui
