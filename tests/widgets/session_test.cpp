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

    void open(int delayMs = 0) { m_session->restore(smallDocument(delayMs)); }
    SiteId fc2() const { return sitesNamed(*m_session, "fc2.input").front(); }

private slots:
    void init()
    {
        m_errors.clear();
        m_runner = std::make_unique<JobRunner>(2);
        m_session = std::make_unique<Session>(*m_runner);
        connect(m_session.get(), &Session::failed, this, [this](const Error& error) { m_errors << error.text(); });
    }
    void cleanup()
    {
        m_session.reset();
        m_runner.reset();
    }

    void isEmptyAtFirst()
    {
        QVERIFY(!m_session->model());
        QCOMPARE(m_session->sites().size(), std::size_t(0));
        QVERIFY(!m_session->plan());
        QVERIFY(!m_session->sitePlan(SiteId{}));
        m_session->calibrate();
        QCOMPARE(m_errors.size(), 1);
        m_session->evaluate();
        m_session->exportModel(QStringLiteral("/nowhere"), {});
        m_session->measureSensitivity();
        QCOMPARE(m_errors.size(), 4);
        m_session->selectAll();
        m_session->editSelection(bitsPatch(4));
        m_session->undoStack().undo();
        QCOMPARE(m_session->history().size(), 1);
    }

    void calibrationBringsPlanProbeAndProfile()
    {
        open();
        QVERIFY(!m_session->plan());
        QSignalSpy plans(m_session.get(), &Session::planChanged);
        m_session->calibrate();
        QVERIFY(m_session->calibration().running);
        QVERIFY(m_session->running(JobKind::Calibrate));
        QS_SETTLE(*m_session);
        QVERIFY2(m_errors.isEmpty(), m_errors.isEmpty() ? "" : m_errors.first().c_str());
        QCOMPARE(m_session->calibration()->images, std::size_t(16));
        QVERIFY(plans.count() >= 1);
        QCOMPARE(m_session->probe()->images, Session::kProbeImages);
        QVERIFY(m_session->probe()->top1.has_value());
        QVERIFY(m_session->currentSite().valid()); // the worst site is shown
        QVERIFY(m_session->statistics(fc2()));
        QVERIFY(Session::find(m_session->profile(), fc2()));
        QVERIFY(!m_session->evaluation());
        QVERIFY(!m_session->modified()); // looking is no change
    }

    void anEditMakesFiguresStaleAndBringsNewOnes()
    {
        open();
        m_session->calibrate();
        QS_SETTLE(*m_session);
        const double before = m_session->sitePlan(fc2())->error.sqnrDb;
        m_session->select(fc2());
        QSignalSpy previews(m_session.get(), &Session::sitesChanged);
        m_session->editSelection(bitsPatch(4));
        QCOMPARE(m_session->settings(fc2()).bits, 4);
        QVERIFY(!m_session->plan().current);
        QVERIFY(!m_session->probe().current);
        QVERIFY(m_session->probe()); // the old figure stays to be seen, greyed
        QVERIFY(!m_session->sitePlanCurrent(fc2()));
        QS_SETTLE(*m_session);
        QVERIFY(m_session->sitePlanCurrent(fc2()));
        QVERIFY(m_session->sitePlan(fc2())->error.sqnrDb < before - 10);
        QVERIFY(m_session->modified());
        QVERIFY(m_session->plan()->recipe == m_session->recipe());
        QCOMPARE(m_session->history().state(1).text,
                 QStringLiteral("%1: 4 bits").arg(QString::fromStdString(m_session->sites()[fc2()].name)));
    }

    /// A search of a layer gives its partners other ranges too.
    void partnersOfASearchedRangeAreStale()
    {
        open();
        m_session->setRecipe(*quant::presetRecipe("ptq4vit-literal", 4, 4), QStringLiteral("test"));
        m_session->calibrate();
        QS_SETTLE(*m_session);
        const SiteId input = fc2();
        const SiteId weight = m_session->sites().at({m_session->sites()[input].uses.front().node, 1});
        QVERIFY(weight.valid() && m_session->sitePlanCurrent(weight));
        quant::SitePatch patch;
        patch.estimator = m_session->settings(input).estimator;
        patch.estimator->search.high = 0.3;
        m_session->editSites({{input}}, patch);
        QVERIFY(!m_session->sitePlanCurrent(weight));
        QS_SETTLE(*m_session);
        QVERIFY(m_session->sitePlanCurrent(weight));
    }

    void undoBringsFiguresBackAtOnce()
    {
        open();
        m_session->calibrate();
        QS_SETTLE(*m_session);
        const auto first = m_session->probe().value;
        m_session->editSites(sitesNamed(*m_session, "fc"), bitsPatch(2));
        QS_SETTLE(*m_session);
        const auto second = m_session->probe().value;
        QVERIFY(first != second);
        m_session->undoStack().undo();
        QVERIFY(m_session->probe().current); // without a job
        QCOMPARE(m_session->probe().value, first);
        m_session->undoStack().redo();
        QVERIFY(m_session->probe().current);
        QCOMPARE(m_session->probe().value, second);
        QS_SETTLE(*m_session);
        m_session->history().jumpTo(0);
        QCOMPARE(m_session->probe().value, first);
        QCOMPARE(m_session->history().figures(m_session->history().state(1).key).probe, second);
        QS_SETTLE(*m_session);
    }

    void oneGestureIsOneEntry()
    {
        open();
        m_session->calibrate();
        QS_SETTLE(*m_session);
        const int gesture = m_session->newGesture();
        const std::vector<SiteId> which{fc2()};
        for (int i = 1; i <= 30; ++i) {
            quant::SitePatch patch;
            patch.estimator.emplace();
            patch.estimator->kind = quant::EstimatorKind::Manual;
            patch.estimator->low = -0.1 * i;
            patch.estimator->high = 0.1 * i;
            m_session->editSites(which, patch, gesture);
        }
        QCOMPARE(m_session->history().size(), 2);
        QCOMPARE(m_session->settings(fc2()).estimator.high, 3.0);
        QS_SETTLE(*m_session);
        QVERIFY(std::abs(m_session->sitePlan(fc2())->range.high - 3.0) < 1e-9);
        m_session->undoStack().undo();
        QVERIFY(m_session->settings(fc2()).estimator.kind == quant::EstimatorKind::MinMax);
        m_session->editSites(which, bitsPatch(4), m_session->newGesture());
        m_session->editSites(which, bitsPatch(5), m_session->newGesture());
        QCOMPARE(m_session->history().size(), 3);
    }

    void manyEditsInARowEndWithTheLast()
    {
        open();
        m_session->calibrate();
        QS_SETTLE(*m_session);
        m_session->selectAll();
        for (int round = 0; round < 10; ++round)
            for (int bits = 2; bits <= 8; ++bits)
                m_session->editSelection(bitsPatch(bits));
        m_session->editSelection(bitsPatch(3));
        QS_SETTLE(*m_session);
        QVERIFY(m_session->plan()->recipe == m_session->recipe());
        for (const SiteId id : m_session->selection())
            QCOMPARE(m_session->sitePlan(id)->settings.bits, 3);
    }

    void lockedSitesKeepTheirSettings()
    {
        open();
        const std::vector<SiteId> which{fc2()};
        QSignalSpy notes(m_session.get(), &Session::noticed);
        m_session->editSites(which, bitsPatch(5));
        m_session->setLocked(which, true);
        m_session->editSites(which, bitsPatch(3));
        QCOMPARE(m_session->settings(fc2()).bits, 5);
        QCOMPARE(notes.count(), 1);
        m_session->applyPreset(QStringLiteral("percentile"), 4, 4);
        QCOMPARE(m_session->settings(fc2()).bits, 5);
        QVERIFY(m_session->locked(fc2()));
        QCOMPARE(m_session->settings(sitesNamed(*m_session, "fc1.input").front()).bits, 4);
        m_session->setLocked(which, false);
        m_session->resetSites(which);
        QCOMPARE(m_session->settings(fc2()).bits, 4);
        m_session->applyPreset(QStringLiteral("no such preset"), 8, 8);
        QCOMPARE(m_errors.size(), 1);
    }

    void evaluationBelongsToTheRecipeItWasMadeWith()
    {
        open(2);
        m_session->calibrate();
        QS_SETTLE(*m_session);
        m_session->evaluate();
        const quant::Recipe asked = m_session->recipe();
        m_session->editSites(sitesNamed(*m_session, "fc"), bitsPatch(2)); // while it runs
        QTRY_VERIFY_WITH_TIMEOUT(m_session->evaluation().value != nullptr, kPatienceMs);
        QVERIFY(!m_session->evaluation().current);
        QCOMPARE(m_session->evaluation()->images, std::size_t(100));
        QVERIFY(m_session->history().figures(History::keyOf(asked)).evaluation != nullptr);
        QVERIFY(m_session->history().figures(History::keyOf(m_session->recipe())).evaluation == nullptr);
        m_session->undoStack().undo();
        QVERIFY(m_session->evaluation().current);
        QCOMPARE(&m_session->bestFigures(), &m_session->evaluation());
        QS_SETTLE(*m_session);
    }

    void cancelKeepsWhatWas()
    {
        open(20);
        m_session->calibrate();
        QTRY_VERIFY_WITH_TIMEOUT(!m_session->jobs().empty() && m_session->jobs().front().progress.total > 0,
                                 kPatienceMs);
        m_session->cancelJobs();
        QVERIFY(!m_session->running(JobKind::Calibrate));
        QVERIFY(!m_session->calibration().running);
        QVERIFY(!m_session->calibration());
        QVERIFY(m_errors.isEmpty()); // a wish is no failure
    }

    void closingWhileEverythingRunsDoesNotWait()
    {
        open(50);
        m_session->calibrate();
        QTest::qWait(20);
        QElapsedTimer timer;
        timer.start();
        m_session.reset();
        QVERIFY(timer.elapsed() < 100);
    }

    void selectionIsOneForAll()
    {
        open();
        QSignalSpy changes(m_session.get(), &Session::selectionChanged);
        const SiteId a{std::size_t(1)}, b{std::size_t(3)}, c{std::size_t(5)};
        m_session->select({c, a});
        QCOMPARE(m_session->selection(), (std::vector<SiteId>{a, c}));
        QCOMPARE(m_session->currentSite(), a);
        m_session->select(b, SelectMode::Add);
        QCOMPARE(m_session->selection(), (std::vector<SiteId>{a, b, c}));
        QCOMPARE(m_session->currentSite(), b);
        m_session->select(b, SelectMode::Toggle);
        QCOMPARE(m_session->selection(), (std::vector<SiteId>{a, c}));
        QVERIFY(m_session->selected(m_session->currentSite()));
        QCOMPARE(changes.count(), 3);
        QCOMPARE(m_session->currentSite(), c);
        m_session->select({c, a}); // the same sites, another current one
        m_session->select({c, a}); // nothing new
        QCOMPARE(changes.count(), 4);
        m_session->select(SiteId{std::size_t(9999)});
        QVERIFY(m_session->selection().empty());
        QVERIFY(!m_session->currentSite().valid());
        m_session->selectAll();
        QVERIFY(m_session->selection().size() > 5);
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
