// NoisyQuant in the window, on the demo: the group beside smoothing edits, previews and undoes noise; the curve is
// the search's; one drag of the slider is one undo step. With QUANTOSCOPE_SCREENSHOTS set to a folder, pictures of
// the window are written there, light and dark.
#include "demo_window.h"

#include "widgets/model/text.h"
#include "widgets/panels/distribution/distribution_panel.h"
#include "widgets/panels/distribution/histogram_plot.h"
#include "widgets/recipe/noise_curve.h"

#include <QCheckBox>
#include <QDoubleSpinBox>
#include <QLabel>
#include <QScrollArea>
#include <QScrollBar>
#include <QSlider>
#include <QSpinBox>
#include <QUndoStack>

#include <ctime>

using namespace qs;
using namespace qs::ui;
using namespace qs::test;

namespace {

/// Time that this thread has computed: what others run on the machine does not count.
double threadMs()
{
    timespec time{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return 1e3 * static_cast<double>(time.tv_sec) + 1e-6 * static_cast<double>(time.tv_nsec);
}

} // namespace

class NoiseTest : public QObject {
    Q_OBJECT
    std::unique_ptr<DemoWindow> m_demo;

    Session& session() { return m_demo->session(); }
    template <class T>
    T* control(const char* name)
    {
        return m_demo->control<T>(name);
    }
    QString note() { return control<QLabel>("noise.note")->text(); }
    NoiseCurve* curve() { return control<NoiseCurve>("noise.curve"); }
    void showGroup()
    {
        auto* area = m_demo->window().panel(QStringLiteral("recipe"))->findChild<QScrollArea*>();
        area->ensureWidgetVisible(control<QLabel>("noise.note"));
        // Nothing is cut off at the right.
        QVERIFY2(area->widget()->width() <= area->viewport()->width(),
                 qPrintable(QStringLiteral("%1 > %2").arg(area->widget()->width()).arg(area->viewport()->width())));
    }

private slots:
    void initTestCase()
    {
        if (!hasDemo())
            QSKIP("the demo model is not there");
        m_demo = std::make_unique<DemoWindow>("noise");
        session().files.openDemo(demoFolder());
        QS_READY(*m_demo);
        session().edits.applyPreset(QStringLiteral("percentile"), 4, 4);
        QS_READY(*m_demo);
    }

    void noiseIsOfferedAtInputsOfLinearLayers()
    {
        auto* on = control<QCheckBox>("noise.on");
        session().selection.select(siteWith(session(), graph::Role::SoftmaxOutput, 1));
        QVERIFY(!on->isVisibleTo(&m_demo->window()));
        session().selection.select(siteWith(session(), graph::Role::Qkv, 1, graph::SiteKind::Weight));
        QVERIFY(!on->isVisibleTo(&m_demo->window()));
        session().selection.select(siteWith(session(), graph::Role::Qkv, 1));
        QVERIFY(on->isVisibleTo(&m_demo->window()));
        QVERIFY(!on->isChecked());
        QVERIFY(!curve()->isVisibleTo(&m_demo->window()));
    }

    void aToggleSearchesAndThePreviewSaysWhatThePlanSays()
    {
        const SiteId site = siteWith(session(), graph::Role::Fc2, 1);
        session().selection.select(site);
        QTRY_VERIFY_WITH_TIMEOUT(session().plans.sitePlanCurrent(site), kPatienceMs);
        const double without = session().plans.sitePlan(site)->error.outputError;
        const int states = session().document.history().size();
        control<QCheckBox>("noise.on")->click();
        QCOMPARE(session().document.history().size(), states + 1);
        QVERIFY(session().document.settings(site).noise.on);
        QVERIFY(!session().plans.plan().current);
        QTRY_VERIFY_WITH_TIMEOUT(session().plans.sitePlanCurrent(site), kPatienceMs);
        const auto preview = session().plans.sitePlan(site);
        QVERIFY(preview->noise && preview->noise->refusal.empty());
        QCOMPARE(preview->noise->curve.size(), std::size_t{101});
        QVERIFY(preview->error.outputError <= without);
        QS_READY(*m_demo);
        const auto planned = session().plans.sitePlan(site);
        QCOMPARE(planned->noise->range, preview->noise->range);
        QCOMPARE(planned->noise->noise, preview->noise->noise);
        QCOMPARE(planned->error.outputError, preview->error.outputError);

        QVERIFY(curve()->isVisibleTo(&m_demo->window()));
        QCOMPARE(curve()->picture().points.size(), std::size_t{101});
        QCOMPARE(curve()->picture().chosen, planned->noise->range);
        QCOMPARE(curve()->picture().searched, 2.0);
        QVERIFY2(note().startsWith(QStringLiteral("Found n = ")), qPrintable(note()));
        QVERIFY2(note().contains(QStringLiteral("addition at run time")), qPrintable(note()));
        showGroup();
        shoot(m_demo->window(), QStringLiteral("noise-1-searched"));
    }

    void aGivenRangeIsDraggedOverTheSameCurve()
    {
        const SiteId site = session().selection.current();
        control<QCheckBox>("noise.search")->click();
        QVERIFY(!session().document.settings(site).noise.searchRange);
        QTRY_VERIFY_WITH_TIMEOUT(curve()->picture().current && curve()->picture().points.size() == 101, kPatienceMs);
        QCOMPARE(curve()->picture().points.back().range, 3.0);
        auto* slider = control<QSlider>("noise.slider");
        QCOMPARE(slider->value(), 200);
        const int states = session().document.history().size();
        const QPoint middle(slider->width() / 2, slider->height() / 2);
        QTest::mousePress(slider, Qt::LeftButton, {}, middle);
        double longest = 0; // ms of the window's thread for a move of the slider
        for (const int value : {150, 120, 90, 60}) {
            const double before = threadMs();
            slider->setValue(value);
            longest = std::max(longest, threadMs() - before);
            QVERIFY(curve()->picture().current); // the curve does not depend on what is dragged
            QCOMPARE(curve()->picture().chosen, value / 100.0);
            QTest::qWait(20);
        }
        QTest::mouseRelease(slider, Qt::LeftButton, {}, middle);
        qInfo("a move of the slider: at most %.1f ms", longest);
        QCOMPARE(session().document.history().size(), states + 1);
        QCOMPARE(session().document.settings(site).noise.range, 0.6);
        QCOMPARE(control<QDoubleSpinBox>("noise.range")->value(), 0.6);
        QTRY_VERIFY_WITH_TIMEOUT(session().plans.sitePlanCurrent(site), kPatienceMs);
        QCOMPARE(session().plans.sitePlan(site)->noise->range, 0.6);
        // The curve at the range is the error of the plan.
        QCOMPARE(curve()->picture().points[20].range, 0.6);
        QVERIFY(std::abs(curve()->picture().points[20].error - session().plans.sitePlan(site)->error.outputError) <
                1e-4 * session().plans.sitePlan(site)->error.outputError);
        QS_READY(*m_demo);
        QVERIFY2(note().startsWith(QStringLiteral("n = 0.60 Δ")), qPrintable(note()));
        showGroup();
        shoot(m_demo->window(), QStringLiteral("noise-2-given"));
        session().document.history().stack().undo();
        QCOMPARE(session().document.settings(site).noise.range, 2.0);
        QCOMPARE(slider->value(), 200);
        session().document.history().stack().undo();
        QVERIFY(session().document.settings(site).noise.searchRange);
        QVERIFY(control<QCheckBox>("noise.search")->isChecked());
        QS_READY(*m_demo);
    }

    void theGainRegionIsDrawnOverTheHistogram()
    {
        auto* view = m_demo->panel<DistributionPanel>("distribution");
        QVERIFY(view->noiseText().isEmpty());
        QVERIFY(!view->histogram().gains());
        view->setNoiseGain(true);
        QTRY_VERIFY_WITH_TIMEOUT(view->histogram().gains(), kPatienceMs);
        const quant::NoiseGains gains = *view->histogram().gains();
        QVERIFY(gains.winning > 0.05 && gains.losing > 0.05);
        QVERIFY2(view->noiseText().contains(QStringLiteral("expected squared error")), qPrintable(view->noiseText()));
        // What is drawn follows the noise.
        const double range = session().plans.sitePlan(session().selection.current())->noise->range;
        control<QCheckBox>("noise.search")->click();
        control<QDoubleSpinBox>("noise.range")->setValue(range / 2);
        QTRY_VERIFY_WITH_TIMEOUT(view->histogram().gains() && view->histogram().gains()->errorWith != gains.errorWith,
                                 kPatienceMs);
        QCOMPARE(view->histogram().gains()->errorWithout, gains.errorWithout);
        session().document.history().stack().undo();
        session().document.history().stack().undo();
        QS_READY(*m_demo);
        QTRY_VERIFY_WITH_TIMEOUT(view->histogram().gains() && view->histogram().gains()->errorWith == gains.errorWith,
                                 kPatienceMs);
        view->histogram().xAxis->setRange(-0.3, 1.2);
        view->histogram().redraw();
        shoot(m_demo->window(), QStringLiteral("noise-4-gain"));
        view->histogram().xAxis->setRange(-20, 80); // steps narrower than a pixel
        view->histogram().redraw();
        shoot(m_demo->window(), QStringLiteral("noise-4-narrow"));
        choose(control<QComboBox>("noise.law"), static_cast<int>(quant::NoiseLaw::Released));
        QTRY_VERIFY2_WITH_TIMEOUT(view->noiseText().contains(QStringLiteral("as released")),
                                  qPrintable(view->noiseText()), kPatienceMs);
        QVERIFY(!view->histogram().gains());
        session().document.history().stack().undo();
        // Of a site without noise it says what to do.
        const SiteId site = session().selection.current();
        session().selection.select(siteWith(session(), graph::Role::Qkv, 1));
        QTRY_VERIFY2_WITH_TIMEOUT(view->noiseText().startsWith(QStringLiteral("No noise at this site")),
                                  qPrintable(view->noiseText()), kPatienceMs);
        shoot(m_demo->window(), QStringLiteral("noise-5-none"));
        session().selection.select(siteWith(session(), graph::Role::SoftmaxOutput, 1));
        QTRY_VERIFY_WITH_TIMEOUT(view->noiseText().isEmpty(), kPatienceMs);
        view->setNoiseGain(false);
        session().selection.select(site);
        QS_READY(*m_demo);
    }

    void everyChoiceIsAnEditOfItsOwn()
    {
        const SiteId site = session().selection.current();
        const auto noise = [&] { return session().document.settings(site).noise; };
        const int before = session().document.history().index();
        const auto seeded = session().plans.sitePlan(site)->noise->noise;
        control<QSpinBox>("noise.seed")->setValue(7);
        QCOMPARE(noise().seed, 7U);
        QTRY_VERIFY_WITH_TIMEOUT(session().plans.sitePlanCurrent(site), kPatienceMs);
        control<QCheckBox>("noise.shift")->click();
        QVERIFY(noise().shift);
        choose(control<QComboBox>("noise.law"), static_cast<int>(quant::NoiseLaw::Released));
        QCOMPARE(noise().law, quant::NoiseLaw::Released);
        choose(control<QComboBox>("noise.storage"), 1);
        QVERIFY(noise().int16);
        choose(control<QComboBox>("noise.objective"), static_cast<int>(quant::Objective::InputError));
        QCOMPARE(noise().objective, quant::Objective::InputError);
        QCOMPARE(session().document.history().index(), before + 5);
        QTRY_VERIFY_WITH_TIMEOUT(session().plans.sitePlanCurrent(site), kPatienceMs);
        QVERIFY(session().plans.sitePlan(site)->noise->noise != seeded);
        QVERIFY(session()
                    .document.history()
                    .state(before + 1)
                    .text.contains(QStringLiteral("noise searched up to 2.00 steps")));
        for (int i = 0; i < 5; ++i)
            session().document.history().stack().undo();
        QCOMPARE(noise(), [] {
            quant::Noise on;
            on.on = true;
            return on;
        }());
        QS_READY(*m_demo);
    }

    void aNoiseFoldedIntoVMakesItsNumbersStale()
    {
        const SiteId site = siteWith(session(), graph::Role::Proj, 1);
        const SiteId value = siteWith(session(), graph::Role::ValueOperand, 1);
        session().selection.select(site);
        QVERIFY(!control<QCheckBox>("noise.value")->isVisibleTo(&m_demo->window()));
        control<QCheckBox>("noise.on")->click();
        QVERIFY(control<QCheckBox>("noise.value")->isVisibleTo(&m_demo->window()));
        QVERIFY(!session().plans.sitePlanCurrent(value));
        QS_READY(*m_demo);
        QVERIFY(session().plans.sitePlanCurrent(value));
        if (session().plans.sitePlan(site)->noise->transform)
            QVERIFY2(note().contains(QStringLiteral("V's bias")), qPrintable(note()));
        session().document.history().stack().undo();
        QS_READY(*m_demo);
    }

    void noiseOnScalesOfALayerSearchKeepsThem()
    {
        session().edits.applyPreset(QStringLiteral("easyquant"), 6, 6);
        QS_READY(*m_demo);
        const SiteId site = siteWith(session(), graph::Role::Fc1, 1);
        session().selection.select(site);
        const auto scale = session().plans.sitePlan(site)->grid.scale;
        control<QCheckBox>("noise.on")->click();
        QTRY_VERIFY_WITH_TIMEOUT(session().plans.sitePlanCurrent(site), kPatienceMs);
        QCOMPARE(session().plans.sitePlan(site)->grid.scale, scale); // also in the preview
        QVERIFY(session().plans.sitePlan(site)->noise);
        QS_READY(*m_demo);
        QCOMPARE(session().plans.sitePlan(site)->grid.scale, scale);
        showGroup();
        shoot(m_demo->window(), QStringLiteral("noise-3-layernorm"));
    }

    void mixedSelectionsKeepWhatIsNotTouched()
    {
        const SiteId with = siteWith(session(), graph::Role::Fc1, 1);
        const SiteId without = siteWith(session(), graph::Role::Qkv, 1);
        session().selection.select({without, with});
        QCOMPARE(control<QCheckBox>("noise.on")->checkState(), Qt::PartiallyChecked);
        choose(control<QComboBox>("noise.storage"), 1);
        QVERIFY(session().document.settings(with).noise.on && session().document.settings(with).noise.int16);
        QVERIFY(!session().document.settings(without).noise.on && session().document.settings(without).noise.int16);
        QS_READY(*m_demo);
    }

    void cleanupTestCase() { m_demo.reset(); }
};

QTEST_MAIN(NoiseTest)
#include "noise_test.moc"
