#pragma once

#include "core/base/doubt.h"
#include "core/stats/proportion.h"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace qs::tasks {

/// One number of an evaluation, with what is needed to show it.
struct Figure {
    std::string key;   ///< stable, of files: "miou", "top1", "coco_ap"
    std::string title; ///< for people: "mIoU", "top-1", "COCO AP"
    double value = 0;  ///< shares as fractions; not finite: there is none (no labels of it, say)
    std::optional<stats::Interval> interval{}; ///< 95 %: Wilson's of shares of images, else by bootstrap over images
    std::string unit;                          ///< "%" (of a fraction), "dB", "nats", "" (a number)
    bool higherIsBetter = true;
    friend bool operator==(const Figure&, const Figure&) = default;
};

/// "66.67 % (58.80 to 73.70)", "28.4 dB", "0.99983": the value with its unit and its interval; "none" where there is
/// none.
std::string figureText(const Figure& figure);

/// What a task measured on a set of images.
struct Measured {
    /// The first is the headline. Figures against labels come before those against the float network.
    std::vector<Figure> figures;
    /// By image, how much of it is no longer as in the float network: 0 nothing … 1 everything. Of each image alone.
    std::vector<double> changed;
    std::vector<Doubt> doubts; ///< of the truths, as the figures show
    const Figure* find(std::string_view key) const
    {
        for (const Figure& figure : figures)
            if (figure.key == key)
                return &figure;
        return nullptr;
    }
};

} // namespace qs::tasks
