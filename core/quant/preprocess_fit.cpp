#include "core/quant/preprocess_fit.h"
#include "core/exec/run_images.h"

#include "core/exec/image_subset.h"
#include "core/exec/output_form.h"
#include "core/quant/logits.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <vector>

namespace qs::quant {

namespace {

constexpr std::size_t kFirst = 8;
constexpr std::size_t kFewest = 16;
constexpr std::size_t kImages = 32;
constexpr double kNats = 0.3;
constexpr double kStudent = 4.5;

/// At most kImages of the labelled images before `count`, evenly spread.
std::vector<std::size_t> labelledImages(const exec::ImageSource& images, std::size_t count)
{
    std::vector<std::size_t> labelled;
    for (std::size_t i = 0; i < count; ++i)
        if (images.label(i))
            labelled.push_back(i);
    std::vector<std::size_t> chosen(std::min(kImages, labelled.size()));
    for (std::size_t i = 0; i < chosen.size(); ++i)
        chosen[i] = labelled[i * labelled.size() / chosen.size()];
    return chosen;
}

/// Every fourth comes first, so that the first eight are spread as all are.
std::vector<std::size_t> firstOnesSpread(const std::vector<std::size_t>& images)
{
    std::vector<std::size_t> ordered;
    for (std::size_t from = 0; from < kImages / kFirst; ++from)
        for (std::size_t i = from; i < images.size(); i += kImages / kFirst)
            ordered.push_back(images[i]);
    return ordered;
}

/// -log softmax(logits)[label], nats.
double negativeLogLikelihood(std::span<const float> logits, int label)
{
    return -std::log(std::max(1e-30, softmax(logits)[static_cast<std::size_t>(label)]));
}

struct Lead {
    double mean = 0; ///< nats
    double student = 0;
};

Lead leadOf(const std::vector<double>& differences)
{
    const auto n = static_cast<double>(differences.size());
    double sum = 0, squares = 0;
    for (const double d : differences)
        sum += d;
    const double mean = sum / n;
    for (const double d : differences)
        squares += (d - mean) * (d - mean);
    const double error = std::sqrt(squares / (n - 1) / n);
    return {mean, error > 0 ? mean / error : 0};
}

/// An alternative's images: how much better their labels are told, and how well.
struct Tried {
    std::vector<double> differences{}; ///< nats, own less other
    double sum = 0;                    ///< nats, of the other

    bool beatsChance(std::size_t classes) const
    {
        return sum / static_cast<double>(differences.size()) < std::log(static_cast<double>(classes)) - kNats;
    }
};

/// Adds the images of `chosen` up to `end`.
Result<void> tryMore(const exec::Program& program, const exec::ImageSource& alternative, const Tensor& ownLogits,
                     const exec::OutputForm form, const std::vector<std::size_t>& chosen, std::size_t end,
                     Tried& tried, const Context& context)
{
    const std::size_t begin = tried.differences.size();
    const exec::ImageSubset subset(alternative, {chosen.begin() + static_cast<std::ptrdiff_t>(begin),
                                                 chosen.begin() + static_cast<std::ptrdiff_t>(end)});
    QS_ASSIGN(const Tensor outputs,
              exec::runImages(program, subset, 0, subset.size(), context, "trying other preprocessings"));
    const Tensor logits = exec::asLogits(outputs, form);
    const auto classes = static_cast<std::size_t>(logits.shape().back());
    for (std::size_t i = begin; i < end; ++i) {
        const int label = *alternative.label(chosen[i]);
        const double other = negativeLogLikelihood(logits.floats().subspan((i - begin) * classes, classes), label);
        tried.sum += other;
        tried.differences.push_back(
            negativeLogLikelihood(ownLogits.floats().subspan(chosen[i] * classes, classes), label) - other);
    }
    return {};
}

} // namespace

Result<std::optional<Doubt>> preprocessingDoubt(const graph::Graph& graph, const exec::Program& program,
                                                const exec::ImageSource& images, std::size_t count, const Tensor& own,
                                                const Context& context)
{
    const auto chosen = firstOnesSpread(labelledImages(images, count));
    if (chosen.size() < kFewest)
        return std::nullopt;
    const exec::OutputForm form = exec::outputForm(graph, own);
    const Tensor ownLogits = exec::asLogits(own, form);
    const auto classes = static_cast<std::size_t>(own.shape().back());
    std::optional<Doubt> found;
    double best = 0;
    for (const exec::AlternativeImages& other : images.alternatives()) {
        Tried tried;
        Lead lead;
        for (const std::size_t upTo : {kFirst, chosen.size()}) {
            auto compared = tryMore(program, *other.images, ownLogits, form, chosen, upTo, tried, context);
            if (!compared && compared.error().code == ErrorCode::NotFinite) {
                lead = {};
                break;
            }
            QS_CHECK(compared);
            lead = leadOf(tried.differences);
            if (lead.mean < kNats || lead.student < 1 || upTo == chosen.size())
                break;
        }
        if (lead.mean <= std::max(kNats, best) || lead.student <= kStudent || !tried.beatsChance(classes))
            continue;
        best = lead.mean;
        std::array<char, 64> nats{};
        std::snprintf(nats.data(), nats.size(), "%.2f", lead.mean);
        found = Doubt{DoubtKind::Preprocessing,
                      "the float network tells the labels clearly better when pixels are normalised as by '" +
                          other.name + "': by " + nats.data() + " nats of log likelihood on " +
                          std::to_string(tried.differences.size()) + " images",
                      other.options,
                      {{"nats", lead.mean},
                       {"student_t", lead.student},
                       {"images", static_cast<double>(tried.differences.size())}}};
    }
    return found;
}

} // namespace qs::quant
