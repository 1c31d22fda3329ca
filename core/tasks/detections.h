#pragma once

#include "core/base/doubt.h"
#include "core/base/error.h"
#include "core/tasks/task.h"

#include <optional>
#include <span>
#include <vector>

namespace qs::tasks {

/// How a detector's outputs are written.
enum class DetectorForm {
    DetrSoftmax, ///< logits [queries, classes + 1], the last: nothing; boxes [queries, 4]
    DetrSigmoid, ///< logits [queries, classes], each class for itself; boxes as above (RT-DETR, Deformable DETR, …)
    YoloColumns, ///< [4 + classes, anchors]: boxes, then probabilities (YOLOv8 and later)
    YoloRows,    ///< [anchors, 5 + classes]: boxes, objectness, probabilities (YOLOv5), or [anchors, 4 + classes]
    YoloParts,   ///< boxes [anchors, 4] and probabilities [anchors, classes] (YOLO-NAS, SSD, …)
    Suppressed,  ///< [boxes, 6]: box, score, class, after suppression (YOLOv10, exported post-processing)
    FinalParts,  ///< boxes [boxes, 4], scores [boxes] and classes [boxes], in any order (torchvision, TensorRT, …)
};

/// What the four numbers of a box are.
enum class BoxForm {
    Centre,    ///< cx cy w h
    Corners,   ///< x0 y0 x1 y1
    CornersYx, ///< y0 x0 y1 x1 (TensorFlow)
};

/// What a person says of a detector; what is left open is guessed from shapes, names and values.
struct DetectorChoice {
    enum class Family { Detr, Yolo, Final };
    std::optional<Family> family;
    std::optional<bool> objectness;    ///< of YOLO's rows: before the classes
    std::optional<bool> softmax;       ///< of DETR's: with a last class of nothing
    std::optional<bool> probabilities; ///< scores are probabilities, not logits
    std::optional<BoxForm> boxes;
    std::optional<bool> pixels; ///< boxes are in pixels of the input, not fractions of it
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
///   Suppressed, FinalParts: as they are; of FinalParts only as many as an output of one number says, if there is one
/// Scores of 0.001 and less are left out, and what is not finite; of equal scores the earlier candidate is first.
/// Sources: the post-processing of facebookresearch/detr, lyuwenyu/RT-DETR and ultralytics (validation).
class DetectionReader {
public:
    static constexpr std::size_t kMost = 300;

    /// From shapes and names; empty where they are no detector's (of the family that is asked for). What shows only
    /// in values (a class of nothing, logits, corners, pixels): see settled.
    static std::optional<DetectionReader> guess(const Outputs& outputs, const DetectorChoice& choice = {});
    /// Names, a pair of logits and boxes or the number of anchors say that it is a detector, not only a shape that
    /// would do.
    bool certain() const { return m_certain; }
    DetectorForm form() const { return m_form; }
    /// Looks at outputs of the float network, for what was not chosen:
    ///   DETR forms: where more queries than chance would leave give most of the softmax to their last class, it is
    ///     nothing; scores that all lie in [0, 1] are probabilities. YOLO forms: scores outside are logits.
    ///   Boxes are corners where nearly all are in order (x0 <= x1, y0 <= y1) as corners and many leave the image as
    ///     centre and size; they are pixels where one of the numbers is above 2, else fractions.
    DetectionReader settled(std::span<const float> row) const;
    std::vector<Detection> read(std::span<const float> row) const;

    std::size_t classes() const; ///< that a detection may have; 0: the outputs do not say (final detections)
    bool probabilities() const { return m_probabilities; } ///< settled() saw no logits
    bool objectness() const { return m_objectness; }       ///< YoloRows: before the classes
    BoxForm boxForm() const { return m_boxForm; }
    bool pixels() const { return m_pixels; }
    std::size_t candidates() const { return m_candidates; }
    bool placesChosen() const { return m_outputs.placesChosen; }
    double inputWidth() const { return static_cast<double>(m_outputs.inputWidth); }
    double inputHeight() const { return static_cast<double>(m_outputs.inputHeight); }
    DetectionField boxes() const;  ///< 4 numbers
    DetectionField scores() const; ///< of classes; YoloRows: objectness before them; final detections: the score
    /// The class of a final detection, as a number of its row; nothing: there is one class only.
    std::optional<DetectionField> labels() const;
    bool isFinal() const { return m_form == DetectorForm::Suppressed || m_form == DetectorForm::FinalParts; }
    bool isDetr() const { return m_form == DetectorForm::DetrSoftmax || m_form == DetectorForm::DetrSigmoid; }
    /// The box of a candidate, in pixels of the input.
    Detection boxAt(std::span<const float> row, std::size_t candidate) const;

private:
    class Guess; ///< shapes and names: detector_form.cpp
    void settleScores(std::span<const float> row, const DetectorChoice& choice);
    void settleBoxes(std::span<const float> row, const DetectorChoice& choice);
    void settleParts(std::span<const float> row);
    void readQueries(std::span<const float> row, std::vector<Detection>& found) const;
    void readAnchors(std::span<const float> row, std::vector<Detection>& found) const;
    void readFinal(std::span<const float> row, std::vector<Detection>& found) const;

    DetectorForm m_form = DetectorForm::DetrSigmoid;
    bool m_certain = false, m_probabilities = false, m_objectness = false, m_pixels = false;
    BoxForm m_boxForm = BoxForm::Centre;
    DetectorChoice m_choice;
    std::size_t m_scores = 0, m_boxes = 0;          ///< numbers of the outputs, the same but in forms of parts
    std::optional<std::size_t> m_labels, m_number;  ///< FinalParts: outputs of classes, and of how many there are
    bool m_named = true;                            ///< FinalParts: names tell scores and classes apart
    std::size_t m_candidates = 0, m_scoreCount = 0; ///< of a candidate: logits, or all columns
    Outputs m_outputs;
};

/// How a detection task reads its outputs, not yet settled; null: another task.
const DetectionReader* detectionReader(const Task& task);

} // namespace qs::tasks
