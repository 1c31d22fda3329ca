#include "core/search/evaluator.h"

#include <cassert>
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

Evaluator::Evaluator(const graph::Network& network, const exec::ImageSource& images,
                     std::shared_ptr<exec::WeightCache> weights, std::size_t checkpointBytes)
    : m_network(network), m_images(images), m_weights(weights ? std::move(weights) : exec::makeWeightCache()),
      m_checkpointBytes(checkpointBytes)
{
}

Result<exec::Program> Evaluator::compile(const exec::Simulation& simulation) const
{
    return exec::Program::compile(m_network, simulation, {m_weights, {}});
}

Result<Tensor> Evaluator::rebase(const exec::Simulation& simulation, const Context& context)
{
    if (context.execution == Execution::Reference)
        return fail(ErrorCode::InvalidArgument,
                    "a search would take days in the reference execution; evaluate and export take it",
                    "--execution reference");
    QS_ASSIGN(const exec::Program program, compile(simulation));
    if (m_runner) {
        QS_CHECK(m_runner->rebase(program, silent(context), kStage));
    } else {
        auto runner = exec::IncrementalRunner::create(program, m_images, m_images.size(), {m_checkpointBytes},
                                                      silent(context), kStage);
        if (!runner)
            return tl::unexpected<Error>(std::move(runner.error()));
        m_runner.emplace(std::move(*runner));
    }
    return m_runner->logits();
}

Result<Tensor> Evaluator::run(const exec::Simulation& simulation, const Context& context) const
{
    assert(m_runner);
    QS_ASSIGN(const exec::Program program, compile(simulation));
    return m_runner->run(program, silent(context), kStage);
}

Result<double> Evaluator::costOf(const exec::Simulation& simulation) const
{
    QS_ASSIGN(const exec::Program program, compile(simulation));
    return m_runner->costOf(program);
}

double Evaluator::costOf(SiteId site) const
{
    return m_runner->costOf(site);
}

} // namespace qs::search
