// Smoothing and quantizers in the window, on the demo: toggling SQ-b changes plan, histogram and the whole-model
// figure; a drag of the slider is one undo step; the comparison's rows, and taking one. With QUANTOSCOPE_SCREENSHOTS
// set to a folder, pictures of the window are written there, light and dark.
#include "demo_window.h"

#include "core/quant/presets.h"
#include "core/quant/quantizers.h"

#include "widgets/model/text.h"
#include "widgets/panels/distribution/distribution_panel.h"
#include "widgets/panels/distribution/histogram_plot.h"
#include "widgets/panels/distribution/quantizer_table.h"
#include "widgets/panels/distribution/ribbon_plot.h"
#include "widgets/panels/layers/layers_panel.h"
#include "widgets/panels/layers/site_columns.h"
#include "widgets/recipe/recipe_panel.h"

#include <QCheckBox>
#include <QComboBox>
#include <QDoubleSpinBox>
#include <QLabel>
#include <QScrollArea>
#include <QScrollBar>
#include <QSlider>
#include <QUndoStack>

using namespace qs;
using namespace qs::ui;
using namespace qs::test;

class SmoothingTest : public QObject {
    Q_OBJECT
    std::unique_ptr<DemoWindow> m_demo;
    Session* m_session = nullptr;
    MainWindow* m_window = nullptr;
    DistributionPanel* m_distribution = nullptr;

    template <class T>
    T* control(const char* name)
    {
        return m_demo->control<T>(name);
    }
    QString note() { return control<QLabel>("smoothing.note")->text(); }
    bool ready() const { return m_demo->ready(); }

    void picture(const char* name) { shoot(*m_window, QStringLiteral("smoothing-") + QLatin1String(name)); }

private slots:
    void initTestCase()
    {
        if (!hasDemo())
            QSKIP("the demo model is not there");
        m_demo = std::make_unique<DemoWindow>("smoothing");
        m_session = &m_demo->session();
        m_window = &m_demo->window();
        QVERIFY(QTest::qWaitForWindowExposed(m_window));
        m_session->files.openDemo(demoFolder());
        QTRY_VERIFY_WITH_TIMEOUT(ready(), kDemoPatienceMs);
        m_session->edits.applyPreset(QStringLiteral("percentile"), 4, 4);
        QTRY_VERIFY_WITH_TIMEOUT(ready(), kDemoPatienceMs);
        m_distribution = m_demo->panel<DistributionPanel>("distribution");
        QVERIFY(m_distribution);
    }

    void smoothingIsOfferedAtInputsOfLinearLayers()
    {
        auto* kind = control<QComboBox>("smoothing.kind");
        m_session->selection.select(siteWith(*m_session, graph::Role::SoftmaxOutput, 1));
        QVERIFY(!kind->isEnabled());
        QTRY_VERIFY2(note().startsWith(QStringLiteral("Not here: only inputs of linear layers")), qPrintable(note()));
        m_session->selection.select(siteWith(*m_session, graph::Role::Qkv, 1, graph::SiteKind::Weight));
        QVERIFY(!kind->isEnabled());
        QVERIFY(!control<QComboBox>("quantizer")->isVisible());
        m_session->selection.select(siteWith(*m_session, graph::Role::Qkv, 1));
        QVERIFY(kind->isEnabled());
        QCOMPARE(kind->currentText(), QStringLiteral("none"));
        QVERIFY(!control<QSlider>("smoothing.slider")->isVisible());
        QTRY_VERIFY2(note().contains(QStringLiteral("LayerNorm")), qPrintable(note()));
        m_session->selection.select(siteWith(*m_session, graph::Role::Proj, 1));
        QTRY_VERIFY2(note().contains(QStringLiteral("V's projection")), qPrintable(note()));
        m_session->selection.select(siteWith(*m_session, graph::Role::Fc2, 1));
        QTRY_VERIFY2(note().contains(QStringLiteral("operation of its own")), qPrintable(note()));
    }

    void quantizersAreOfferedWhereTheySuit()
    {
        auto* box = control<QComboBox>("quantizer");
        const auto offers = [&](const char* name) { return box->findText(quantizerTitle(name)) >= 0; };
        m_session->selection.select(siteWith(*m_session, graph::Role::SoftmaxOutput, 1));
        QVERIFY(offers("uniform") && offers("log-sqrt2") && offers("twin-softmax") && !offers("twin-gelu"));
        QVERIFY(!box->itemData(1, Qt::ToolTipRole).toString().isEmpty());
        m_session->selection.select(siteWith(*m_session, graph::Role::Fc2, 1));
        QVERIFY(offers("uniform") && offers("region-sign") && offers("twin-gelu") && !offers("log-sqrt2"));
        QVERIFY(!control<QComboBox>("objective")->isEnabled()); // uniform levels are not searched
    }

    void sqbChangesPlanHistogramAndFigure()
    {
        const SiteId site = siteWith(*m_session, graph::Role::Qkv, 1);
        const SiteId weight = siteWith(*m_session, graph::Role::Qkv, 1, graph::SiteKind::Weight);
        m_session->selection.select(site);
        QTRY_VERIFY(ready() && m_distribution->histogram().grid());
        picture("1-before");
        const double sqnr = m_session->plans.sitePlan(site)->error.sqnrDb;
        const double output = m_session->plans.sitePlan(site)->error.outputError;
        const double step = m_session->plans.sitePlan(weight)->grid.scale.front();
        const double klBefore = m_session->figures.probe()->klDivergence;
        const int states = m_session->document.history().size();
        choose(control<QComboBox>("smoothing.kind"), static_cast<int>(quant::SmoothingKind::ShiftScale));
        QCOMPARE(m_session->document.history().size(), states + 1);
        QVERIFY(!m_session->plans.sitePlanCurrent(weight)); // its numbers wait for the plan
        QTRY_VERIFY_WITH_TIMEOUT(m_session->plans.sitePlanCurrent(site), kPatienceMs);
        QVERIFY(m_session->plans.sitePlan(site)->smoothing);
        const double previewed = m_session->plans.sitePlan(site)->error.sqnrDb;
        QTRY_VERIFY_WITH_TIMEOUT(ready(), kDemoPatienceMs);
        QCOMPARE(m_session->plans.sitePlan(site)->error.sqnrDb, previewed); // the preview said what the plan says
        QVERIFY(m_session->plans.sitePlan(site)->error.sqnrDb != sqnr);
        QVERIFY(m_session->plans.sitePlan(site)->error.outputError < output);
        QVERIFY(m_session->plans.sitePlan(weight)->grid.scale.front() != step);
        QVERIFY(m_session->figures.probe()->klDivergence != klBefore);
        QVERIFY2(note().startsWith(QStringLiteral("Folded into the LayerNorm")), qPrintable(note()));

        // The histogram is of the smoothed values; "before" shows those of the float network.
        QTRY_VERIFY(m_distribution->figures().contains(QStringLiteral("SQ-b α = 0.50, folded")));
        const double after = m_distribution->histogram().xAxis->range().size();
        QVERIFY(m_distribution->histogram().xAxis->label().contains(QStringLiteral("after smoothing")));
        picture("2-sqb");
        m_session->selection.setShowBefore(true);
        QTRY_COMPARE(m_distribution->histogram().xAxis->label(), QStringLiteral("value"));
        QVERIFY(m_distribution->histogram().xAxis->range().size() != after);
        picture("3-before-smoothing");
        m_session->selection.setShowBefore(false);
        QVERIFY(m_distribution->histogram().xAxis->label().contains(QStringLiteral("after smoothing")));

        // Its weight is drawn as it is now.
        m_session->selection.select(weight);
        QTRY_VERIFY(m_distribution->figures().contains(QStringLiteral("with its input")));
        m_session->selection.select(site);

        m_session->document.history().stack().undo();
        QTRY_VERIFY_WITH_TIMEOUT(m_session->plans.sitePlanCurrent(site) && m_session->plans.plan().current,
                                 kPatienceMs);
        QCOMPARE(m_session->plans.sitePlan(site)->error.sqnrDb, sqnr);
        QCOMPARE(m_session->figures.probe()->klDivergence, klBefore); // known: at once
        m_session->document.history().stack().redo();
        QTRY_VERIFY_WITH_TIMEOUT(ready(), kDemoPatienceMs);
    }

    void aDragOfTheSliderIsOneUndoStep()
    {
        const SiteId site = siteWith(*m_session, graph::Role::Qkv, 1);
        m_session->selection.select(site);
        auto* slider = control<QSlider>("smoothing.slider");
        QVERIFY(slider->isVisible());
        QCOMPARE(slider->value(), 50);
        const int states = m_session->document.history().size();
        const auto drag = [&](std::initializer_list<int> values) {
            QTest::mousePress(slider, Qt::LeftButton, {}, QPoint(slider->width() / 2, slider->height() / 2));
            for (const int value : values) {
                slider->setValue(value);
                QTest::qWait(20);
            }
            QTest::mouseRelease(slider, Qt::LeftButton, {}, QPoint(slider->width() / 2, slider->height() / 2));
        };
        drag({55, 60, 70, 80});
        QCOMPARE(m_session->document.settings(site).smoothing.alpha, 0.8);
        QCOMPARE(control<QDoubleSpinBox>("smoothing.alpha")->value(), 0.8);
        QCOMPARE(m_session->document.history().size(), states + 1);
        drag({75, 65});
        QCOMPARE(m_session->document.history().size(), states + 2); // a drag of its own
        m_session->document.history().stack().undo();
        QCOMPARE(m_session->document.settings(site).smoothing.alpha, 0.8);
        QCOMPARE(slider->value(), 80);
        m_session->document.history().stack().undo();
        QCOMPARE(m_session->document.settings(site).smoothing.alpha, 0.5);
        QTRY_VERIFY_WITH_TIMEOUT(ready(), kDemoPatienceMs);
    }

    void alphaIsSearched()
    {
        const SiteId site = siteWith(*m_session, graph::Role::Qkv, 1);
        m_session->selection.select(site);
        auto* search = control<QCheckBox>("smoothing.search");
        search->click();
        QVERIFY(m_session->document.settings(site).smoothing.searchAlpha);
        QVERIFY(!control<QSlider>("smoothing.slider")->isEnabled());
        QTRY_VERIFY_WITH_TIMEOUT(note().startsWith(QStringLiteral("Found α =")), kPatienceMs);
        QCOMPARE(control<QDoubleSpinBox>("smoothing.alpha")->value(),
                 m_session->plans.sitePlan(site)->smoothing->alpha);
        search->click();
        QVERIFY(!m_session->document.settings(site).smoothing.searchAlpha);
        QCOMPARE(control<QDoubleSpinBox>("smoothing.alpha")->value(), 0.5);
        QTRY_VERIFY_WITH_TIMEOUT(ready(), kDemoPatienceMs);
    }

    void mixedSelectionKeepsWhatIsNotTouched()
    {
        const SiteId smooth = siteWith(*m_session, graph::Role::Qkv, 1);
        const SiteId plain = siteWith(*m_session, graph::Role::Fc1, 1);
        const SiteId weight = siteWith(*m_session, graph::Role::Fc1, 1, graph::SiteKind::Weight);
        m_session->selection.select({plain, weight, smooth});
        QCOMPARE(control<QComboBox>("smoothing.kind")->currentText(), QStringLiteral("mixed"));
        choose(control<QComboBox>("smoothing.quantile"), 999000);
        QCOMPARE(m_session->document.settings(smooth).smoothing.kind, quant::SmoothingKind::ShiftScale);
        QCOMPARE(m_session->document.settings(plain).smoothing.kind, quant::SmoothingKind::None);
        QCOMPARE(m_session->document.settings(plain).smoothing.quantile, 0.999);
        QCOMPARE(m_session->document.settings(weight).smoothing, quant::Smoothing{});
        m_session->document.history().stack().undo();
        QCOMPARE(m_session->document.settings(smooth).smoothing.quantile, 1.0);
        QTRY_VERIFY_WITH_TIMEOUT(ready(), kDemoPatienceMs);
    }

    void theComparisonHasARowForEachQuantizer()
    {
        const SiteId site = siteWith(*m_session, graph::Role::Fc2, 1);
        m_session->selection.select(site);
        m_distribution->setComparing(true);
        QuantizerTable& view = m_distribution->table();
        std::size_t expected = 1; // uniform has two
        for (const quant::QuantizerDef& def : quant::quantizers())
            expected += def.suitsRole(graph::Role::Fc2) && def.suits(*m_session->plans.statistics(site)) ? 1 : 0;
        QVERIFY(expected >= 6);
        QTRY_VERIFY_WITH_TIMEOUT(view.trials().size() == expected, kPatienceMs);
        const auto trial = [&](const char* name, quant::Scheme scheme) {
            return *std::ranges::find_if(view.trials(), [&](const quant::QuantizerTrial& t) {
                return t.quantizer == name && (t.quantizer != "uniform" || t.scheme == scheme);
            });
        };
        const double symmetric = trial("uniform", quant::Scheme::Symmetric).error.outputError;
        const quant::QuantizerTrial regions = trial("region-sign", quant::Scheme::Asymmetric);
        QVERIFY(regions.error.outputError < symmetric);
        QVERIFY(std::holds_alternative<quant::RegionGrid>(regions.plan->levels));
        QCOMPARE(trial("uniform", quant::Scheme::Asymmetric).error.sqnrDb,
                 m_session->plans.sitePlan(site)->error.sqnrDb); // what is in use
        QVERIFY(trial("twin-gelu", quant::Scheme::Asymmetric).plan);
        const auto ticked = [&] {
            QStringList names;
            for (int row = 0; row < view.table().rowCount(); ++row)
                if (!view.table().item(row, 0)->text().isEmpty())
                    names << view.table().item(row, 1)->text();
            return names.join(u';');
        };
        QCOMPARE(ticked(), QStringLiteral("Uniform, asymmetric"));
        picture("4-comparison");

        // A click takes a row; its numbers are those that were shown; undo brings the other back.
        const int states = m_session->document.history().index();
        const int row = view.table().findItems(quantizerTitle(regions.quantizer), Qt::MatchExactly).front()->row();
        QTest::mouseClick(view.table().viewport(), Qt::LeftButton, {},
                          view.table().visualItemRect(view.table().item(row, 1)).center());
        QCOMPARE(m_session->document.history().index(), states + 1);
        QCOMPARE(m_session->document.settings(site).quantizer, std::string("region-sign"));
        QTRY_COMPARE(ticked(), quantizerTitle(regions.quantizer));
        QTRY_VERIFY_WITH_TIMEOUT(ready(), kDemoPatienceMs);
        QCOMPARE(m_session->plans.sitePlan(site)->error.outputError, regions.error.outputError);
        QVERIFY(control<QComboBox>("objective")->isEnabled());
        picture("5-region");
        const auto& rows = dynamic_cast<LayersPanel*>(m_window->panel(QStringLiteral("layers")))->model().rows();
        QTRY_COMPARE(rows[site.index()].quantizer, quantizerTitle(regions.quantizer));
        QCOMPARE(rows[siteWith(*m_session, graph::Role::Qkv, 1).index()].transforms,
                 QStringLiteral("SQ-b α = 0.50, folded"));
        m_session->document.history().stack().undo();
        QTRY_COMPARE(ticked(), QStringLiteral("Uniform, asymmetric"));

        // B8: with several sites selected a row changed the current one alone. Those that it does not suit stay.
        const std::vector<SiteId> all{site, siteWith(*m_session, graph::Role::Fc2, 0),
                                      siteWith(*m_session, graph::Role::SoftmaxOutput, 0),
                                      siteWith(*m_session, graph::Role::Fc2, 1, graph::SiteKind::Weight)};
        m_session->selection.select(all);
        m_session->selection.select(site, SelectMode::Add); // becomes the current one
        QCOMPARE(m_session->selection.current(), site);
        QTRY_VERIFY_WITH_TIMEOUT(view.trials().size() == expected, kPatienceMs);
        const int gelu = view.table().findItems(quantizerTitle("twin-gelu"), Qt::MatchExactly).front()->row();
        QTest::mouseClick(view.table().viewport(), Qt::LeftButton, {},
                          view.table().visualItemRect(view.table().item(gelu, 1)).center());
        QCOMPARE(m_session->document.history().index(), states + 1);
        QCOMPARE(m_session->document.settings(all[0]).quantizer, std::string("twin-gelu"));
        QCOMPARE(m_session->document.settings(all[1]).quantizer, std::string("twin-gelu"));
        QVERIFY(m_session->document.settings(all[2]).quantizer != std::string("twin-gelu"));
        QVERIFY(m_session->document.settings(all[3]).quantizer != std::string("twin-gelu"));
        m_session->document.history().stack().undo();

        m_session->selection.select(siteWith(*m_session, graph::Role::SoftmaxOutput, 1));
        QTRY_VERIFY_WITH_TIMEOUT(view.trials().size() >= 7 && view.trials().back().problem.empty(), kPatienceMs);
        picture("6-softmax");
        m_session->selection.select(siteWith(*m_session, graph::Role::Qkv, 1, graph::SiteKind::Weight));
        QTRY_COMPARE(view.trials().size(), std::size_t{0});
        m_distribution->setComparing(false);
    }

    void presetsSayWhatTheyAre()
    {
        for (const quant::Preset& preset : quant::presets()) {
            const QString help = QString::fromUtf8(preset.description.data(), qsizetype(preset.description.size()));
            if (preset.name == "sq-b" || preset.name == "opt-m" || preset.name == "mptq-vit")
                QVERIFY2(help.contains(QStringLiteral("reconstructed")), qPrintable(help));
        }
        m_session->edits.applyPreset(QStringLiteral("mptq-vit"), 4, 4);
        QTRY_VERIFY_WITH_TIMEOUT(ready(), kDemoPatienceMs);
        m_session->selection.select(siteWith(*m_session, graph::Role::Fc1, 1));
        QTest::qWait(500);
        picture("7-mptq");
    }

    void cleanupTestCase() { m_demo.reset(); }
};

QTEST_MAIN(SmoothingTest)
#include "smoothing_test.moc"
