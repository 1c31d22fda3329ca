// The panels on the demo, bound to a session: what they show before, after calibration, after an edit. With
// QUANTOSCOPE_SCREENSHOTS set to a folder, pictures of them are written there, light and dark.
#include "demo_window.h"

#include "widgets/panels/distribution/distribution_panel.h"
#include "widgets/panels/distribution/histogram_plot.h"
#include "widgets/panels/error/depth_plot.h"
#include "widgets/panels/error/error_panel.h"
#include "widgets/panels/images/classes_pane.h"
#include "widgets/panels/images/images_panel.h"
#include "widgets/panels/layers/layers_panel.h"

#include <QElapsedTimer>
#include <QEventLoop>
#include <QTableView>
#include <QTimer>

#include <algorithm>

using namespace qs;
using namespace qs::ui;
using namespace qs::test;

class PanelsDemoTest : public QObject {
    Q_OBJECT
private:
    JobRunner m_runner{2};
    std::unique_ptr<Session> m_session;
    std::unique_ptr<LayersPanel> m_layers;
    std::unique_ptr<DistributionPanel> m_distribution;
    std::unique_ptr<ErrorPanel> m_error;
    std::unique_ptr<ImagesPanel> m_images;

    void picture(const char* name)
    {
        const std::pair<const char*, QWidget*> widgets[] = {{"layers", m_layers.get()},
                                                            {"distribution", m_distribution.get()},
                                                            {"error", m_error.get()},
                                                            {"images", m_images.get()}};
        for (const auto& [panel, widget] : widgets)
            shoot(*widget, QStringLiteral("panels-%1-%2").arg(QLatin1String(name), QLatin1String(panel)));
    }

private slots:
    void initTestCase()
    {
        if (!hasDemo())
            QSKIP("the demo model is not there");
        applyTheme(Theme::Light);
        m_session = std::make_unique<Session>(m_runner);
        m_layers = std::make_unique<LayersPanel>(
            m_session->document, m_session->selection, m_session->edits,
            std::make_unique<LayerRows>(m_session->document, m_session->plans, m_session->figures));
        m_distribution = std::make_unique<DistributionPanel>(
            m_session->document, m_session->selection, m_session->edits, m_session->plans, m_session->jobs.runner());
        m_error = std::make_unique<ErrorPanel>(m_session->document, m_session->selection, m_session->plans,
                                               m_session->figures);
        m_images = std::make_unique<ImagesPanel>(m_session->document, m_session->selection, m_session->plans,
                                                 m_session->figures, m_session->jobs.runner());
        m_layers->resize(470, 560);
        for (QWidget* panel : {static_cast<QWidget*>(m_distribution.get()), static_cast<QWidget*>(m_error.get()),
                               static_cast<QWidget*>(m_images.get())})
            panel->resize(640, 520);
        for (QWidget* panel : {static_cast<QWidget*>(m_layers.get()), static_cast<QWidget*>(m_distribution.get()),
                               static_cast<QWidget*>(m_error.get()), static_cast<QWidget*>(m_images.get())})
            panel->show();
        QVERIFY(m_distribution->reason().contains(QLatin1String("No model")));
        QVERIFY(m_images->classes().reason().contains(QLatin1String("No images")));
        picture("0-empty");
        m_session->files.openDemo(demoFolder());
    }

    void showsTheCalibratedDemo()
    {
        QTRY_VERIFY_WITH_TIMEOUT(m_session->plans.plan().current && m_session->figures.profile().current,
                                 kDemoPatienceMs);
        QCOMPARE(m_layers->model().rowCount(), static_cast<int>(m_session->document.sites().size()));
        QVERIFY(std::ranges::all_of(m_layers->model().rows(), [](const SiteRow& row) {
            return row.current && (!row.covered || (row.histogram && !row.histogram->empty()));
        }));
        QVERIFY(m_distribution->reason().isEmpty());
        QTRY_VERIFY(m_distribution->figures().contains(QLatin1String("dB")));
        QTRY_VERIFY(m_images->classes().model().rowCount() > 0 && m_images->classes().model().rows()[0].evaluated());
        QCOMPARE(m_layers->table().selectionModel()->selectedRows().size(), 1);
        m_session->selection.setImage(0);
        QTest::qWait(1500); // pictures
        picture("1-calibrated");
    }

    void showsWeightsPerChannel()
    {
        const SiteId weight = siteWith(*m_session, graph::Role::Fc1, 1, graph::SiteKind::Weight);
        QVERIFY(weight.valid());
        m_session->selection.select(weight);
        QTRY_VERIFY(m_distribution->figures().contains(QLatin1String("per channel")));
        QTest::qWait(300);
        picture("2-weight");
    }

    void followsAnEditOfBits()
    {
        const SiteId site = siteWith(*m_session, graph::Role::Fc2, 1);
        QVERIFY(site.valid());
        m_session->selection.select(site);
        QTRY_VERIFY(m_distribution->histogram().grid() != nullptr);
        // From the wish to the first painting with the new levels: no polling, every painting is looked at.
        QElapsedTimer timer;
        QEventLoop loop;
        const auto stop = [&loop, this] {
            if (m_distribution->histogram().grid()->levels() == 8)
                loop.quit();
        };
        connect(&m_distribution->histogram(), &QCustomPlot::afterReplot, &loop, stop);
        QTimer::singleShot(5000, &loop, &QEventLoop::quit);
        timer.start();
        emit m_layers->bitsWished(site, 3);
        loop.exec();
        QCOMPARE(m_distribution->histogram().grid()->levels(), 8);
        qInfo("edit of bits to the new grid in the histogram: %.1f ms",
              static_cast<double>(timer.nsecsElapsed()) / 1e6);
        QTRY_COMPARE(m_layers->model().rows()[site.index()].bits, 3);
        picture("3-three-bits");
        QTRY_VERIFY_WITH_TIMEOUT(m_session->plans.plan().current && m_session->figures.profile().current,
                                 kDemoPatienceMs);
    }

    void aDraggedLimitIsOneEdit()
    {
        const SiteId site = m_session->selection.current();
        HistogramPlot& plot = m_distribution->histogram();
        const double high = plot.limits()->high;
        const int states = m_session->document.history().size();
        for (const double factor : {0.9, 0.7, 0.6})
            plot.dragTo(false, high * factor);
        QCOMPARE(m_session->document.history().size(), states);
        plot.endDrag();
        QCOMPARE(m_session->document.history().size(), states + 1);
        QCOMPARE(m_session->document.settings(site).estimator.kind, quant::EstimatorKind::Manual);
        QTRY_VERIFY_WITH_TIMEOUT(m_session->plans.sitePlanCurrent(site), kDemoPatienceMs);
        QTRY_VERIFY(std::abs(plot.limits()->high - 0.6 * high) < 1e-6 * high);
        m_session->document.history().stack().undo();
        QTRY_VERIFY(std::abs(plot.limits()->high - high) < 1e-6 * high);
    }

    void showsTheWholeEvaluation()
    {
        m_session->edits.applyPreset(QStringLiteral("minmax"), 4, 4);
        QTRY_VERIFY_WITH_TIMEOUT(m_session->plans.plan().current && m_session->figures.profile().current,
                                 kDemoPatienceMs);
        m_session->figures.evaluate();
        QTRY_VERIFY_WITH_TIMEOUT(m_session->figures.evaluation().current, kDemoPatienceMs);
        QTRY_VERIFY(std::ranges::all_of(m_images->classes().model().rows(), &ImageRow::evaluated));
        m_images->classes().setFilter(ImageFilter::Lost);
        QVERIFY(m_images->classes().shownImages() > 0);
        QVERIFY(m_images->classes().shownImages() < m_images->classes().model().rowCount());
        QTest::qWait(500);
        picture("4-w4a4");
        m_images->classes().setFilter(ImageFilter::All);
    }

    void cleanupTestCase()
    {
        m_images.reset();
        m_error.reset();
        m_distribution.reset();
        m_layers.reset();
        m_session.reset();
        m_runner.waitForDone(kDemoPatienceMs);
    }
};

QTEST_MAIN(PanelsDemoTest)
#include "panels_demo_test.moc"
