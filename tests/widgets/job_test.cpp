// The bridge between long functions and the UI thread: results, cancel, supersede, follow, destruction, lanes.
#include "widgets/model/job.h"

#include <QSignalSpy>
#include <QTest>

#include <atomic>
#include <chrono>
#include <thread>

using namespace qs;
using namespace qs::ui;

namespace {

constexpr int kPatienceMs = 10000;

/// Counts to `steps`, a fifth of a millisecond a step, as core's long functions do: polls and reports.
Result<int> countTo(int steps, const Context& context)
{
    for (int i = 0; i < steps; ++i) {
        if (context.stopRequested())
            return cancelled();
        std::this_thread::sleep_for(std::chrono::microseconds(200));
        context.progress("counting", static_cast<std::size_t>(i + 1), static_cast<std::size_t>(steps));
    }
    return steps;
}

/// Runs until it is let go, whatever the stop token says: a function that forgot to poll.
struct Deaf {
    std::shared_ptr<std::atomic<bool>> letGo = std::make_shared<std::atomic<bool>>(false);
    Result<int> operator()(const Context&) const
    {
        while (!letGo->load())
            std::this_thread::sleep_for(std::chrono::milliseconds(1));
        return 1;
    }
};

} // namespace

class JobTest : public QObject {
    Q_OBJECT
private slots:
    // N7: "0.6 s left" before a phase of ten seconds, and with eight lines of a comparison to go.
    void timeLeftIsOfTheWholeJob()
    {
        JobRunner runner(2);
        Job<int> job(runner, Lane::User);
        std::atomic<int> step{0};
        const auto work = [&step](const Context& context) -> Result<int> {
            const auto wait = [&](int next) {
                while (step.load() < next && !context.stopRequested())
                    std::this_thread::sleep_for(std::chrono::milliseconds(1));
            };
            context.progress("running the float network", 0, 20);
            std::this_thread::sleep_for(std::chrono::milliseconds(100));
            context.progress("running the float network", 10, 20);
            wait(1);
            context.progress("comparing", 0, 9);
            context.progress("evaluating", 19, 20);
            wait(2);
            context.progress("comparing", 1, 9);
            context.progress("evaluating", 19, 20);
            wait(3);
            return 1;
        };
        job.start(work, [](Result<int>) {});
        // Ten images of this stage, and twenty of the next.
        QTRY_VERIFY_WITH_TIMEOUT(job.progress().done == 10, kPatienceMs);
        QVERIFY2(job.progress().remainingMs >= 290, qPrintable(QString::number(job.progress().remainingMs)));
        step = 1; // of a comparison nothing is known before its first line
        QTRY_VERIFY_WITH_TIMEOUT(job.progress().done == 19, kPatienceMs);
        QCOMPARE(job.progress().remainingMs, -1);
        step = 2; // then its other eight take eight times as long
        QTRY_VERIFY_WITH_TIMEOUT(job.progress().remainingMs >= 8 * 100, kPatienceMs);
        step = 3;
        QTRY_VERIFY_WITH_TIMEOUT(!job.running(), kPatienceMs);
    }

    void deliversOnItsOwnThread()
    {
        JobRunner runner(2);
        Job<int> job(runner, Lane::User);
        QThread* delivered = nullptr;
        QThread* worked = nullptr;
        int value = 0;
        QSignalSpy finished(&job, &JobBase::finished);
        job.start(
            [&worked](const Context& c) {
                worked = QThread::currentThread();
                return countTo(50, c);
            },
            [&](Result<int> result) {
                delivered = QThread::currentThread();
                value = result.value_or(-1);
            });
        QVERIFY(job.running());
        QVERIFY(finished.wait(kPatienceMs));
        QCOMPARE(value, 50);
        QCOMPARE(delivered, thread());
        QVERIFY(worked != thread());
        QVERIFY(!job.running());
    }

    void reportsProgressWithTimeLeft()
    {
        JobRunner runner(1);
        Job<int> job(runner, Lane::User);
        QSignalSpy progressed(&job, &JobBase::progressed);
        QSignalSpy finished(&job, &JobBase::finished);
        bool seen = false;
        connect(&job, &JobBase::progressed, this, [&] {
            const JobProgress p = job.progress();
            seen |= p.stage == QLatin1String("counting") && p.total == 3000 && p.done > 0 && p.remainingMs >= 0;
        });
        job.start([](const Context& c) { return countTo(3000, c); }, {});
        QVERIFY(finished.wait(kPatienceMs));
        QVERIFY(seen);
        QVERIFY2(progressed.count() < 300, "3000 reports must not be 3000 signals");
    }

    void cancelEndsItAtOnce()
    {
        JobRunner runner(1);
        Job<int> job(runner, Lane::User);
        const Deaf deaf;
        std::optional<ErrorCode> code;
        job.start(deaf,
                  [&](Result<int> result) { code = result ? std::nullopt : std::optional(result.error().code); });
        QTest::qWait(20);
        job.cancel(); // the worker does not listen, the UI goes on all the same
        QVERIFY(!job.running());
        QVERIFY(code == ErrorCode::Cancelled);
        deaf.letGo->store(true);
        QVERIFY(runner.waitForDone(kPatienceMs));
        QTest::qWait(20);
        QVERIFY(code == ErrorCode::Cancelled); // the late result is dropped
    }

    void neverEndingJobLeavesTheUiAlive()
    {
        JobRunner runner(1);
        Job<int> deafJob(runner, Lane::User);
        const Deaf deaf;
        deafJob.start(deaf, {});
        int ticks = 0;
        QTimer timer;
        connect(&timer, &QTimer::timeout, this, [&] { ++ticks; });
        timer.start(1);
        Job<int> small(runner, Lane::Interactive);
        QSignalSpy finished(&small, &JobBase::finished);
        small.start([](const Context& c) { return countTo(10, c); }, {});
        QVERIFY(finished.wait(kPatienceMs)); // another lane still moves
        QTRY_VERIFY_WITH_TIMEOUT(ticks > 10, kPatienceMs);
        QVERIFY(deafJob.running());
        deafJob.cancel();
        deaf.letGo->store(true);
    }

    void latestStartWins()
    {
        JobRunner runner(1);
        Job<int> job(runner, Lane::Interactive);
        QSignalSpy finished(&job, &JobBase::finished);
        QList<int> values;
        for (int k = 1; k <= 20; ++k)
            job.start([k](const Context& c) { return countTo(100 + k, c); },
                      [&values](Result<int> result) { values << result.value_or(-1); });
        QVERIFY(finished.wait(kPatienceMs));
        QVERIFY(runner.waitForDone(kPatienceMs));
        QTest::qWait(20);
        QCOMPARE(values, QList<int>{120});
        QCOMPARE(finished.count(), 1);
    }

    void followersLetTheRunningOneFinish()
    {
        JobRunner runner(1);
        Job<int> job(runner, Lane::Interactive);
        QList<int> values;
        for (int k = 1; k <= 5; ++k)
            job.start([k](const Context& c) { return countTo(100 + k, c); },
                      [&values](Result<int> result) { values << result.value_or(-1); }, Job<int>::WhenBusy::Follow);
        QTRY_VERIFY_WITH_TIMEOUT(!job.running(), kPatienceMs);
        QCOMPARE(values, (QList<int>{101, 105}));
    }

    void destructionDoesNotWait()
    {
        JobRunner runner(1);
        const Deaf deaf;
        bool called = false;
        auto job = std::make_unique<Job<int>>(runner, Lane::User);
        job->start(deaf, [&](Result<int>) { called = true; });
        QTest::qWait(10);
        QElapsedTimer timer;
        timer.start();
        job.reset();
        QVERIFY2(timer.elapsed() < 100, "the destructor waited for the worker");
        deaf.letGo->store(true);
        QVERIFY(runner.waitForDone(kPatienceMs));
        QTest::qWait(10);
        QVERIFY(!called);
    }

    void userJobsGoBeforeBackground()
    {
        JobRunner runner(1);
        Job<int> probe(runner, Lane::Background);
        Job<int> asked(runner, Lane::User);
        QStringList order;
        int probeRuns = 0;
        probe.start(
            [&probeRuns](const Context& c) {
                ++probeRuns;
                return countTo(c.stopRequested() ? 1 : 2000, c);
            },
            [&](Result<int> result) { order << (result ? QStringLiteral("probe") : QStringLiteral("probe lost")); });
        QTest::qWait(30); // it runs by now
        asked.start([](const Context& c) { return countTo(20, c); },
                    [&](Result<int>) { order << QStringLiteral("asked"); });
        QTRY_VERIFY_WITH_TIMEOUT(!probe.running() && !asked.running(), kPatienceMs);
        QCOMPARE(order, (QStringList{QStringLiteral("asked"), QStringLiteral("probe")}));
        QCOMPARE(probeRuns, 2); // stopped, and run again after
    }

    void exceptionsBecomeErrors()
    {
        JobRunner runner(1);
        Job<int> job(runner, Lane::Interactive);
        QString message;
        job.start([](const Context&) -> Result<int> { throw std::runtime_error("boom"); },
                  [&](Result<int> result) { message = QString::fromStdString(result.error().text()); });
        QTRY_COMPARE_WITH_TIMEOUT(message, QStringLiteral("boom"), kPatienceMs);
    }

    void endOfTheProgramWaitsOnlyForTheWorkersToLook()
    {
        QElapsedTimer timer;
        {
            JobRunner runner(1);
            Job<int> running(runner, Lane::User), queued(runner, Lane::Background);
            running.start([](const Context& c) { return countTo(1000000, c); }, {});
            queued.start([](const Context& c) { return countTo(1000000, c); }, {});
            QTest::qWait(20);
            timer.start();
        }
        QVERIFY(timer.elapsed() < 2000);
    }
};

QTEST_GUILESS_MAIN(JobTest)
#include "job_test.moc"
