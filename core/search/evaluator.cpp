#include "core/search/evaluator.h"

#include <utility>

namespace qs::search {

namespace {

constexpr std::string_view kStage = "searching";

/// Progress of one evaluation is too fine: the search reports its own.
Context silent(const Context& context)
{
    Context result = context;
    result.report = nullptr;
    return result;
}

} // namespace

Evaluator::Evaluator(const graph::Graph& graph, const graph::SiteTable& sites, const exec::ImageSource& images,
                     std::shared_ptr<exec::WeightCache> weights)
    : m_graph(graph), m_sites(sites), m_images(images),
      m_weights(weights ? std::move(weights) : exec::makeWeightCache())
{
}

Result<Tensor> Evaluator::rebase(const exec::Simulation& simulation, const Context& context)
{
    QS_ASSIGN(exec::Program program, exec::Program::compile(m_graph, m_sites, simulation, {m_weights, {}}));
    QS_ASSIGN(Tensor logits, exec::runImages(program, m_images, 0, m_images.size(), silent(context), kStage));
    m_base = std::make_unique<const exec::Program>(std::move(program));
    return logits;
}

Result<Tensor> Evaluator::run(const exec::Simulation& simulation, const Context& context) const
{
    QS_ASSIGN(const exec::Program program, exec::Program::compile(m_graph, m_sites, simulation, {m_weights, {}}));
    return exec::runImages(program, m_images, 0, m_images.size(), silent(context), kStage);
}

} // namespace qs::search
