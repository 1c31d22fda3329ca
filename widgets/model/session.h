#pragma once

#include "core/onnx/export.h"
#include "core/onnx/import.h"
#include "core/project/kept_comparison.h"
#include "core/quant/evaluate.h"
#include "core/quant/plan.h"
#include "core/quant/recipe.h"
#include "core/quant/recipe_json.h"
#include "core/stats/calibration.h"
#include "widgets/model/hybrid_run.h"
#include "widgets/model/image_set.h"
#include "widgets/model/job.h"
#include "widgets/model/search_run.h"

#include <QObject>
#include <QString>

#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <vector>

class QUndoStack;

namespace qs::search {
struct HybridOptions;
}

namespace qs::ui {

using project::KeptComparison;

class History;
struct SessionDocument;
struct StateFigures;

/// A value that a job computes from other values of the session. While `current` is false the value belongs to an
/// older recipe (or set of images): draw it greyed, never as the present state. Null: never computed.
template <class T>
struct Figure {
    std::shared_ptr<const T> value;
    bool current = false;
    bool running = false; ///< a job that will replace it is queued or running
    explicit operator bool() const { return value != nullptr; }
    const T* operator->() const { return value.get(); }
    const T& operator*() const { return *value; }
};

/// What a job does.
enum class JobKind {
    OpenModel,
    OpenImages,
    OpenSession,
    SaveSession,
    Calibrate,
    Resolve,
    Probe,       ///< background: whole-model figure on the first kProbeImages images
    Profile,     ///< background: accumulated error of every site
    Evaluate,    ///< the full test set
    Sensitivity, ///< one site quantized at a time
    Export,
    Search,  ///< mixed precision
    Hybrid,  ///< steps, granularities and schemes (Q-HyViT)
    Compare, ///< methods beside each other
};

/// One job as the window shows it.
struct JobStatus {
    JobKind kind = JobKind::OpenModel;
    QString title; ///< "Calibrating on 64 images"
    JobProgress progress;
    bool background = false;
};

/// What a finished export gave.
struct ExportOutcome {
    onnx::ExportReport report;
    std::optional<onnx::VerifyReport> verification; ///< absent where there were no images to run
    std::optional<Error> verificationError;
};

enum class SelectMode { Replace, Add, Toggle };

/// The document of the window and the only way in which panels meet. It holds shared values, never raw data of jobs;
/// a panel reads the values it shows when the matching signal comes, and calls a command when the user does
/// something. Everything here runs on the UI thread and returns at once; long work runs in jobs, whose results arrive
/// as signals.
///
/// A panel typically does
///   connect(&session, &Session::sitesChanged, this, &Panel::refresh);      // numbers of some sites (also previews)
///   connect(&session, &Session::selectionChanged, this, &Panel::refresh);
///   ... const SitePlan* plan = session.sitePlan(session.currentSite());
class Session : public QObject {
    Q_OBJECT
public:
    static constexpr std::size_t kProbeImages = 64;
    static constexpr std::size_t kProfileImages = 8;

    explicit Session(JobRunner& runner, QObject* parent = nullptr);
    ~Session() override;

    // --- values: null or empty until there is one ------------------------------------------------------------------
    const std::shared_ptr<const onnx::Model>& model() const { return m_model; }
    /// Sites of the model; an empty table without a model.
    const graph::SiteTable& sites() const;
    const std::shared_ptr<const ImageSet>& calibrationImages() const { return m_calibrationImages; }
    const std::shared_ptr<const ImageSet>& testImages() const { return m_testImages; }
    /// The images that the probe and the profile run on: test images, or calibration images where there are none.
    const std::shared_ptr<const ImageSet>& probeImages() const;
    const images::Preprocess& preprocess() const { return m_preprocess; }
    /// How many of the calibration images are used.
    std::size_t calibrationCount() const { return m_calibrationCount; }
    const Figure<stats::Calibration>& calibration() const { return m_calibration; }
    /// Statistics of a site; null before calibration and for weights.
    const stats::SiteStatistics* statistics(SiteId site) const;

    const quant::Recipe& recipe() const { return m_recipe; }
    quant::SiteSettings settings(SiteId site) const;
    bool locked(SiteId site) const;
    const Figure<quant::Plan>& plan() const { return m_plan; }
    /// Freshest numbers of a site: a preview of the present recipe where there is one, else those of plan(). Null
    /// before the first plan.
    std::shared_ptr<const quant::SitePlan> sitePlan(SiteId site) const;
    /// Whether sitePlan(site) belongs to the present recipe.
    bool sitePlanCurrent(SiteId site) const;

    const Figure<quant::Evaluation>& evaluation() const { return m_evaluation; } ///< of all test images
    const Figure<quant::Evaluation>& probe() const { return m_probe; }
    /// Freshest figures of the whole model: the evaluation if it is current, else the probe if it is, else whichever
    /// exists (evaluation first), greyed.
    const Figure<quant::Evaluation>& bestFigures() const;
    const Figure<std::vector<quant::SiteProfile>>& profile() const { return m_profile; } ///< accumulatedSqnrDb
    const Figure<std::vector<quant::SiteProfile>>& sensitivity() const { return m_sensitivity; } ///< on demand
    const SearchRun& search() const { return m_search; } ///< the last search of mixed precision
    const HybridRun& hybrid() const { return m_hybrid; } ///< the last search by Q-HyViT's method
    /// Why there can be no such search now; "" where there can.
    QString hybridObstacle() const;
    /// Lines of the comparison of methods on the present test images; null where there are none.
    const std::shared_ptr<const KeptComparison>& comparison() const { return m_comparison; }
    /// Errors of one site in the tables above; null where it has none.
    static const quant::SiteProfile* find(const Figure<std::vector<quant::SiteProfile>>& table, SiteId site);

    // --- selection: one for all panels -----------------------------------------------------------------------------
    const std::vector<SiteId>& selection() const { return m_selection; } ///< sorted
    bool selected(SiteId site) const;
    /// The site that single-site views show: the last one that was clicked; invalid with an empty selection.
    SiteId currentSite() const { return m_current; }
    void select(std::vector<SiteId> sites, SelectMode mode = SelectMode::Replace);
    void select(SiteId site, SelectMode mode = SelectMode::Replace) { select(std::vector<SiteId>{site}, mode); }
    void selectAll();
    /// The test image that Images and Distribution show; -1: none.
    int currentImage() const { return m_currentImage; }
    void setCurrentImage(int image);

    // --- view options shared by panels -----------------------------------------------------------------------------
    bool logAxis() const { return m_logAxis; }
    void setLogAxis(bool on);
    /// Space: show the float state ("before") instead of the quantized one.
    bool showBefore() const { return m_showBefore; }
    void setShowBefore(bool on);

    // --- commands: files -------------------------------------------------------------------------------------------
    /// `options`: what the file leaves open, as the user chose it.
    void openModel(const QString& path, const onnx::ImportOptions& options = {});
    void openCalibrationImages(const QString& folder);
    void openTestImages(const QString& folder);
    /// The model and the images of `folder` (see demo.h); calibrates when they are loaded.
    void openDemo(const QString& folder);
    void setPreprocess(const images::Preprocess& preprocess);
    void setCalibrationCount(std::size_t images);
    /// Names of the classes, one a line from class 0, or JSON (images::readClassList): instead of those of the
    /// images.
    void loadClassNames(const QString& path);
    const std::vector<std::string>& classNames() const { return m_classNames; } ///< empty: none were loaded
    int labelOffset() const { return m_labelOffset; }                           ///< added to the labels of all images
    void setLabelOffset(int offset);
    /// Any dropped or named file: .onnx, .quantoscope, .json (recipe), a folder of images (calibration first, then
    /// test).
    void openPath(const QString& path);
    void loadRecipe(const QString& path);
    void saveRecipe(const QString& path);
    void openSession(const QString& path);
    /// Opens an autosaved copy: it has no path of its own and counts as modified.
    void recover(const QString& autosave);
    /// Writes the session and, next to it, its calibration (.qcal).
    void saveSession(const QString& path);
    QString sessionPath() const { return m_sessionPath; } ///< "" until saved or opened
    bool modified() const { return m_modified; }
    /// Layout of the window and the like, kept in the session file without being looked at.
    QByteArray windowState() const { return m_windowState; }
    void setWindowState(const QByteArray& state) { m_windowState = state; }
    void exportModel(const QString& path, const onnx::ExportOptions& options, bool withOnnxRuntime = false);
    /// A page of its own with all figures that are known of the present recipe.
    void exportReport(const QString& path);

    // --- commands: numbers -----------------------------------------------------------------------------------------
    void calibrate();
    void evaluate();
    void measureSensitivity();
    /// Searches bits from the present recipe; its last step becomes one edit, also where it is cancelled, unless the
    /// recipe was edited in the meantime.
    void startSearch(const search::Options& options, SearchImages images);
    /// The recipe after so many steps of the last search as one edit; locked sites keep their bits.
    void loadSearchStep(std::size_t step);
    /// Searches step, granularity and scheme of every site from the present recipe; what it finds becomes one edit,
    /// unless the recipe was edited in the meantime. Cancelled it leaves nothing.
    void startHybrid(const search::HybridOptions& options, SearchImages images);
    /// What the last such search found, as one edit; locked sites keep what they have.
    void applyHybrid();
    /// Takes over what the comparison has so far, for the session file.
    void keepComparison(std::shared_ptr<const KeptComparison> comparison);
    void cancelJobs(); ///< all jobs the user asked for; with none running, the background ones
    void cancelJob(JobKind kind);

    // --- commands: edits. Each is one entry of the history and can be undone ---------------------------------------
    /// Consecutive edits with the same gesture (not 0) and the same sites become one entry: take a new gesture when a
    /// slider is pressed, and pass it with each move.
    int newGesture() { return ++m_gesture; }
    void editSites(std::span<const SiteId> sites, const quant::SitePatch& patch, int gesture = 0);
    void editSelection(const quant::SitePatch& patch, int gesture = 0);
    /// A patch of its own for each site, all in one entry. `what`: for the history, after the sites.
    void editEach(std::span<const SiteId> sites, const std::function<quant::SitePatch(SiteId)>& patchOf,
                  const QString& what, int gesture = 0);
    void resetSites(std::span<const SiteId> sites); ///< drops their overrides
    void setLocked(std::span<const SiteId> sites, bool locked);
    void applyPreset(const QString& name, int weightBits, int activationBits);
    void setCoverage(graph::Coverage coverage);
    void setGuard(bool guard); ///< min-max where it does better (core/quant/guard.h), or the recipe literally
    void setRecipe(const quant::Recipe& recipe, const QString& text);
    /// With the present locks; locked sites as they are now.
    quant::Recipe keepingLocked(quant::Recipe recipe) const;

    QUndoStack& undoStack();
    History& history() { return *m_history; }
    const History& history() const { return *m_history; }

    // --- jobs ------------------------------------------------------------------------------------------------------
    std::vector<JobStatus> jobs() const; ///< running and queued, user jobs first
    bool running(JobKind kind) const;
    /// For jobs of a panel's own (thumbnails, channel by token maps).
    JobRunner& runner() { return m_runner; }
    /// A long job of a panel's own: the window shows it, and Esc stops it. Until it is destroyed.
    void addJob(JobBase& job, JobKind kind, const char* title);

    /// Everything that a session file holds; and its way back (no calibration or figures are recomputed where the
    /// document has them).
    SessionDocument document() const;
    void restore(SessionDocument document);

signals:
    void modelChanged();       ///< another model (or none): sites, selection and everything after it are new
    void imagesChanged();      ///< folders or preprocessing
    void calibrationChanged(); ///< new statistics, or the old ones became stale
    void recipeChanged();      ///< settings differ; plan and figures are stale until their signals come
    void planChanged();        ///< a new plan, all sites
    void sitesChanged(const std::vector<qs::SiteId>& sites); ///< sitePlan of these sites is new (preview)
    void evaluationChanged();                                ///< value, current or running
    void probeChanged();
    void profileChanged();
    void sensitivityChanged();
    void searchChanged(); ///< new steps, started, finished or dropped
    void hybridChanged(); ///< started, finished or dropped
    void selectionChanged();
    void currentImageChanged();
    void viewOptionsChanged();
    void historyChanged(); ///< states or their figures
    void sessionChanged(); ///< path or modified
    void exported(const qs::ui::ExportOutcome& outcome);

    void jobStarted(qs::ui::JobKind kind);
    void jobProgressed(qs::ui::JobKind kind);
    void jobFinished(qs::ui::JobKind kind);
    /// A command or a job failed (never for Cancelled). The window shows it in the error strip.
    void failed(const qs::Error& error);
    /// A model fits at none of the assumed sizes but at these: one of them has to be chosen.
    void sizeAsked(const QString& path, const std::vector<qs::onnx::ImageSize>& sizes);
    /// Something worth saying that is no error: warnings of the importer, of a folder, of a plan.
    void noticed(const QString& text);

private:
    struct Jobs;

    enum class Purpose { Calibration, Test };
    ImageUse useOf(Purpose purpose) const;
    void openImages(Purpose purpose, const QString& folder);
    void readSession(const QString& path, bool recovered);
    void setImages(Purpose purpose, std::shared_ptr<const ImageSet> images);
    void setCalibration(std::shared_ptr<const stats::Calibration> calibration);
    /// Called by the history: the recipe is now this one. Starts preview and resolve.
    void recipeApplied(const quant::Recipe& recipe);
    void startPreview(const std::vector<SiteId>& changed);
    void startResolve();
    void setPlan(std::shared_ptr<const quant::Plan> plan);
    void startProbe();
    void startProfile();
    void pollSearch();
    void finishSearch(Result<search::Outcome> result);
    void finishHybrid(Result<std::shared_ptr<const HybridFound>> result);
    void dropHybrid();
    /// A search with other images or another calibration says nothing of these.
    void dropSearch();
    void recordFigures(const quant::Recipe& recipe, const StateFigures& figures);
    /// Figures of the present recipe where the history knows them; the others become stale.
    void recallFigures();
    /// Figures of other images or another calibration are void.
    void dropFigures();
    void emitFigures();
    void setModified(bool modified);
    bool need(bool condition, const char* what);
    /// Whether there is a value; says failed() where there is an error other than Cancelled.
    template <class T>
    bool succeeded(const Result<T>& result);
    void watch(JobBase& job, JobKind kind, const char* title);

    JobRunner& m_runner;
    std::unique_ptr<Jobs> m_jobs;
    std::unique_ptr<History> m_history;

    std::shared_ptr<const onnx::Model> m_model;
    std::shared_ptr<const ImageSet> m_calibrationImages, m_testImages;
    images::Preprocess m_preprocess;
    std::size_t m_calibrationCount = 256;
    Figure<stats::Calibration> m_calibration;
    quant::Recipe m_recipe;
    std::string m_key; ///< History::keyOf(m_recipe)
    Figure<quant::Plan> m_plan;
    int m_labelOffset = 0;
    std::vector<std::string> m_classNames;
    std::map<SiteId, std::shared_ptr<const quant::SitePlan>> m_previews; ///< of the present recipe
    std::set<SiteId> m_stale; ///< sites whose numbers in the plan may not be the recipe's: quant::staleSites
    Figure<quant::Evaluation> m_evaluation, m_probe;
    Figure<std::vector<quant::SiteProfile>> m_profile, m_sensitivity;

    std::vector<SiteId> m_selection;
    SiteId m_current;
    int m_currentImage = -1;
    bool m_logAxis = true;
    bool m_showBefore = false;

    int m_gesture = 0;
    QString m_sessionPath;
    QByteArray m_windowState;
    bool m_modified = false;
    SearchRun m_search;
    HybridRun m_hybrid;
    std::shared_ptr<const KeptComparison> m_comparison;
};

} // namespace qs::ui
