// Searches and comparisons in the session file.
#include "tests/project/sample_session.h"

#include "core/project/hybrid_file.h"
#include "core/project/search_file.h"
#include "core/quant/search_grid.h"

using namespace qs;
using namespace qs::project;
using namespace qs::test;

TEST(SearchFile, ASearchAndAComparisonAreKept)
{
    SessionFile document = sampleSession();
    const SmallNetwork network;
    const graph::SiteTable& sites = network.sites;
    SearchRun run;
    run.options.budget.bops = 1e9;
    run.options.performance = search::Performance::Top1;
    run.start = document.states[1].recipe;
    run.trace.mode = search::Mode::Table;
    run.trace.units = {sites.find("blocks.0.fc1.input"), sites.find("blocks.0.fc2.input")};
    run.trace.startBits = {8, 7};
    run.trace.start.loss = 0.125;
    run.trace.steps = {{run.trace.units[1], 7, 6, 0.25, true, 1.5, 6.5, 5.25, 1000, 2e9, 0.1}};
    run.trace.fillFrom = 1;
    run.running = true;
    document.search = searchToJson(run, sites);
    KeptComparison kept;
    kept.table.model = "small.onnx";
    report::ComparisonRow row;
    row.key = "k";
    row.method = "Present: \"x\"";
    row.top1 = 0.5;
    kept.table.rows.push_back(row);
    kept.recipes["Present: \"x\""] = document.states[1].recipe;
    document.comparison = std::make_shared<const KeptComparison>(kept);

    const std::string text = sessionToJson(document, "/made/up");
    const auto read = sessionFromJson(text, "/made/up");
    ASSERT_TRUE(read) << read.error().text();
    EXPECT_TRUE(read->comparison && read->comparison->table == kept.table);
    EXPECT_TRUE(read->comparison->recipes == kept.recipes);
    const auto again = searchFromJson(read->search, sites);
    ASSERT_TRUE(again) << again.error().text();
    EXPECT_TRUE(again->options.budget == run.options.budget);
    EXPECT_EQ(again->options.performance, run.options.performance);
    EXPECT_TRUE(again->start == run.start);
    EXPECT_TRUE(again->trace.units == run.trace.units && again->trace.startBits == run.trace.startBits);
    EXPECT_TRUE(again->trace.mode == run.trace.mode);
    EXPECT_EQ(search::traceToCsv(sites, again->trace), search::traceToCsv(sites, run.trace));
    EXPECT_TRUE(again->cancelled && !again->running && !again->loss);
    // Of another model: no such site, said by name.
    const auto other = searchFromJson(read->search, graph::SiteTable{});
    ASSERT_FALSE(other);
    EXPECT_EQ(other.error().text(), "units[0]: the model has no site \"blocks.0.fc1.input\"");
    // Broken results are left out; the session opens.
    for (const auto& [from, to] : {std::pair{"\"units\": [", "\"units\": [17, "},
                                   {"\"steps\": [", "\"steps\": [[], "},
                                   {"\"start_bits\": [", "\"start_bits\": [3, "}}) {
        std::string broken = text;
        const auto at = broken.find(from);
        EXPECT_TRUE(at != std::string::npos) << from;
        broken.replace(at, std::string(from).size(), to);
        const auto found = sessionFromJson(broken, "/made/up");
        ASSERT_TRUE(found);
        EXPECT_TRUE(!searchFromJson(found->search, sites)) << from;
    }
    for (const char* nonsense : {"", "[]", "{}", "null"})
        EXPECT_TRUE(!searchFromJson(nonsense, sites));
    std::string broken = text;
    broken.replace(broken.find("quantoscope-comparison"), 22, "quantoscope-somethingX");
    const auto found = sessionFromJson(broken, "/made/up");
    EXPECT_TRUE(found && !found->comparison && found->warnings.size() == 1);
}

TEST(SearchFile, ASearchByQHyvitIsKept)
{
    SessionFile document = sampleSession();
    const SmallNetwork network;
    const graph::SiteTable& sites = network.sites;
    search::HybridOptions options;
    options.grid = {0.5, 1.0, 3, 2, false};
    options.scheme = false;
    options.images = 7;
    search::HybridResult result;
    result.recipe = document.states[1].recipe;
    result.factors = quant::searchFactors(options.grid);
    search::HybridChoice choice;
    choice.site = sites.find("blocks.0.fc2.input");
    choice.before = 0.25;
    choice.after = 1e-7;
    choice.changed = true;
    choice.granularity = quant::Granularity::Channel;
    choice.factor = result.factors[1];
    choice.curves = {{quant::Scheme::Symmetric, quant::Granularity::Tensor, {3, 2, 0.25}},
                     {quant::Scheme::Symmetric, quant::Granularity::Channel, {1, 1e-7, 0}}};
    result.choices = {choice};
    result.loss = 0.125;
    result.evaluations = 12;
    result.secondsGradients = 1.5;
    const HybridFound made(options, document.states[0].recipe, result);
    document.hybrid = hybridToJson(made, sites);

    const std::string text = sessionToJson(document, "/made/up");
    const auto read = sessionFromJson(text, "/made/up");
    ASSERT_TRUE(read) << read.error().text();
    const auto again = hybridFromJson(read->hybrid, sites);
    ASSERT_TRUE(again) << again.error().text();
    const HybridFound& found = **again;
    EXPECT_EQ(found.options.images, options.images);
    EXPECT_TRUE(found.options.grid == options.grid && !found.options.scheme && found.options.bridges);
    EXPECT_TRUE(found.start == document.states[0].recipe && found.result.recipe == result.recipe);
    EXPECT_EQ(found.result.factors, result.factors);
    EXPECT_EQ(search::choicesToCsv(sites, found.result), search::choicesToCsv(sites, result));
    EXPECT_TRUE(found.choiceOf(choice.site) && !found.choiceOf(sites.find("blocks.0.fc1.input")));
    const auto& curves = found.choiceOf(choice.site)->curves;
    EXPECT_EQ(curves.size(), std::size_t{2});
    EXPECT_EQ(curves[1].errors, choice.curves[1].errors);
    EXPECT_EQ(bestOf(curves[1]), std::size_t{2});
    EXPECT_TRUE(curveOf(*found.choiceOf(choice.site), quant::Granularity::Channel, quant::Scheme::Symmetric));
    EXPECT_TRUE(!curveOf(*found.choiceOf(choice.site), quant::Granularity::Channel, quant::Scheme::Asymmetric));
    EXPECT_EQ(found.result.secondsGradients, 1.5);
    EXPECT_EQ(hybridToJson(found, sites), hybridToJson(made, sites));

    const auto other = hybridFromJson(read->hybrid, graph::SiteTable{});
    ASSERT_FALSE(other);
    EXPECT_EQ(other.error().text(), "choices[0].site: the model has no site \"blocks.0.fc2.input\"");
    for (const auto& [from, to] : {std::pair{"3 2 0.25", "3 2"},
                                   {"3 2 0.25", "3 2 nan"},
                                   {"3 2 0.25", "3,2,0.25"},
                                   {"\"candidates\":3", "\"candidates\":-3"},
                                   {"\"candidates\":3", "\"candidates\":4"},
                                   {"\"scheme\":\"symmetric\"", "\"scheme\":\"crooked\""},
                                   {"\"choices\":[", "\"choices\":[1,"}}) {
        std::string broken = read->hybrid;
        const auto at = broken.find(from);
        EXPECT_TRUE(at != std::string::npos) << from;
        broken.replace(at, std::string(from).size(), to);
        EXPECT_TRUE(!hybridFromJson(broken, sites)) << to;
    }
    for (const char* nonsense : {"", "[]", "{}", "null"})
        EXPECT_TRUE(!hybridFromJson(nonsense, sites));
}
