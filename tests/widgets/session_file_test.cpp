// A session in the window: restoring, autosave and what a dead program leaves. Its file: tests/project.
#include "session_helper.h"

#include "widgets/model/autosave.h"
#include "widgets/model/history.h"
#include "widgets/model/session_file.h"
#include "widgets/shell/message_strip.h"
#include "widgets/shell/questions.h"

#include <QAbstractButton>
#include <QDir>
#include <QFile>
#include <QSysInfo>
#include <QTemporaryDir>
#include <QThread>

using namespace qs;
using namespace qs::ui;
using namespace qs::test;

namespace {

/// Evaluated, with one edit that was not.
void prepare(Session& session)
{
    session.files.put(smallDocument());
    session.plans.calibrate();
    QS_SETTLE(session);
    session.edits.editSites(sitesNamed(session, "fc2.input"), bitsPatch(4));
    QS_SETTLE(session);
    session.figures.evaluate();
    QTRY_VERIFY_WITH_TIMEOUT(session.figures.evaluation().current, kPatienceMs);
}

} // namespace

class SessionFileTest : public QObject {
    Q_OBJECT
private slots:
    void restoringBringsHistoryAndFigures()
    {
        JobRunner runner(1);
        Session first(runner);
        prepare(first);
        const double kl = first.figures.evaluation()->klDivergence;

        Session session(runner);
        session.files.put(first.files.gather());
        QCOMPARE(session.document.history().size(), 2);
        QCOMPARE(session.document.history().index(), 1);
        const SiteId fc2 = sitesNamed(session, "fc2.input").front();
        QCOMPARE(session.document.settings(fc2).bits, 4);
        QVERIFY(session.plans.calibration().current);
        QVERIFY(session.figures.evaluation().current);
        session.document.history().stack().undo();
        QCOMPARE(session.document.settings(fc2).bits, 8);
        QVERIFY(!session.figures.evaluation().current);
        session.document.history().stack().redo();
        QVERIFY(session.figures.evaluation().current);
        QCOMPARE(session.figures.evaluation()->klDivergence, kl);
        QVERIFY(!session.document.modified());
    }

    // A5: a model that changed since the session was saved left its old evaluation current.
    void figuresOfAnotherModelAreNotCurrent()
    {
        JobRunner runner(1);
        Session first(runner);
        prepare(first);
        SessionDocument document = first.files.gather();
        auto changed = std::make_shared<onnx::Model>(*document.loadedModel);
        changed->info.hash = "retrained";
        document.loadedModel = changed;
        Session session(runner);
        session.files.put(std::move(document));
        QVERIFY(session.figures.evaluation());
        QVERIFY(!session.figures.evaluation().current);
        QVERIFY(!session.plans.calibration().current);
        QVERIFY(session.figures.ofState(session.document.recipeKey()).value == nullptr);
    }

    // A6: a calibration that was stale when it was saved was current when it was opened again.
    void aStaleCalibrationStaysStale()
    {
        JobRunner runner(1);
        Session first(runner);
        prepare(first);
        first.document.setCalibrationCount(7);
        QVERIFY(!first.plans.calibration().current);
        Session session(runner);
        session.files.put(first.files.gather());
        QVERIFY(session.plans.calibration());
        QVERIFY(!session.plans.calibration().current);
        session.document.setCalibrationCount(256);
        QVERIFY(session.plans.calibration().current);

        SessionDocument other = first.files.gather();
        other.calibrationCount = 256;
        other.loadedCalibrationImages = madeUpImages(15, 1);
        session.files.put(std::move(other));
        QVERIFY(!session.plans.calibration().current);
    }

    void autosaveIsFoundAfterACrash()
    {
        QTemporaryDir folder;
        JobRunner runner(1);
        Session session(runner);
        auto autosave = std::make_unique<Autosave>(session, folder.path(), 1000000);
        autosave->save();
        QVERIFY(!QFile::exists(autosave->file())); // nothing to save yet
        session.files.put(smallDocument());
        session.plans.calibrate();
        QS_SETTLE(session);
        QSignalSpy saved(autosave.get(), &Autosave::saved);
        autosave->save();
        QVERIFY(!saved.wait(50)); // nothing is unsaved
        session.edits.applyPreset(QStringLiteral("minmax"), 6, 6);
        autosave->save();
        QVERIFY(saved.wait(kPatienceMs));
        QVERIFY(QFile::exists(autosave->file()));
        const QString calibration =
            QString(autosave->file()).replace(QStringLiteral(".quantoscope"), QStringLiteral(".qcal"));
        QVERIFY(QFile::exists(calibration));
        QFile::remove(calibration);
        session.edits.applyPreset(QStringLiteral("minmax"), 4, 4);
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
        QVERIFY(QDir(folder.path()).entryList(QDir::Files).isEmpty());
    }

    // Of seven kept sessions "Discard" removed all, though the question is about one.
    void discardingTakesOneKeptSession()
    {
        QTemporaryDir folder;
        for (const char* name : {"1-0.quantoscope", "2-0.quantoscope", "2-0.qcal",
                                 ".2-0.quantoscope.part-0123456789ab", "3-0.lock", "3-0.qcal"}) {
            QFile file(folder.filePath(QLatin1String(name)));
            QVERIFY(file.open(QIODevice::WriteOnly));
            if (file.fileName().endsWith(QStringLiteral(".lock"))) // of a process that is gone
                file.write("4194304\nquantoscope\n" + QSysInfo::machineHostName().toLocal8Bit() + "\n\n\n");
        }
        JobRunner runner(1);
        Session session(runner);
        Autosave autosave(session, folder.path(), 1000000);
        QVERIFY(!QFile::exists(folder.filePath(QStringLiteral("3-0.qcal")))); // its session is gone
        QCOMPARE(autosave.leftovers().size(), 2);
        QWidget over;
        MessageStrip strip(&over);
        offerRecovery(strip, session.files, autosave);
        QVERIFY(strip.texts().join(QChar()).contains(QStringLiteral("1 older")));
        const auto discard = [&strip] {
            QAbstractButton* last = nullptr; // rows that are answered go later
            for (QAbstractButton* button : strip.findChildren<QAbstractButton*>())
                if (button->text() == QStringLiteral("Discard"))
                    last = button;
            last->click();
        };
        discard();
        QCOMPARE(autosave.leftovers().size(), 1);
        QCOMPARE(strip.rows(), 1); // asks about the other
        discard();
        QVERIFY(autosave.leftovers().isEmpty());
        QCOMPARE(strip.rows(), 0);
        autosave.finish();
        QVERIFY(QDir(folder.path()).entryList(QDir::Files | QDir::Hidden).isEmpty());
    }

    // A7: a copy that was being written came back after the end, and the next start spoke of a crash.
    void nothingIsLeftByAProperEnd()
    {
        QTemporaryDir folder;
        for (int wait = 0; wait < 12; ++wait) {
            JobRunner runner(1);
            Session session(runner);
            prepare(session);
            Autosave autosave(session, folder.path(), 1000000);
            autosave.save();
            QThread::msleep(static_cast<unsigned long>(wait));
            autosave.finish();
            runner.waitForDone(kPatienceMs);
            QCOMPARE(QDir(folder.path()).entryList(QDir::Files), QStringList{});
        }
    }

    // B16: what was saved was offered again after a kill.
    void aSavedSessionNeedsNoCopy()
    {
        QTemporaryDir folder;
        JobRunner runner(1);
        Session session(runner);
        prepare(session);
        Autosave autosave(session, folder.path(), 1000000);
        QSignalSpy copied(&autosave, &Autosave::saved);
        autosave.save();
        QVERIFY(copied.wait(kPatienceMs));
        QVERIFY(QFile::exists(autosave.file()));
        session.files.saveSession(folder.filePath(QStringLiteral("mine.quantoscope")));
        QTRY_VERIFY_WITH_TIMEOUT(!session.document.modified(), kPatienceMs);
        QTRY_VERIFY(!QFile::exists(autosave.file()));
        autosave.finish();
    }

    // A2: an edit made while the session was being written was declared saved.
    void anEditDuringASaveIsUnsaved()
    {
        QTemporaryDir folder;
        JobRunner runner(1);
        Session session(runner);
        prepare(session);
        QSignalSpy ended(&session.files, &Files::saveEnded);
        session.files.saveSession(folder.filePath(QStringLiteral("s.quantoscope")));
        session.edits.applyPreset(QStringLiteral("minmax"), 3, 3);
        QVERIFY(ended.wait(kPatienceMs));
        QCOMPARE(ended.front().front().toBool(), true);
        QVERIFY(session.document.modified());
        session.files.saveSession(session.document.path());
        QTRY_VERIFY_WITH_TIMEOUT(!session.document.modified(), kPatienceMs);
    }

    // Names of classes that were read from a list were of this run alone, and not asked for when it ended.
    void namesOfClassesAreKept()
    {
        QTemporaryDir folder;
        JobRunner runner(1);
        Session session(runner);
        prepare(session);
        const QString path = folder.filePath(QStringLiteral("s.quantoscope"));
        session.files.saveSession(path);
        QTRY_VERIFY_WITH_TIMEOUT(!session.document.modified(), kPatienceMs);
        QFile list(folder.filePath(QStringLiteral("names.txt")));
        QVERIFY(list.open(QIODevice::WriteOnly));
        list.write("ant\nbee\ncow\ndog\nelk\n");
        list.close();
        session.files.loadClassNames(list.fileName());
        QVERIFY(session.document.modified());
        session.files.saveSession(path);
        QTRY_VERIFY_WITH_TIMEOUT(!session.document.modified(), kPatienceMs);
        session.files.loadClassNames(list.fileName()); // the same once more
        QVERIFY(!session.document.modified());
        const auto read = project::readSession(path.toStdString());
        QVERIFY(read);
        QCOMPARE(read->classNames, (std::vector<std::string>{"ant", "bee", "cow", "dog", "elk"}));
        Session other(runner);
        SessionDocument document = smallDocument();
        document.classNames = read->classNames;
        other.files.put(std::move(document));
        QCOMPARE(other.document.classNames(), read->classNames);
    }

    // A13: loading a recipe right after saving one dropped the save; so did a second save.
    void noSaveIsDropped()
    {
        QTemporaryDir folder;
        JobRunner runner(1);
        Session session(runner);
        session.files.put(smallDocument());
        const auto file = [&folder](int i) { return folder.filePath(QStringLiteral("r%1.json").arg(i)); };
        for (int i = 0; i < 5; ++i)
            session.files.saveRecipe(file(i));
        session.files.loadRecipe(file(0));
        for (int i = 0; i < 5; ++i)
            QTRY_VERIFY_WITH_TIMEOUT(QFile::exists(file(i)), kPatienceMs);
    }
};

QTEST_MAIN(SessionFileTest)
#include "session_file_test.moc"
