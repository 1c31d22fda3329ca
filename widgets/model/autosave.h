#pragma once

#include "widgets/model/document.h"

#include <QObject>
#include <QString>
#include <QTimer>

#include <memory>
#include <optional>

class QLockFile;

namespace qs::stats {
struct Calibration;
}

namespace qs::ui {

struct Session;

/// Keeps a copy of the session in a folder of its own while it has unsaved changes, and finds what a program that
/// died left there. Each running program holds a lock; the copy is removed when there is nothing left to lose: when
/// the session is saved, or the program ends properly.
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
    /// Whether the copy holds all that is unsaved.
    bool current() const;
    /// Writes now (in a job) if there is something unsaved that the copy lacks.
    void save();
    /// Ends properly: the copy is removed, and none is written any more. Waits for a write that has begun.
    void finish();

signals:
    void aboutToSave(); ///< what belongs into the session should be there now
    void saved();

private:
    struct Pen;
    void forgetCopy();

    Session& m_session;
    std::shared_ptr<Pen> m_pen;
    std::unique_ptr<QLockFile> m_lock;
    QString m_folder, m_file;
    QTimer m_timer;
    std::optional<Revision> m_copied;                    ///< that the copy holds; none: there is no copy
    bool m_stale = false;                                ///< a calibration came since
    std::shared_ptr<const stats::Calibration> m_written; ///< the calibration that lies beside the copy
};

} // namespace qs::ui
