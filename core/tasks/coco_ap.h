#pragma once

#include "core/tasks/detections.h"
#include "core/tasks/figure.h"
#include "core/tasks/truth.h"

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <vector>

namespace qs::tasks {

/// Average precision of boxes as COCO defines it (cocoapi, PythonAPI/pycocotools/cocoeval.py, useCats = 1): IoU
/// thresholds 0.50, 0.55, … 0.95; precision interpolated at 101 recalls; at most 100 detections of a class in an
/// image; greedy matching by score, of equal scores the earlier first; crowds match any number; areas small <= 32² <=
/// medium <= 96² <= large pixels² of the photograph (what lies on a bound belongs to both). A class without true
/// boxes counts nowhere; -1 (no class has any) is NaN here. Streaming: images are matched when they are added, what
/// is kept is a score and flags a detection (24 bytes).
class CocoAp {
public:
    /// Images in the order of their ids. found: in any order; those with a score or corner that is not finite are
    /// left out. pixelScale: pixels of the photograph for one of the model's input, along one side, by which areas of
    /// detections are compared with COCO's bounds (1 where both are the same).
    void add(std::span<const Detection> found, std::span<const TrueBox> truth, double pixelScale = 1);

    struct Figures {
        double ap = 0, ap50 = 0, ap75 = 0, small = 0, medium = 0, large = 0;
    };
    /// Not const, as the other two: puts in order what was added.
    Figures figures();
    /// AP where image i counts times[i] times (empty: once), for intervals: as if its copies had been added after it,
    /// but for equal scores of one class within one image.
    double ap(std::span<const int> times);
    double ap50(std::span<const int> times); ///< the same at an IoU of 0.5 alone
    std::size_t images() const { return m_images; }

    static constexpr int kThresholds = 10;
    static constexpr std::size_t kMost = 100; ///< detections of a class in an image

private:
    enum Area : std::size_t { All, Small, Medium, Large, kAreas };
    /// Bit t: at threshold t.
    using Flags = std::array<uint16_t, kAreas>;
    struct Entry {
        float score = 0;
        uint32_t image = 0;
        Flags matched{};
        Flags ignored{}; ///< neither right nor wrong
    };
    struct Category {
        std::vector<Entry> entries;
        /// By image that has any: number of true boxes that count, by area.
        std::vector<std::pair<uint32_t, std::array<uint32_t, kAreas>>> truths;
    };
    using ByThreshold = std::array<double, kThresholds>;

    /// Two sides of one class in one image.
    struct Match {
        std::vector<const Detection*> found;
        std::vector<const TrueBox*> truth;
    };
    void add(Match& match, Category& category, double pixelScale) const;
    void sort();
    /// Means over the recalls; nothing: no true box counts.
    static std::optional<ByThreshold> averages(const Category& category, Area area, std::span<const int> times);
    /// Means over the classes; NaN: none has true boxes.
    ByThreshold means(Area area, std::span<const int> times) const;

    std::map<int, Category> m_categories;
    std::size_t m_images = 0;
    bool m_sorted = true;
};

} // namespace qs::tasks
