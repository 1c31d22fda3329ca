#include "core/stats/calibrate.h"
#include "core/exec/run_images.h"
#include "core/stats/calibration.h"

#include "core/exec/image_subset.h"
#include "core/stats/collector.h"
#include "core/stats/image_names.h"

#include <algorithm>
#include <string>
#include <utility>

namespace qs::stats {

namespace {

constexpr std::string_view kStage = "calibrating";

/// Runs between two points where all threads meet: bounds what waits for a slow run before it.
std::size_t windowRuns(int threads)
{
    return std::max<std::size_t>(32, 8 * static_cast<std::size_t>(threads));
}

} // namespace

Result<std::shared_ptr<const Calibration>> calibrate(const graph::Network& network, const exec::ImageSource& images,
                                                     const CalibrationOptions& options, const Context& context)
{
    const std::size_t first = std::min(options.firstImage, images.size());
    const std::size_t total = std::min(options.images, images.size() - first);
    if (total == 0)
        return fail(ErrorCode::InvalidArgument, "there are no images to calibrate on");
    const auto batch = static_cast<std::size_t>(network.graph.batch());
    if (total % batch != 0)
        return fail(ErrorCode::InvalidArgument,
                    "the model takes " + std::to_string(batch) + " images at once: calibrate on a multiple of that");
    const auto all = exec::ImageSubset::range(images, first, total);

    exec::Program::Options compileOptions;
    compileOptions.execution = context.execution;
    for (const graph::Site& site : network.sites)
        if (site.kind == graph::SiteKind::Activation)
            compileOptions.observed.push_back(site.id);
    QS_ASSIGN(const exec::Program program, exec::Program::compile(network, {}, compileOptions));
    Collector collector(network.sites, compileOptions.observed, batch, total / batch, context.threads(),
                        options.sampleRows, context.seed);

    auto result = std::make_shared<Calibration>();
    const std::size_t window = windowRuns(context.threads()) * batch;
    for (std::size_t begin = 0; begin < total; begin += window) {
        const std::size_t count = std::min(window, total - begin);
        Context inner = context;
        inner.report = [&](const Progress& progress) { context.progress(kStage, begin + progress.done, total); };
        collector.startAt(begin / batch);
        auto logits = exec::runImages(program, exec::ImageSubset::range(all, begin, count), 0, count, inner, kStage,
                                      &collector);
        if (const auto bad = collector.notFinite(); bad && (logits || logits.error().code != ErrorCode::Cancelled))
            return fail(ErrorCode::NotFinite,
                        "a value is NaN or infinite, image " + all.name(bad->run * batch) + ": value \"" +
                            network.sites[bad->site].valueName + "\" on its way into node \"" +
                            network.sites[bad->site].nodeName + "\"",
                        network.sites[bad->site].name);
        if (!logits)
            return tl::unexpected<Error>(std::move(logits.error()));
        if (begin == 0)
            result->logits = Tensor(DType::Float32, {static_cast<int64_t>(total), logits->shape()[1]});
        std::ranges::copy(logits->floats(), result->logits.mutableData<float>().begin() +
                                                static_cast<std::ptrdiff_t>(begin) * logits->shape()[1]);
    }
    if (!compileOptions.observed.empty() && collector.runs() != total / batch)
        return fail(ErrorCode::Internal, "a site was not seen in every image");

    result->modelHash = options.modelHash;
    result->preprocess = options.preprocess;
    result->imagesHash = hashOfNames(all);
    result->images = total;
    result->seed = context.seed;
    result->peakBytes = collector.bytes();
    result->sites = collector.finish();
    result->products = collector.finishProducts();
    return result;
}

} // namespace qs::stats
