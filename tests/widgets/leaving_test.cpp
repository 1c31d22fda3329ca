// What happens before the present session is left: closing, another model, two things opened at once.
#include "demo_window.h"

#include <QAbstractButton>
#include <QFileDialog>
#include <QMessageBox>

using namespace qs;
using namespace qs::ui;
using namespace qs::test;

class LeavingTest : public QObject {
    Q_OBJECT
    std::unique_ptr<DemoWindow> m_demo;
    Session* m_session = nullptr;

    void openDemo()
    {
        m_session->files.openDemo(demoFolder());
        QTRY_VERIFY_WITH_TIMEOUT(m_session->document.model() != nullptr && m_session->plans.plan().current,
                                 kDemoPatienceMs);
    }
    void edit(int bits)
    {
        m_session->edits.applyPreset(QStringLiteral("minmax"), bits, bits);
        QVERIFY(m_session->document.modified());
    }
    QMessageBox* question() const
    {
        for (QMessageBox* box : m_demo->window().findChildren<QMessageBox*>())
            if (box->isVisible())
                return box;
        return nullptr;
    }
    void answer(const QString& text)
    {
        QMessageBox* box = question();
        QVERIFY(box);
        for (QAbstractButton* button : box->buttons())
            if (button->text() == text) {
                button->click();
                return;
            }
        QFAIL(qPrintable(text));
    }
    QFileDialog* fileDialog() const
    {
        for (QFileDialog* dialog : m_demo->window().findChildren<QFileDialog*>())
            if (dialog->isVisible())
                return dialog;
        return nullptr;
    }

private slots:
    void init()
    {
        if (!hasDemo())
            QSKIP("the demo model is not there");
        m_demo = std::make_unique<DemoWindow>("leaving");
        m_session = &m_demo->session();
    }
    void cleanup() { m_demo.reset(); }

    void nothingUnsavedIsNotAskedFor()
    {
        openDemo();
        QVERIFY(!m_session->document.modified());
        m_demo->window().close();
        QVERIFY(!m_demo->window().isVisible());
        QVERIFY(!question());
    }

    // A1: Close, Save, and the file dialog cancelled: the next ordinary save closed the window, and the next close
    // did not ask.
    void aCancelledSaveEndsTheClosing()
    {
        openDemo();
        edit(4);
        m_demo->window().close();
        QVERIFY(m_demo->window().isVisible());
        answer(QStringLiteral("&Save"));
        QVERIFY(fileDialog());
        fileDialog()->reject();

        const QString file = m_demo->folder() + QStringLiteral("/later.quantoscope");
        m_session->files.saveSession(file);
        QTRY_VERIFY_WITH_TIMEOUT(!m_session->document.modified(), kDemoPatienceMs);
        QTest::qWait(50);
        QVERIFY(m_demo->window().isVisible());

        edit(5);
        m_demo->window().close();
        QVERIFY(m_demo->window().isVisible());
        QVERIFY(question());
        answer(QStringLiteral("&Save")); // it has a file by now
        QTRY_VERIFY_WITH_TIMEOUT(!m_demo->window().isVisible(), kDemoPatienceMs);
        QVERIFY(!m_session->document.modified());
    }

    // The same after a save that fails.
    void aFailedSaveEndsTheClosing()
    {
        openDemo();
        edit(4);
        m_session->document.saved({}, QStringLiteral("/proc/no/such/folder/s.quantoscope"));
        QVERIFY(m_session->document.modified());
        m_demo->window().close();
        QSignalSpy ended(&m_session->files, &Files::saveEnded);
        answer(QStringLiteral("&Save"));
        QVERIFY(ended.wait(kDemoPatienceMs));
        QCOMPARE(ended.front().front().toBool(), false);
        QVERIFY(m_demo->window().isVisible());
        m_session->files.saveSession(m_demo->folder() + QStringLiteral("/s.quantoscope"));
        QTRY_VERIFY_WITH_TIMEOUT(!m_session->document.modified(), kDemoPatienceMs);
        QTest::qWait(50);
        QVERIFY(m_demo->window().isVisible());
    }

    void discardingCloses()
    {
        openDemo();
        edit(4);
        m_demo->window().close();
        answer(QStringLiteral("&Discard"));
        QTRY_VERIFY(!m_demo->window().isVisible());
    }

    // B2: another model threw away unsaved edits without a question, and was calibrated on the demo's images.
    void anotherModelIsAskedFor()
    {
        openDemo();
        edit(4);
        const auto demo = m_session->document.model();
        const QString copy = m_demo->folder() + QStringLiteral("/mine.onnx");
        QVERIFY(QFile::copy(demoFolder() + QStringLiteral("/demo_vit.onnx"), copy));
        m_demo->window().openPaths({copy});
        QVERIFY(question());
        answer(QStringLiteral("&Cancel"));
        QTest::qWait(100);
        QCOMPARE(m_session->document.model(), demo);
        QVERIFY(m_session->document.modified());

        m_demo->window().openPaths({copy});
        answer(QStringLiteral("&Discard"));
        QTRY_VERIFY_WITH_TIMEOUT(m_session->document.model() != demo, kDemoPatienceMs);
        QVERIFY(!m_session->document.calibrationImages());
        QVERIFY(!m_session->document.testImages());
        QVERIFY(!m_session->document.modified());
    }

    // A4: opening was three jobs, and the slowest won.
    void theLastRequestWins()
    {
        const QString copy = m_demo->folder() + QStringLiteral("/mine.onnx");
        QVERIFY(QFile::copy(demoFolder() + QStringLiteral("/demo_vit.onnx"), copy));
        for (const bool demoLast : {true, false}) {
            if (demoLast) {
                m_session->files.openModel(copy);
                m_session->files.openDemo(demoFolder());
            } else {
                m_session->files.openDemo(demoFolder());
                m_session->files.openModel(copy);
            }
            QTRY_VERIFY_WITH_TIMEOUT(m_session->jobs.list().empty() && m_session->document.model(), kDemoPatienceMs);
            QCOMPARE(m_session->document.model()->info.path.filename().string(),
                     std::string(demoLast ? "demo_vit.onnx" : "mine.onnx"));
        }
    }

    // A3: of two folders that were dropped at once both became calibration images.
    void twoFoldersAreToldApart()
    {
        openDemo();
        const QString calibration = demoFolder() + QStringLiteral("/images/calib");
        const QString test = demoFolder() + QStringLiteral("/images/test");
        const auto expectBoth = [&] {
            QTRY_VERIFY_WITH_TIMEOUT(!m_session->jobs.running(JobKind::OpenImages), kDemoPatienceMs);
            QCOMPARE(m_session->document.calibrationImages()->folder.root.string(), calibration.toStdString());
            QCOMPARE(m_session->document.testImages()->folder.root.string(), test.toStdString());
        };
        m_demo->window().openPaths({test, calibration});
        expectBoth();
        m_demo->window().openPaths({calibration, test});
        expectBoth();
    }

    void foldersThatNothingTellsApartAreAskedFor()
    {
        QTemporaryDir folders;
        QStringList both;
        for (const char* name : {"a", "b"}) {
            both << folders.filePath(QLatin1String(name));
            QVERIFY(QDir().mkpath(both.back()));
        }
        QVERIFY(!testFolderOf(both[0], both[1]));
        QSignalSpy asked(&m_session->folders, &Folders::asked);
        m_session->folders.open(both);
        QCOMPARE(asked.count(), 1);
        QVERIFY(!m_session->jobs.running(JobKind::OpenImages));
        QFile labels(both[1] + QStringLiteral("/labels.csv"));
        QVERIFY(labels.open(QIODevice::WriteOnly));
        QCOMPARE(testFolderOf(both[0], both[1]), std::optional(1));
        QCOMPARE(testFolderOf(QStringLiteral("/x/train"), QStringLiteral("/x/val")), std::optional(1));
        QCOMPARE(testFolderOf(QStringLiteral("/x/imagenet-val"), QStringLiteral("/x/images")), std::optional(0));
    }
};

QTEST_MAIN(LeavingTest)
#include "leaving_test.moc"
