#include "core/quant/accuracy.h"
#include "core/quant/doubts.h"
#include "core/quant/evaluate.h"

#include <nlohmann/json.hpp>

namespace qs::quant {

namespace {

using Json = nlohmann::ordered_json;

Json imageJson(const ImageResult& image)
{
    Json json{{"name", image.name}};
    if (image.label)
        json["label"] = *image.label;
    if (image.top5.empty())
        return json;
    json["top5"] = image.top5;
    json["top5_probability"] = image.top5Probability;
    json["float_top5"] = image.floatTop5;
    json["float_top5_probability"] = image.floatTop5Probability;
    json["flipped"] = image.flipped();
    return json;
}

} // namespace

std::string evaluationToJson(const Evaluation& evaluation, bool withImages)
{
    Json json{{"images", evaluation.images}, {"labelled", evaluation.labelled}};
    const auto put = [&](const char* key, const std::optional<double>& value) {
        if (value)
            json[key] = *value;
    };
    put("top1", evaluation.top1);
    put("top5", evaluation.top5);
    put("float_top1", evaluation.floatTop1);
    put("float_top5", evaluation.floatTop5);
    // 95 % intervals: [low, high].
    const auto putInterval = [&](const char* key, const std::optional<stats::Interval>& interval) {
        if (interval)
            json[key] = {interval->low, interval->high};
    };
    putInterval("top1_interval", top1Interval(evaluation));
    putInterval("top5_interval", top5Interval(evaluation));
    putInterval("float_top1_interval", floatTop1Interval(evaluation));
    if (evaluation.top1 && evaluation.floatTop1 && !evaluation.isFloat) {
        json["top1_difference"] = *evaluation.top1 - *evaluation.floatTop1;
        putInterval("top1_difference_interval", dropInterval(evaluation));
    }
    if (evaluation.lost && evaluation.gained) {
        json["lost"] = *evaluation.lost;
        json["gained"] = *evaluation.gained;
    }
    json["on_calibration_images"] = evaluation.onCalibrationImages;
    json["scores"] = evaluation.scores;
    if (evaluation.scores)
        json["agreement"] = evaluation.agreement;
    putInterval("agreement_interval", agreementInterval(evaluation));
    json["logit_sqnr_db"] = evaluation.logitSqnrDb; // null where infinite: JSON has no infinity
    json["cosine"] = evaluation.cosine;
    json["max_difference"] = evaluation.maxDifference;
    if (evaluation.scores)
        json["kl_divergence"] = evaluation.klDivergence;
    json["mean_weight_bits"] = evaluation.meanWeightBits;
    json["mean_activation_bits"] = evaluation.meanActivationBits;
    json["model_bytes"] = evaluation.modelBytes;
    if (evaluation.fileBytes > 0)
        json["file_bytes"] = evaluation.fileBytes;
    json["bops"] = evaluation.bops;
    json["images_per_second"] = evaluation.imagesPerSecond;
    json["seconds"] = evaluation.seconds;
    json["float"] = evaluation.isFloat;
    json["coverage"] = evaluation.coverage == graph::Coverage::Full ? "full" : "matmul";
    json["preset"] = evaluation.preset;
    json["threads"] = evaluation.threads;
    json["batch"] = evaluation.batch;
    json["doubts"] = Json::parse(doubtsToJson(evaluation.doubts));
    if (withImages) {
        json["results"] = Json::array();
        for (const ImageResult& image : evaluation.results)
            json["results"].push_back(imageJson(image));
    }
    return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

} // namespace qs::quant
