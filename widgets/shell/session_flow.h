#pragma once

#include <QObject>
#include <QStringList>

#include <functional>

class QWidget;

namespace qs::ui {

class Document;
class Files;
class LeaveFlow;
class Messages;

/// Opening, saving and leaving sessions as a person asks for them: another model, session or the demo is opened when
/// what is unsaved is saved or discarded.
class SessionFlow : public QObject {
    Q_OBJECT
public:
    /// demoFolder "": there is no demo.
    SessionFlow(const Document& document, Files& files, Messages& messages, const QString& demoFolder,
                QWidget* window);

    /// What the command line, a drop or a dialog names.
    void open(const QStringList& paths);
    /// The demo of a task, see project::demos(); "": the first.
    void openDemo(const QString& task = {});
    bool hasDemo() const { return !m_demoFolder.isEmpty(); }
    bool isOfDemo(const QString& path) const { return hasDemo() && path.startsWith(m_demoFolder); }
    /// asNew: asks for a file also where the session has one.
    void save(bool asNew);
    /// Before the window closes; `then` at once where nothing is unsaved.
    void leaveToClose(std::function<void()> then);

signals:
    void aboutToSave(); ///< what belongs into the session should be there now

private:
    void leaveFor(const QString& name, bool imagesStay, std::function<void()> then);
    void choosePath(std::function<void(const QString&)> chosen, std::function<void()> none);

    const Document& m_document;
    Files& m_files;
    Messages& m_messages;
    QString m_demoFolder;
    QWidget* m_window;
    LeaveFlow* m_leave;
};

} // namespace qs::ui
