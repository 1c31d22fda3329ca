#pragma once

#include "core/exec/image_source.h"
#include "core/images/preprocess.h"
#include "core/images/task_choice.h"
#include "core/quant/recipe.h"
#include "core/stats/calibration.h"

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace qs::project {

/// What a figure was computed from. Whether a figure is current is never remembered: it is computed by comparing its
/// origin with the origin that the same figure would have if it were computed now. So it is true in the window, in a
/// session that is opened again and in an autosave alike: a file of the model that changed, images that were added,
/// another count, another preprocessing make old figures stale by themselves.
///
/// All hashes are contentHash() (base/file.h); "" where something does not belong to the figure or is not known.
struct Origin {
    std::string model;       ///< of the ONNX file: onnx::ModelInfo::hash
    std::string images;      ///< of the names of the images that were used, in their order: imagesKey()
    std::string labels;      ///< of their labels; "" where labels change nothing (a calibration, a search by KL)
    std::string preprocess;  ///< of their preprocessing: preprocessKey()
    std::size_t count = 0;   ///< how many images were used, the first of the folder
    std::string calibration; ///< keyOf() the origin of the calibration; "": a calibration itself
    std::string recipe;      ///< recipeKey(); "": a calibration
    std::string task{};      ///< what was measured, and by which truths: taskKey(); "": what is guessed, by labels

    /// Whether anything is known at all: figures of files of version 1 have no origin.
    bool known() const { return !model.empty() && !images.empty(); }
    friend bool operator==(const Origin&, const Origin&) = default;
};

/// Whether both figures were computed from the same things. Unknown origins are the same as none, not even each
/// other: what cannot be compared is not called current.
bool sameOrigin(const Origin& a, const Origin& b);

/// In what `then` differs from `now`, in words, for the reader of a stale figure: "the model", "the images", "their
/// labels", "the task", "the preprocessing", "64 images instead of 128", "the calibration", "the recipe"; {"unknown"}
/// where one of them is not known. Empty exactly where sameOrigin() holds.
std::vector<std::string> differences(const Origin& then, const Origin& now);

/// One hash of all of it.
std::string keyOf(const Origin& origin);

/// Hash of everything in a recipe that changes numbers: not its locks, not the name of the preset.
std::string recipeKey(const quant::Recipe& recipe);
std::string preprocessKey(const images::Preprocess& preprocess);
/// Of the task's name and characters, and of the names, sizes, times and reading of the files of truths. "":
/// `guessed` without either, as figures were before there was a choice.
std::string taskKey(const images::TaskChoice& choice, std::string_view guessed);
/// Of the names of the first `count` images, in order (fewer where there are fewer).
std::string imagesKey(const exec::ImageSource& images, std::size_t count);
std::string labelsKey(const exec::ImageSource& images, std::size_t count);

/// Where a calibration is from, by what it says of itself; of one without a preprocessing or hashes it is unknown.
Origin originOf(const stats::Calibration& calibration);
/// The origin of a calibration that would be made now: of the first `count` images.
Origin calibrationOrigin(const std::string& modelHash, const images::Preprocess& preprocess,
                         const exec::ImageSource& images, std::size_t count);
/// The origin of an evaluation, probe, profile, sensitivity or search that would be made now: `recipe` resolved
/// against a calibration of origin `calibration`, on the first `count` images. `labelled`: labels change the figures.
Origin figureOrigin(const std::string& modelHash, const images::Preprocess& preprocess,
                    const exec::ImageSource& images, std::size_t count, bool labelled, const Origin& calibration,
                    const quant::Recipe& recipe);

/// A figure with what it was computed from. Null: never computed.
template <class T>
struct Kept {
    std::shared_ptr<const T> value;
    Origin origin;

    explicit operator bool() const { return value != nullptr; }
    const T* operator->() const { return value.get(); }
    const T& operator*() const { return *value; }
    /// Whether it is what would be computed now.
    bool current(const Origin& now) const { return value && sameOrigin(origin, now); }
};

} // namespace qs::project
