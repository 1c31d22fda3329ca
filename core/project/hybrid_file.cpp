#include "core/project/hybrid_file.h"

#include "core/project/origin_json.h"
#include "core/quant/recipe_json.h"
#include "core/quant/search_grid.h"

#include <nlohmann/json.hpp>

#include <charconv>
#include <cmath>
#include <utility>
#include <vector>

namespace qs::project {

namespace {

using nlohmann::json;

tl::unexpected<Error> malformed(std::string where)
{
    return fail(ErrorCode::Malformed, "not what a Q-HyViT search is", "hybrid/" + std::move(where));
}

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

Result<std::vector<double>> numbersFromText(const json& value, std::size_t count)
{
    std::vector<double> numbers;
    if (!value.is_string())
        return malformed("choices/curves");
    const std::string& text = value.get_ref<const std::string&>();
    const char* at = text.data();
    const char* const end = at + text.size();
    while (at < end) {
        double number = 0;
        const auto [next, error] = std::from_chars(at, end, number);
        if (error != std::errc() || !std::isfinite(number) || (next < end && *next != ' '))
            return malformed("choices/curves");
        numbers.push_back(number);
        at = next < end ? next + 1 : end;
    }
    if (numbers.size() != count)
        return malformed("choices/curves");
    return numbers;
}

const char* nameOf(quant::Scheme scheme)
{
    return scheme == quant::Scheme::Symmetric ? "symmetric" : "asymmetric";
}
const char* nameOf(quant::Granularity granularity)
{
    return granularity == quant::Granularity::Tensor ? "tensor"
           : granularity == quant::Granularity::Part ? "part"
                                                     : "channel";
}

bool read(const json& value, quant::Scheme& scheme)
{
    for (const quant::Scheme known : {quant::Scheme::Symmetric, quant::Scheme::Asymmetric})
        if (value == nameOf(known)) {
            scheme = known;
            return true;
        }
    return false;
}
bool read(const json& value, quant::Granularity& granularity)
{
    for (const quant::Granularity known :
         {quant::Granularity::Tensor, quant::Granularity::Part, quant::Granularity::Channel})
        if (value == nameOf(known)) {
            granularity = known;
            return true;
        }
    return false;
}

double number(const json& value, const char* key, double fallback = 0)
{
    const json found = value.value(key, json());
    return found.is_number() && std::isfinite(found.get<double>()) ? found.get<double>() : fallback;
}
std::size_t count(const json& value, const char* key)
{
    const json found = value.value(key, json());
    return found.is_number_unsigned() ? found.get<std::size_t>() : 0;
}
bool flag(const json& value, const char* key, bool fallback)
{
    const json found = value.value(key, json());
    return found.is_boolean() ? found.get<bool>() : fallback;
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

Result<search::HybridOptions> optionsFromJson(const json& value)
{
    if (!value.is_object())
        return malformed("options");
    search::HybridOptions options;
    options.grid.low = number(value, "low");
    options.grid.high = number(value, "high");
    options.grid.count = static_cast<int>(std::min<std::size_t>(count(value, "candidates"), 100'000));
    options.grid.rounds = static_cast<int>(std::min<std::size_t>(count(value, "rounds"), 100'000));
    if (!quant::checkGrid(options.grid))
        return malformed("options");
    options.granularity = flag(value, "granularity", true);
    options.scheme = flag(value, "scheme", true);
    options.channelActivations = flag(value, "channel_activations", true);
    options.importance = flag(value, "importance", true);
    options.bridges = flag(value, "bridges", true);
    options.wholeCurves = flag(value, "whole_curves", false);
    options.images = std::max<std::size_t>(1, count(value, "images"));
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
            {"before", choice.before},
            {"after", choice.after},
            {"changed", choice.changed},
            {"scheme", nameOf(choice.scheme)},
            {"granularity", nameOf(choice.granularity)},
            {"factor", choice.factor},
            {"curves", std::move(curves)}};
}

Result<search::HybridChoice> choiceFromJson(const json& value, const graph::SiteTable& sites, std::size_t factors)
{
    search::HybridChoice choice;
    if (!value.is_object() || !value.value("site", json()).is_string() ||
        !read(value.value("scheme", json()), choice.scheme) ||
        !read(value.value("granularity", json()), choice.granularity))
        return malformed("choices");
    const auto name = value["site"].get<std::string>();
    choice.site = sites.find(name);
    if (!choice.site.valid())
        return fail(ErrorCode::NotFound, "the model has no such site", name);
    const json bridge = value.value("bridge", json());
    choice.bridge = bridge.is_number_integer() && bridge.get<int64_t>() < static_cast<int64_t>(sites.bridges().size())
                        ? static_cast<int>(std::max<int64_t>(bridge.get<int64_t>(), -1))
                        : -1;
    choice.before = number(value, "before");
    choice.after = number(value, "after");
    choice.changed = flag(value, "changed", false);
    choice.factor = number(value, "factor");
    const json curves = value.value("curves", json());
    if (!curves.is_array())
        return malformed("choices/curves");
    for (const json& item : curves) {
        search::HybridCurve curve;
        if (!item.is_object() || !read(item.value("scheme", json()), curve.scheme) ||
            !read(item.value("granularity", json()), curve.granularity))
            return malformed("choices/curves");
        QS_ASSIGN(curve.errors, numbersFromText(item.value("errors", json()), factors));
        choice.curves.push_back(std::move(curve));
    }
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
               {"start", json::parse(quant::recipeToJson(found.start))},
               {"recipe", json::parse(quant::recipeToJson(result.recipe))},
               {"choices", std::move(choices)},
               {"evaluations", result.evaluations},
               {"loss", result.loss},
               {"seconds", {result.secondsRecording, result.secondsGradients, result.secondsCandidates}}};
    if (found.origin.known())
        value["origin"] = found.origin;
    return value.dump();
}

Result<std::shared_ptr<const HybridFound>> hybridFromJson(std::string_view text, const graph::SiteTable& sites)
{
    const json value = json::parse(text, nullptr, false);
    if (value.is_discarded() || !value.is_object())
        return malformed("");
    QS_ASSIGN(const search::HybridOptions options, optionsFromJson(value.value("options", json())));
    QS_ASSIGN(quant::Recipe start, quant::recipeFromJson(value.value("start", json()).dump()));
    search::HybridResult result;
    QS_ASSIGN(result.recipe, quant::recipeFromJson(value.value("recipe", json()).dump()));
    result.factors = quant::searchFactors(options.grid);
    const json choices = value.value("choices", json());
    if (!choices.is_array())
        return malformed("choices");
    for (const json& item : choices) {
        QS_ASSIGN(search::HybridChoice choice, choiceFromJson(item, sites, result.factors.size()));
        result.choices.push_back(std::move(choice));
    }
    result.evaluations = count(value, "evaluations");
    result.loss = number(value, "loss");
    if (const json seconds = value.value("seconds", json()); seconds.is_array() && seconds.size() == 3) {
        const auto part = [&](std::size_t i) { return seconds[i].is_number() ? seconds[i].get<double>() : 0.0; };
        result.secondsRecording = part(0);
        result.secondsGradients = part(1);
        result.secondsCandidates = part(2);
    }
    auto found = std::make_shared<HybridFound>(options, std::move(start), std::move(result));
    found->origin = originFromJson(value.value("origin", json()));
    return found;
}

} // namespace qs::project
