#pragma once

#include <QObject>

#include <memory>

namespace qs::ui {

/// Asks by signals of the system (SIGTERM, SIGINT, SIGHUP) as an event of the program. One at a time.
class Termination : public QObject {
    Q_OBJECT
public:
    explicit Termination(QObject* parent = nullptr);
    ~Termination() override;

signals:
    void asked(); ///< on the UI thread

private:
    struct Pipe;
    std::unique_ptr<Pipe> m_pipe;
};

class Autosave;
class Document;

/// The end of the program without questions: with nothing unsaved the autosaved copy goes, as after closing the
/// window; else it is left for the next start.
void endQuietly(const Document& document, Autosave& autosave);

} // namespace qs::ui
