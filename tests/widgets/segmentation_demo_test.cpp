// The demo of another task in the window: opened from the start page and from the menu, calibrated, quantized.
#include "demo_window.h"

#include "core/project/demos.h"
#include "widgets/model/evaluated.h"
#include "widgets/model/figure_text.h"
#include "widgets/shell/actions.h"
#include "widgets/shell/welcome.h"

#include <QAction>
#include <QPushButton>
#include <QTest>

using namespace qs;
using namespace qs::test;
using namespace qs::ui;

class SegmentationDemoTest : public QObject {
    Q_OBJECT

    std::unique_ptr<DemoWindow> m_demo;
    Session& session() { return m_demo->session(); }

private slots:
    void initTestCase()
    {
        if (!hasDemo())
            QSKIP("the demo model is not there");
        m_demo = std::make_unique<DemoWindow>("segmentation-demo");
    }

    void theStartPageOffersEveryDemo()
    {
        auto* welcome = m_demo->window().findChild<Welcome*>();
        QVERIFY(welcome && welcome->isVisible());
        shoot(m_demo->window(), QStringLiteral("segmentation-0-welcome"));
        QPushButton* button = nullptr;
        for (const project::DemoDef& demo : project::demos()) {
            button = nullptr;
            for (auto* candidate : welcome->findChildren<QPushButton*>())
                if (candidate->text().contains(QString::fromStdString(std::string(demo.task))))
                    button = candidate;
            QVERIFY(button && button->isEnabled());
            QVERIFY(button->width() >= button->sizeHint().width());
        }
        QTest::mouseClick(button, Qt::LeftButton); // the last: segmentation
        QS_READY(*m_demo);
        const auto& model = session().document.model();
        QCOMPARE(QString::fromStdString(model->info.path.filename().string()), QStringLiteral("demo_segformer.onnx"));
        QCOMPARE(model->info.classes, 0);
        QCOMPARE(session().document.calibrationImages()->size(), 64U);
        QCOMPARE(session().document.testImages()->size(), 360U);
    }

    void itsFiguresAreNoTop1()
    {
        session().figures.evaluate();
        QTRY_VERIFY_WITH_TIMEOUT(session().figures.evaluation().current, kDemoPatienceMs);
        const quant::Evaluation& evaluation = *session().figures.evaluation();
        QCOMPARE(QString::fromStdString(evaluation.task), QStringLiteral("segmentation"));
        QVERIFY(!evaluation.top1);
        QCOMPARE(evaluation.images, 360U);
        // Against the masks: the command line's 88.5 % in float.
        QVERIFY(evaluation.headline() && evaluation.headline()->key == "miou" && evaluation.headline()->value > 0.8);
        QVERIFY(floatHeadline(evaluation) && std::abs(floatHeadline(evaluation)->value - 0.8845) < 0.0005);
        shoot(m_demo->window(), QStringLiteral("segmentation-1-evaluated"));
    }

    void theMenuGoesFromOneDemoToTheOther()
    {
        session().document.saved(session().document.revision(), QString()); // nothing to be asked about
        m_demo->window().action(Command::OpenDemo)->trigger();
        QTRY_VERIFY_WITH_TIMEOUT(session().document.model()->info.classes == 12, kDemoPatienceMs);
        QS_READY(*m_demo);
        session().document.saved(session().document.revision(), QString());
        m_demo->window().action(Command::OpenSegmentationDemo)->trigger();
        QTRY_VERIFY_WITH_TIMEOUT(session().document.model()->info.classes == 0, kDemoPatienceMs);
        QS_READY(*m_demo);
    }

    void cleanupTestCase() { m_demo.reset(); }
};

QTEST_MAIN(SegmentationDemoTest)
#include "segmentation_demo_test.moc"
