#include "widgets/model/files.h"

#include "core/images/class_list.h"
#include "core/project/demos.h"
#include "core/project/hybrid_found.h"
#include "core/project/search_file.h"
#include "core/quant/recipe_json.h"
#include "widgets/model/figures.h"
#include "widgets/model/folders.h"
#include "widgets/model/messages.h"
#include "widgets/model/new_document.h"
#include "widgets/model/plans.h"
#include "widgets/model/searches.h"
#include "widgets/model/selection.h"

#include <QFileInfo>

#include <algorithm>

namespace qs::ui {

namespace {

std::filesystem::path toPath(const QString& path)
{
    return std::filesystem::path(path.toStdString());
}

bool inside(const ImageSet& images, const QString& folder)
{
    return !folder.isEmpty() &&
           QString::fromStdString(images.folder.root.string()).startsWith(folder + QLatin1Char('/'));
}

} // namespace

Files::Files(Document& document, Selection& selection, Plans& plans, Figures& figures, Searches& searches,
             Folders& folders, Jobs& jobs, Messages& messages, QObject* parent)
    : QObject(parent), m_document(document), m_selection(selection), m_plans(plans), m_figures(figures),
      m_searches(searches), m_folders(folders), m_messages(messages), m_open(jobs.runner(), Lane::Interactive),
      m_readRecipe(jobs.runner(), Lane::Interactive), m_writes(jobs, JobKind::SaveSession, QT_TR_NOOP("Saving"))
{
    jobs.show(m_open, JobKind::Open, QT_TR_NOOP("Opening"));
}

Files::~Files() = default;

// --- model, demo, session ------------------------------------------------------------------------------------------

void Files::openModel(const QString& path, const onnx::ImportOptions& options)
{
    const auto fitting =
        std::make_shared<std::vector<onnx::ImageSize>>(); // where the size is open and must be another
    m_open.start(
        [file = toPath(path), options, fitting](const Context&) -> Result<SessionDocument> {
            onnx::ImportOptions importing = options;
            importing.floatNetwork = true; // of a file that is already quantized
            auto model = onnx::importModel(file, importing);
            if (!model && model.error().code == ErrorCode::ShapeMismatch && !importing.imageSize)
                *fitting = onnx::fittingSizes(file, importing);
            QS_CHECK(model);
            SessionDocument document;
            document.loadedModel = std::make_shared<const onnx::Model>(std::move(*model));
            return document;
        },
        [this, path, fitting](Result<SessionDocument> result) {
            if (!result && !fitting->empty())
                emit sizeAsked(path, *fitting);
            else if (m_messages.succeeded(result))
                modelOpened(std::move(result->loadedModel));
        });
}

void Files::modelOpened(std::shared_ptr<const onnx::Model> model)
{
    const std::shared_ptr<const onnx::Model> before = m_document.model();
    SessionDocument opened;
    opened.loadedModel = model;
    opened.labelOffset = m_document.labelOffset();
    opened.preprocess = defaultPreprocess(model->info);
    const bool again = before && before->info.path == model->info.path;
    if (again) { // at another size, or with other outputs: normalised as it was
        opened.task = m_document.task().choice;
        opened.preprocess.mean = m_document.preprocess().mean;
        opened.preprocess.stddev = m_document.preprocess().stddev;
        opened.classNames = m_document.classNames();
    }
    opened.calibrationCount = m_document.calibrationCount();
    auto task = makeModelTask(*model, opened.task);
    if (!task) { // other outputs
        opened.task = {};
        task = makeModelTask(*model, {});
    }
    if (!m_messages.succeeded(task))
        return;
    QStringList kept;
    bool dropped = false;
    const auto keep = [&](ImagePurpose purpose) -> std::shared_ptr<const ImageSet> {
        const std::shared_ptr<const ImageSet>& images = m_document.images(purpose);
        if (!images)
            return nullptr;
        const bool demo = inside(*images, m_demoFolder) && !again;
        dropped |= demo;
        if (demo)
            return nullptr;
        const bool forCalibration = purpose == ImagePurpose::Calibration;
        const auto fitted =
            refit(*images, imageUse(*model, *task, opened.preprocess, opened.labelOffset, forCalibration));
        if (!m_messages.succeeded(fitted))
            return nullptr;
        kept << (forCalibration ? tr("%1 calibration images") : tr("%1 test images")).arg((*fitted)->size());
        return *fitted;
    };
    opened.loadedCalibrationImages = keep(ImagePurpose::Calibration);
    opened.loadedTestImages = keep(ImagePurpose::Test);
    opened.states.push_back(firstState());
    put(std::move(opened));
    for (const std::string& warning : model->info.warnings)
        m_messages.note(QString::fromStdString(warning));
    if (before && !kept.isEmpty())
        m_messages.note(tr("%1 stay open, with the new model.").arg(kept.join(tr(" and "))));
    if (dropped)
        m_messages.note(tr("The demo's images are closed with it: open images of your own."));
    if (m_document.calibrationImages())
        m_plans.calibrate();
}

void Files::openDemo(const QString& folder, const QString& task)
{
    const project::DemoDef* named = project::findDemo(task.toStdString());
    const project::DemoDef& demo = named ? *named : project::demos().front();
    m_open.start([root = toPath(folder), &demo](const Context& context) { return loadDemo(root, demo, context); },
                 [this, folder](Result<SessionDocument> result) {
                     if (!m_messages.succeeded(result))
                         return;
                     m_demoFolder = folder;
                     put(std::move(*result));
                     m_plans.calibrate();
                 });
}

void Files::openSession(const QString& path)
{
    readSession(path, false);
}

void Files::recover(const QString& autosave)
{
    readSession(autosave, true);
}

void Files::readSession(const QString& path, bool recovered)
{
    m_open.start([file = toPath(path)](const Context& context) { return loadSession(file, context); },
                 [this, path, recovered](Result<SessionDocument> result) {
                     if (!m_messages.succeeded(result))
                         return;
                     const std::vector<std::string> warnings = result->warnings;
                     const auto savedAs = QString::fromStdString(result->savedAs.string());
                     put(std::move(*result));
                     if (recovered)
                         m_document.recovered(savedAs);
                     else
                         m_document.saved(m_document.revision(), path);
                     for (const std::string& warning : warnings)
                         m_messages.note(QString::fromStdString(warning));
                 });
}

void Files::open(const QStringList& paths)
{
    QStringList folders;
    for (const QString& path : paths) {
        const QFileInfo info(path);
        const QString suffix = info.suffix().toLower();
        if (info.isDir())
            folders << path;
        else if (suffix == QLatin1String("onnx"))
            openModel(path);
        else if (suffix == QLatin1String("quantoscope"))
            openSession(path);
        else if (suffix == QLatin1String("json"))
            loadRecipe(path);
        else
            m_messages.fail(Error{ErrorCode::Unsupported,
                                  "neither an ONNX model (.onnx), a session (.quantoscope), a recipe (.json) nor a "
                                  "folder of images",
                                  path.toStdString()});
    }
    m_folders.open(folders);
}

// --- recipe and session --------------------------------------------------------------------------------------------

void Files::loadClassNames(const QString& path)
{
    const auto list = images::readClassList(toPath(path));
    if (!m_messages.succeeded(list))
        return;
    const std::vector<std::string> names = list->names();
    if (const auto& model = m_document.model(); model && static_cast<int64_t>(names.size()) != model->info.classes)
        m_messages.note(tr("%1: %2 names, the model has %3 classes.")
                            .arg(QFileInfo(path).fileName())
                            .arg(names.size())
                            .arg(model->info.classes));
    m_document.setClassNames(names);
}

void Files::loadRecipe(const QString& path)
{
    m_readRecipe.start([file = toPath(path)](const Context&) { return quant::loadRecipe(file); },
                       [this, path](Result<quant::Recipe> result) {
                           if (!m_messages.succeeded(result))
                               return;
                           const auto unknown = quant::unknownNames(*result, m_document.sites());
                           if (m_document.model() && !unknown.empty())
                               m_messages.note(
                                   tr("%1: %n name(s) this model does not have, first: %2", nullptr,
                                      static_cast<int>(unknown.size()))
                                       .arg(QFileInfo(path).fileName(), QString::fromStdString(unknown[0])));
                           m_document.setRecipe(*result, tr("Load %1").arg(QFileInfo(path).fileName()));
                       });
}

void Files::saveRecipe(const QString& path)
{
    m_writes.add([recipe = m_document.recipe(),
                  file = toPath(path)](const Context&) { return quant::saveRecipe(recipe, file); },
                 [this, path](const Result<void>& result) {
                     if (m_messages.succeeded(result))
                         m_messages.note(tr("Recipe written: %1").arg(path));
                 });
}

void Files::saveSession(const QString& path)
{
    const auto notes = std::make_shared<std::vector<std::string>>();
    m_writes.add(
        [document = gather(), file = toPath(path), notes](const Context&) -> Result<void> {
            QS_ASSIGN(const project::WrittenSession written, ui::saveSession(document, file));
            *notes = written.notes;
            return {};
        },
        [this, path, revision = m_document.revision(), notes](const Result<void>& result) {
            const bool written = m_messages.succeeded(result);
            if (written)
                m_document.saved(revision, path);
            for (const std::string& note : *notes)
                m_messages.note(QString::fromStdString(note));
            emit saveEnded(written);
        });
}

SessionDocument Files::gather() const
{
    SessionDocument document;
    if (const auto& model = m_document.model()) {
        document.model = model->info.path;
        document.modelHash = model->info.hash;
        document.imageSize = model->info.options.imageSize;
        document.outputs = model->info.options.outputs;
    }
    if (m_document.calibrationImages())
        document.calibrationFolder = m_document.calibrationImages()->folder.root;
    if (m_document.testImages())
        document.testFolder = m_document.testImages()->folder.root;
    document.savedAs = m_document.path().toStdString();
    document.preprocess = m_document.preprocess();
    document.calibrationCount = m_document.calibrationCount();
    document.labelOffset = m_document.labelOffset();
    document.classNames = m_document.classNames();
    document.task = m_document.task().choice;
    const History& history = m_document.history();
    for (int i = 0; i < history.size(); ++i) {
        const HistoryState& state = history.state(i);
        const StateFigures& figures = history.figures(state.key);
        document.states.push_back({state.text.toStdString(), state.recipe, figures.probe, figures.evaluation});
    }
    document.index = history.index();
    for (const SiteId id : m_selection.sites())
        document.selection.push_back(m_document.sites()[id].name);
    document.window = m_document.windowState().toBase64().toStdString();
    document.comparison = m_searches.comparison();
    if (m_searches.search().hasTrace())
        document.search = project::searchToJson(m_searches.search(), m_document.sites());
    document.hybridFound = m_searches.hybrid().found;
    document.loadedModel = m_document.model();
    document.loadedCalibrationImages = m_document.calibrationImages();
    document.loadedTestImages = m_document.testImages();
    document.loadedCalibration = m_document.calibration();
    return document;
}

void Files::put(SessionDocument opened)
{
    if (opened.states.empty())
        opened.states.push_back(firstState());
    std::optional<SearchRun> search;
    const std::shared_ptr<const onnx::Model> model = opened.loadedModel;
    if (!opened.search.empty() && model && opened.loadedCalibration) {
        auto found = project::searchFromJson(opened.search, model->sites);
        if (found)
            search = std::move(*found);
        else
            m_messages.note(
                tr("The search of the session cannot be read: %1").arg(QString::fromStdString(found.error().text())));
    }
    m_plans.restart(); // ends what runs on the old one
    m_document.replace(opened);
    m_selection.replace(opened.selection);
    m_plans.restart();
    m_figures.restart();
    m_searches.replace(std::move(search), m_document.calibration() ? opened.hybridFound : nullptr,
                       std::move(opened.comparison));
    m_document.announce();
    m_selection.announce();
    m_figures.announce();
    m_searches.announce();
    m_plans.announce();
}

} // namespace qs::ui
