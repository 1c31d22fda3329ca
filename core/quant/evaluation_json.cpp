#include "core/quant/evaluation_json.h"

#include "core/base/doubt_json.h"
#include "core/base/json_write.h"
#include "core/quant/accuracy.h"
#include "core/quant/setting_names.h"
#include "core/quant/task_json.h"

#include <cmath>
#include <limits>
#include <utility>

namespace qs::quant {

namespace {

using Json = nlohmann::ordered_json;

constexpr double kInfinity = std::numeric_limits<double>::infinity();

Json imageJson(const ImageResult& image)
{
    Json json{{"name", image.name}};
    if (image.label)
        json["label"] = *image.label;
    json["changed"] = jsonNumber(image.changed);
    if (image.top5.empty())
        return json;
    json["top5"] = image.top5;
    json["top5_probability"] = image.top5Probability;
    json["float_top5"] = image.floatTop5;
    json["float_top5_probability"] = image.floatTop5Probability;
    json["flipped"] = image.flipped();
    return json;
}

/// Null in files of before, where the figure was no finite number.
double figure(const JsonReader& value, double fallback)
{
    return value.isNull() ? std::numeric_limits<double>::quiet_NaN() : value.anyNumber(fallback);
}

} // namespace

Json sqnrJson(double db)
{
    return db == kInfinity ? Json() : jsonNumber(db);
}

double sqnrFrom(const JsonReader& value)
{
    return value.anyNumber(kInfinity);
}

Json evaluationJson(const Evaluation& evaluation, bool withImages)
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
        json["agreement"] = jsonNumber(evaluation.agreement);
    putInterval("agreement_interval", agreementInterval(evaluation));
    json["logit_sqnr_db"] = sqnrJson(evaluation.logitSqnrDb);
    json["cosine"] = jsonNumber(evaluation.cosine);
    json["max_difference"] = jsonNumber(evaluation.maxDifference);
    if (evaluation.scores)
        json["kl_divergence"] = jsonNumber(evaluation.klDivergence);
    json["relative_error"] = jsonNumber(evaluation.relativeError);
    json["mean_weight_bits"] = jsonNumber(evaluation.meanWeightBits);
    json["mean_activation_bits"] = jsonNumber(evaluation.meanActivationBits);
    json["model_bytes"] = evaluation.modelBytes;
    if (evaluation.fileBytes > 0)
        json["file_bytes"] = evaluation.fileBytes;
    json["bops"] = jsonNumber(evaluation.bops);
    json["images_per_second"] = jsonNumber(evaluation.imagesPerSecond);
    json["seconds"] = jsonNumber(evaluation.seconds);
    json["float"] = evaluation.isFloat;
    json["coverage"] = namedOf(kCoverages, evaluation.coverage).name;
    json["preset"] = evaluation.preset;
    json["threads"] = evaluation.threads;
    json["batch"] = evaluation.batch;
    addTaskJson(evaluation, json);
    json["doubts"] = doubtsJson(evaluation.doubts);
    if (withImages) {
        json["results"] = Json::array();
        for (const ImageResult& image : evaluation.results)
            json["results"].push_back(imageJson(image));
    }
    return json;
}

Evaluation evaluationFrom(const JsonReader& json)
{
    const auto share = [&](const char* key) -> std::optional<double> {
        return json[key].present() ? std::optional(json[key].number(0, 0, 1)) : std::nullopt;
    };
    Evaluation e;
    e.images = json["images"].count(0);
    e.labelled = json["labelled"].count(0);
    e.top1 = share("top1");
    e.top5 = share("top5");
    e.floatTop1 = share("float_top1");
    e.floatTop5 = share("float_top5");
    if (json["lost"].present() && json["gained"].present()) {
        e.lost = json["lost"].count(0);
        e.gained = json["gained"].count(0);
    }
    e.onCalibrationImages = json["on_calibration_images"].flag(false);
    e.scores = json["scores"].flag(true);
    e.agreement = json["agreement"].number(1, 0, 1);
    e.logitSqnrDb = sqnrFrom(json["logit_sqnr_db"]);
    e.cosine = figure(json["cosine"], 1);
    e.maxDifference = figure(json["max_difference"], 0);
    e.klDivergence = figure(json["kl_divergence"], json["kl"].number(0));
    e.relativeError = figure(json["relative_error"], 0);
    e.meanWeightBits = json["mean_weight_bits"].number(32, 0, 32);
    e.meanActivationBits = json["mean_activation_bits"].number(32, 0, 32);
    e.modelBytes = json["model_bytes"].count(0);
    e.fileBytes = json["file_bytes"].count(0);
    e.bops = json["bops"].anyNumber(0);
    e.imagesPerSecond = json["images_per_second"].anyNumber(0);
    e.seconds = json["seconds"].anyNumber(0);
    e.isFloat = json["float"].flag(false);
    e.coverage = json["coverage"].oneOf(kCoverages, graph::Coverage::MatMul);
    e.preset = json["preset"].text();
    e.threads = json["threads"].integer(1, 1, 65536);
    e.batch = json["batch"].integer(1, 1);
    readTask(json, e);
    e.doubts = doubtsFrom(json["doubts"]);
    return e;
}

std::string evaluationToJson(const Evaluation& evaluation, bool withImages)
{
    return jsonText(evaluationJson(evaluation, withImages));
}

} // namespace qs::quant
