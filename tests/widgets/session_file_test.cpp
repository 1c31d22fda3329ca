// A session in the window: restoring, autosave and what a dead program leaves. Its file: tests/project.
#include "session_helper.h"

#include "widgets/model/autosave.h"
#include "widgets/model/history.h"
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
    auto evaluation = std::make_shared<quant::Evaluation>();
    evaluation->images = 100;
    evaluation->top1 = 0.741;
    evaluation->floatTop1 = 0.812;
    evaluation->agreement = 0.84;
    evaluation->logitSqnrDb = 12.5;
    document.states.push_back({"fc2: 4 bits – “ä”", second, {}, {evaluation, {}}});
    document.index = 1;
    document.selection = {"blocks.0.fc2.input"};
    return document;
}

} // namespace

class SessionFileTest : public QObject {
    Q_OBJECT
private slots:
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
