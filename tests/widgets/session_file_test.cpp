// The session file: round trip, moved folders, broken files; autosave and what a dead program leaves.
#include "session_helper.h"

#include "core/quant/search_grid.h"
#include "widgets/model/autosave.h"
#include "widgets/model/hybrid_file.h"
#include "widgets/model/search_file.h"
#include "widgets/model/session_file.h"

#include <QFile>
#include <QTemporaryDir>

using namespace qs;
using namespace qs::ui;
using namespace qs::test;

namespace {

SessionDocument sample()
{
    SessionDocument document = smallDocument();
    document.calibrationFolder = "/made/up/calib";
    document.testFolder = "/made/up/test";
    document.calibrationCount = 48;
    document.preprocess.resize = 71;
    document.preprocess.squash = true;
    quant::Recipe second = document.states[0].recipe;
    second.overrides["blocks.0.fc2.input"] = bitsPatch(4);
    second.locked.insert("blocks.0.fc1.input");
    document.states.push_back({QStringLiteral("fc2: 4 bits – “ä”"), second, {}});
    auto evaluation = std::make_shared<quant::Evaluation>();
    evaluation->images = 100;
    evaluation->top1 = 0.741;
    evaluation->floatTop1 = 0.812;
    evaluation->agreement = 0.84;
    evaluation->logitSqnrDb = 12.5;
    document.figures = {{}, {nullptr, evaluation, nullptr}};
    document.index = 1;
    document.selection = {"blocks.0.fc2.input"};
    document.windowState = QByteArray("\0\1\2layout", 9);
    return document;
}

} // namespace

class SessionFileTest : public QObject {
    Q_OBJECT
private slots:
    void roundTrip()
    {
        const SessionDocument a = sample();
        const auto b = sessionFromJson(sessionToJson(a, "/made/up"), "/made/up");
        QVERIFY2(b, b ? "" : b.error().text().c_str());
        QCOMPARE(b->model.string(), a.model.string());
        QCOMPARE(b->modelHash, a.modelHash);
        QCOMPARE(b->calibrationFolder.string(), a.calibrationFolder.string());
        QCOMPARE(b->calibrationCount, a.calibrationCount);
        QVERIFY(b->preprocess == a.preprocess);
        QCOMPARE(b->states.size(), std::size_t(2));
        QCOMPARE(b->states[1].text, a.states[1].text);
        QVERIFY(b->states[0].recipe == a.states[0].recipe);
        QVERIFY(b->states[1].recipe == a.states[1].recipe);
        QVERIFY(!b->figures[0].best());
        QCOMPARE(*b->figures[1].evaluation->top1, 0.741);
        QCOMPARE(b->figures[1].evaluation->agreement, 0.84);
        QCOMPARE(b->index, 1);
        QCOMPARE(b->selection, a.selection);
        QCOMPARE(b->windowState, a.windowState);
    }

    void aSearchAndAComparisonAreKept()
    {
        SessionDocument document = sample();
        const graph::SiteTable& sites = document.loadedModel->sites;
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
        QVERIFY2(read, read ? "" : read.error().text().c_str());
        QVERIFY(read->comparison && read->comparison->table == kept.table);
        QVERIFY(read->comparison->recipes == kept.recipes);
        const auto again = searchFromJson(read->search, sites);
        QVERIFY2(again, again ? "" : again.error().text().c_str());
        QVERIFY(again->options.budget == run.options.budget);
        QCOMPARE(again->options.performance, run.options.performance);
        QVERIFY(again->start == run.start);
        QVERIFY(again->trace.units == run.trace.units && again->trace.startBits == run.trace.startBits);
        QVERIFY(again->trace.mode == run.trace.mode);
        QCOMPARE(search::traceToCsv(sites, again->trace), search::traceToCsv(sites, run.trace));
        QVERIFY(again->cancelled && !again->running && !again->loss);
        // Of another model: no such site, said by name.
        const auto other = searchFromJson(read->search, graph::SiteTable{});
        QVERIFY(!other);
        QCOMPARE(other.error().where, std::string("blocks.0.fc1.input"));
        // Broken results are left out; the session opens.
        for (const auto& [from, to] : {std::pair{"\"units\": [", "\"units\": [17, "},
                                       {"\"steps\": [", "\"steps\": [[], "},
                                       {"\"start_bits\": [", "\"start_bits\": [3, "}}) {
            std::string broken = text;
            const auto at = broken.find(from);
            QVERIFY2(at != std::string::npos, from);
            broken.replace(at, std::string(from).size(), to);
            const auto found = sessionFromJson(broken, "/made/up");
            QVERIFY(found);
            QVERIFY2(!searchFromJson(found->search, sites), from);
        }
        for (const char* nonsense : {"", "[]", "{}", "null"})
            QVERIFY(!searchFromJson(nonsense, sites));
        std::string broken = text;
        broken.replace(broken.find("quantoscope-comparison"), 22, "quantoscope-somethingX");
        const auto found = sessionFromJson(broken, "/made/up");
        QVERIFY(found && !found->comparison && found->warnings.size() == 1);
    }

    void aSearchByQHyvitIsKept()
    {
        SessionDocument document = sample();
        const graph::SiteTable& sites = document.loadedModel->sites;
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
        document.hybrid = std::make_shared<const HybridFound>(options, document.states[0].recipe, result);

        const std::string text = sessionToJson(document, "/made/up");
        const auto read = sessionFromJson(text, "/made/up");
        QVERIFY2(read, read ? "" : read.error().text().c_str());
        const auto again = hybridFromJson(read->hybridText, sites);
        QVERIFY2(again, again ? "" : again.error().text().c_str());
        const HybridFound& found = **again;
        QCOMPARE(found.options.images, options.images);
        QVERIFY(found.options.grid == options.grid && !found.options.scheme && found.options.bridges);
        QVERIFY(found.start == document.states[0].recipe && found.result.recipe == result.recipe);
        QCOMPARE(found.result.factors, result.factors);
        QCOMPARE(search::choicesToCsv(sites, found.result), search::choicesToCsv(sites, result));
        QVERIFY(found.choiceOf(choice.site) && !found.choiceOf(sites.find("blocks.0.fc1.input")));
        const auto& curves = found.choiceOf(choice.site)->curves;
        QCOMPARE(curves.size(), std::size_t{2});
        QCOMPARE(curves[1].errors, choice.curves[1].errors);
        QCOMPARE(bestOf(curves[1]), std::size_t{2});
        QVERIFY(curveOf(*found.choiceOf(choice.site), quant::Granularity::Channel, quant::Scheme::Symmetric));
        QVERIFY(!curveOf(*found.choiceOf(choice.site), quant::Granularity::Channel, quant::Scheme::Asymmetric));
        QCOMPARE(found.result.secondsGradients, 1.5);
        QCOMPARE(hybridToJson(found, sites), hybridToJson(*document.hybrid, sites));

        const auto other = hybridFromJson(read->hybridText, graph::SiteTable{});
        QVERIFY(!other);
        QCOMPARE(other.error().where, std::string("blocks.0.fc2.input"));
        for (const auto& [from, to] : {std::pair{"3 2 0.25", "3 2"},
                                       {"3 2 0.25", "3 2 nan"},
                                       {"3 2 0.25", "3,2,0.25"},
                                       {"\"candidates\":3", "\"candidates\":-3"},
                                       {"\"candidates\":3", "\"candidates\":4"},
                                       {"\"scheme\":\"symmetric\"", "\"scheme\":\"crooked\""},
                                       {"\"choices\":[", "\"choices\":[1,"}}) {
            std::string broken = read->hybridText;
            const auto at = broken.find(from);
            QVERIFY2(at != std::string::npos, from);
            broken.replace(at, std::string(from).size(), to);
            QVERIFY2(!hybridFromJson(broken, sites), to);
        }
        for (const char* nonsense : {"", "[]", "{}", "null"})
            QVERIFY(!hybridFromJson(nonsense, sites));
    }

    void aMovedFolderIsFoundAgain()
    {
        QTemporaryDir here, there;
        for (const QTemporaryDir* dir : {&here, &there}) {
            QFile file(dir->filePath(QStringLiteral("small.onnx")));
            QVERIFY(file.open(QIODevice::WriteOnly));
        }
        SessionDocument document = sample();
        document.model = here.filePath(QStringLiteral("small.onnx")).toStdString();
        const std::string json = sessionToJson(document, here.path().toStdString());
        const auto moved = sessionFromJson(json, there.path().toStdString());
        QVERIFY(moved);
        QCOMPARE(QString::fromStdString(moved->model.string()), there.filePath(QStringLiteral("small.onnx")));
        const auto elsewhere = sessionFromJson(json, "/nowhere");
        QCOMPARE(elsewhere->model.string(), document.model.string());
    }

    void brokenFilesAreErrorsWithAPlace()
    {
        const std::string good = sessionToJson(sample(), "/made/up");
        QVERIFY(!sessionFromJson("", "/"));
        QVERIFY(!sessionFromJson("[]", "/"));
        QVERIFY(!sessionFromJson(R"({"format": "something else", "version": 1})", "/"));
        QVERIFY(!sessionFromJson(std::string_view(good).substr(0, good.size() / 2), "/"));
        const auto with = [&](const std::string& from, const std::string& to) {
            std::string text = good;
            const auto at = text.find(from);
            return at == std::string::npos ? std::string("missing") : text.replace(at, from.size(), to);
        };
        const auto newer =
            sessionFromJson(with("\"version\": 1,\n  \"window\"", "\"version\": 99,\n  \"window\""), "/");
        QVERIFY(!newer);
        QVERIFY(newer.error().code == ErrorCode::Unsupported);
        const auto index = sessionFromJson(with("\"index\": 1", "\"index\": 1e99"), "/");
        QVERIFY(index);
        QCOMPARE(index->index, 1); // out of range: the last state
        const auto states = sessionFromJson(with("\"states\": [", "\"states\": [17,"), "/");
        QVERIFY(!states);
        QVERIFY(QString::fromStdString(states.error().where).startsWith(QLatin1String("history/states/0")));
        const auto missing = loadSession("/nowhere/session.quantoscope", {});
        QVERIFY(!missing);
        QVERIFY(missing.error().code == ErrorCode::NotFound);
    }

    void restoringBringsHistoryAndFigures()
    {
        JobRunner runner(1);
        Session session(runner);
        session.restore(sample());
        QCOMPARE(session.history().size(), 2);
        QCOMPARE(session.history().index(), 1);
        QCOMPARE(session.settings(session.sites().find("blocks.0.fc2.input")).bits, 4);
        QVERIFY(session.evaluation().current);
        session.undoStack().undo();
        QCOMPARE(session.settings(session.sites().find("blocks.0.fc2.input")).bits, 8);
        QVERIFY(!session.evaluation().current);
        session.undoStack().redo();
        QVERIFY(session.evaluation().current);
        QCOMPARE(*session.evaluation()->top1, 0.741);
    }

    void autosaveIsFoundAfterACrash()
    {
        QTemporaryDir folder;
        JobRunner runner(1);
        Session session(runner);
        auto autosave = std::make_unique<Autosave>(session, folder.path(), 1000000);
        autosave->save();
        QVERIFY(!QFile::exists(autosave->file())); // nothing to save yet
        session.restore(smallDocument());
        session.calibrate();
        QS_SETTLE(session);
        QSignalSpy saved(autosave.get(), &Autosave::saved);
        autosave->save();
        QVERIFY(saved.wait(kPatienceMs));
        QVERIFY(QFile::exists(autosave->file()));
        const QString calibration =
            QString(autosave->file()).replace(QStringLiteral(".quantoscope"), QStringLiteral(".qcal"));
        QVERIFY(QFile::exists(calibration));
        QFile::remove(calibration);
        session.applyPreset(QStringLiteral("minmax"), 4, 4);
        autosave->save();
        QVERIFY(saved.wait(kPatienceMs));
        QVERIFY(!QFile::exists(calibration)); // the same calibration is not written again

        Autosave second(session, folder.path(), 1000000);
        QVERIFY(second.leftovers().isEmpty()); // its owner lives
        const QString file = autosave->file();
        autosave.reset(); // ends without finish(): as a crash does
        QCOMPARE(second.leftovers(), QStringList{file});
        second.discard(file);
        QVERIFY(second.leftovers().isEmpty());
        second.finish();
        QVERIFY(!QFile::exists(second.file()));
    }
};

QTEST_MAIN(SessionFileTest)
#include "session_file_test.moc"
