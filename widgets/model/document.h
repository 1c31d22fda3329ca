#pragma once

#include "core/graph/sites.h"
#include "core/images/preprocess.h"
#include "core/onnx/import.h"
#include "core/quant/recipe.h"
#include "core/stats/calibration.h"
#include "widgets/model/figure.h"
#include "widgets/model/history.h"
#include "widgets/model/image_set.h"
#include "widgets/model/model_task.h"

#include <QByteArray>
#include <QObject>
#include <QString>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace qs::ui {

class Messages;
struct SessionDocument;

enum class ImagePurpose { Calibration, Test };

/// What of the images became another.
enum class ImageChange {
    All, ///< with the model
    Calibration,
    Test,
    Preprocess,
    Labels, ///< or truths
    Names,  ///< of the classes
};

/// What a session file would hold: undoing to the saved state of the recipe is back at the saved revision.
struct Revision {
    uint64_t state = 0;  ///< HistoryState::number of the recipe
    uint64_t others = 0; ///< changes of everything else

    bool operator==(const Revision&) const = default;
};

/// What is open: a model, its images and how they are prepared, the calibration, the recipe with its history, and the
/// file they are kept in. It knows no jobs: others read files and compute, and put here what they got. Every change
/// of something that a session file holds makes another revision; `modified` compares it with the one that was saved.
class Document : public QObject {
    Q_OBJECT
public:
    explicit Document(Messages& messages, QObject* parent = nullptr);
    ~Document() override;

    // --- values: null or empty until there is one ------------------------------------------------------------------
    const std::shared_ptr<const onnx::Model>& model() const { return m_model; }
    /// Sites of the model; an empty table without a model.
    const graph::SiteTable& sites() const;
    const std::shared_ptr<const ImageSet>& images(ImagePurpose purpose) const;
    const std::shared_ptr<const ImageSet>& calibrationImages() const { return m_calibrationImages; }
    const std::shared_ptr<const ImageSet>& testImages() const { return m_testImages; }
    /// What the figures of the whole model are measured on: test images, or calibration images where there are none.
    const std::shared_ptr<const ImageSet>& probeImages() const;
    const images::Preprocess& preprocess() const { return m_preprocess; }
    std::size_t calibrationCount() const { return m_calibrationCount; } ///< of the calibration images, used
    int labelOffset() const { return m_labelOffset; }                   ///< added to the labels of all images
    /// Loaded from a file, instead of those of the images; empty: none were.
    const std::vector<std::string>& classNames() const { return m_classNames; }
    ImageUse useOf(ImagePurpose purpose) const;
    const ModelTask& task() const { return m_task; }

    const std::shared_ptr<const stats::Calibration>& calibration() const { return m_calibration; }
    /// Whether calibrating now would give this one: computed from what it says it was made of. Images that are not
    /// open contradict nothing.
    bool calibrationCurrent() const;

    const quant::Recipe& recipe() const { return m_recipe; }
    const std::string& recipeKey() const { return m_key; } ///< History::keyOf(recipe())
    quant::SiteSettings settings(SiteId site) const;
    bool locked(SiteId site) const;
    History& history() { return m_history; }
    const History& history() const { return m_history; }

    /// What a figure measured now on the first `count` of these images would be computed from, but for the recipe.
    /// Reads all names: keep it until images, preprocessing or calibration change.
    project::Origin originOn(const std::shared_ptr<const ImageSet>& images, std::size_t count) const;

    QString path() const { return m_path; } ///< of the session file; "" until saved or opened
    Revision revision() const { return {m_history.state(m_history.index()).number, m_changes}; }
    bool modified() const { return revision() != m_saved; }
    /// Layout of the window and the like, kept in the session file without being looked at.
    QByteArray windowState() const { return m_windowState; }
    void setWindowState(const QByteArray& state) { m_windowState = state; }

    // --- changes ---------------------------------------------------------------------------------------------------
    /// Takes what is the document's from what was opened; announce() then tells of it. Nothing is modified after it.
    void replace(SessionDocument& opened);
    void announce();
    void setImages(ImagePurpose purpose, std::shared_ptr<const ImageSet> images);
    void setPreprocess(const images::Preprocess& preprocess);
    void setCalibrationCount(std::size_t images);
    void setClassNames(std::vector<std::string> names);
    /// All or nothing: labels that would be outside the model's classes are said and change nothing.
    void setLabelOffset(int offset);
    /// All or nothing, likewise: a task that the outputs cannot be is said.
    void setTask(const images::TaskChoice& choice);
    /// What follows from images and their number, and so is no change that must be saved.
    void setCalibration(std::shared_ptr<const stats::Calibration> calibration);
    /// One entry of the history. Consecutive ones with the same gesture (not 0) become one.
    void setRecipe(const quant::Recipe& recipe, const QString& text, int gesture = 0);
    /// Something that a session file holds changed.
    void touch();
    /// `revision` is in the file `path`.
    void saved(const Revision& revision, const QString& path);
    /// What was opened is a copy of this file with changes that are not in it.
    void recovered(const QString& path);

signals:
    void modelChanged(); ///< another model (or none): everything after it is new
    void imagesChanged(qs::ui::ImageChange change);
    void taskChanged();
    void calibrationReplaced(); ///< another one (or none)
    void calibrationAged();     ///< what it was made of changed
    /// Settings of these sites differ; none: a lock, or the guard, say. recipeKey() tells whether numbers do.
    void recipeChanged(const std::vector<qs::SiteId>& changed);
    void historyChanged(); ///< states or their figures
    void fileChanged();    ///< path() or modified()

private:
    void recipeApplied(const quant::Recipe& recipe); // from the history
    void originsChanged();
    void sayWhetherModified();
    /// The present images as they would be under this task and offset. False: they cannot, and it was said.
    bool refitImages(const ModelTask& task, int labelOffset);

    Messages& m_messages;
    History m_history;
    std::shared_ptr<const onnx::Model> m_model;
    std::shared_ptr<const ImageSet> m_calibrationImages, m_testImages;
    images::Preprocess m_preprocess;
    std::size_t m_calibrationCount = 256;
    int m_labelOffset = 0;
    ModelTask m_task;
    std::vector<std::string> m_classNames;
    std::shared_ptr<const stats::Calibration> m_calibration;
    project::Origin m_calibrationOrigin; ///< that it would have now; unknown without images
    quant::Recipe m_recipe;
    std::string m_key;
    QString m_path;
    QByteArray m_windowState;
    uint64_t m_changes = 0; ///< of everything but the recipe
    Revision m_saved;
    bool m_saidModified = false;
};

} // namespace qs::ui
