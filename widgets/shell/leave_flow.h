#pragma once

#include <QObject>
#include <QString>

#include <functional>

class QMessageBox;
class QWidget;

namespace qs::ui {

class Document;
class Files;

/// What has to be done before the present session is left, to quit or to open another model:
///
///   ask ──Discard──────────────────────────────▶ go on
///    │└─Save─▶ path (if it has none) ─▶ save ──▶ go on
///    └─Cancel      └─Cancel              └─ it cannot be written: stay
///
/// Each step can end it, and nothing of it is remembered then. One at a time: another start ends the one before.
class LeaveFlow : public QObject {
    Q_OBJECT
public:
    /// Asks for a file to save to: calls the first with its path, or the second where there is to be none.
    using AskPath = std::function<void(std::function<void(const QString&)>, std::function<void()>)>;

    LeaveFlow(const Document& document, Files& files, AskPath askPath, QWidget* window);

    /// Calls `then` at once where nothing is unsaved. `question`: "Save the session before closing?"; `more`: what
    /// becomes of the rest.
    void leave(const QString& question, const QString& more, std::function<void()> then);
    bool running() const { return m_then != nullptr; }

private:
    void save(const QString& path);
    void stay();
    void goOn();

    const Document& m_document;
    Files& m_files;
    AskPath m_askPath;
    QWidget* m_window;
    QMessageBox* m_box = nullptr;
    std::function<void()> m_then;
    bool m_saving = false;
};

} // namespace qs::ui
