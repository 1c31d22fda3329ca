#include "core/tasks/detections.h"
#include "core/tasks/shapes.h"

#include <algorithm>
#include <array>

namespace qs::tasks {

namespace {

/// An output of two axes, axes of 1 in front left out.
struct Table {
    std::size_t output = 0, rows = 0, columns = 0;
};

std::optional<Table> tableOf(const Outputs& outputs, std::size_t output)
{
    const Shape& shape = outputs.layout[output].shape;
    std::size_t first = 0;
    while (shape.rank() - first > 2 && shape[first] == 1)
        ++first;
    if (shape.rank() - first != 2)
        return std::nullopt;
    return Table{output, static_cast<std::size_t>(shape[first]), static_cast<std::size_t>(shape[first + 1])};
}

bool namedBoxes(const std::string& name)
{
    return nameHas(name, {"box"});
}

bool namedScores(const std::string& name)
{
    return nameHas(name, {"logit", "score", "class", "cls", "label", "prob"});
}

/// Whether so many boxes are one, or three, for each cell of maps at strides of 8, 16, 32 (and 64).
bool anchorsOf(const Outputs& outputs, std::size_t count)
{
    int64_t cells = 0;
    for (const int64_t stride : {8, 16, 32, 64}) {
        const auto along = [&](int64_t side) { return (side + stride - 1) / stride; };
        cells += along(outputs.inputHeight) * along(outputs.inputWidth);
        const auto expected = static_cast<std::size_t>(cells);
        if (stride >= 32 && cells > 0 && (count == expected || count == 3 * expected))
            return true;
    }
    return false;
}

struct Pair {
    Table scores, boxes;
    int named = 0; ///< of the two
};

/// A list of numbers, one a box; or one number alone.
std::optional<std::size_t> listOf(const Outputs& outputs, std::size_t output)
{
    return vectorLength(outputs.layout[output]);
}

/// The table of logits and that of boxes, as names say; of equally named ones the first.
std::optional<Pair> pairOf(const Outputs& outputs, std::span<const Table> tables)
{
    std::optional<Pair> best;
    for (const Table& boxes : tables)
        for (const Table& scores : tables) {
            const std::string& name = outputs.layout[scores.output].name;
            if (boxes.output == scores.output || boxes.columns != 4 || boxes.rows != scores.rows ||
                nameHas(name, {"hidden", "feature", "embed", "anchor", "box"}))
                continue;
            const int named = (namedBoxes(outputs.layout[boxes.output].name) ? 1 : 0) + (namedScores(name) ? 1 : 0);
            if (!best || named > best->named)
                best = Pair{scores, boxes, named};
        }
    return best;
}

} // namespace

/// Tries the forms in turn.
class DetectionReader::Guess {
public:
    Guess(const Outputs& outputs, const DetectorChoice& choice) : m_outputs(outputs), m_choice(choice)
    {
        m_reader.m_outputs = outputs;
        m_reader.m_choice = choice;
        for (std::size_t i = 0; i < outputs.layout.size(); ++i) {
            const auto table = tableOf(outputs, i);
            if (table && table->rows > 1)
                m_tables.push_back(*table);
            else if (listOf(outputs, i))
                m_lists.push_back(i);
            const auto planes = planesOf(outputs.layout[i]);
            m_pictures |= planes && planes->channels > 1 && !table;
        }
    }

    std::optional<DetectionReader> make()
    {
        if ((may(DetectorChoice::Family::Final) && finalParts()) || pair() || (m_tables.size() == 1 && single()))
            return m_reader;
        return std::nullopt;
    }

private:
    bool may(DetectorChoice::Family family) const { return !m_choice.family || *m_choice.family == family; }
    bool asked(DetectorChoice::Family family) const { return m_choice.family == family; }

    bool take(DetectorForm form, std::size_t candidates, std::size_t columns, bool certain)
    {
        m_reader.m_form = form;
        m_reader.m_candidates = candidates;
        m_reader.m_scoreCount = columns;
        m_reader.m_certain = certain;
        // COCO's 80 classes alone are 84 columns: YOLOv8's, turned.
        m_reader.m_objectness = form == DetectorForm::YoloRows && m_choice.objectness.value_or(columns != 84);
        m_reader.m_boxForm = m_reader.isFinal() ? BoxForm::Corners : BoxForm::Centre;
        m_reader.m_pixels = !m_reader.isDetr();
        m_reader.m_probabilities = !m_reader.isDetr();
        return true;
    }

    /// Boxes [n, 4] and one or two lists of n numbers; another list of one number says how many there are.
    bool finalParts()
    {
        for (const Table& boxes : m_tables) {
            if (boxes.columns != 4 || nameHas(m_outputs.layout[boxes.output].name, {"hidden", "feature", "embed"}))
                continue;
            std::vector<std::size_t> lists;
            m_reader.m_number.reset();
            for (const std::size_t i : m_lists)
                if (*listOf(m_outputs, i) == boxes.rows)
                    lists.push_back(i);
                else if (*listOf(m_outputs, i) == 1)
                    m_reader.m_number = i;
            if (lists.empty() || lists.size() > 2)
                continue;
            const auto name = [&](std::size_t i) -> const std::string& { return m_outputs.layout[lists[i]].name; };
            const auto classes = [&](std::size_t i) {
                return nameHas(name(i), {"label", "class", "cls", "categor"});
            };
            const auto score = [&](std::size_t i) { return nameHas(name(i), {"score", "conf", "prob"}); };
            const std::size_t scores =
                lists.size() == 2 && (score(1) || (classes(0) && !score(0))) && !score(0) ? 1 : 0;
            m_reader.m_boxes = boxes.output;
            m_reader.m_scores = lists[scores];
            if (lists.size() == 2)
                m_reader.m_labels = lists[1 - scores];
            m_reader.m_named = lists.size() == 1 || score(scores) || classes(1 - scores);
            const bool all = m_outputs.layout.size() == 1 + lists.size() + (m_reader.m_number ? 1 : 0);
            const std::string& boxName = m_outputs.layout[boxes.output].name;
            take(DetectorForm::FinalParts, boxes.rows, 1, all || namedBoxes(boxName));
            if (nameHas(boxName, {"detection_boxes"})) // TensorFlow's
                m_reader.m_boxForm = BoxForm::CornersYx;
            return true;
        }
        return false;
    }

    bool pair()
    {
        const auto found = asked(DetectorChoice::Family::Final) ? std::nullopt : pairOf(m_outputs, m_tables);
        if (!found)
            return false;
        m_reader.m_scores = found->scores.output;
        m_reader.m_boxes = found->boxes.output;
        const bool certain = found->named == 2 || m_outputs.layout.size() == 2;
        const bool anchors = may(DetectorChoice::Family::Yolo) && anchorsOf(m_outputs, found->boxes.rows);
        const bool yolo = asked(DetectorChoice::Family::Yolo) || anchors;
        return take(yolo ? DetectorForm::YoloParts : DetectorForm::DetrSigmoid, found->boxes.rows,
                    found->scores.columns, certain);
    }

    /// One table.
    bool single()
    {
        if (m_pictures || asked(DetectorChoice::Family::Detr))
            return false;
        const Table& table = m_tables[0];
        m_reader.m_scores = m_reader.m_boxes = table.output;
        const auto columns = [&](bool certain) {
            return take(DetectorForm::YoloColumns, table.columns, table.rows, certain);
        };
        const auto rows = [&](bool certain) {
            return take(DetectorForm::YoloRows, table.rows, table.columns, certain);
        };
        const std::size_t least = m_choice.objectness == false ? 5 : 6; // of a row: with one class
        if (may(DetectorChoice::Family::Yolo)) {
            if (table.rows >= 5 && anchorsOf(m_outputs, table.columns))
                return columns(true);
            if (table.columns >= least && anchorsOf(m_outputs, table.rows))
                return rows(true);
        }
        if (may(DetectorChoice::Family::Final) && table.columns == 6)
            return take(DetectorForm::Suppressed, table.rows, 6, true);
        if (!may(DetectorChoice::Family::Yolo))
            return false;
        const bool named = nameHas(m_outputs.layout[table.output].name, {"detect", "yolo", "box"});
        const std::size_t times = asked(DetectorChoice::Family::Yolo) ? 1 : 4;
        if (table.rows >= 5 && table.columns >= times * table.rows)
            return columns(named);
        return table.columns >= least && table.rows >= times * table.columns && rows(named);
    }

    const Outputs& m_outputs;
    const DetectorChoice& m_choice;
    DetectionReader m_reader;
    std::vector<Table> m_tables;
    std::vector<std::size_t> m_lists;
    bool m_pictures = false; ///< prototypes of masks, say: columns then hold more than classes
};

std::optional<DetectionReader> DetectionReader::guess(const Outputs& outputs, const DetectorChoice& choice)
{
    return Guess(outputs, choice).make();
}

std::size_t DetectionReader::classes() const
{
    switch (m_form) {
    case DetectorForm::DetrSoftmax:
        return m_scoreCount - 1;
    case DetectorForm::DetrSigmoid:
    case DetectorForm::YoloParts:
        return m_scoreCount;
    case DetectorForm::YoloColumns:
    case DetectorForm::YoloRows:
        return m_scoreCount - (m_objectness ? 5 : 4);
    case DetectorForm::Suppressed:
    case DetectorForm::FinalParts:
        return 0;
    }
    return 0;
}

DetectionField DetectionReader::boxes() const
{
    const std::size_t first = m_outputs.layout[m_boxes].first;
    switch (m_form) {
    case DetectorForm::DetrSoftmax:
    case DetectorForm::DetrSigmoid:
    case DetectorForm::YoloParts:
    case DetectorForm::FinalParts:
        return {first, 4, 4, 1};
    case DetectorForm::YoloColumns:
        return {first, 4, 1, m_candidates};
    case DetectorForm::YoloRows:
    case DetectorForm::Suppressed:
        return {first, 4, m_scoreCount, 1};
    }
    return {};
}

DetectionField DetectionReader::scores() const
{
    const std::size_t first = m_outputs.layout[m_scores].first;
    switch (m_form) {
    case DetectorForm::DetrSoftmax:
    case DetectorForm::DetrSigmoid:
    case DetectorForm::YoloParts:
        return {first, m_scoreCount, m_scoreCount, 1};
    case DetectorForm::FinalParts:
        return {first, 1, 1, 1};
    case DetectorForm::YoloColumns:
        return {first + 4 * m_candidates, m_scoreCount - 4, 1, m_candidates};
    case DetectorForm::YoloRows:
        return {first + 4, m_scoreCount - 4, m_scoreCount, 1};
    case DetectorForm::Suppressed:
        return {first + 4, 1, m_scoreCount, 1};
    }
    return {};
}

std::optional<DetectionField> DetectionReader::labels() const
{
    if (m_form == DetectorForm::Suppressed)
        return DetectionField{m_outputs.layout[m_boxes].first + 5, 1, m_scoreCount, 1};
    if (m_labels)
        return DetectionField{m_outputs.layout[*m_labels].first, 1, 1, 1};
    return std::nullopt;
}

} // namespace qs::tasks
