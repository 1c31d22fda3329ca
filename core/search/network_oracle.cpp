#include "core/search/network_oracle.h"
#include "core/quant/resolve.h"

#include "core/quant/logits.h"

#include <algorithm>
#include <atomic>
#include <thread>
#include <utility>

namespace qs::search {

quant::Recipe withBits(quant::Recipe recipe, const graph::SiteTable& sites, std::span<const SiteId> units,
                       std::span<const int> bits)
{
    for (std::size_t i = 0; i < units.size(); ++i)
        recipe.overrides[sites[units[i]].name].bits = bits[i];
    return recipe;
}

double Yardstick::lossOf(const Tensor& logits) const
{
    if (loss)
        return loss->of(logits);
    const auto classes = static_cast<std::size_t>(logits.shape()[1]);
    std::size_t labelled = 0;
    std::size_t wrong = 0;
    for (std::size_t i = 0; i < labels.size(); ++i) {
        if (!labels[i])
            continue;
        ++labelled;
        wrong += quant::topClasses(logits.floats().subspan(i * classes, classes), 1)[0] != *labels[i] ? 1 : 0;
    }
    return static_cast<double>(wrong) / static_cast<double>(labelled);
}

NetworkOracle::NetworkOracle(Subject subject, Evaluator evaluator, Yardstick yardstick, const Context& context)
    : m_subject(std::move(subject)), m_evaluator(std::move(evaluator)), m_yardstick(std::move(yardstick)),
      m_context(context)
{
}

Result<std::shared_ptr<const quant::Plan>> NetworkOracle::resolve(std::span<const int> bits,
                                                                  const Context& context) const
{
    auto recipe = withBits(m_subject.recipe, m_subject.network.sites, m_subject.units, bits);
    if (m_restInFloat) {
        const std::vector<int> inFloat(m_subject.rest.size(), quant::kFloatBits);
        recipe = withBits(std::move(recipe), m_subject.network.sites, m_subject.rest, inFloat);
    }
    return quant::resolve(m_subject.network, m_subject.calibration, std::move(recipe), m_plan.get(), context);
}

Result<double> NetworkOracle::moveTo(std::span<const int> bits)
{
    return move(bits, false);
}

Result<double> NetworkOracle::moveToReference(std::span<const int> bits)
{
    return move(bits, true);
}

Result<double> NetworkOracle::move(std::span<const int> bits, bool restInFloat)
{
    const bool sameRest = std::exchange(m_restInFloat, restInFloat) == restInFloat;
    QS_ASSIGN(auto plan, resolve(bits, m_context));
    std::optional<double> known;
    if (m_plan && sameRest) {
        const auto first = std::ranges::mismatch(m_bits, bits);
        const auto unit = static_cast<std::size_t>(first.in1 - m_bits.begin());
        if (unit < bits.size() && std::equal(first.in1 + 1, m_bits.end(), first.in2 + 1))
            if (const auto found = m_seen.find({unit, bits[unit]}); found != m_seen.end())
                known = found->second;
    }
    if (known) {
        QS_ASSIGN(m_pending, m_evaluator.costOf(plan->simulation));
    } else {
        QS_ASSIGN(const Tensor logits, m_evaluator.rebase(plan->simulation, m_context));
        ++m_evaluations;
        m_pending = 0;
        m_wasted = 0;
        known = m_yardstick.lossOf(logits);
    }
    m_plan = std::move(plan);
    m_bits.assign(bits.begin(), bits.end());
    m_seen.clear();
    return *known;
}

Result<void> NetworkOracle::rebaseIfWorth(std::span<const Move> moves)
{
    for (const Move& move : moves)
        m_wasted += std::max(0.0, m_pending - m_evaluator.costOf(m_subject.units[move.unit]));
    if (m_wasted <= m_pending)
        return {};
    QS_CHECK(m_evaluator.rebase(m_plan->simulation, m_context));
    ++m_evaluations;
    m_pending = 0;
    m_wasted = 0;
    return {};
}

Result<double> NetworkOracle::lossAfter(const Move& move, const Context& context) const
{
    auto bits = m_bits;
    bits[move.unit] = move.bits;
    QS_ASSIGN(const auto plan, resolve(bits, context));
    QS_ASSIGN(const Tensor logits, m_evaluator.run(plan->simulation, context));
    return m_yardstick.lossOf(logits);
}

Result<std::vector<double>> NetworkOracle::losses(std::span<const Move> moves, std::string_view stage)
{
    QS_CHECK(rebaseIfWorth(moves));
    Context context;
    context.stop = m_context.stop;
    const bool apart = m_context.pool && moves.size() >= 2 * static_cast<std::size_t>(m_context.threads());
    if (!apart)
        context.pool = m_context.pool;

    std::vector<Result<double>> results(moves.size());
    std::atomic<std::size_t> done{0};
    std::atomic<bool> failed{false};
    const auto caller = std::this_thread::get_id();
    const auto one = [&](std::size_t i, int) {
        if (failed.load(std::memory_order_relaxed))
            return;
        results[i] = lossAfter(moves[i], context);
        if (!results[i])
            failed.store(true);
        const std::size_t finished = done.fetch_add(1) + 1;
        if (!stage.empty() && std::this_thread::get_id() == caller)
            m_context.progress(stage, finished, moves.size());
    };
    if (apart)
        m_context.pool->parallelFor(moves.size(), one);
    else
        for (std::size_t i = 0; i < moves.size(); ++i)
            one(i, 0);
    m_evaluations += done.load();

    std::vector<double> losses;
    for (std::size_t i = 0; i < moves.size(); ++i) {
        if (!results[i])
            return tl::unexpected<Error>(std::move(results[i].error()));
        losses.push_back(*results[i]);
        m_seen[{moves[i].unit, moves[i].bits}] = losses.back();
    }
    return losses;
}

} // namespace qs::search
