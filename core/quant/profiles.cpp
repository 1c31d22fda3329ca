#include "core/quant/profiles.h"
#include "core/exec/run_images.h"
#include "core/kernels/quantize.h"
#include "core/quant/evaluate.h"
#include "core/quant/logits.h"
#include "core/quant/output_loss.h"

#include <algorithm>
#include <optional>
#include <utility>

namespace qs::quant {

namespace {

constexpr std::string_view kAccumulated = "comparing with the float network";
constexpr std::string_view kSensitivity = "measuring sensitivities";

/// Keeps the values of one run of the float network, then measures those of the quantized one against them.
class Comparison final : public exec::Observer {
public:
    explicit Comparison(std::size_t sites) : m_values(sites), m_sums(sites) {}

    void keep() { m_keeping = true; }
    void compare() { m_keeping = false; }
    /// Of the last comparison, by SiteId.
    const std::vector<kernels::ErrorSums>& sums() const { return m_sums; }

    void observe(SiteId site, std::size_t, int, std::span<const float> data) override
    {
        auto& values = m_values[site.index()];
        if (m_keeping)
            values.assign(data.begin(), data.end());
        else
            m_sums[site.index()] = kernels::differenceSums(values, data);
    }

private:
    bool m_keeping = true;
    std::vector<std::vector<float>> m_values;
    std::vector<kernels::ErrorSums> m_sums;
};

struct Worker {
    exec::Workspace workspace;
    std::vector<float> src;
    std::vector<float> dst;
    std::optional<Comparison> comparison;
};

/// The plan's simulation of one site alone; everything else, the bias too, is that of the smoothed float network.
exec::Simulation onlySite(const graph::Site& site, const Plan& plan)
{
    exec::Simulation simulation = plan.smoothed;
    if (site.kind == graph::SiteKind::Activation)
        simulation.activations[site.id.index()] = plan.simulation.activations[site.id.index()];
    else
        for (const graph::Use& use : site.uses)
            simulation.constants[use] = plan[site.id].dequantized;
    return simulation;
}

} // namespace

Result<std::vector<SiteProfile>> accumulatedErrors(const graph::Network& network, const Plan& plan,
                                                   const exec::ImageSource& images, std::size_t count,
                                                   const std::shared_ptr<exec::WeightCache>& weights,
                                                   const Context& context)
{
    exec::Program::Options options;
    options.execution = context.execution;
    options.weights = weights;
    for (const graph::Site& site : network.sites)
        if (site.kind == graph::SiteKind::Activation)
            options.observed.push_back(site.id);
    QS_ASSIGN(const exec::Program original, exec::Program::compile(network, plan.smoothed, options));
    QS_ASSIGN(const exec::Program quantized, exec::Program::compile(network, plan.simulation, options));

    const auto batch = static_cast<std::size_t>(network.graph.batch());
    const std::size_t runs = std::min(count, images.size()) / batch;
    if (runs == 0)
        return fail(ErrorCode::InvalidArgument, "there are no images to compare on");
    std::vector<std::vector<kernels::ErrorSums>> sums(runs);
    std::vector<std::optional<Error>> errors(runs);
    std::vector<Worker> workers(static_cast<std::size_t>(context.threads()));
    const auto one = [&](std::size_t runIndex, int workerNumber) {
        if (context.stopRequested())
            return;
        Worker& worker = workers[static_cast<std::size_t>(workerNumber)];
        if (!worker.comparison)
            worker.comparison.emplace(network.sites.size());
        worker.src.resize(static_cast<std::size_t>(original.inputElements()));
        worker.dst.resize(static_cast<std::size_t>(original.outputElements()));
        const std::size_t size = worker.src.size() / batch;
        for (std::size_t i = 0; i < batch; ++i)
            if (auto loaded = images.load(runIndex * batch + i, {worker.src.data() + i * size, size}); !loaded) {
                errors[runIndex] = std::move(loaded.error());
                return;
            }
        worker.comparison->keep();
        exec::run(original, worker.workspace, worker.src.data(), worker.dst.data(), nullptr, &*worker.comparison,
                  runIndex, workerNumber);
        worker.comparison->compare();
        exec::run(quantized, worker.workspace, worker.src.data(), worker.dst.data(), nullptr, &*worker.comparison,
                  runIndex, workerNumber);
        sums[runIndex] = worker.comparison->sums();
    };
    // A pool's loop of as many runs as threads, so that progress comes from this thread.
    const auto step = static_cast<std::size_t>(context.threads());
    for (std::size_t begin = 0; begin < runs; begin += step) {
        context.progress(kAccumulated, begin * batch, runs * batch);
        const std::size_t part = std::min(step, runs - begin);
        if (context.pool)
            context.pool->parallelFor(part, [&](std::size_t i, int worker) { one(begin + i, worker); });
        else
            one(begin, 0);
        if (context.stopRequested())
            return cancelled();
        for (std::size_t i = begin; i < begin + part; ++i)
            if (errors[i])
                return tl::unexpected<Error>(std::move(*errors[i]));
    }
    context.progress(kAccumulated, runs * batch, runs * batch);

    std::vector<SiteProfile> result;
    for (const SiteId site : options.observed) {
        double signal = 0;
        double error = 0;
        for (const auto& run : sums) {
            signal += run[site.index()].squaredSignal;
            error += run[site.index()].squaredError;
        }
        result.push_back({site, decibels(signal, error), 0, 0});
    }
    return result;
}

Result<std::vector<SiteProfile>> sensitivities(const graph::Network& network, const Plan& plan,
                                               const exec::ImageSource& images, std::size_t count,
                                               const std::shared_ptr<exec::WeightCache>& weights,
                                               const Context& context, const tasks::ChosenTask& task)
{
    count = std::min(count, images.size());
    std::vector<SiteId> quantized;
    for (const graph::Site& site : network.sites)
        if (plan[site.id].quantized())
            quantized.push_back(site.id);

    Context silent = context;
    silent.report = nullptr;
    QS_ASSIGN(const FloatReference reference, floatReference(network, images, count, silent));
    QS_ASSIGN(const OutputLoss loss, OutputLoss::make(network.graph, task, *reference.logits, count));
    exec::Program::Options options;
    options.execution = context.execution;
    options.weights = weights ? weights : exec::makeWeightCache();
    std::vector<SiteProfile> result;
    for (std::size_t i = 0; i < quantized.size(); ++i) {
        context.progress(kSensitivity, i, quantized.size());
        const auto simulation = onlySite(network.sites[quantized[i]], plan);
        QS_ASSIGN(const exec::Program program, exec::Program::compile(network, simulation, options));
        QS_ASSIGN(const Tensor logits, exec::runImages(program, images, 0, count, silent, kSensitivity));
        result.push_back({quantized[i], 0, loss.of(logits), loss.sqnrDb(logits)});
    }
    context.progress(kSensitivity, quantized.size(), quantized.size());
    return result;
}

} // namespace qs::quant
