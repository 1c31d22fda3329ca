#include "core/quant/doubts.h"

#include "core/base/doubt_json.h"
#include "core/base/json_write.h"
#include "core/quant/logits.h"

#include <array>
#include <cmath>
#include <cstdio>
#include <set>

namespace qs::quant {

namespace {

constexpr double kChance = 1e-6;
constexpr std::size_t kClasses = 3;
constexpr double kShare = 0.2;

/// Images whose top-1 is the label moved by `shift`.
struct Hits {
    int shift = 0;
    std::size_t count = 0;
    std::set<int> classes{};
};

/// P(X >= k) for X ~ B(n, 1/2).
double atLeast(std::size_t k, std::size_t n)
{
    const auto logFactorial = [](std::size_t m) { return std::lgamma(static_cast<double>(m) + 1); };
    double sum = 0;
    for (std::size_t i = k; i <= n; ++i)
        sum +=
            std::exp(logFactorial(n) - logFactorial(i) - logFactorial(n - i) - static_cast<double>(n) * std::log(2));
    return sum;
}

std::string percent(std::size_t part, std::size_t whole)
{
    std::array<char, 32> text{};
    std::snprintf(text.data(), text.size(), "%.1f %%",
                  100 * static_cast<double>(part) / static_cast<double>(std::max<std::size_t>(1, whole)));
    return text.data();
}

} // namespace

std::optional<Doubt> labelShift(const Tensor& logits, std::span<const std::optional<int>> labels)
{
    const auto classes = static_cast<std::size_t>(logits.shape().back());
    std::array<Hits, 3> hits{{{0}, {-1}, {1}}};
    std::size_t labelled = 0;
    for (std::size_t i = 0; i < labels.size(); ++i) {
        if (!labels[i])
            continue;
        ++labelled;
        const int top = topClasses(logits.floats().subspan(i * classes, classes), 1)[0];
        for (Hits& one : hits)
            if (top == *labels[i] + one.shift) {
                ++one.count;
                one.classes.insert(top);
            }
    }
    for (const Hits& moved : {hits[1], hits[2]}) {
        if (moved.classes.size() < kClasses ||
            static_cast<double>(moved.count) < kShare * static_cast<double>(labelled) ||
            moved.count <= hits[0].count || atLeast(moved.count, moved.count + hits[0].count) >= kChance)
            continue;
        const std::string by = moved.shift > 0 ? "+1" : "-1";
        return Doubt{DoubtKind::LabelShift,
                     "the labels fit far better when all are moved by " + by + ": float top-1 " +
                         percent(moved.count, labelled) + " instead of " + percent(hits[0].count, labelled) + " of " +
                         std::to_string(labelled) + " images",
                     "--label-offset " + by,
                     {{"shift", moved.shift},
                      {"top1", static_cast<double>(hits[0].count) / static_cast<double>(labelled)},
                      {"top1_moved", static_cast<double>(moved.count) / static_cast<double>(labelled)},
                      {"images", static_cast<double>(labelled)}}};
    }
    return std::nullopt;
}

Doubt placesDoubt()
{
    return {
        DoubtKind::Assumption,
        "the network chooses by its own scores what stands where in its outputs (top-k): SQNR, cosine and largest "
        "difference compare by place, where the quantized network may have the same in another order; figures and "
        "loss of detections do not",
        "",
        {}};
}

std::optional<Doubt> outputDoubt(exec::OutputForm form)
{
    switch (form) {
    case exec::OutputForm::Logits:
        return std::nullopt;
    case exec::OutputForm::Probabilities:
        return Doubt{DoubtKind::Probabilities,
                     "the model's outputs are probabilities, every image's sum is one: KL, SQNR and searches work on "
                     "their logarithm",
                     "",
                     {}};
    case exec::OutputForm::Sigmoids:
        return Doubt{
            DoubtKind::Probabilities,
            "the model's outputs are sigmoids: KL and SQNR work on log(p / (1 - p)), and KL takes the classes as "
            "exclusive",
            "",
            {}};
    }
    return std::nullopt;
}

std::string doubtsToJson(std::span<const Doubt> doubts)
{
    return jsonText(doubtsJson(doubts), -1);
}

} // namespace qs::quant
