// The document of the window: values, figures that go stale, edits, undo, selection.
#include "session_helper.h"

#include "core/quant/presets.h"
#include "widgets/model/history.h"

#include <QUndoStack>

using namespace qs;
using namespace qs::ui;
using namespace qs::test;

class SessionTest : public QObject {
    Q_OBJECT
    std::unique_ptr<JobRunner> m_runner;
    std::unique_ptr<Session> m_session;
    QList<std::string> m_errors;

    void open(int delayMs = 0) { m_session->files.put(smallDocument(delayMs)); }
    SiteId fc2() const { return sitesNamed(*m_session, "fc2.input").front(); }

private slots:
    void init()
    {
        m_errors.clear();
        m_runner = std::make_unique<JobRunner>(2);
        m_session = std::make_unique<Session>(*m_runner);
        connect(&m_session->messages, &Messages::failed, this,
                [this](const Error& error) { m_errors << error.text(); });
    }
    void cleanup()
    {
        m_session.reset();
        m_runner.reset();
    }

    void isEmptyAtFirst()
    {
        QVERIFY(!m_session->document.model());
        QCOMPARE(m_session->document.sites().size(), std::size_t(0));
        QVERIFY(!m_session->plans.plan());
        QVERIFY(!m_session->plans.sitePlan(SiteId{}));
        m_session->plans.calibrate();
        QCOMPARE(m_errors.size(), 1);
        m_session->figures.evaluate();
        m_session->exports.exportModel(QStringLiteral("/nowhere"), {});
        m_session->figures.measureSensitivity();
        QCOMPARE(m_errors.size(), 4);
        m_session->selection.selectAll();
        m_session->edits.editSelection(bitsPatch(4));
        m_session->document.history().stack().undo();
        QCOMPARE(m_session->document.history().size(), 1);
    }

    void calibrationBringsPlanProbeAndProfile()
    {
        open();
        QVERIFY(!m_session->plans.plan());
        QSignalSpy plans(&m_session->plans, &Plans::planChanged);
        m_session->plans.calibrate();
        QVERIFY(m_session->plans.calibration().running);
        QVERIFY(m_session->jobs.running(JobKind::Calibrate));
        QS_SETTLE(*m_session);
        QVERIFY2(m_errors.isEmpty(), m_errors.isEmpty() ? "" : m_errors.first().c_str());
        QCOMPARE(m_session->plans.calibration()->images, std::size_t(16));
        QVERIFY(plans.count() >= 1);
        QCOMPARE(m_session->figures.probe()->images, Figures::kProbeImages);
        QVERIFY(m_session->figures.probe()->top1.has_value());
        QVERIFY(m_session->selection.current().valid()); // the worst site is shown
        QVERIFY(m_session->plans.statistics(fc2()));
        QVERIFY(Figures::find(m_session->figures.profile(), fc2()));
        QVERIFY(!m_session->figures.evaluation());
        QVERIFY(!m_session->document.modified()); // looking is no change
    }

    void anEditMakesFiguresStaleAndBringsNewOnes()
    {
        open();
        m_session->plans.calibrate();
        QS_SETTLE(*m_session);
        const double before = m_session->plans.sitePlan(fc2())->error.sqnrDb;
        m_session->selection.select(fc2());
        QSignalSpy previews(&m_session->plans, &Plans::sitesChanged);
        m_session->edits.editSelection(bitsPatch(4));
        QCOMPARE(m_session->document.settings(fc2()).bits, 4);
        QVERIFY(!m_session->plans.plan().current);
        QVERIFY(!m_session->figures.probe().current);
        QVERIFY(m_session->figures.probe()); // the old figure stays to be seen, greyed
        QVERIFY(!m_session->plans.sitePlanCurrent(fc2()));
        QS_SETTLE(*m_session);
        QVERIFY(m_session->plans.sitePlanCurrent(fc2()));
        QVERIFY(m_session->plans.sitePlan(fc2())->error.sqnrDb < before - 10);
        QVERIFY(m_session->document.modified());
        QVERIFY(m_session->plans.plan()->recipe == m_session->document.recipe());
        QCOMPARE(m_session->document.history().state(1).text,
                 QStringLiteral("%1: 4 bits").arg(QString::fromStdString(m_session->document.sites()[fc2()].name)));
    }

    /// A search of a layer gives its partners other ranges too.
    void partnersOfASearchedRangeAreStale()
    {
        open();
        m_session->edits.setRecipe(*quant::presetRecipe("ptq4vit-literal", 4, 4), QStringLiteral("test"));
        m_session->plans.calibrate();
        QS_SETTLE(*m_session);
        const SiteId input = fc2();
        const SiteId weight =
            m_session->document.sites().at({m_session->document.sites()[input].uses.front().node, 1});
        QVERIFY(weight.valid() && m_session->plans.sitePlanCurrent(weight));
        quant::SitePatch patch;
        patch.estimator = m_session->document.settings(input).estimator;
        patch.estimator->search.high = 0.3;
        m_session->edits.editSites({{input}}, patch);
        QVERIFY(!m_session->plans.sitePlanCurrent(weight));
        QS_SETTLE(*m_session);
        QVERIFY(m_session->plans.sitePlanCurrent(weight));
    }

    void undoBringsFiguresBackAtOnce()
    {
        open();
        m_session->plans.calibrate();
        QS_SETTLE(*m_session);
        const auto first = m_session->figures.probe().value;
        m_session->edits.editSites(sitesNamed(*m_session, "fc"), bitsPatch(2));
        QS_SETTLE(*m_session);
        const auto second = m_session->figures.probe().value;
        QVERIFY(first != second);
        m_session->document.history().stack().undo();
        QVERIFY(m_session->figures.probe().current); // without a job
        QCOMPARE(m_session->figures.probe().value, first);
        m_session->document.history().stack().redo();
        QVERIFY(m_session->figures.probe().current);
        QCOMPARE(m_session->figures.probe().value, second);
        QS_SETTLE(*m_session);
        m_session->document.history().jumpTo(0);
        QCOMPARE(m_session->figures.probe().value, first);
        QCOMPARE(m_session->document.history().figures(m_session->document.history().state(1).key).probe.value,
                 second);
        QS_SETTLE(*m_session);
    }

    void oneGestureIsOneEntry()
    {
        open();
        m_session->plans.calibrate();
        QS_SETTLE(*m_session);
        const int gesture = m_session->edits.newGesture();
        const std::vector<SiteId> which{fc2()};
        for (int i = 1; i <= 30; ++i) {
            quant::SitePatch patch;
            patch.estimator.emplace();
            patch.estimator->kind = quant::EstimatorKind::Manual;
            patch.estimator->low = -0.1 * i;
            patch.estimator->high = 0.1 * i;
            m_session->edits.editSites(which, patch, gesture);
        }
        QCOMPARE(m_session->document.history().size(), 2);
        QCOMPARE(m_session->document.settings(fc2()).estimator.high, 3.0);
        QS_SETTLE(*m_session);
        QVERIFY(std::abs(m_session->plans.sitePlan(fc2())->range.high - 3.0) < 1e-9);
        m_session->document.history().stack().undo();
        QVERIFY(m_session->document.settings(fc2()).estimator.kind == quant::EstimatorKind::MinMax);
        m_session->edits.editSites(which, bitsPatch(4), m_session->edits.newGesture());
        m_session->edits.editSites(which, bitsPatch(5), m_session->edits.newGesture());
        QCOMPARE(m_session->document.history().size(), 3);
    }

    void manyEditsInARowEndWithTheLast()
    {
        open();
        m_session->plans.calibrate();
        QS_SETTLE(*m_session);
        m_session->selection.selectAll();
        for (int round = 0; round < 10; ++round)
            for (int bits = 2; bits <= 8; ++bits)
                m_session->edits.editSelection(bitsPatch(bits));
        m_session->edits.editSelection(bitsPatch(3));
        QS_SETTLE(*m_session);
        QVERIFY(m_session->plans.plan()->recipe == m_session->document.recipe());
        for (const SiteId id : m_session->selection.sites())
            QCOMPARE(m_session->plans.sitePlan(id)->settings.bits, 3);
    }

    void lockedSitesKeepTheirSettings()
    {
        open();
        const std::vector<SiteId> which{fc2()};
        QSignalSpy notes(&m_session->messages, &Messages::noticed);
        m_session->edits.editSites(which, bitsPatch(5));
        m_session->edits.setLocked(which, true);
        m_session->edits.editSites(which, bitsPatch(3));
        QCOMPARE(m_session->document.settings(fc2()).bits, 5);
        QCOMPARE(notes.count(), 1);
        m_session->edits.applyPreset(QStringLiteral("percentile"), 4, 4);
        QCOMPARE(m_session->document.settings(fc2()).bits, 5);
        QVERIFY(m_session->document.locked(fc2()));
        QCOMPARE(m_session->document.settings(sitesNamed(*m_session, "fc1.input").front()).bits, 4);
        m_session->edits.setLocked(which, false);
        m_session->edits.resetSites(which);
        QCOMPARE(m_session->document.settings(fc2()).bits, 4);
        m_session->edits.applyPreset(QStringLiteral("no such preset"), 8, 8);
        QCOMPARE(m_errors.size(), 1);
    }

    void evaluationBelongsToTheRecipeItWasMadeWith()
    {
        open(2);
        m_session->plans.calibrate();
        QS_SETTLE(*m_session);
        m_session->figures.evaluate();
        const quant::Recipe asked = m_session->document.recipe();
        m_session->edits.editSites(sitesNamed(*m_session, "fc"), bitsPatch(2)); // while it runs
        QTRY_VERIFY_WITH_TIMEOUT(m_session->figures.evaluation().value != nullptr, kPatienceMs);
        QVERIFY(!m_session->figures.evaluation().current);
        QCOMPARE(m_session->figures.evaluation()->images, std::size_t(100));
        QVERIFY(m_session->document.history().figures(History::keyOf(asked)).evaluation.value != nullptr);
        QVERIFY(
            m_session->document.history().figures(History::keyOf(m_session->document.recipe())).evaluation.value ==
            nullptr);
        m_session->document.history().stack().undo();
        QVERIFY(m_session->figures.evaluation().current);
        QCOMPARE(m_session->figures.best().value, m_session->figures.evaluation().value);
        QS_SETTLE(*m_session);
    }

    void cancelKeepsWhatWas()
    {
        open(20);
        m_session->plans.calibrate();
        QTRY_VERIFY_WITH_TIMEOUT(!m_session->jobs.list().empty() && m_session->jobs.list().front().progress.total > 0,
                                 kPatienceMs);
        m_session->jobs.cancelAll();
        QVERIFY(!m_session->jobs.running(JobKind::Calibrate));
        QVERIFY(!m_session->plans.calibration().running);
        QVERIFY(!m_session->plans.calibration());
        QVERIFY(m_errors.isEmpty()); // a wish is no failure
    }

    void closingWhileEverythingRunsDoesNotWait()
    {
        open(50);
        m_session->plans.calibrate();
        QTest::qWait(20);
        QElapsedTimer timer;
        timer.start();
        m_session.reset();
        QVERIFY(timer.elapsed() < 100);
    }

    void selectionIsOneForAll()
    {
        open();
        QSignalSpy changes(&m_session->selection, &Selection::changed);
        const SiteId a{std::size_t(1)}, b{std::size_t(3)}, c{std::size_t(5)};
        m_session->selection.select({c, a});
        QCOMPARE(m_session->selection.sites(), (std::vector<SiteId>{a, c}));
        QCOMPARE(m_session->selection.current(), a);
        m_session->selection.select(b, SelectMode::Add);
        QCOMPARE(m_session->selection.sites(), (std::vector<SiteId>{a, b, c}));
        QCOMPARE(m_session->selection.current(), b);
        m_session->selection.select(b, SelectMode::Toggle);
        QCOMPARE(m_session->selection.sites(), (std::vector<SiteId>{a, c}));
        QVERIFY(m_session->selection.contains(m_session->selection.current()));
        QCOMPARE(changes.count(), 3);
        QCOMPARE(m_session->selection.current(), c);
        m_session->selection.select({c, a}); // the same sites, another current one
        m_session->selection.select({c, a}); // nothing new
        QCOMPARE(changes.count(), 4);
        m_session->selection.select(SiteId{std::size_t(9999)});
        QVERIFY(m_session->selection.sites().empty());
        QVERIFY(!m_session->selection.current().valid());
        m_session->selection.selectAll();
        QVERIFY(m_session->selection.sites().size() > 5);
    }

    void anotherRecipeOfTheSameNumbersSharesFigures()
    {
        quant::Recipe a = *quant::presetRecipe("minmax", 8, 8);
        quant::Recipe b = a;
        b.locked.insert("blocks.0.fc1.input");
        QCOMPARE(History::keyOf(a), History::keyOf(b));
        b.weight.bits = 4;
        QVERIFY(History::keyOf(a) != History::keyOf(b));
    }
};

QTEST_MAIN(SessionTest)
#include "session_test.moc"
