// Outputs of detectors, made by hand.
#pragma once

#include "core/tasks/detections.h"

#include <algorithm>
#include <span>
#include <string>
#include <vector>

namespace qs::tasks {

struct NamedShape {
    std::string name;
    Shape shape;
};

inline Outputs outputsOf(std::vector<NamedShape> list, int64_t height, int64_t width)
{
    Outputs outputs{{}, height, width};
    std::size_t first = 0;
    for (NamedShape& one : list) {
        const auto size = static_cast<std::size_t>(one.shape.elements());
        outputs.layout.push_back({std::move(one.name), one.shape, first, size});
        first += size;
    }
    return outputs;
}

inline std::size_t rowSize(const Outputs& outputs)
{
    return outputs.layout.back().first + outputs.layout.back().size;
}

/// Logits [queries, classes] and boxes at the centre.
struct Detr {
    Outputs outputs;
    std::vector<float> row;
    DetectionReader reader;

    Detr(int64_t queries, int64_t classes)
        : outputs(outputsOf({{"logits", {queries, classes}}, {"boxes", {queries, 4}}}, 100, 200)),
          row(rowSize(outputs), 0.5F), reader(*DetectionReader::guess(outputs))
    {
    }
    std::span<float> logits(std::size_t query)
    {
        return std::span(row).subspan(reader.scores().at(query, 0), reader.scores().count);
    }
    std::span<float> box(std::size_t query) { return std::span(row).subspan(reader.boxes().at(query, 0), 4); }
};

/// YOLO's outputs of 64 × 64 pixels: 64 + 16 + 4 anchors, two classes.
struct Yolo {
    Outputs outputs;
    std::vector<float> row;
    DetectionReader reader;

    explicit Yolo(bool columns)
        : outputs(outputsOf({{"output0", columns ? Shape{6, 84} : Shape{84, 7}}}, 64, 64)),
          row(rowSize(outputs), 0.0F), reader(*DetectionReader::guess(outputs))
    {
    }
    void set(std::size_t anchor, std::vector<float> box, std::vector<float> scores)
    {
        for (std::size_t k = 0; k < 4; ++k)
            row[reader.boxes().at(anchor, k)] = box[k];
        for (std::size_t k = 0; k < reader.scores().count; ++k)
            row[reader.scores().at(anchor, k)] = scores[k];
    }
};

} // namespace qs::tasks
