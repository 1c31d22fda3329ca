#include "core/project/search_file.h"

#include "core/base/json_write.h"
#include "core/project/origin_json.h"
#include "core/quant/recipe_json.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>
#include <vector>

namespace qs::project {

namespace {

using nlohmann::json;

constexpr double kMostBytes = 1e15;
constexpr std::size_t kMostSteps = 1'000'000;

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
    return {step.bitsBefore,
            step.bitsAfter,
            jsonNumber(step.loss),
            step.measured,
            jsonNumber(step.score),
            jsonNumber(step.cost),
            jsonNumber(step.meanWeightBits),
            jsonNumber(step.meanActivationBits),
            step.modelBytes,
            jsonNumber(step.bops)};
}

constexpr std::array kModes{search::Mode::Exact, search::Mode::Lazy, search::Mode::Table};
constexpr std::array kPerformances{JsonWord{search::Performance::Top1, "top1"},
                                   JsonWord{search::Performance::KlDivergence, "kl"}};

search::Mode modeFrom(const JsonReader& value)
{
    std::vector<JsonWord<search::Mode>> words;
    for (const search::Mode mode : kModes)
        words.push_back({mode, search::modeName(mode)});
    return value.required().oneOf(words, search::Mode::Exact);
}

/// Null where a file of before has no number for what is none.
double figure(const JsonReader& value)
{
    return value.anyNumber(std::nan(""));
}

std::size_t bytesFrom(const JsonReader& value)
{
    return static_cast<std::size_t>(value.number(0, 0, kMostBytes));
}

search::Step figuresFrom(const JsonReader& list, std::size_t first)
{
    if (!list.isList() || list.size() != first + 10)
        list.fail("must be a list of " + std::to_string(first + 10) + " figures");
    search::Step step;
    step.bitsBefore = list[first].required().integer(0, 0, 32);
    step.bitsAfter = list[first + 1].required().integer(0, 0, 32);
    step.loss = figure(list[first + 2]);
    step.measured = list[first + 3].required().flag(false);
    step.score = figure(list[first + 4]);
    step.cost = figure(list[first + 5]);
    step.meanWeightBits = figure(list[first + 6]);
    step.meanActivationBits = figure(list[first + 7]);
    step.modelBytes = bytesFrom(list[first + 8].required());
    step.bops = figure(list[first + 9]);
    return step;
}

search::Options optionsFrom(const JsonReader& value)
{
    search::Options options;
    const JsonReader budget = value.required()["budget"];
    const auto limit = [&](const char* key) -> std::optional<double> {
        const auto found = budget[std::string_view(key)].optionalNumber();
        if (found && *found <= 0)
            budget[std::string_view(key)].fail("must be above 0");
        return found;
    };
    options.budget.meanWeightBits = limit("mean_weight_bits");
    options.budget.meanActivationBits = limit("mean_activation_bits");
    options.budget.bops = limit("bops");
    if (budget["model_bytes"].present())
        options.budget.modelBytes = bytesFrom(budget["model_bytes"]);
    options.mode = modeFrom(value["mode"]);
    options.performance = value["performance"].oneOf(kPerformances, options.performance);
    options.minBits = value["min_bits"].integer(options.minBits, 2, 8);
    options.images = std::max<std::size_t>(1, value["images"].count(options.images));
    return options;
}

void readUnits(const JsonReader& value, const graph::SiteTable& sites, search::Trace& trace)
{
    const JsonReader units = value["units"].required();
    const JsonReader bits = value["start_bits"].required();
    if (units.size() == 0 || units.size() != bits.size())
        return units.fail("must be as many names as there are start_bits, and at least one");
    for (const JsonReader& unit : units.items()) {
        const std::string name = unit.required().text();
        const SiteId id = sites.find(name);
        if (!id.valid())
            return unit.fail("the model has no site \"" + name + "\"", ErrorCode::NotFound);
        trace.units.push_back(id);
    }
    for (const JsonReader& start : bits.items())
        trace.startBits.push_back(start.required().integer(8, 0, 32));
}

void readSteps(const JsonReader& value, search::Trace& trace)
{
    trace.start = figuresFrom(value["start"].required(), 0);
    for (const JsonReader& item : value["steps"].required().items(kMostSteps)) {
        search::Step step = figuresFrom(item, 1);
        const std::size_t unit = item[0].required().count(0);
        if (unit >= trace.units.size())
            return item[0].fail("there are " + std::to_string(trace.units.size()) + " units");
        step.site = trace.units[unit];
        trace.steps.push_back(step);
    }
    trace.fillFrom = std::min(value["fill_from"].count(0), trace.steps.size());
    trace.evaluations = value["evaluations"].count(0);
    trace.seconds = value["seconds"].anyNumber(0);
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
               {"recipe", json(quant::recipeValue(run.start))},
               {"mode", search::modeName(run.trace.mode)},
               {"units", units},
               {"start_bits", run.trace.startBits},
               {"start", figuresToJson(run.trace.start)},
               {"steps", steps},
               {"fill_from", run.trace.fillFrom},
               {"evaluations", run.trace.evaluations},
               {"seconds", jsonNumber(run.trace.seconds)},
               {"cancelled", run.cancelled || run.running},
               {"met", run.met}};
    if (run.origin.known())
        value["origin"] = run.origin;
    if (run.loss)
        value["loss"] = jsonNumber(*run.loss);
    return jsonText(value, -1);
}

Result<SearchRun> searchFromJson(std::string_view text, const graph::SiteTable& sites)
{
    QS_ASSIGN(const JsonReader file, JsonReader::parse(text));
    SearchRun run;
    run.options = optionsFrom(file["options"]);
    run.start = quant::recipeFrom(file["recipe"]);
    run.trace.mode = modeFrom(file["mode"]);
    readUnits(file, sites, run.trace);
    readSteps(file, run.trace);
    run.origin = originFrom(file["origin"]);
    run.cancelled = file["cancelled"].flag(false);
    run.met = file["met"].flag(false);
    if (file["loss"].present())
        run.loss = figure(file["loss"]);
    return file.finish(std::move(run));
}

} // namespace qs::project
