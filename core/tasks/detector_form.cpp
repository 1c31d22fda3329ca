#include "core/tasks/detections.h"
#include "core/tasks/shapes.h"

#include <algorithm>
#include <array>
#include <cmath>

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

std::optional<DetectionReader> DetectionReader::guess(const Outputs& outputs)
{
    std::vector<Table> tables;
    bool pictures = false; // prototypes of masks, say: columns then hold more than classes
    for (std::size_t i = 0; i < outputs.layout.size(); ++i) {
        if (const auto table = tableOf(outputs, i))
            tables.push_back(*table);
        const auto planes = planesOf(outputs.layout[i]);
        pictures |= planes && planes->channels > 1 && !tableOf(outputs, i);
    }
    DetectionReader reader;
    reader.m_outputs = outputs;
    if (const auto pair = pairOf(outputs, tables)) {
        reader.m_scores = pair->scores.output;
        reader.m_boxes = pair->boxes.output;
        reader.m_candidates = pair->boxes.rows;
        reader.m_scoreCount = pair->scores.columns;
        reader.m_certain = pair->named == 2 || outputs.layout.size() == 2;
        return reader;
    }
    if (tables.size() != 1 || pictures)
        return std::nullopt;
    const Table& table = tables[0];
    const auto as = [&](DetectorForm form, std::size_t candidates, std::size_t columns, bool certain) {
        reader.m_form = form;
        reader.m_scores = reader.m_boxes = table.output;
        reader.m_candidates = candidates;
        reader.m_scoreCount = columns;
        reader.m_certain = certain;
        return reader;
    };
    const auto columns = [&](bool certain) {
        return as(DetectorForm::YoloColumns, table.columns, table.rows, certain);
    };
    const auto rows = [&](bool certain) { return as(DetectorForm::YoloRows, table.rows, table.columns, certain); };
    const bool named = nameHas(outputs.layout[table.output].name, {"detect", "yolo", "box"});
    if (table.rows >= 5 && anchorsOf(outputs, table.columns))
        return columns(true);
    if (table.columns >= 6 && anchorsOf(outputs, table.rows))
        return rows(true);
    if (table.columns == 6)
        return as(DetectorForm::Suppressed, table.rows, 6, true);
    if (table.rows >= 5 && table.columns >= 4 * table.rows)
        return columns(named);
    if (table.columns >= 6 && table.rows >= 4 * table.columns)
        return rows(named);
    return std::nullopt;
}

DetectionReader DetectionReader::settled(std::span<const float> row) const
{
    DetectionReader reader = *this;
    if (m_form != DetectorForm::DetrSoftmax && m_form != DetectorForm::DetrSigmoid)
        return reader;
    const DetectionField field = scores();
    const auto all = m_outputs.layout[m_scores].of(row);
    reader.m_probabilities = std::ranges::all_of(all, [](float value) { return value >= 0 && value <= 1; });
    std::size_t nothing = 0, whole = 0;
    for (std::size_t query = 0; query < m_candidates; ++query) {
        const auto logits = row.subspan(field.at(query, 0), field.count);
        const double most = *std::ranges::max_element(logits);
        double sum = 0, softmaxed = 0;
        for (const float logit : logits) {
            sum += logit;
            softmaxed += std::exp(logit - most);
        }
        nothing += std::exp(logits.back() - most) > 0.5 * softmaxed ? 1 : 0;
        whole += std::abs(sum - 1) < 1e-3 ? 1 : 0;
    }
    // By chance one query in `classes` has its last class best; images full of objects leave few queries for nothing.
    const auto queries = static_cast<double>(m_candidates);
    const double least = std::max(0.25, 1.5 / static_cast<double>(field.count));
    const bool softmax =
        reader.m_probabilities ? whole == m_candidates : static_cast<double>(nothing) > least * queries;
    reader.m_form = softmax && field.count > 1 ? DetectorForm::DetrSoftmax : DetectorForm::DetrSigmoid;
    return reader;
}

std::size_t DetectionReader::classes() const
{
    switch (m_form) {
    case DetectorForm::DetrSoftmax:
        return m_scoreCount - 1;
    case DetectorForm::DetrSigmoid:
        return m_scoreCount;
    case DetectorForm::YoloColumns:
        return m_scoreCount - 4;
    case DetectorForm::YoloRows:
        return m_scoreCount - 5;
    case DetectorForm::Suppressed:
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
        return {first, m_scoreCount, m_scoreCount, 1};
    case DetectorForm::YoloColumns:
        return {first + 4 * m_candidates, m_scoreCount - 4, 1, m_candidates};
    case DetectorForm::YoloRows:
        return {first + 4, m_scoreCount - 4, m_scoreCount, 1};
    case DetectorForm::Suppressed:
        return {first + 4, 1, m_scoreCount, 1};
    }
    return {};
}

} // namespace qs::tasks
