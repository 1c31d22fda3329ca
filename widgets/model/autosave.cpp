#include "widgets/model/autosave.h"

#include "widgets/model/session.h"
#include "widgets/model/session_file.h"

#include <QCoreApplication>
#include <QDir>
#include <QLockFile>
#include <QStandardPaths>

namespace qs::ui {

namespace {

QString withSuffix(const QString& file, const char* suffix)
{
    return QFileInfo(file).path() + QLatin1Char('/') + QFileInfo(file).completeBaseName() + QLatin1String(suffix);
}

} // namespace

struct Autosave::Jobs {
    explicit Jobs(JobRunner& runner) : save(runner, Lane::Interactive) {}
    Job<bool> save;
};

Autosave::Autosave(Session& session, const QString& folder, int intervalMs, QObject* parent)
    : QObject(parent), m_session(session), m_jobs(std::make_unique<Jobs>(session.runner())),
      m_folder(folder.isEmpty()
                   ? QStandardPaths::writableLocation(QStandardPaths::AppDataLocation) + QStringLiteral("/autosave")
                   : folder)
{
    QDir().mkpath(m_folder);
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
    const auto dirty = [this] { m_dirty = true; };
    connect(&session, &Session::recipeChanged, this, dirty);
    connect(&session, &Session::calibrationChanged, this, dirty);
    connect(&session, &Session::imagesChanged, this, dirty);
    connect(&session, &Session::modelChanged, this, dirty);
    connect(&session, &Session::evaluationChanged, this, dirty);
    connect(&session, &Session::searchChanged, this, dirty);
    connect(&session, &Session::jobFinished, this, [this](JobKind kind) { m_dirty |= kind == JobKind::Compare; });
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
    for (const char* suffix : {".quantoscope", ".qcal", ".lock"})
        QFile::remove(withSuffix(file, suffix));
}

void Autosave::save()
{
    if (!m_dirty || m_file.isEmpty() || !m_session.model() || m_jobs->save.running())
        return;
    m_dirty = false;
    emit aboutToSave();
    SessionDocument document = m_session.document();
    const auto calibration = document.loadedCalibration;
    if (calibration && calibration == m_written) { // large, and already there
        document.calibrationFile = withSuffix(m_file, ".qcal").toStdString();
        document.loadedCalibration.reset();
    }
    m_jobs->save.start(
        [document, file = std::filesystem::path(m_file.toStdString())](const Context&) -> Result<bool> {
            QS_CHECK(saveSession(document, file));
            return true;
        },
        [this, calibration](Result<bool> result) {
            if (result) {
                m_written = calibration;
                emit saved();
            } else if (result.error().code != ErrorCode::Cancelled) {
                m_timer.stop(); // say it once, not every few seconds
                emit m_session.failed(
                    Error{result.error().code, "autosave is off: " + result.error().message, result.error().where});
            }
        });
}

void Autosave::finish()
{
    m_timer.stop();
    m_jobs->save.cancel();
    m_lock.reset();
    if (!m_file.isEmpty())
        discard(m_file);
}

} // namespace qs::ui
