#include "widgets/model/session.h"
#include "widgets/model/session_jobs.h"
#include "widgets/model/text.h"

#include "core/base/file.h"
#include "core/images/class_list.h"
#include "core/project/hybrid_found.h"
#include "core/project/search_file.h"
#include "core/quant/presets.h"
#include "core/quant/recipe_json.h"
#include "core/report/report.h"

#include <nlohmann/json.hpp>

#include <QDir>
#include <QFileInfo>

#include <algorithm>

namespace qs::ui {

namespace {

std::filesystem::path toPath(const QString& path)
{
    return std::filesystem::path(path.toStdString());
}

/// ImageNet's transform for the model's input size: what the command line does by default.
images::Preprocess defaultPreprocess(const onnx::ModelInfo& info)
{
    const auto preset = images::preprocessPreset(info.bytes ? "bytes" : "imagenet", static_cast<int>(info.height),
                                                 static_cast<int>(info.width));
    return preset ? *preset : images::Preprocess{};
}

quant::Recipe defaultRecipe()
{
    const auto recipe = quant::presetRecipe("minmax", 8, 8);
    return recipe ? *recipe : quant::Recipe{};
}

/// The demo as a session: its model, its images, and images as large as the model's input, so nothing is resized.
Result<SessionDocument> loadDemo(const std::filesystem::path& folder, const Context& context)
{
    SessionDocument document;
    document.model = folder / "demo_vit.onnx";
    document.calibrationFolder = folder / "images" / "calib";
    document.testFolder = folder / "images" / "test";
    QS_ASSIGN(onnx::Model model, onnx::importModel(document.model));
    QS_ASSIGN(document.preprocess, images::preprocessPreset("crop-only", static_cast<int>(model.info.height),
                                                            static_cast<int>(model.info.width)));
    document.loadedModel = std::make_shared<const onnx::Model>(std::move(model));
    ImageUse use{document.preprocess, document.loadedModel->info.classes, 0, true};
    QS_ASSIGN(document.loadedCalibrationImages, readImageSet(document.calibrationFolder, use, context));
    use.forCalibration = false;
    QS_ASSIGN(document.loadedTestImages, readImageSet(document.testFolder, use, context));
    document.states.push_back({"minmax W8A8", defaultRecipe(), {}, {}});
    return document;
}

} // namespace

void Session::openModel(const QString& path, const onnx::ImportOptions& options)
{
    const auto fitting =
        std::make_shared<std::vector<onnx::ImageSize>>(); // where the size is open and must be another
    m_jobs->openModel.start(
        [file = toPath(path), options, fitting](const Context&) -> Result<std::shared_ptr<const onnx::Model>> {
            onnx::ImportOptions importing = options;
            importing.floatNetwork = true; // of a file that is already quantized
            auto model = onnx::importModel(file, importing);
            if (!model && model.error().code == ErrorCode::ShapeMismatch && !importing.imageSize)
                *fitting = onnx::fittingSizes(file, importing);
            QS_CHECK(model);
            return std::make_shared<const onnx::Model>(std::move(*model));
        },
        [this, path, options, fitting](Result<std::shared_ptr<const onnx::Model>> result) {
            if (!result && !fitting->empty())
                return emit sizeAsked(path, *fitting);
            if (!succeeded(result))
                return;
            SessionDocument document;
            document.loadedModel = *result;
            document.labelOffset = m_labelOffset;
            document.imageSize = options.imageSize;
            document.output = options.output;
            document.preprocess = defaultPreprocess((*result)->info);
            if (m_model && m_model->info.path == (*result)->info.path) { // at another size: normalised as it was
                document.preprocess.mean = m_preprocess.mean;
                document.preprocess.stddev = m_preprocess.stddev;
            }
            document.calibrationCount = m_calibrationCount;
            const auto keep = [&](const std::shared_ptr<const ImageSet>& images,
                                  bool forCalibration) -> std::shared_ptr<const ImageSet> {
                if (!images)
                    return nullptr;
                auto fitted =
                    refit(*images, {document.preprocess, (*result)->info.classes, m_labelOffset, forCalibration});
                return succeeded(fitted) ? *fitted : nullptr;
            };
            document.loadedCalibrationImages = keep(m_calibrationImages, true);
            document.loadedTestImages = keep(m_testImages, false);
            document.states.push_back({"minmax W8A8", defaultRecipe(), {}, {}});
            restore(std::move(document));
            for (const std::string& warning : m_model->info.warnings)
                emit noticed(QString::fromStdString(warning));
            if (m_calibrationImages)
                calibrate();
        });
}

void Session::openCalibrationImages(const QString& folder)
{
    openImages(Purpose::Calibration, folder);
}
void Session::openTestImages(const QString& folder)
{
    openImages(Purpose::Test, folder);
}

ImageUse Session::useOf(Purpose purpose) const
{
    return {m_preprocess, m_model ? std::optional(m_model->info.classes) : std::nullopt, m_labelOffset,
            purpose == Purpose::Calibration};
}

void Session::openImages(Purpose purpose, const QString& folder)
{
    auto& job = purpose == Purpose::Calibration ? m_jobs->openCalibrationImages : m_jobs->openTestImages;
    job.start([root = toPath(folder),
               use = useOf(purpose)](const Context& context) { return readImageSet(root, use, context); },
              [this, purpose](Result<std::shared_ptr<const ImageSet>> result) {
                  if (!succeeded(result))
                      return;
                  // Model, preprocessing or offset may have changed while the folder was read.
                  const auto images = refit(**result, useOf(purpose));
                  if (succeeded(images))
                      setImages(purpose, *images);
              });
}

void Session::setImages(Purpose purpose, std::shared_ptr<const ImageSet> images)
{
    const std::shared_ptr<const ImageSet> probed = probeImages();
    (purpose == Purpose::Calibration ? m_calibrationImages : m_testImages) = std::move(images);
    setModified(true);
    if (purpose == Purpose::Test) {
        m_jobs->testReference.reset();
        m_comparison.reset();
        m_currentImage = -1;
    }
    if (purpose == Purpose::Calibration && m_calibration) {
        m_calibration.current = false;
        emit calibrationChanged();
    }
    if (probed != probeImages()) {
        m_jobs->probeReference.reset();
        dropFigures();
    }
    emit imagesChanged();
    if (purpose == Purpose::Calibration && m_model)
        calibrate();
    else if (m_plan.current)
        startProbe();
}

void Session::setPreprocess(const images::Preprocess& preprocess)
{
    if (preprocess == m_preprocess)
        return;
    m_preprocess = preprocess;
    const auto again = [&](std::shared_ptr<const ImageSet>& images) {
        if (images)
            images = prepared(*images, preprocess);
    };
    again(m_calibrationImages);
    again(m_testImages);
    m_jobs->testReference.reset();
    m_jobs->probeReference.reset();
    m_comparison.reset();
    m_calibration.current = false;
    setModified(true);
    dropFigures();
    emit imagesChanged();
    emit calibrationChanged();
    if (m_model && m_calibrationImages)
        calibrate();
}

void Session::loadClassNames(const QString& path)
{
    const auto list = images::readClassList(toPath(path));
    if (!succeeded(list))
        return;
    m_classNames = list->names();
    if (const auto names = static_cast<int64_t>(m_classNames.size()); m_model && names != m_model->info.classes)
        emit noticed(tr("%1: %2 names, the model has %3 classes.")
                         .arg(QFileInfo(path).fileName())
                         .arg(names)
                         .arg(m_model->info.classes));
    emit imagesChanged();
}

void Session::setLabelOffset(int offset)
{
    if (offset == m_labelOffset)
        return;
    std::shared_ptr<const ImageSet> fitted[2];
    for (const Purpose purpose : {Purpose::Calibration, Purpose::Test}) {
        const auto& images = purpose == Purpose::Calibration ? m_calibrationImages : m_testImages;
        if (!images)
            continue;
        ImageUse use = useOf(purpose);
        use.labelOffset = offset;
        const auto moved = refit(*images, use);
        if (!succeeded(moved)) // labels outside the classes: nothing is changed
            return;
        fitted[static_cast<int>(purpose)] = *moved;
    }
    m_labelOffset = offset;
    m_calibrationImages = fitted[static_cast<int>(Purpose::Calibration)];
    m_testImages = fitted[static_cast<int>(Purpose::Test)];
    m_jobs->testReference.reset();
    m_jobs->probeReference.reset();
    m_comparison.reset();
    setModified(true);
    dropFigures();
    emit imagesChanged();
    if (m_plan.current)
        startProbe();
}

void Session::setCalibrationCount(std::size_t images)
{
    if (std::exchange(m_calibrationCount, images) == images)
        return;
    setModified(true);
    if (m_calibration) {
        m_calibration.current = false;
        emit calibrationChanged();
    }
}

void Session::openDemo(const QString& folder)
{
    m_jobs->openSession.start([root = toPath(folder)](const Context& context) { return loadDemo(root, context); },
                              [this](Result<SessionDocument> result) {
                                  if (!succeeded(result))
                                      return;
                                  restore(std::move(*result));
                                  calibrate();
                              });
}

void Session::openSession(const QString& path)
{
    readSession(path, false);
}
void Session::recover(const QString& autosave)
{
    readSession(autosave, true);
}

void Session::readSession(const QString& path, bool recovered)
{
    m_jobs->openSession.start([file = toPath(path)](const Context& context) { return loadSession(file, context); },
                              [this, path, recovered](Result<SessionDocument> result) {
                                  if (!succeeded(result))
                                      return;
                                  const std::vector<std::string> warnings = result->warnings;
                                  const auto savedAs = QString::fromStdString(result->savedAs.string());
                                  restore(std::move(*result));
                                  m_sessionPath = recovered ? savedAs : path;
                                  m_modified = recovered;
                                  emit sessionChanged();
                                  for (const std::string& warning : warnings)
                                      emit noticed(QString::fromStdString(warning));
                              });
}

void Session::saveSession(const QString& path)
{
    m_jobs->saveSession.start(
        [document = document(), file = toPath(path)](const Context&) -> Result<project::WrittenSession> {
            return ui::saveSession(document, file);
        },
        [this, path](Result<project::WrittenSession> result) {
            if (!succeeded(result))
                return;
            for (const std::string& note : result->notes)
                emit noticed(QString::fromStdString(note));
            m_sessionPath = path;
            m_modified = false;
            emit sessionChanged();
        });
}

void Session::openPath(const QString& path)
{
    const QFileInfo info(path);
    const QString suffix = info.suffix().toLower();
    if (info.isDir()) {
        if (!m_calibrationImages)
            openCalibrationImages(path);
        else
            openTestImages(path);
    } else if (suffix == QLatin1String("onnx")) {
        openModel(path);
    } else if (suffix == QLatin1String("quantoscope")) {
        openSession(path);
    } else if (suffix == QLatin1String("json")) {
        loadRecipe(path);
    } else {
        emit failed(
            Error{ErrorCode::Unsupported,
                  "neither an ONNX model (.onnx), a session (.quantoscope), a recipe (.json) nor a folder of images",
                  path.toStdString()});
    }
}

void Session::loadRecipe(const QString& path)
{
    m_jobs->recipeFile.start([file = toPath(path)](const Context&) { return quant::loadRecipe(file); },
                             [this, path](Result<quant::Recipe> result) {
                                 if (!succeeded(result))
                                     return;
                                 const auto unknown = quant::unknownNames(*result, sites());
                                 if (m_model && !unknown.empty())
                                     emit noticed(
                                         tr("%1: %n name(s) this model does not have, first: %2", nullptr,
                                            static_cast<int>(unknown.size()))
                                             .arg(QFileInfo(path).fileName(), QString::fromStdString(unknown[0])));
                                 setRecipe(*result, tr("Load %1").arg(QFileInfo(path).fileName()));
                             });
}

void Session::saveRecipe(const QString& path)
{
    m_jobs->recipeFile.start(
        [recipe = m_recipe, file = toPath(path)](const Context&) -> Result<quant::Recipe> {
            QS_CHECK(quant::saveRecipe(recipe, file));
            return recipe;
        },
        [this, path](Result<quant::Recipe> result) {
            if (succeeded(result))
                emit noticed(tr("Recipe written: %1").arg(path));
        });
}

void Session::exportReport(const QString& path)
{
    if (!need(m_plan.current, "Nothing to report yet: open a model and calibrate first."))
        return;
    std::vector<quant::Evaluation> evaluations;
    if (m_evaluation.current)
        evaluations.push_back(*m_evaluation);
    else if (m_probe.current)
        evaluations.push_back(*m_probe);
    m_jobs->report.start(
        [model = m_model, plan = m_plan.value, evaluations, file = toPath(path)](const Context&) -> Result<bool> {
            report::Results results;
            results.model = model.get();
            results.plan = plan.get();
            results.evaluations = evaluations;
            QS_ASSIGN(const std::string page, report::htmlReport(report::resultsToJson(results).dump()));
            QS_CHECK(writeAtomically(file, page));
            return true;
        },
        [this, path](Result<bool> result) {
            if (succeeded(result))
                emit noticed(tr("Report written: %1").arg(path));
        });
}

SessionDocument Session::document() const
{
    SessionDocument document;
    document.savedAs = m_sessionPath.toStdString();
    if (m_model)
        document.model = m_model->info.path;
    document.modelHash = m_model ? m_model->info.hash : std::string();
    if (m_calibrationImages)
        document.calibrationFolder = m_calibrationImages->folder.root;
    if (m_testImages)
        document.testFolder = m_testImages->folder.root;
    document.preprocess = m_preprocess;
    document.calibrationCount = m_calibrationCount;
    document.labelOffset = m_labelOffset;
    if (m_model) {
        document.imageSize = m_model->info.options.imageSize;
        document.output = m_model->info.options.output;
    }
    for (int i = 0; i < m_history->size(); ++i) {
        const HistoryState& state = m_history->state(i);
        const StateFigures figures = m_history->figures(state.key);
        document.states.push_back(
            {state.text.toStdString(), state.recipe, {figures.probe, {}}, {figures.evaluation, {}}});
    }
    document.index = m_history->index();
    for (const SiteId id : m_selection)
        document.selection.push_back(sites()[id].name);
    document.window = m_windowState.toBase64().toStdString();
    document.comparison = m_comparison;
    if (m_search.hasTrace())
        document.search = project::searchToJson(m_search, sites());
    document.hybridFound = m_hybrid.found;
    document.loadedModel = m_model;
    document.loadedCalibrationImages = m_calibrationImages;
    document.loadedTestImages = m_testImages;
    document.loadedCalibration = m_calibration.value;
    return document;
}

void Session::restore(SessionDocument document)
{
    for (JobBase* job : std::initializer_list<JobBase*>{&m_jobs->preview, &m_jobs->resolve, &m_jobs->calibrate,
                                                        &m_jobs->exportModel})
        job->cancel();
    m_jobs->probeDelay.stop();
    dropFigures();
    m_model = std::move(document.loadedModel);
    m_calibrationImages = std::move(document.loadedCalibrationImages);
    m_testImages = std::move(document.loadedTestImages);
    m_preprocess = document.preprocess;
    m_calibrationCount = document.calibrationCount;
    m_labelOffset = document.labelOffset;
    m_classNames.clear();
    m_calibration = {std::move(document.loadedCalibration), true, false};
    m_comparison = std::move(document.comparison);
    m_jobs->weights = exec::makeWeightCache();
    m_jobs->testReference.reset();
    m_jobs->probeReference.reset();
    m_jobs->warnings.clear();
    m_plan = {};
    m_previews.clear();
    m_stale.clear();
    m_selection.clear();
    m_current = {};
    m_currentImage = -1;
    m_windowState = QByteArray::fromBase64(QByteArray::fromStdString(document.window));
    m_sessionPath.clear();

    if (document.states.empty())
        document.states.push_back({tr("Start").toStdString(), defaultRecipe(), {}, {}});
    std::vector<HistoryState> states;
    for (const project::State& state : document.states)
        states.push_back({QString::fromStdString(state.text), state.recipe, {}});
    m_history->restore(std::move(states), document.index);
    for (std::size_t i = 0; i < document.states.size(); ++i)
        m_history->setFigures(m_history->state(static_cast<int>(i)).key,
                              {document.states[i].probe.value, document.states[i].evaluation.value, nullptr});
    m_recipe = m_history->state(m_history->index()).recipe;
    m_key = m_history->state(m_history->index()).key;
    for (const std::string& name : document.selection)
        if (const SiteId id = sites().find(name); id.valid())
            m_selection.push_back(id);
    std::ranges::sort(m_selection);
    m_current = m_selection.empty() ? SiteId{} : m_selection.back();
    recallFigures();
    if (!document.search.empty() && m_calibration) {
        if (auto search = project::searchFromJson(document.search, sites()))
            m_search = std::move(*search);
        else
            emit noticed(tr("The search of the session cannot be read: %1")
                             .arg(QString::fromStdString(search.error().text())));
    }
    if (m_calibration)
        m_hybrid.found = std::move(document.hybridFound);
    m_modified = false;

    emit modelChanged();
    emit imagesChanged();
    emit calibrationChanged();
    emit recipeChanged();
    emit planChanged();
    emit selectionChanged();
    emit currentImageChanged();
    emitFigures();
    emit searchChanged();
    emit hybridChanged();
    emit historyChanged();
    emit sessionChanged();
    startResolve();
}

} // namespace qs::ui
