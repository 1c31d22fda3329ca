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
    json["scores"] = evaluation.scores;
    if (evaluation.scores)
        json["agreement"] = evaluation.agreement;
    json["logit_sqnr_db"] = evaluation.logitSqnrDb; // null where infinite: JSON has no infinity
    json["cosine"] = evaluation.cosine;
    json["max_difference"] = evaluation.maxDifference;
    if (evaluation.scores)
        json["kl_divergence"] = evaluation.klDivergence;
    json["mean_weight_bits"] = evaluation.meanWeightBits;
    json["mean_activation_bits"] = evaluation.meanActivationBits;
    json["model_bytes"] = evaluation.modelBytes;
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
