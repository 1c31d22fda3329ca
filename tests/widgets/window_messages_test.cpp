// Messages, next steps and jobs appear and go without moving anything.
#include "demo_window.h"

#include "widgets/frame/job_strip.h"
#include "widgets/shell/message_strip.h"
#include "widgets/shell/next_step.h"

#include <QMenu>
#include <QPushButton>
#include <QToolButton>

using namespace qs;
using namespace qs::ui;
using namespace qs::test;

class WindowMessagesTest : public QObject {
    Q_OBJECT
private:
    std::unique_ptr<DemoWindow> m_demo;
    Session& session() { return m_demo->session(); }
    MainWindow& window() { return m_demo->window(); }
    void calibrateAgain()
    {
        session().plans.calibrate();
        QTRY_VERIFY_WITH_TIMEOUT(session().plans.calibration().current && !session().plans.calibration().running,
                                 kDemoPatienceMs);
        QS_READY(*m_demo);
    }

private slots:
    void initTestCase()
    {
        if (!hasDemo())
            QSKIP("the demo model is not there");
        m_demo = std::make_unique<DemoWindow>("window-messages");
        window().openDemo();
        QS_READY(*m_demo);
    }

    void cleanupTestCase() { m_demo.reset(); }

    // B11: messages pushed the window's contents around and the question of recovery out, and errors stayed after
    // what had failed went well.
    void messagesMoveNothing()
    {
        MessageStrip& messages = window().messages();
        const auto places = [this] {
            QList<QRect> all;
            for (const QString& id : window().panelIds())
                if (const QWidget* panel = window().panel(id); panel->isVisible())
                    all << QRect(panel->mapTo(&window(), QPoint()), panel->size());
            return all;
        };
        const auto before = places();
        int restored = 0;
        messages.ask(QStringLiteral("Restore?"), {{QStringLiteral("Restore"), [&restored] { ++restored; }}});
        for (int i = 0; i < 7; ++i)
            session().messages.fail({ErrorCode::Io, "cannot be read " + std::to_string(i), "/somewhere"});
        session().messages.note(QStringLiteral("a note"));
        QTest::qWait(50);
        QCOMPARE(places(), before);
        QVERIFY(messages.isVisible() && messages.rows() <= 4);
        QVERIFY(window().rect().contains(QRect(messages.mapTo(&window(), QPoint()), messages.size())));
        QVERIFY(messages.texts().contains(QStringLiteral("Restore?")));
        QVERIFY(messages.log().size() >= 8); // also those that are gone
        QVERIFY(messages.counter()->isVisible() && messages.counter()->menu());
        for (QPushButton* button : messages.findChildren<QPushButton*>())
            if (button->text() == QLatin1String("Restore"))
                button->click();
        QCOMPARE(restored, 1);
        for (QToolButton* button : messages.findChildren<QToolButton*>())
            if (button->isVisible() && button->toolTip() == QLatin1String("Close"))
                button->click();
        QCOMPARE(messages.rows(), 0);
        QVERIFY(!messages.isVisible());
    }

    void anErrorIsOverWhenItSucceeds()
    {
        MessageStrip& messages = window().messages();
        const QString good = QString::fromStdString(session().document.testImages()->folder.root.string());
        session().folders.open(ImagePurpose::Test, QStringLiteral("/no/such/folder"));
        QTRY_COMPARE_WITH_TIMEOUT(messages.rows(), 1, kPatienceMs);
        session().messages.fail({ErrorCode::Io, "of something else", {}});
        QTest::qWait(20);
        session().folders.open(ImagePurpose::Test, good);
        QTRY_COMPARE_WITH_TIMEOUT(messages.rows(), 1, kDemoPatienceMs);
        QCOMPARE(messages.texts().front(), QStringLiteral("of something else"));
        for (QToolButton* button : messages.findChildren<QToolButton*>())
            if (button->isVisible() && button->toolTip() == QLatin1String("Close"))
                button->click();
        QS_READY(*m_demo);
    }

    // B11: the strip of the next step pushed the plots down, and the bar of a job everything up.
    void theNextStepAndJobsMoveNothing()
    {
        window().showPanel(QStringLiteral("distribution"));
        const QWidget* plots = window().panel(QStringLiteral("distribution"));
        const QRect before(plots->mapTo(&window(), QPoint()), plots->size());
        const std::size_t count = session().document.calibrationCount();
        session().document.setCalibrationCount(session().document.calibrationImages()->size() / 2); // other images
        const auto* next = window().findChild<NextStep*>();
        QTRY_VERIFY(next->isVisible());
        QTest::qWait(50);
        QCOMPARE(QRect(plots->mapTo(&window(), QPoint()), plots->size()), before);
        session().document.setCalibrationCount(count);
        calibrateAgain();
        QTRY_VERIFY_WITH_TIMEOUT(!next->isVisible(), kDemoPatienceMs);
        auto* jobs = window().findChild<JobStrip*>();
        jobs->show();
        QTest::qWait(50);
        QCOMPARE(QRect(plots->mapTo(&window(), QPoint()), plots->size()), before);
        jobs->hide();
        QS_READY(*m_demo);
    }
};

QTEST_MAIN(WindowMessagesTest)
#include "window_messages_test.moc"
