#include "core/stats/importance.h"

#include "core/exec/gradient.h"
#include "core/exec/output_form.h"
#include "core/stats/image_names.h"
#include "core/stats/reservoir.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>
#include <vector>

namespace qs::stats {

namespace {

/// Logits whose softmax is 1 at the class that is drawn and 0 elsewhere: KL to them is -log q_k.
constexpr float kNever = -1e4F;

Tensor drawnClasses(const graph::Graph& graph, const Tensor& outputs, uint64_t seed)
{
    const Tensor logits = exec::asLogits(outputs, exec::outputForm(graph, outputs));
    const auto classes = static_cast<std::size_t>(logits.shape()[1]);
    std::vector<float> drawn(logits.floats().size(), kNever);
    for (std::size_t i = 0; i * classes < drawn.size(); ++i) {
        const auto row = logits.floats().subspan(i * classes, classes);
        const double most = *std::ranges::max_element(row);
        double sum = 0;
        for (const float z : row)
            sum += std::exp(z - most);
        double left = sum * static_cast<double>(mixed(seed, i) >> 11) * 0x1p-53;
        std::size_t k = 0;
        while (k + 1 < classes && (left -= std::exp(row[k] - most)) >= 0)
            ++k;
        drawn[i * classes + k] = 0;
    }
    return Tensor::fromFloats(logits.shape(), drawn);
}

/// Sums of squared gradients of an operator's outputs.
struct Sums {
    NodeId node;
    std::size_t parts = 1;        ///< linear layer: outputs; product: slices of a run
    std::size_t run = 1;          ///< adjacent numbers of a part
    std::vector<double> sums;     ///< [parts]
    double count = 0;             ///< of numbers, by part
    std::vector<std::size_t> use; ///< the part of each sampled slice; empty: every part is used as it is
};

class Gatherer {
public:
    Gatherer(const Calibration& calibration, const graph::Network& network)
    {
        for (const graph::Site& site : network.sites)
            for (const graph::Use& use : site.uses) {
                const graph::Node& node = network.graph.node(use.node);
                if (site.kind != graph::SiteKind::Activation || use.input != 0 || node.op != "Linear")
                    continue;
                const Shape& shape = network.graph.value(node.outputs[0]).shape;
                add({use.node, static_cast<std::size_t>(shape[shape.rank() - 1]), 1, {}, 0, {}}, node);
            }
        const auto runs = calibration.images / static_cast<std::size_t>(network.graph.batch());
        for (const ProductChoice& choice : productChoices(network.sites, runs, calibration.seed)) {
            Sums sums{choice.node, choice.slices, choice.rows * choice.columns, {}, 0, {}};
            for (const std::size_t slice : choice.chosen)
                sums.use.push_back(slice % choice.slices);
            add(std::move(sums), network.graph.node(choice.node));
        }
    }

    const std::vector<TensorId>& wanted() const { return m_wanted; }

    void take(std::span<const Tensor> gradients)
    {
        for (std::size_t w = 0; w < m_sums.size(); ++w) {
            Sums& sums = m_sums[w];
            const auto gradient = gradients[w].floats();
            for (std::size_t i = 0; i < gradient.size(); ++i)
                sums.sums[i / sums.run % sums.parts] += static_cast<double>(gradient[i]) * gradient[i];
            sums.count += static_cast<double>(gradient.size() / sums.parts);
        }
    }

    /// Means, divided by their mean over all layers; empty where all are 0.
    std::vector<Importance> finish() const
    {
        double total = 0;
        double count = 0;
        for (const Sums& sums : m_sums) {
            for (const double sum : sums.sums)
                total += sum;
            count += sums.count * static_cast<double>(sums.parts);
        }
        std::vector<Importance> result;
        if (!(total > 0) || !std::isfinite(total))
            return result;
        for (const Sums& sums : m_sums) {
            std::vector<float> means;
            for (const double sum : sums.sums)
                means.push_back(static_cast<float>(sum / sums.count * (count / total)));
            std::vector<float> values;
            for (const std::size_t part : sums.use)
                values.push_back(means[part]);
            result.push_back({sums.node, sums.use.empty() ? std::move(means) : std::move(values)});
        }
        return result;
    }

private:
    void add(Sums sums, const graph::Node& node)
    {
        sums.sums.resize(sums.parts);
        m_sums.push_back(std::move(sums));
        m_wanted.push_back(node.outputs[0]);
    }

    std::vector<Sums> m_sums;
    std::vector<TensorId> m_wanted;
};

} // namespace

Result<std::shared_ptr<const Calibration>> withImportances(const Calibration& calibration,
                                                           const graph::Network& network,
                                                           const exec::ImageSource& images,
                                                           const exec::Simulation* quantized, const Context& context)
{
    if (images.size() != calibration.images || hashOfNames(images) != calibration.imagesHash)
        return fail(ErrorCode::InvalidArgument, "importances need the images of the calibration");
    Gatherer gatherer(calibration, network);
    QS_ASSIGN(const auto program, exec::GradientProgram::compile(network, quantized ? *quantized : exec::Simulation{},
                                                                 gatherer.wanted()));
    const Tensor reference =
        quantized ? calibration.logits : drawnClasses(network.graph, calibration.logits, calibration.seed);
    QS_ASSIGN([[maybe_unused]] const double loss,
              exec::lossGradients(program, images, 0, images.size(), reference, context, "gradients",
                                  [&](const exec::GradientBatch& batch) -> Result<void> {
                                      gatherer.take(batch.gradients);
                                      return {};
                                  }));
    auto result = std::make_shared<Calibration>(calibration);
    result->importances = gatherer.finish();
    if (result->importances.empty())
        return fail(ErrorCode::InvalidArgument, "the loss has no derivative by any layer: no importances");
    return result;
}

std::span<const float> importanceOf(const Calibration& calibration, NodeId node)
{
    const auto found = std::ranges::find(calibration.importances, node, &Importance::node);
    return found == calibration.importances.end() ? std::span<const float>() : found->values;
}

} // namespace qs::stats
