#pragma once

#include "core/onnx/import.h"
#include "widgets/model/document.h"
#include "widgets/model/job.h"
#include "widgets/model/session_file.h"
#include "widgets/model/write_queue.h"

#include <QObject>
#include <QString>
#include <QStringList>

#include <vector>

namespace qs::ui {

class Figures;
class Folders;
class Plans;
class Searches;
class Selection;

/// What is read from files into the document, and written from it. A model, a session and the demo are opened by one
/// job: the last request wins, whatever it opens. What is written is never dropped by another request.
class Files : public QObject {
    Q_OBJECT
public:
    Files(Document& document, Selection& selection, Plans& plans, Figures& figures, Searches& searches,
          Folders& folders, Jobs& jobs, Messages& messages, QObject* parent = nullptr);
    ~Files() override;

    /// `options`: what the file leaves open, as the user chose it. The images stay (not the demo's), fitted to the
    /// new model, and it is said.
    void openModel(const QString& path, const onnx::ImportOptions& options = {});
    /// The model and the images of `folder`, of the demo of a task (project::demos(); "": the first); calibrates when
    /// they are loaded.
    void openDemo(const QString& folder, const QString& task = {});
    void openSession(const QString& path);
    /// Opens an autosaved copy: it has no path of its own and counts as modified.
    void recover(const QString& autosave);
    /// Dropped or named things: .onnx, .quantoscope, .json (recipe), folders of images.
    void open(const QStringList& paths);
    /// Names of the classes, one a line from class 0, or JSON (images::readClassList): instead of those of the
    /// images.
    void loadClassNames(const QString& path);
    void loadRecipe(const QString& path);
    void saveRecipe(const QString& path);
    /// Writes the session and, next to it, its calibration (.qcal).
    void saveSession(const QString& path);

    /// Everything that a session file holds; and its way back (nothing is computed anew where the document has it).
    SessionDocument gather() const;
    void put(SessionDocument opened);

signals:
    /// A save ended: the revision of that moment is in the file, or an error was said.
    void saveEnded(bool written);
    /// A model fits at none of the assumed sizes but at these: one of them has to be chosen.
    void sizeAsked(const QString& path, const std::vector<qs::onnx::ImageSize>& sizes);

private:
    void modelOpened(std::shared_ptr<const onnx::Model> model);
    void readSession(const QString& path, bool recovered);

    Document& m_document;
    Selection& m_selection;
    Plans& m_plans;
    Figures& m_figures;
    Searches& m_searches;
    Folders& m_folders;
    Messages& m_messages;
    Job<SessionDocument> m_open;
    Job<quant::Recipe> m_readRecipe;
    WriteQueue m_writes;
    QString m_demoFolder; ///< of the last demo: its images do not follow another model
};

} // namespace qs::ui
