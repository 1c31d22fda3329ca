#include "core/tasks/bootstrap.h"
#include "core/tasks/coco_ap.h"
#include "core/tasks/coco_match.h"
#include "core/tasks/detection_loss.h"
#include "core/tasks/shapes.h"
#include "core/tasks/task_defs.h"

#include <algorithm>
#include <array>
#include <map>
#include <string>
#include <vector>

namespace qs::tasks {

namespace {

constexpr float kSure = 0.3F;            ///< scores from which a detection of the float network counts as true
constexpr double kSamePlace = 0.5;       ///< IoU from which boxes show the same object
constexpr std::size_t kMostTruths = 100; ///< of an image, as COCO's limit

std::span<const Detection> sureOf(std::span<const Detection> found)
{
    const auto end = std::ranges::find_if(found, [](const Detection& one) { return one.score < kSure; });
    return found.first(std::min(static_cast<std::size_t>(end - found.begin()), kMostTruths));
}

std::vector<TrueBox> asTruth(std::span<const Detection> found)
{
    std::vector<TrueBox> boxes;
    for (const Detection& one : found)
        boxes.push_back({one.x0, one.y0, one.x1, one.y1, one.category, boxArea(one), false});
    return boxes;
}

/// 2 · pairs / (found + wanted) of detections that show the same object, matched greedily by score as in COCO's
/// figures; 1 where both sides are empty.
double f1(std::span<const Detection> found, std::span<const TrueBox> wanted)
{
    struct Category {
        std::vector<const Detection*> found;
        std::vector<const TrueBox*> wanted;
    };
    std::map<int, Category> classes;
    for (const Detection& one : found)
        classes[one.category].found.push_back(&one);
    for (const TrueBox& one : wanted)
        classes[one.category].wanted.push_back(&one);
    if (classes.empty())
        return 1;
    std::ptrdiff_t pairs = 0;
    for (const auto& [id, category] : classes)
        pairs += std::ranges::count_if(matchBoxes({category.found, category.wanted}, kSamePlace),
                                       [](int match) { return match >= 0; });
    return 2 * static_cast<double>(pairs) / static_cast<double>(found.size() + wanted.size());
}

class DetectionMeasurement final : public Measurement {
public:
    explicit DetectionMeasurement(DetectionReader reader) : m_reader(std::move(reader)) {}

    Result<void> add(const Truth& truth, std::span<const float> reference, std::span<const float> row) override
    {
        if (m_same.empty())
            m_reader = m_reader.settled(reference);
        const std::vector<Detection> before = m_reader.read(reference), now = m_reader.read(row);
        const std::vector<TrueBox> wanted = asTruth(sureOf(before));
        // Both cut alike, or a float network compared with itself would find more than is true.
        m_toFloat.add(std::span(now).first(std::min(now.size(), kMostTruths)), wanted);
        m_same.push_back(f1(sureOf(now), wanted));
        const auto* boxes = std::get_if<std::vector<TrueBox>>(&truth);
        if (!boxes)
            return {};
        const std::size_t classes = m_reader.classes();
        for (const TrueBox& box : *boxes)
            if (box.category < 0 || (classes > 0 && static_cast<std::size_t>(box.category) >= classes))
                return fail(ErrorCode::InvalidArgument, "a box has the class " + std::to_string(box.category) +
                                                            ", the model " + std::to_string(classes) + " classes");
        m_quantized.add(now, *boxes);
        m_float.add(before, *boxes);
        return {};
    }

    Measured finish() override
    {
        Measured measured;
        const auto add = [&](const char* key, const char* title, CocoAp& precision,
                             double (CocoAp::*figure)(std::span<const int>)) {
            const auto value = [&](std::span<const int> times) { return (precision.*figure)(times); };
            measured.figures.push_back({key, title, value({}), bootstrap(precision.images(), value), "%", true});
        };
        if (m_quantized.images() > 0) {
            add("coco_ap", "COCO AP", m_quantized, &CocoAp::ap);
            add("coco_ap50", "COCO AP50", m_quantized, &CocoAp::ap50);
            add("float_coco_ap", "COCO AP of float", m_float, &CocoAp::ap);
        }
        add("coco_ap_to_float", "COCO AP to float", m_toFloat, &CocoAp::ap);
        measured.figures.push_back(
            {"f1_to_float", "same boxes (F1)", meanOf(m_same), meanInterval(m_same), "%", true});
        for (const double same : m_same)
            measured.changed.push_back(1 - same);
        return measured;
    }

private:
    DetectionReader m_reader;
    CocoAp m_toFloat, m_quantized, m_float;
    std::vector<double> m_same; ///< F1 by image
};

std::string boxText(const DetectionReader& reader)
{
    const std::string units = reader.pixels() ? " in pixels" : " as fractions of the image";
    switch (reader.boxForm()) {
    case BoxForm::Centre:
        return "centre and size" + units;
    case BoxForm::Corners:
        return "corners (x0 y0 x1 y1)" + units;
    case BoxForm::CornersYx:
        return "corners (y0 x0 y1 x1)" + units;
    }
    return "";
}

std::string formText(const DetectionReader& reader)
{
    const std::string scores =
        (reader.probabilities() ? "probabilities of " : "logits of ") + std::to_string(reader.classes()) + " classes";
    switch (reader.form()) {
    case DetectorForm::DetrSoftmax:
        return "DETR's: " + scores + " and, last, of nothing (softmax); boxes are " + boxText(reader);
    case DetectorForm::DetrSigmoid:
        return "DETR's: " + scores + ", each for itself; boxes are " + boxText(reader);
    case DetectorForm::YoloColumns:
        return "YOLO's: columns of " + boxText(reader) + ", then " + scores + ", without suppression";
    case DetectorForm::YoloRows:
        return "YOLO's: rows of " + boxText(reader) + (reader.objectness() ? ", objectness, then " : ", then ") +
               scores + ", without suppression";
    case DetectorForm::YoloParts:
        return "YOLO's: boxes are " + boxText(reader) + "; " + scores + ", without suppression";
    case DetectorForm::Suppressed:
        return "final detections: rows of " + boxText(reader) + ", score, class";
    case DetectorForm::FinalParts:
        return "final detections: boxes are " + boxText(reader) + "; a score" +
               (reader.labels() ? " and a class" : "") + " each";
    }
    return "";
}

DetectorChoice choiceOf(const TaskSettings& settings)
{
    DetectorChoice choice;
    const auto is = [&](std::string_view name, std::string_view value) {
        const auto found = settings.options.find(name);
        return found != settings.options.end() && found->second == value;
    };
    if (is("form", "detr"))
        choice.family = DetectorChoice::Family::Detr;
    if (is("form", "yolo"))
        choice.family = DetectorChoice::Family::Yolo;
    if (is("form", "final"))
        choice.family = DetectorChoice::Family::Final;
    for (const bool yes : {true, false}) {
        if (is("objectness", yes ? "yes" : "no"))
            choice.objectness = yes;
        if (is("nothing", yes ? "last" : "none"))
            choice.softmax = yes;
        if (is("scores", yes ? "probabilities" : "logits"))
            choice.probabilities = yes;
        if (is("units", yes ? "pixels" : "fractions"))
            choice.pixels = yes;
    }
    if (is("boxes", "centre"))
        choice.boxes = BoxForm::Centre;
    if (is("boxes", "corners"))
        choice.boxes = BoxForm::Corners;
    if (is("boxes", "corners-yx"))
        choice.boxes = BoxForm::CornersYx;
    return choice;
}

class DetectionTask final : public Task {
public:
    DetectionTask(Outputs outputs, DetectionReader reader) : Task(std::move(outputs)), m_reader(std::move(reader)) {}

    std::unique_ptr<Measurement> measure() const override { return std::make_unique<DetectionMeasurement>(m_reader); }

    double loss(std::span<const float> reference, std::span<const float> row,
                std::span<float> gradient) const override
    {
        std::ranges::fill(gradient, 0.0F);
        return detectionLoss(m_reader.settled(reference), reference, row, gradient);
    }

    const DetectionReader& reader() const { return m_reader; }
    std::optional<int64_t> classes() const override
    {
        return m_reader.classes() > 0 ? std::optional(static_cast<int64_t>(m_reader.classes())) : std::nullopt;
    }
    Reading read(std::span<const float> reference, std::span<const float> row) const override
    {
        const std::vector<Detection> found = m_reader.settled(reference).read(row);
        const auto sure = sureOf(found);
        return FoundBoxes{{sure.begin(), sure.end()}};
    }

    std::vector<Doubt> assumed(std::span<const float> row) const override
    {
        const DetectionReader reader = m_reader.settled(row);
        return {
            {DoubtKind::Assumption,
             "the outputs are read as " + formText(reader),
             "--task-option NAME=VALUE (form, nothing, objectness, scores, boxes, units), --task NAME and --output "
             "NAME choose otherwise",
             {{"candidates", static_cast<double>(reader.candidates())},
              {"classes", static_cast<double>(reader.classes())}}}};
    }

private:
    DetectionReader m_reader;
};

double fits(const Outputs& outputs)
{
    const auto reader = DetectionReader::guess(outputs);
    if (!reader)
        return 0;
    return reader->certain() ? 0.95 : 0.05;
}

Result<std::shared_ptr<const Task>> make(const Outputs& outputs, const TaskSettings& settings)
{
    const auto reader = DetectionReader::guess(outputs, choiceOf(settings));
    if (!reader)
        return fail(
            ErrorCode::InvalidArgument,
            "detection needs logits [batch, queries, classes] and boxes [batch, queries, 4]; or one output of "
            "[batch, 4 + classes, anchors], [batch, anchors, 5 + classes] or [batch, boxes, 6]; or boxes [batch, "
            "boxes, 4] with scores and classes [batch, boxes]; there are " +
                describe(outputs) + ". --output NAME chooses");
    return std::make_shared<const DetectionTask>(outputs, *reader);
}

} // namespace

const DetectionReader* detectionReader(const Task& task)
{
    const auto* detection = dynamic_cast<const DetectionTask*>(&task);
    return detection ? &detection->reader() : nullptr;
}

const TaskDef& detectionTask()
{
    static constexpr std::array options{
        TaskOption{"form", "detr yolo final", "queries; anchors before suppression; detections after it"},
        TaskOption{"nothing", "last none", "detr: the last class is nothing (softmax), or none is (sigmoid)"},
        TaskOption{"objectness", "yes no", "yolo: rows have an objectness before the classes"},
        TaskOption{"scores", "logits probabilities", "what the scores of classes are"},
        TaskOption{"boxes", "centre corners corners-yx", "centre and size; x0 y0 x1 y1; y0 x0 y1 x1"},
        TaskOption{"units", "pixels fractions", "of the boxes: pixels of the input, or fractions of it"},
    };
    static constexpr TaskDef def{"detection",
                                 "Detection",
                                 "Boxes with classes, as DETR and YOLO write them: COCO AP with the float network's "
                                 "detections as truth; COCO AP and AP50 with labels.",
                                 fits,
                                 make,
                                 "boxes",
                                 options,
                                 false,
                                 "boxes that are not the same (1 − F1)",
                                 0,
                                 "class KL + L1 of boxes"};
    return def;
}

} // namespace qs::tasks
