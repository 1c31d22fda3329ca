// B16: SIGTERM counted as "did not end properly" with nothing unsaved.
#include "session_helper.h"

#include "widgets/model/autosave.h"
#include "widgets/shell/termination.h"
#include "widgets/shell/window_state.h"

#include <QDir>
#include <QTemporaryDir>

#include <csignal>

using namespace qs;
using namespace qs::ui;
using namespace qs::test;

class TerminationTest : public QObject {
    Q_OBJECT
private:
    /// Copies that the next start would offer, after an edit with a copy made of it.
    int left(bool kept)
    {
        QTemporaryDir folder;
        JobRunner runner(2);
        {
            Session session(runner);
            Autosave autosave(session, folder.path(), 60000);
            session.files.put(smallDocument());
            session.edits.editSites(std::vector{SiteId(0)}, bitsPatch(4));
            QSignalSpy saved(&autosave, &Autosave::saved);
            autosave.save();
            if (!QTest::qWaitFor([&] { return saved.size() == 1; }, kPatienceMs))
                return -1;
            if (kept) // in the session's own file
                session.document.saved(session.document.revision(), folder.filePath(QStringLiteral("own")));
            Termination termination;
            connect(&termination, &Termination::asked, this, [&] { endQuietly(session.document, autosave); });
            QTimer::singleShot(0, this, [] { std::raise(SIGTERM); });
            QCoreApplication::exec(); // ends by the signal
        }
        runner.waitForDone(kPatienceMs);
        return static_cast<int>(QDir(folder.path()).entryList({QStringLiteral("*.quantoscope")}).size());
    }

private slots:
    void withNothingUnsavedItIsAProperEnd() { QCOMPARE(left(true), 0); }
    void whatIsUnsavedStays() { QCOMPARE(left(false), 1); }

    void layoutsOfBeforeAreRead()
    {
        WindowState state;
        state.layout = "docks";
        state.panels[QStringLiteral("layers")] = "columns";
        const WindowState back = WindowState::unpack(state.pack());
        QCOMPARE(back.layout, state.layout);
        QCOMPARE(back.panels, state.panels);
        const QByteArray old("\0\0\0\xff"
                             "some layout of before",
                             25);
        QCOMPARE(WindowState::unpack(old).layout, old);
        QVERIFY(WindowState::unpack({}).layout.isEmpty());
    }
};

QTEST_MAIN(TerminationTest)
#include "termination_test.moc"
