#pragma once

#include <QObject>
#include <QString>
#include <QTimer>

#include <memory>

class QLockFile;

namespace qs::stats {
struct Calibration;
}

namespace qs::ui {

class Session;

/// Keeps a copy of the session in a folder of its own while it is modified, and finds what a program that died left
/// there. Each running program holds a lock; the copy is removed when the program ends properly.
class Autosave : public QObject {
    Q_OBJECT
public:
    /// folder "": the application's data folder.
    explicit Autosave(Session& session, const QString& folder = {}, int intervalMs = 20000,
                      QObject* parent = nullptr);
    ~Autosave() override;

    /// Session files of programs that died, newest first.
    QStringList leftovers() const;
    /// Removes one of them, with its calibration.
    void discard(const QString& file);
    QString file() const { return m_file; }
    /// Writes now if something changed (in a job).
    void save();
    /// Ends properly: the copy is removed.
    void finish();

signals:
    void aboutToSave(); ///< what belongs into the session should be there now
    void saved();

private:
    struct Jobs;
    Session& m_session;
    std::unique_ptr<Jobs> m_jobs;
    std::unique_ptr<QLockFile> m_lock;
    QString m_folder, m_file;
    QTimer m_timer;
    bool m_dirty = false;
    std::shared_ptr<const stats::Calibration> m_written; ///< the calibration that lies beside the copy
};

} // namespace qs::ui
