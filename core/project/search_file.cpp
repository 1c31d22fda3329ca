#include "core/project/search_file.h"

#include "core/project/origin_json.h"
#include "core/quant/recipe_json.h"

#include <nlohmann/json.hpp>

#include <cmath>
#include <utility>
#include <vector>

namespace qs::project {

namespace {

using nlohmann::json;

constexpr double kMostBytes = 1e15;
constexpr std::size_t kMostSteps = 1'000'000;

json number(double value)
{
    return std::isfinite(value) ? json(value) : json();
}

json budgetToJson(const search::Budget& budget)
{
    json value = json::object();
    if (budget.meanWeightBits)
        value["mean_weight_bits"] = *budget.meanWeightBits;
    if (budget.meanActivationBits)
        value["mean_activation_bits"] = *budget.meanActivationBits;
    if (budget.modelBytes)
        value["model_bytes"] = *budget.modelBytes;
    if (budget.bops)
        value["bops"] = *budget.bops;
    return value;
}

/// [from, to, loss, measured, score, cost, mean weight bits, mean activation bits, bytes, bops], the site's number
/// among the units before them where there is one.
json figuresToJson(const search::Step& step)
{
    return {step.bitsBefore,    step.bitsAfter,    number(step.loss),           step.measured,
            number(step.score), number(step.cost), number(step.meanWeightBits), number(step.meanActivationBits),
            step.modelBytes,    number(step.bops)};
}

tl::unexpected<Error> malformed(std::string where)
{
    return fail(ErrorCode::Malformed, "not what a search is", "search/" + std::move(where));
}

Result<search::Step> figuresFromJson(const json& list, std::size_t first)
{
    if (!list.is_array() || list.size() != first + 10)
        return malformed("steps");
    const auto value = [&](std::size_t i) {
        const json& item = list[first + i];
        return item.is_number() ? item.get<double>() : std::nan("");
    };
    const auto bits = [&](std::size_t i) {
        return value(i) >= 0 && value(i) <= 32 ? static_cast<int>(value(i)) : -1;
    };
    search::Step step;
    step.bitsBefore = bits(0);
    step.bitsAfter = bits(1);
    if (step.bitsBefore < 0 || step.bitsAfter < 0 || !list[first + 3].is_boolean() || !(value(8) >= 0) ||
        value(8) > kMostBytes)
        return malformed("steps");
    step.loss = value(2);
    step.measured = list[first + 3].get<bool>();
    step.score = value(4);
    step.cost = value(5);
    step.meanWeightBits = value(6);
    step.meanActivationBits = value(7);
    step.modelBytes = static_cast<std::size_t>(value(8));
    step.bops = value(9);
    return step;
}

std::size_t countFrom(const json& value, const char* key)
{
    const json found = value.value(key, json());
    return found.is_number_unsigned() ? found.get<std::size_t>() : 0;
}

Result<search::Options> optionsFromJson(const json& value)
{
    if (!value.is_object())
        return malformed("options");
    search::Options options;
    const json budget = value.value("budget", json::object());
    const auto figure = [&](const char* key) -> std::optional<double> {
        const json found = budget.is_object() ? budget.value(key, json()) : json();
        return found.is_number() && found.get<double>() > 0 ? std::optional(found.get<double>()) : std::nullopt;
    };
    options.budget.meanWeightBits = figure("mean_weight_bits");
    options.budget.meanActivationBits = figure("mean_activation_bits");
    options.budget.bops = figure("bops");
    if (const auto bytes = figure("model_bytes"); bytes && *bytes <= kMostBytes)
        options.budget.modelBytes = static_cast<std::size_t>(*bytes);
    const json mode = value.value("mode", json());
    for (const search::Mode known : {search::Mode::Exact, search::Mode::Lazy, search::Mode::Table})
        if (mode == search::modeName(known))
            options.mode = known;
    options.performance =
        value.value("performance", json()) == "top1" ? search::Performance::Top1 : search::Performance::KlDivergence;
    if (const std::size_t bits = countFrom(value, "min_bits"); bits >= 2 && bits <= 8)
        options.minBits = static_cast<int>(bits);
    if (const std::size_t images = countFrom(value, "images"); images > 0)
        options.images = images;
    return options;
}

Result<void> unitsFromJson(const json& value, const graph::SiteTable& sites, search::Trace& trace)
{
    const json units = value.value("units", json());
    const json bits = value.value("start_bits", json());
    if (!units.is_array() || !bits.is_array() || units.empty() || units.size() != bits.size())
        return malformed("units");
    for (std::size_t i = 0; i < units.size(); ++i) {
        if (!units[i].is_string() || !bits[i].is_number_integer())
            return malformed("units");
        const SiteId id = sites.find(units[i].get<std::string>());
        if (!id.valid())
            return fail(ErrorCode::NotFound, "the model has no such site", units[i].get<std::string>());
        trace.units.push_back(id);
        trace.startBits.push_back(bits[i].get<int>());
    }
    return {};
}

Result<void> stepsFromJson(const json& value, search::Trace& trace)
{
    QS_ASSIGN(trace.start, figuresFromJson(value.value("start", json()), 0));
    const json steps = value.value("steps", json());
    if (!steps.is_array() || steps.size() > kMostSteps)
        return malformed("steps");
    for (const json& item : steps) {
        QS_ASSIGN(search::Step step, figuresFromJson(item, 1));
        if (!item[0].is_number_unsigned() || item[0].get<std::size_t>() >= trace.units.size())
            return malformed("steps");
        step.site = trace.units[item[0].get<std::size_t>()];
        trace.steps.push_back(step);
    }
    trace.fillFrom = std::min(countFrom(value, "fill_from"), trace.steps.size());
    trace.evaluations = countFrom(value, "evaluations");
    const json seconds = value.value("seconds", json());
    trace.seconds = seconds.is_number() ? seconds.get<double>() : 0;
    return {};
}

} // namespace

std::string searchToJson(const SearchRun& run, const graph::SiteTable& sites)
{
    json units = json::array();
    for (const SiteId id : run.trace.units)
        units.push_back(sites[id].name);
    json steps = json::array();
    for (const search::Step& step : run.trace.steps) {
        json line = figuresToJson(step);
        line.insert(line.begin(), std::ranges::find(run.trace.units, step.site) - run.trace.units.begin());
        steps.push_back(std::move(line));
    }
    json value{{"options",
                {{"budget", budgetToJson(run.options.budget)},
                 {"mode", search::modeName(run.options.mode)},
                 {"performance", run.options.performance == search::Performance::Top1 ? "top1" : "kl"},
                 {"min_bits", run.options.minBits},
                 {"images", run.options.images}}},
               {"recipe", json::parse(quant::recipeToJson(run.start))},
               {"mode", search::modeName(run.trace.mode)},
               {"units", units},
               {"start_bits", run.trace.startBits},
               {"start", figuresToJson(run.trace.start)},
               {"steps", steps},
               {"fill_from", run.trace.fillFrom},
               {"evaluations", run.trace.evaluations},
               {"seconds", number(run.trace.seconds)},
               {"cancelled", run.cancelled || run.running},
               {"met", run.met}};
    if (run.origin.known())
        value["origin"] = run.origin;
    if (run.loss)
        value["loss"] = number(*run.loss);
    return value.dump();
}

Result<SearchRun> searchFromJson(std::string_view text, const graph::SiteTable& sites)
{
    const json value = json::parse(text, nullptr, false);
    if (value.is_discarded() || !value.is_object())
        return malformed("");
    SearchRun run;
    QS_ASSIGN(run.options, optionsFromJson(value.value("options", json())));
    QS_ASSIGN(run.start, quant::recipeFromJson(value.value("recipe", json()).dump()));
    const json mode = value.value("mode", json());
    for (const search::Mode known : {search::Mode::Exact, search::Mode::Lazy, search::Mode::Table})
        if (mode == search::modeName(known))
            run.trace.mode = known;
    QS_CHECK(unitsFromJson(value, sites, run.trace));
    QS_CHECK(stepsFromJson(value, run.trace));
    run.origin = originFromJson(value.value("origin", json()));
    run.cancelled = value.value("cancelled", json()) == true;
    run.met = value.value("met", json()) == true;
    if (const json loss = value.value("loss", json()); loss.is_number())
        run.loss = loss.get<double>();
    return run;
}

} // namespace qs::project
