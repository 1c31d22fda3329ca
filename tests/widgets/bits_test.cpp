// Mixed precision in the window, offscreen, on the demo: a search is run, stopped half way, an earlier step loaded, a
// bar dragged and locked, the search continued, two allocations compared, and all of it undone. With
// QUANTOSCOPE_SCREENSHOTS set to a folder, pictures are written there, light and dark.
#include "core/stats/calibrate.h"
#include "demo_window.h"

#include "core/search/mixed_precision.h"
#include "widgets/panels/bits/bars_plot.h"
#include "widgets/panels/bits/bits_panel.h"
#include "widgets/panels/bits/search_form.h"
#include "widgets/panels/bits/trace_plot.h"
#include "widgets/shell/actions.h"
#include "widgets/shell/message_strip.h"

#include <QAction>
#include <QApplication>
#include <QContextMenuEvent>
#include <QMenu>
#include <QPushButton>
#include <QUndoStack>

using namespace qs;
using namespace qs::ui;
using namespace qs::test;

namespace {

search::Options fewImages(search::Mode mode, double bits)
{
    search::Options options;
    options.budget.meanWeightBits = options.budget.meanActivationBits = bits;
    options.mode = mode;
    options.images = 4;
    return options;
}

} // namespace

class BitsTest : public QObject {
    Q_OBJECT
    std::unique_ptr<DemoWindow> m_demo;
    Session* m_session = nullptr;
    MainWindow* m_window = nullptr;
    BitsPanel* m_panel = nullptr;

    History& history() { return m_session->document.history(); }
    const SearchRun& run() { return m_session->searches.search(); }
    int bits(SiteId site) { return m_session->document.settings(site).bits; }

    void grab(const char* name) { shoot(*m_window, QStringLiteral("bits-") + QLatin1String(name)); }
    void drag(BarsPlot& plot, SiteId site, double byBits)
    {
        const QPointF from = plot.topOf(site) + QPointF(0, 4);
        const double unit = plot.yAxis->coordToPixel(0) - plot.yAxis->coordToPixel(1);
        QTest::mousePress(&plot, Qt::LeftButton, {}, from.toPoint());
        for (int i = 1; i <= 4; ++i) {
            const QPointF to = from - QPointF(0, unit * byBits * i / 4);
            QMouseEvent move(QEvent::MouseMove, to, plot.mapToGlobal(to), Qt::NoButton, Qt::LeftButton, {});
            QApplication::sendEvent(&plot, &move);
            QTest::qWait(10);
        }
        QTest::mouseRelease(&plot, Qt::LeftButton, {}, (from - QPointF(0, unit * byBits)).toPoint());
    }
    /// Triggers the entry of the plot's context menu at a site that begins like this.
    void choose(BarsPlot& plot, SiteId site, const QString& text)
    {
        const QPoint at = plot.topOf(site).toPoint() + QPoint(0, 4);
        QContextMenuEvent event(QContextMenuEvent::Mouse, at, plot.mapToGlobal(at));
        QApplication::sendEvent(&plot, &event);
        const auto menus = plot.findChildren<QMenu*>();
        QVERIFY(!menus.isEmpty());
        for (QAction* action : menus.last()->actions())
            if (action->text().startsWith(text)) {
                action->trigger();
                menus.last()->close();
                return;
            }
        QFAIL(qPrintable(text));
    }

private slots:
    void initTestCase()
    {
        if (!hasDemo())
            QSKIP("the demo model is not there");
        m_demo = std::make_unique<DemoWindow>("bits");
        m_session = &m_demo->session();
        m_window = &m_demo->window();
        m_panel = m_demo->panel<BitsPanel>("bits");
        QVERIFY(m_panel);
        QVERIFY(m_panel->reason().contains(QLatin1String("No model")));
        QVERIFY(QTest::qWaitForWindowExposed(m_window));
    }
    void cleanupTestCase() { m_demo.reset(); }

    void namesOfManyBlocksDoNotRunTogether()
    {
        BarsPlot plot(graph::SiteKind::Weight, QStringLiteral("bars"));
        plot.resize(400, 200);
        for (const int blocks : {4, 150}) {
            BitsPicture picture;
            for (int block = 0; block < blocks; ++block) {
                SiteBits site;
                site.block = block;
                picture.sites.push_back(site);
            }
            plot.setPicture(picture);
            plot.replot(QCustomPlot::rpImmediateRefresh);
            QVector<double> places;
            QVector<QString> names;
            plot.xAxis->ticker()->generate(plot.xAxis->range(), {}, u'g', 6, places, nullptr, &names);
            QCOMPARE(names.size(), places.size());
            QVERIFY(blocks < 10 ? names.size() == blocks : names.size() > 10 && names.size() < blocks);
            const QFontMetricsF metrics(plot.xAxis->tickLabelFont());
            for (qsizetype i = 1; i < places.size(); ++i) {
                const double apart = plot.xAxis->coordToPixel(places[i]) - plot.xAxis->coordToPixel(places[i - 1]);
                QVERIFY(apart > (metrics.horizontalAdvance(names[i]) + metrics.horizontalAdvance(names[i - 1])) / 2);
            }
        }
    }

    void saysWhatToDoFirst()
    {
        JobRunner runner(1);
        Session empty(runner);
        QSignalSpy said(&empty.messages, &Messages::failed);
        empty.searches.startSearch({}, SearchImages::Calibration);
        QVERIFY(!empty.searches.search().running);
        QCOMPARE(said.count(), 1);
        m_session->files.openDemo(demoFolder());
        QTRY_VERIFY_WITH_TIMEOUT(m_session->document.model() != nullptr, kPatienceMs);
        m_window->showPanel(QStringLiteral("bits"));
        QVERIFY(!m_panel->form().searchButton().isEnabled());
        QTRY_VERIFY_WITH_TIMEOUT(settled(*m_session), 8 * kPatienceMs);
        QTRY_VERIFY(m_panel->traceReason().contains(QLatin1String("No search yet")));
        QVERIFY(m_window->action(Command::Search)->isEnabled());
        m_window->showPanel(QStringLiteral("error"));
        m_window->action(Command::Search)->trigger();
        QVERIFY(m_panel->isVisible());
        QVERIFY(m_panel->form().searchButton().isEnabled());
        QVERIFY(!m_panel->form().cancelButton().isVisible());
        grab("0-before");
    }

    void theWholeSearch()
    {
        const quant::Recipe first = m_session->document.recipe();
        const int before = history().size();
        TracePlot& trace = m_panel->trace();
        std::set<std::size_t> seen;
        QObject watcher; // ends with this function
        connect(&m_session->searches, &Searches::searchChanged, &watcher, [&] { seen.insert(run().steps()); });

        // Run, and cancel half way: what was found is kept, as one edit.
        m_panel->form().setOptions(fewImages(search::Mode::Lazy, 5));
        QTest::mouseClick(&m_panel->form().searchButton(), Qt::LeftButton);
        QVERIFY(m_session->jobs.running(JobKind::Search));
        QVERIFY(m_panel->form().cancelButton().isVisible());
        QVERIFY(m_panel->traceReason().contains(QLatin1String("Measuring")));
        QTRY_VERIFY_WITH_TIMEOUT((run().steps() >= 20 && seen.size() > 2) || !run().running, 8 * kPatienceMs);
        QVERIFY(run().running);
        QVERIFY(m_panel->traceReason().isEmpty());
        QCOMPARE(trace.steps(), static_cast<int>(run().steps()));
        grab("1-running");
        QTest::mouseClick(&m_panel->form().cancelButton(), Qt::LeftButton);
        QVERIFY(!run().running && run().cancelled && !run().met);
        QVERIFY(!m_session->jobs.running(JobKind::Search));
        const std::size_t found = run().steps();
        QVERIFY(found >= 20);
        QVERIFY2(seen.size() > 2, "the curve did not grow");
        QVERIFY(run().at(found).meanWeightBits > 5 || run().at(found).meanActivationBits > 5);
        QVERIFY(m_session->document.recipe() ==
                search::recipeAt(first, m_session->document.sites(), run().trace, found));
        QCOMPARE(history().size(), before + 1);
        QVERIFY(history().state(before).text.contains(QLatin1String("stopped after")));
        QTRY_COMPARE(trace.presentStep(), static_cast<int>(found));

        // Load an earlier step by a click on the curve.
        const int step = trace.stepAt(trace.pixelOf(static_cast<int>(found) / 2));
        QVERIFY(step > 0 && step < static_cast<int>(found));
        QVERIFY(trace.describe(step).contains(QLatin1String("nat")));
        const SiteId lowered = run().at(static_cast<std::size_t>(step)).site;
        QVERIFY(trace.describe(step).contains(QString::fromStdString(m_session->document.sites()[lowered].name)));
        QTest::mouseClick(&trace, Qt::LeftButton, {}, trace.pixelOf(step).toPoint());
        QCOMPARE(history().size(), before + 2);
        const std::vector<int> wanted = run().trace.bitsAfter(static_cast<std::size_t>(step));
        for (std::size_t unit = 0; unit < wanted.size(); ++unit)
            QCOMPARE(bits(run().trace.units[unit]), wanted[unit]);
        QTRY_COMPARE(trace.presentStep(), step);
        QCOMPARE(run().steps(), found); // the trace stays

        // Drag a bar: one edit, of this site alone.
        const SiteId weight = sitesNamed(*m_session, "fc1.weight").front();
        BarsPlot& bars = m_panel->weights();
        const int was = bits(weight);
        const quant::Recipe loaded = m_session->document.recipe();
        m_session->selection.select(SiteId{});
        drag(bars, weight, 4 - was);
        QCOMPARE(bits(weight), 4);
        QCOMPARE(history().size(), before + 3);
        for (const graph::Site& site : m_session->document.sites())
            QVERIFY(site.id == weight || m_session->document.settings(site.id) == quant::settingsOf(loaded, site));
        QTRY_COMPARE(trace.presentStep(), -1);

        // Lock it: it can be dragged no more.
        choose(bars, weight,
               QStringLiteral("Lock ") + QString::fromStdString(m_session->document.sites()[weight].name));
        QVERIFY(m_session->document.locked(weight));
        QCOMPARE(history().size(), before + 4);
        QTRY_VERIFY(m_panel->note().contains(QLatin1String("1 locked")));
        drag(bars, weight, 2);
        QCOMPARE(bits(weight), 4);
        QCOMPARE(history().size(), before + 4);

        // Continue from the edited state.
        const quant::Recipe edited = m_session->document.recipe();
        m_panel->form().setOptions(fewImages(search::Mode::Table, 5));
        QTest::mouseClick(&m_panel->form().continueButton(), Qt::LeftButton);
        QVERIFY(run().running);
        QTRY_VERIFY_WITH_TIMEOUT(!run().running, 8 * kPatienceMs);
        QVERIFY2(run().met, qPrintable(m_window->messages().texts().join(u'\n')));
        QCOMPARE(history().size(), before + 5);
        QCOMPARE(bits(weight), 4);
        QVERIFY(std::ranges::find(run().trace.units, weight) == run().trace.units.end());
        for (std::size_t unit = 0; unit < run().trace.units.size(); ++unit)
            QCOMPARE(run().trace.startBits[unit],
                     quant::settingsOf(edited, m_session->document.sites()[run().trace.units[unit]]).bits);
        QVERIFY(run().at(run().steps()).meanWeightBits <= 5);
        QVERIFY(run().at(run().steps()).meanActivationBits <= 5);
        const quant::Recipe last = m_session->document.recipe();

        // Compare with the state that was loaded: the bars say where.
        m_panel->compareWith(loaded, history().state(before + 1).text);
        QVERIFY(m_panel->note().contains(QLatin1String("against Search step")));
        QVERIFY(bars.describe(bars.topOf(weight) + QPointF(0, 4)).contains(QLatin1String("compared state")));
        QTRY_VERIFY_WITH_TIMEOUT(settled(*m_session), 8 * kPatienceMs);
        grab("2-compared");
        m_panel->compareWithNothing();

        // Loading a step leaves what is locked alone.
        m_session->edits.editSites(std::vector{weight}, bitsPatch(7)); // locked: nothing
        m_session->searches.loadSearchStep(0);
        QCOMPARE(bits(weight), 4);
        QVERIFY(m_session->document.locked(weight));
        QCOMPARE(history().size(), before + 6);

        // Undo to the start, and back.
        QUndoStack& stack = m_session->document.history().stack();
        stack.undo();
        QVERIFY(m_session->document.recipe() == last);
        stack.undo();
        QVERIFY(m_session->document.recipe() == edited);
        stack.undo();
        QVERIFY(!m_session->document.locked(weight));
        stack.undo();
        QVERIFY(m_session->document.recipe() == loaded);
        while (stack.canUndo())
            stack.undo();
        QVERIFY(m_session->document.recipe() == first);
        stack.setIndex(stack.count() - 1);
        QVERIFY(m_session->document.recipe() == last);
        stack.setIndex(0);
        QTRY_VERIFY_WITH_TIMEOUT(settled(*m_session), 8 * kPatienceMs);
    }

    void locksByRoleAndBlock()
    {
        BarsPlot& bars = m_panel->activations();
        const SiteId site = sitesNamed(*m_session, "fc2.input").front();
        choose(bars, site, QStringLiteral("Lock all activations:"));
        for (const graph::Site& other : m_session->document.sites())
            QCOMPARE(m_session->document.locked(other.id),
                     other.kind == graph::SiteKind::Activation && other.role == graph::Role::Fc2);
        m_session->document.history().stack().undo();
        QTRY_VERIFY(!m_panel->note().contains(QLatin1String("locked")));
        choose(bars, site, QStringLiteral("Lock activations of block"));
        QVERIFY(m_session->document.locked(site));
        for (const graph::Site& other : m_session->document.sites())
            if (m_session->document.locked(other.id))
                QCOMPARE(other.block, m_session->document.sites()[site].block);
        m_session->document.history().stack().undo();
        QVERIFY(m_session->document.recipe().locked.empty());
        QTRY_VERIFY_WITH_TIMEOUT(settled(*m_session), 8 * kPatienceMs);
    }

    void aLockedSiteKeepsAllItsSettingsUnderAPreset()
    {
        const SiteId site = sitesNamed(*m_session, "fc1.input").front();
        quant::SitePatch patch = bitsPatch(6);
        patch.objective = quant::Objective::OutputError;
        patch.smoothing = quant::Smoothing{quant::SmoothingKind::ShiftScale, 0.25, false, 1};
        m_session->edits.editSites(std::vector{site}, patch);
        m_session->edits.setLocked(std::vector{site}, true);
        const quant::SiteSettings kept = m_session->document.settings(site);
        m_session->edits.applyPreset(QStringLiteral("percentile"), 4, 4);
        QVERIFY(m_session->document.settings(site) == kept);
        m_session->document.history().stack().setIndex(0);
        QTRY_VERIFY_WITH_TIMEOUT(settled(*m_session), 8 * kPatienceMs);
    }

    void anEditDuringASearchIsNotOverwritten()
    {
        m_panel->form().setOptions(fewImages(search::Mode::Lazy, 5));
        QTest::mouseClick(&m_panel->form().searchButton(), Qt::LeftButton);
        QTRY_VERIFY_WITH_TIMEOUT(run().steps() >= 3, 8 * kPatienceMs);
        const SiteId site = sitesNamed(*m_session, "fc2.input").front();
        m_session->edits.editSites(std::vector{site}, bitsPatch(2));
        const quant::Recipe edited = m_session->document.recipe();
        m_session->jobs.cancelAll();
        QVERIFY(!run().running);
        QVERIFY(m_session->document.recipe() == edited);
        QVERIFY(run().steps() >= 3);
        m_session->document.history().stack().undo();
        QTRY_VERIFY_WITH_TIMEOUT(settled(*m_session), 8 * kPatienceMs);
    }

    void aBudgetOfBitOperations()
    {
        search::Options options;
        options.budget.bops = 0.5 * m_session->plans.plan()->bops;
        options.mode = search::Mode::Table;
        options.images = 4;
        m_panel->form().setOptions(options);
        QVERIFY(std::abs(*m_panel->form().options().budget.bops / *options.budget.bops - 1) < 0.02); // as displayed
        QVERIFY(!m_panel->form().options().budget.meanWeightBits);
        grab("3-bops");
        QTest::mouseClick(&m_panel->form().searchButton(), Qt::LeftButton);
        QTRY_VERIFY_WITH_TIMEOUT(!run().running, 8 * kPatienceMs);
        QVERIFY(run().met);
        QVERIFY(run().at(run().steps()).bops <= *run().options.budget.bops);
        QVERIFY(run().at(0).bops > *run().options.budget.bops);
        QTRY_VERIFY_WITH_TIMEOUT(settled(*m_session), 8 * kPatienceMs);
        QVERIFY(std::abs(m_session->plans.plan()->bops / run().at(run().steps()).bops - 1) < 1e-6);
        grab("4-bops-done");
    }

    void theTraceSurvivesTheSessionFile()
    {
        const SearchRun before = run();
        const int present = m_panel->trace().presentStep();
        QCOMPARE(present, static_cast<int>(before.steps()));
        const QString path = m_demo->folder() + QStringLiteral("/trace.quantoscope");
        m_session->files.saveSession(path);
        QTRY_VERIFY_WITH_TIMEOUT(m_session->document.path() == path && !m_session->document.modified(), kPatienceMs);
        m_session->files.openSession(path);
        QTRY_VERIFY_WITH_TIMEOUT(m_session->document.path() == path && settled(*m_session), 8 * kPatienceMs);
        QVERIFY(run().hasTrace() && !run().running);
        QCOMPARE(search::traceToCsv(m_session->document.sites(), run().trace),
                 search::traceToCsv(m_session->document.sites(), before.trace));
        QVERIFY(run().trace.units == before.trace.units && run().trace.startBits == before.trace.startBits);
        QCOMPARE(run().trace.fillFrom, before.trace.fillFrom);
        QVERIFY(run().options.budget == before.options.budget);
        QVERIFY(run().start == before.start);
        QCOMPARE(run().met, before.met);
        QVERIFY(run().loss && std::abs(*run().loss - *before.loss) < 1e-12);
        // The curve is there, and its steps can be loaded.
        QTRY_COMPARE(m_panel->trace().presentStep(), present);
        QVERIFY(m_panel->traceReason().isEmpty());
        m_session->searches.loadSearchStep(before.steps() / 2);
        const std::vector<int> wanted = run().trace.bitsAfter(before.steps() / 2);
        for (std::size_t unit = 0; unit < wanted.size(); ++unit)
            QCOMPARE(bits(run().trace.units[unit]), wanted[unit]);
        m_session->document.history().stack().setIndex(0);
        QTRY_VERIFY_WITH_TIMEOUT(settled(*m_session), 8 * kPatienceMs);
    }

    void anotherCalibrationDropsTheSearch()
    {
        QVERIFY(run().hasTrace());
        const quant::Recipe recipe = m_session->document.recipe();
        const auto calibrate = [this] {
            m_session->plans.calibrate();
            QTRY_VERIFY_WITH_TIMEOUT(!m_session->plans.calibration().running, 8 * kPatienceMs);
        };
        calibrate(); // the same once more
        QVERIFY(run().hasTrace());
        m_session->document.setCalibrationCount(m_session->document.calibrationImages()->size() / 2);
        calibrate();
        QVERIFY(!run().hasTrace());
        QVERIFY(m_session->document.recipe() == recipe);
        QTRY_VERIFY_WITH_TIMEOUT(settled(*m_session), 8 * kPatienceMs);
    }
};

QTEST_MAIN(BitsTest)
#include "bits_test.moc"
