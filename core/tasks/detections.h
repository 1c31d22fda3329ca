#pragma once

#include "core/base/doubt.h"
#include "core/base/error.h"
#include "core/tasks/task.h"

#include <optional>
#include <span>
#include <vector>

namespace qs::tasks {

/// A box that a detector found, in pixels of the model's input.
struct Detection {
    float x0 = 0, y0 = 0, x1 = 0, y1 = 0;
    int category = 0;
    float score = 0;
};

/// How a detector's outputs are written.
enum class DetectorForm {
    DetrSoftmax, ///< logits [queries, classes + 1], the last: nothing; boxes [queries, 4] cx cy w h as fractions
    DetrSigmoid, ///< logits [queries, classes], each class for itself; boxes as above (RT-DETR, Deformable DETR, …)
    YoloColumns, ///< [4 + classes, anchors]: cx cy w h in pixels, then probabilities (YOLOv8 and later)
    YoloRows,    ///< [anchors, 5 + classes]: cx cy w h, objectness, probabilities (YOLOv5)
    Suppressed,  ///< [boxes, 6]: x0 y0 x1 y1 score class, after suppression (YOLOv10, exported post-processing)
};

/// Numbers of candidates (queries, anchors, boxes) as they lie in a row: number k of candidate a.
struct DetectionField {
    std::size_t first = 0, count = 0, stride = 0, step = 0;
    std::size_t at(std::size_t candidate, std::size_t k) const { return first + candidate * stride + k * step; }
};

/// Reads one image's detections out of a row, best first, at most 300 (COCO's limit is 100 a class for its figures).
///   DetrSoftmax: a query's best class but nothing; DetrSigmoid: the best of all queries × classes; no suppression
///   Yolo...: every class of a box (its score: times the objectness where there is one), the best 30,000, then
///     non-maximum suppression by class at an IoU of 0.7
/// Scores of 0.001 and less are left out, and what is not finite; of equal scores the earlier candidate is first.
/// Sources: the post-processing of facebookresearch/detr, lyuwenyu/RT-DETR and ultralytics (validation).
class DetectionReader {
public:
    static constexpr std::size_t kMost = 300;

    /// From shapes and names; empty where they are no detector's. Whether logits [queries, classes] hold a class of
    /// nothing shows only in values: see settled.
    static std::optional<DetectionReader> guess(const Outputs& outputs);
    /// Names, a pair of logits and boxes or the number of anchors say that it is a detector, not only a shape that
    /// would do.
    bool certain() const { return m_certain; }
    DetectorForm form() const { return m_form; }
    /// Looks at outputs of the float network (DETR forms): where more queries than chance would leave give most of
    /// the softmax to their last class, it is nothing; scores that all lie in [0, 1] are probabilities, not logits.
    DetectionReader settled(std::span<const float> row) const;
    std::vector<Detection> read(std::span<const float> row) const;

    std::size_t classes() const; ///< that a detection may have; 0: the outputs do not say (Suppressed)
    bool probabilities() const { return m_probabilities; } ///< of DETR forms: settled() saw no logits
    std::size_t candidates() const { return m_candidates; }
    DetectionField boxes() const;  ///< 4 numbers
    DetectionField scores() const; ///< of classes; YoloRows: objectness before them; Suppressed: the score

private:
    void readQueries(std::span<const float> row, std::vector<Detection>& found) const;
    void readAnchors(std::span<const float> row, std::vector<Detection>& found) const;
    void readSuppressed(std::span<const float> row, std::vector<Detection>& found) const;

    DetectorForm m_form = DetectorForm::DetrSigmoid;
    bool m_certain = false, m_probabilities = false;
    std::size_t m_scores = 0, m_boxes = 0;          ///< numbers of the outputs, the same but in DETR forms
    std::size_t m_candidates = 0, m_scoreCount = 0; ///< of a candidate: logits, or all columns
    Outputs m_outputs;
};

} // namespace qs::tasks
