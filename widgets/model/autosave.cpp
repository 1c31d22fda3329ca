#include "widgets/model/autosave.h"

#include "widgets/model/session.h"

#include <QCoreApplication>
#include <QDir>
#include <QLockFile>
#include <QStandardPaths>

#include <atomic>
#include <mutex>

namespace qs::ui {

namespace {

QString withSuffix(const QString& file, const char* suffix)
{
    return QFileInfo(file).path() + QLatin1Char('/') + QFileInfo(file).completeBaseName() + QLatin1String(suffix);
}

void removeCopy(const QString& file)
{
    for (const char* suffix : {".quantoscope", ".qcal"})
        QFile::remove(withSuffix(file, suffix));
    // What a process that was killed had begun to write.
    QDir folder = QFileInfo(file).dir();
    const QString begun = QStringLiteral(".%1.*.part-*").arg(QFileInfo(file).completeBaseName());
    for (const QString& name : folder.entryList({begun}, QDir::Files | QDir::Hidden))
        folder.remove(name);
}

/// Locks and copies of calibrations whose session is gone, of processes that are gone.
void removeOrphans(const QString& folder)
{
    for (const QString& name : QDir(folder).entryList({QStringLiteral("*.lock")}, QDir::Files)) {
        const QString file = withSuffix(folder + QLatin1Char('/') + name, ".quantoscope");
        QLockFile lock(withSuffix(file, ".lock"));
        lock.setStaleLockTime(0);
        if (!QFileInfo::exists(file) && lock.tryLock(0)) {
            removeCopy(file);
            lock.unlock(); // takes the lock's file away
        }
    }
}

} // namespace

/// What may write and remove the copy, one at a time: the job's thread, and the UI thread at the end.
struct Autosave::Pen {
    explicit Pen(JobRunner& runner) : job(runner, Lane::Interactive) {}

    std::shared_ptr<std::mutex> paper = std::make_shared<std::mutex>();
    /// Drops what was not begun: a write looks at it when it has the paper.
    std::shared_ptr<std::atomic<int>> turn = std::make_shared<std::atomic<int>>(0);
    Job<bool> job;
};

Autosave::Autosave(Session& session, const QString& folder, int intervalMs, QObject* parent)
    : QObject(parent), m_session(session), m_pen(std::make_shared<Pen>(session.jobs.runner())),
      m_folder(folder.isEmpty()
                   ? QStandardPaths::writableLocation(QStandardPaths::AppDataLocation) + QStringLiteral("/autosave")
                   : folder)
{
    QDir().mkpath(m_folder);
    removeOrphans(m_folder);
    for (int i = 0; m_file.isEmpty() && i < 1000; ++i) {
        const QString file =
            QStringLiteral("%1/%2-%3.quantoscope").arg(m_folder).arg(QCoreApplication::applicationPid()).arg(i);
        auto lock = std::make_unique<QLockFile>(withSuffix(file, ".lock"));
        lock->setStaleLockTime(0); // stale only when its process is gone
        if (!QFileInfo::exists(file) && lock->tryLock(0)) {
            m_lock = std::move(lock);
            m_file = file;
        }
    }
    connect(&session.document, &Document::fileChanged, this, [this] {
        if (!m_session.document.modified())
            forgetCopy();
    });
    connect(&session.document, &Document::calibrationReplaced, this, [this] { m_stale = true; });
    connect(&m_timer, &QTimer::timeout, this, &Autosave::save);
    m_timer.start(intervalMs);
}

Autosave::~Autosave() = default;

QStringList Autosave::leftovers() const
{
    QStringList found;
    const auto files = QDir(m_folder).entryInfoList({QStringLiteral("*.quantoscope")}, QDir::Files, QDir::Time);
    for (const QFileInfo& info : files) {
        const QString file = info.absoluteFilePath();
        if (QFileInfo(m_file).absoluteFilePath() == file)
            continue;
        QLockFile lock(withSuffix(file, ".lock"));
        lock.setStaleLockTime(0);
        if (lock.tryLock(0)) // nobody holds it
            found << file;
    }
    return found;
}

void Autosave::discard(const QString& file)
{
    removeCopy(file);
    QFile::remove(withSuffix(file, ".lock"));
}

bool Autosave::current() const
{
    return m_copied == m_session.document.revision() && !m_stale;
}

void Autosave::save()
{
    const Document& document = m_session.document;
    if (m_file.isEmpty() || !document.model() || !document.modified() || current() || m_pen->job.running())
        return;
    m_stale = false;
    emit aboutToSave();
    SessionDocument copy = m_session.files.gather();
    const auto calibration = copy.loadedCalibration;
    if (calibration && calibration == m_written) { // large, and already there
        copy.calibrationFile = withSuffix(m_file, ".qcal").toStdString();
        copy.loadedCalibration.reset();
    }
    m_pen->job.start(
        [copy, file = std::filesystem::path(m_file.toStdString()), paper = m_pen->paper, turn = m_pen->turn,
         mine = m_pen->turn->load()](const Context&) -> Result<bool> {
            const std::lock_guard lock(*paper);
            if (*turn != mine)
                return cancelled();
            QS_CHECK(saveSession(copy, file));
            if (*turn == mine)
                return true;
            removeCopy(QString::fromStdString(file.string())); // unwanted in the meantime
            return cancelled();
        },
        [this, calibration, revision = document.revision()](Result<bool> result) {
            if (result) {
                m_written = calibration;
                m_copied = revision;
                emit saved();
            } else if (result.error().code != ErrorCode::Cancelled) {
                m_timer.stop(); // say it once, not every few seconds
                m_session.messages.fail(
                    Error{result.error().code, "autosave is off: " + result.error().message, result.error().where});
            }
        });
}

void Autosave::forgetCopy()
{
    if (m_file.isEmpty() || (!m_copied && !m_pen->job.running()))
        return;
    ++*m_pen->turn;
    m_pen->job.cancel();
    if (m_pen->paper->try_lock()) { // else the thread that writes removes it
        removeCopy(m_file);
        m_pen->paper->unlock();
    }
    m_copied.reset();
    m_written.reset();
}

void Autosave::finish()
{
    m_timer.stop();
    if (m_file.isEmpty())
        return;
    ++*m_pen->turn;
    m_pen->job.cancel();
    {
        const std::lock_guard lock(*m_pen->paper);
        removeCopy(m_file);
    }
    m_lock.reset();
    discard(m_file);
    m_file.clear();
}

} // namespace qs::ui
