#include "core/project/hybrid_file.h"

#include "core/base/json_write.h"
#include "core/project/origin_json.h"
#include "core/quant/recipe_json.h"
#include "core/quant/search_grid.h"
#include "core/quant/setting_names.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <utility>
#include <vector>

namespace qs::project {

namespace {

using nlohmann::json;

/// One string for a curve: a number a line would make most of a session file.
std::string numbersToText(const std::vector<double>& numbers)
{
    std::string text;
    char buffer[32];
    for (const double number : numbers) {
        const auto end = std::to_chars(buffer, buffer + sizeof buffer, number, std::chars_format::general, 6).ptr;
        text.append(text.empty() ? "" : " ").append(buffer, end);
    }
    return text;
}

std::vector<double> numbersFrom(const JsonReader& value, std::size_t count)
{
    std::vector<double> numbers;
    const std::string text = value.required().text();
    const char* at = text.data();
    const char* const end = at + text.size();
    while (at < end) {
        double number = 0;
        const auto [next, error] = std::from_chars(at, end, number);
        if (error != std::errc() || !std::isfinite(number) || (next < end && *next != ' '))
            break;
        numbers.push_back(number);
        at = next < end ? next + 1 : end;
    }
    if (at < end || numbers.size() != count)
        value.fail("must be " + std::to_string(count) + " numbers with a blank between them");
    return numbers;
}

std::string_view nameOf(quant::Scheme scheme)
{
    return namedOf(quant::kSchemes, scheme).name;
}
std::string_view nameOf(quant::Granularity granularity)
{
    return namedOf(quant::kGranularities, granularity).name;
}

json optionsToJson(const search::HybridOptions& options)
{
    return {{"low", options.grid.low},
            {"high", options.grid.high},
            {"candidates", options.grid.count},
            {"rounds", options.grid.rounds},
            {"granularity", options.granularity},
            {"scheme", options.scheme},
            {"channel_activations", options.channelActivations},
            {"importance", options.importance},
            {"bridges", options.bridges},
            {"whole_curves", options.wholeCurves},
            {"images", options.images}};
}

search::HybridOptions optionsFrom(const JsonReader& value)
{
    constexpr int kMost = 100'000;
    search::HybridOptions options;
    options.grid.low = value.required()["low"].required().number(options.grid.low);
    options.grid.high = value["high"].required().number(options.grid.high);
    options.grid.count = value["candidates"].required().integer(options.grid.count, 0, kMost);
    options.grid.rounds = value["rounds"].required().integer(options.grid.rounds, 0, kMost);
    if (const auto valid = quant::checkGrid(options.grid); !valid)
        value.fail(valid.error().message);
    options.granularity = value["granularity"].flag(true);
    options.scheme = value["scheme"].flag(true);
    options.channelActivations = value["channel_activations"].flag(true);
    options.importance = value["importance"].flag(true);
    options.bridges = value["bridges"].flag(true);
    options.wholeCurves = value["whole_curves"].flag(false);
    options.images = std::max<std::size_t>(1, value["images"].count(1));
    return options;
}

json choiceToJson(const search::HybridChoice& choice, const graph::SiteTable& sites)
{
    json curves = json::array();
    for (const search::HybridCurve& curve : choice.curves)
        curves.push_back({{"scheme", nameOf(curve.scheme)},
                          {"granularity", nameOf(curve.granularity)},
                          {"errors", numbersToText(curve.errors)}});
    return {{"site", sites[choice.site].name},
            {"bridge", choice.bridge},
            {"before", jsonNumber(choice.before)},
            {"after", jsonNumber(choice.after)},
            {"changed", choice.changed},
            {"scheme", nameOf(choice.scheme)},
            {"granularity", nameOf(choice.granularity)},
            {"factor", jsonNumber(choice.factor)},
            {"curves", std::move(curves)}};
}

quant::Scheme schemeFrom(const JsonReader& value)
{
    return value.required().oneOf(quant::kSchemes, quant::Scheme::Symmetric);
}
quant::Granularity granularityFrom(const JsonReader& value)
{
    return value.required().oneOf(quant::kGranularities, quant::Granularity::Tensor);
}

search::HybridChoice choiceFrom(const JsonReader& value, const graph::SiteTable& sites, std::size_t factors)
{
    search::HybridChoice choice;
    const std::string name = value["site"].required().text();
    choice.site = sites.find(name);
    if (!choice.site.valid())
        value["site"].fail("the model has no site \"" + name + "\"", ErrorCode::NotFound);
    choice.scheme = schemeFrom(value["scheme"]);
    choice.granularity = granularityFrom(value["granularity"]);
    choice.bridge = value["bridge"].integer(-1, -1, static_cast<int>(sites.bridges().size()) - 1);
    choice.before = value["before"].anyNumber(0);
    choice.after = value["after"].anyNumber(0);
    choice.changed = value["changed"].flag(false);
    choice.factor = value["factor"].anyNumber(0);
    for (const JsonReader& item : value["curves"].required().items())
        choice.curves.push_back(
            {schemeFrom(item["scheme"]), granularityFrom(item["granularity"]), numbersFrom(item["errors"], factors)});
    return choice;
}

} // namespace

std::string hybridToJson(const HybridFound& found, const graph::SiteTable& sites)
{
    const search::HybridResult& result = found.result;
    json choices = json::array();
    for (const search::HybridChoice& choice : result.choices)
        choices.push_back(choiceToJson(choice, sites));
    json value{{"options", optionsToJson(found.options)},
               {"start", json(quant::recipeValue(found.start))},
               {"recipe", json(quant::recipeValue(result.recipe))},
               {"choices", std::move(choices)},
               {"evaluations", result.evaluations},
               {"loss", jsonNumber(result.loss)},
               {"seconds", {result.secondsRecording, result.secondsGradients, result.secondsCandidates}}};
    if (found.origin.known())
        value["origin"] = found.origin;
    return jsonText(value, -1);
}

Result<std::shared_ptr<const HybridFound>> hybridFromJson(std::string_view text, const graph::SiteTable& sites)
{
    QS_ASSIGN(const JsonReader file, JsonReader::parse(text));
    const search::HybridOptions options = optionsFrom(file["options"]);
    quant::Recipe start = quant::recipeFrom(file["start"]);
    search::HybridResult result;
    result.recipe = quant::recipeFrom(file["recipe"]);
    QS_CHECK(file.check()); // the grid makes as many factors as it says
    result.factors = quant::searchFactors(options.grid);
    for (const JsonReader& item : file["choices"].required().items())
        result.choices.push_back(choiceFrom(item, sites, result.factors.size()));
    result.evaluations = file["evaluations"].count(0);
    result.loss = file["loss"].anyNumber(0);
    const JsonReader seconds = file["seconds"];
    result.secondsRecording = seconds[0].anyNumber(0);
    result.secondsGradients = seconds[1].anyNumber(0);
    result.secondsCandidates = seconds[2].anyNumber(0);
    auto found = std::make_shared<HybridFound>(options, std::move(start), std::move(result));
    found->origin = originFrom(file["origin"]);
    return file.finish(std::shared_ptr<const HybridFound>(std::move(found)));
}

} // namespace qs::project
