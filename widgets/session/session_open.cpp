#include "widgets/session/search_file.h"
#include "widgets/session/session.h"
#include "widgets/session/session_jobs.h"
#include "widgets/session/text.h"

#include "core/base/file.h"
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
    const auto preset =
        images::preprocessPreset("imagenet", static_cast<int>(info.height), static_cast<int>(info.width));
    return preset ? *preset : images::Preprocess{};
}

quant::Recipe defaultRecipe()
{
    const auto recipe = quant::presetRecipe("minmax", 8, 8);
    return recipe ? *recipe : quant::Recipe{};
}

std::shared_ptr<const ImageSet> makeSet(images::ImageFolder folder, const images::Preprocess& preprocess)
{
    auto source = images::makeSource(folder, preprocess);
    return std::make_shared<const ImageSet>(ImageSet{std::move(folder), preprocess, std::move(source)});
}

/// The demo as a session: its model, its images, and images as large as the model's input, so nothing is resized.
Result<SessionDocument> loadDemo(const std::filesystem::path& folder)
{
    SessionDocument document;
    document.model = folder / "demo_vit.onnx";
    document.calibrationFolder = folder / "images" / "calib";
    document.testFolder = folder / "images" / "test";
    QS_ASSIGN(onnx::Model model, onnx::importModel(document.model));
    QS_ASSIGN(document.preprocess, images::preprocessPreset("crop-only", static_cast<int>(model.info.height),
                                                            static_cast<int>(model.info.width)));
    document.loadedModel = std::make_shared<const onnx::Model>(std::move(model));
    QS_ASSIGN(images::ImageFolder calibration, images::openFolder(document.calibrationFolder));
    document.loadedCalibrationImages = makeSet(std::move(calibration), document.preprocess);
    QS_ASSIGN(images::ImageFolder test, images::openFolder(document.testFolder));
    document.loadedTestImages = makeSet(std::move(test), document.preprocess);
    document.states.push_back({QStringLiteral("minmax W8A8"), defaultRecipe(), {}});
    return document;
}

} // namespace

void Session::openModel(const QString& path)
{
    m_jobs->openModel.start(
        [file = toPath(path)](const Context&) -> Result<std::shared_ptr<const onnx::Model>> {
            onnx::ImportOptions importing;
            importing.floatNetwork = true; // of a file that is already quantized
            QS_ASSIGN(onnx::Model model, onnx::importModel(file, importing));
            return std::make_shared<const onnx::Model>(std::move(model));
        },
        [this](Result<std::shared_ptr<const onnx::Model>> result) {
            if (!succeeded(result))
                return;
            SessionDocument document;
            document.loadedModel = *result;
            document.preprocess = defaultPreprocess((*result)->info);
            document.calibrationCount = m_calibrationCount;
            const auto keep = [&](const std::shared_ptr<const ImageSet>& images) {
                return images ? makeSet(images->folder, document.preprocess) : nullptr;
            };
            document.loadedCalibrationImages = keep(m_calibrationImages);
            document.loadedTestImages = keep(m_testImages);
            document.states.push_back({QStringLiteral("minmax W8A8"), defaultRecipe(), {}});
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

void Session::openImages(Purpose purpose, const QString& folder)
{
    auto& job = purpose == Purpose::Calibration ? m_jobs->openCalibrationImages : m_jobs->openTestImages;
    job.start(
        [root = toPath(folder),
         preprocess = m_preprocess](const Context&) -> Result<std::shared_ptr<const ImageSet>> {
            QS_ASSIGN(images::ImageFolder found, images::openFolder(root));
            return makeSet(std::move(found), preprocess);
        },
        [this, purpose](Result<std::shared_ptr<const ImageSet>> result) {
            if (!succeeded(result))
                return;
            std::shared_ptr<const ImageSet> images = *result;
            if (images->preprocess != m_preprocess) // changed while the folder was read
                images = makeSet(images->folder, m_preprocess);
            for (const Doubt& doubt : images->folder.doubts)
                emit noticed(QString::fromStdString(doubt.text()));
            setImages(purpose, std::move(images));
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
            images = makeSet(images->folder, preprocess);
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
    m_jobs->openSession.start([root = toPath(folder)](const Context&) { return loadDemo(root); },
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
                                  restore(std::move(*result));
                                  m_sessionPath = recovered ? QString() : path;
                                  m_modified = recovered;
                                  emit sessionChanged();
                                  for (const std::string& warning : warnings)
                                      emit noticed(QString::fromStdString(warning));
                              });
}

void Session::saveSession(const QString& path)
{
    m_jobs->saveSession.start(
        [document = document(), file = toPath(path)](const Context&) -> Result<bool> {
            QS_CHECK(ui::saveSession(document, file));
            return true;
        },
        [this, path](Result<bool> result) {
            if (!succeeded(result))
                return;
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
    if (m_model)
        document.model = m_model->info.path;
    document.modelHash = m_model ? m_model->info.hash : std::string();
    if (m_calibrationImages)
        document.calibrationFolder = m_calibrationImages->folder.root;
    if (m_testImages)
        document.testFolder = m_testImages->folder.root;
    document.preprocess = m_preprocess;
    document.calibrationCount = m_calibrationCount;
    for (int i = 0; i < m_history->size(); ++i) {
        document.states.push_back(m_history->state(i));
        document.figures.push_back(m_history->figures(m_history->state(i).key));
    }
    document.index = m_history->index();
    for (const SiteId id : m_selection)
        document.selection.push_back(sites()[id].name);
    document.windowState = m_windowState;
    document.comparison = m_comparison;
    if (m_search.hasTrace())
        document.search = searchToJson(m_search, sites());
    document.hybrid = m_hybrid.found;
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
    m_calibration = {std::move(document.loadedCalibration), true, false};
    m_comparison = std::move(document.comparison);
    m_jobs->weights = exec::makeWeightCache();
    m_jobs->testReference.reset();
    m_jobs->probeReference.reset();
    m_jobs->warnings.clear();
    m_plan = {};
    m_previews.clear();
    m_resmoothed.clear();
    m_selection.clear();
    m_current = {};
    m_currentImage = -1;
    m_windowState = document.windowState;
    m_sessionPath.clear();

    if (document.states.empty())
        document.states.push_back({tr("Start"), defaultRecipe(), {}});
    m_history->restore(std::move(document.states), document.index);
    for (std::size_t i = 0; i < document.figures.size(); ++i)
        m_history->setFigures(m_history->state(static_cast<int>(i)).key, document.figures[i]);
    m_recipe = m_history->state(m_history->index()).recipe;
    m_key = m_history->state(m_history->index()).key;
    for (const std::string& name : document.selection)
        if (const SiteId id = sites().find(name); id.valid())
            m_selection.push_back(id);
    std::ranges::sort(m_selection);
    m_current = m_selection.empty() ? SiteId{} : m_selection.back();
    recallFigures();
    if (!document.search.empty() && m_calibration) {
        if (auto search = searchFromJson(document.search, sites()))
            m_search = std::move(*search);
        else
            emit noticed(tr("The search of the session cannot be read: %1")
                             .arg(QString::fromStdString(search.error().text())));
    }
    if (m_calibration)
        m_hybrid.found = std::move(document.hybrid);
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
