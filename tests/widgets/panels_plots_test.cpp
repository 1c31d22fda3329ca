// Histograms on pixels, the clip preview, and the plots that show them.
#include "core/quant/plan.h"
#include "core/quant/quantizers.h"
#include "tests/support/graph_text.h"
#include "widgets/model/text.h"
#include "widgets/model/weight_statistics.h"
#include "widgets/panels/distribution/distribution_view.h"
#include "widgets/panels/distribution/histogram_plot.h"
#include "widgets/panels/distribution/ribbon_plot.h"
#include "widgets/panels/error/depth_plot.h"
#include "widgets/panels/error/error_view.h"
#include "widgets/panels/error/split_plot.h"
#include "widgets/plots/histogram_columns.h"

#include <QElapsedTimer>
#include <QFileInfo>
#include <QSignalSpy>
#include <QTemporaryDir>
#include <QTest>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <random>

using namespace qs;
using namespace qs::ui;

namespace {

constexpr int kChannels = 768;
constexpr int kRows = 192;

/// Gaussian values with one wide channel, as weights of [192, 768].
std::vector<float> values()
{
    std::mt19937 random(7);
    std::normal_distribution<float> normal;
    std::vector<float> all(static_cast<std::size_t>(kRows) * kChannels);
    for (std::size_t i = 0; i < all.size(); ++i)
        all[i] = normal(random) * (i % kChannels == 113 ? 8.0F : 1.0F);
    return all;
}

SitePicture picture(int bits, quant::Scheme scheme, quant::Granularity granularity)
{
    const std::vector<float> all = values();
    SitePicture p;
    p.id = SiteId(std::size_t{0});
    p.title = QStringLiteral("blocks · 0 · fc1 · weight");
    p.kind = graph::SiteKind::Weight;
    p.settings.bits = bits;
    p.settings.scheme = scheme;
    p.settings.granularity = granularity;
    auto statistics = std::make_shared<stats::SiteStatistics>(WeightStatistics::count({kRows, kChannels, 1}, all));
    auto plan = std::make_shared<quant::SitePlan>();
    plan->settings = p.settings;
    plan->range = {statistics->low(), statistics->high()};
    plan->error.sqnrDb = 21.5;
    if (granularity == quant::Granularity::Tensor) {
        plan->grid = quant::uniformGrid(plan->range.low, plan->range.high, bits, scheme);
    } else {
        for (std::size_t c = 0; c < kChannels; ++c) {
            const auto one = quant::uniformGrid(statistics->minimum[c], statistics->maximum[c], bits, scheme);
            plan->grid.qmin = one.qmin;
            plan->grid.qmax = one.qmax;
            plan->grid.scale.push_back(one.scale[0]);
            plan->grid.zeroPoint.push_back(one.zeroPoint[0]);
        }
    }
    p.statistics = statistics;
    p.plan = plan;
    p.planCurrent = true;
    return p;
}

} // namespace

class PanelsPlotsTest : public QObject {
    Q_OBJECT
private slots:
    void countsWeightsByChannel()
    {
        // [outer 2, channels 3, inner 2]
        const std::vector<float> all{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, -12};
        const auto s = WeightStatistics::count({2, 3, 2}, all);
        QCOMPARE(s.values, uint64_t{12});
        QCOMPARE(s.minimum, (std::vector<float>{1, 3, -12}));
        QCOMPARE(s.maximum, (std::vector<float>{8, 10, 11}));
        QCOMPARE(s.mean[0], (1 + 2 + 7 + 8) / 4.0);
        QVERIFY(std::abs(s.variance[0] - (12.25 + 6.25 + 6.25 + 12.25) / 4) < 1e-12);
        QCOMPARE(s.histogram.total(), uint64_t{12});
    }

    void columnsShowTheLargestBinOfEachPixel()
    {
        stats::Histogram histogram;
        const std::vector<float> all = values();
        histogram.add(all);
        const Extent extent = occupied(histogram);
        for (const int columns : {1, 7, 300, 5000}) {
            const auto heights = columnMaxima(histogram, extent.low, extent.high, columns);
            QCOMPARE(heights.size(), static_cast<std::size_t>(columns));
            QCOMPARE(*std::ranges::max_element(heights), largestCount(histogram));
        }
        QCOMPARE(columnMaxima(histogram, extent.high + 1, extent.high + 2, 4), std::vector<double>(4, 0.0));
        QVERIFY(columnMaxima(histogram, 1, 0, 4) == std::vector<double>(4, 0.0));
        QVERIFY(columnMaxima({}, 0, 1, 3) == std::vector<double>(3, 0.0));
        // One value far away stays visible on a single pixel.
        const std::vector<float> far{1000.0F};
        histogram.add(far);
        QCOMPARE(columnMaxima(histogram, 900, 1100, 1)[0], 1.0);
    }

    void levelsGetAllValues()
    {
        const SitePicture p = picture(4, quant::Scheme::Asymmetric, quant::Granularity::Tensor);
        const auto occupancy = levelOccupancy(p.statistics->histogram, p.plan->grid);
        QCOMPARE(occupancy.size(), std::size_t{16});
        QVERIFY(std::abs(std::accumulate(occupancy.begin(), occupancy.end(), 0.0) - kRows * kChannels) < 1e-6);
        // Clipping to a narrow range piles up in the end levels.
        const auto narrow =
            levelOccupancy(p.statistics->histogram, quant::uniformGrid(-0.5, 0.5, 4, quant::Scheme::Asymmetric));
        QVERIFY(narrow.front() > 10 * narrow[narrow.size() / 2 + 1]);
        // Against the rounding itself, value by value.
        std::vector<double> exact(16, 0.0);
        const double scale = p.plan->grid.scale[0];
        for (const float value : values()) {
            const double code = std::clamp(std::nearbyint(value / scale) + p.plan->grid.zeroPoint[0], 0.0, 15.0);
            exact[static_cast<std::size_t>(code)] += 1;
        }
        for (std::size_t level = 0; level < exact.size(); ++level)
            QVERIFY(std::abs(exact[level] - occupancy[level]) <= 0.02 * exact[level] + 60);
    }

    void showsLevelsThatAreNotEquallySpaced()
    {
        const SitePicture uniform = picture(4, quant::Scheme::Symmetric, quant::Granularity::Tensor);
        for (const char* name : {"region-sign", "region-magnitude", "region-asymmetric", "log-sqrt2"}) {
            SitePicture p = uniform;
            auto statistics = *p.statistics;
            if (std::string_view(name) == "log-sqrt2") { // of values above 0
                std::vector<float> all = values();
                for (float& value : all)
                    value = std::abs(value) / 64;
                statistics = WeightStatistics::count({kRows, kChannels, 1}, all);
            }
            p.kind = graph::SiteKind::Activation;
            p.settings.quantizer = name;
            const auto numbers = quant::findQuantizer(name)->resolve({statistics, p.settings, nullptr});
            QVERIFY(numbers.has_value());
            auto plan = std::make_shared<quant::SitePlan>();
            plan->settings = p.settings;
            plan->range = numbers->range;
            plan->levels = numbers->levels;
            plan->map = numbers->map;
            p.plan = plan;
            p.statistics = std::make_shared<stats::SiteStatistics>(statistics);

            const quant::LevelCells cells = p.cells();
            const auto occupancy = levelOccupancy(p.statistics->histogram, cells);
            QCOMPARE(occupancy.size(), cells.levels.size());
            QVERIFY(std::abs(std::accumulate(occupancy.begin(), occupancy.end(), 0.0) - kRows * kChannels) < 1e-6);

            DistributionView view;
            view.resize(900, 600);
            view.setPicture(p);
            const QImage with = view.grab().toImage();
            QVERIFY(view.figures().contains(quantizerTitle(name)));
            QVERIFY(view.histogram().grid() == nullptr);
            view.histogram().dragTo(true, -1); // nothing to drag
            QVERIFY(view.histogram().limits()->low == plan->range.low);
            const QString text = view.histogram().describe(view.histogram().axisRect()->rect().center());
            QVERIFY2(text.contains(QStringLiteral("level")), qPrintable(text));
            view.setBefore(true);
            QVERIFY(view.grab().toImage() != with);
        }
    }

    void dragPreviewsThenWishesOnce()
    {
        DistributionView view;
        view.resize(700, 500);
        view.show();
        QVERIFY(QTest::qWaitForWindowExposed(&view));
        const SitePicture p = picture(4, quant::Scheme::Asymmetric, quant::Granularity::Tensor);
        view.setPicture(p);
        QTRY_VERIFY(view.histogram().axisRect()->width() > 300);
        QSignalSpy previews(&view.histogram(), &HistogramPlot::previewed);
        QSignalSpy wishes(&view, &DistributionView::rangeWished);
        HistogramPlot& plot = view.histogram();
        plot.replot();
        const QString before = view.figures();
        const auto at = [&plot](double value) {
            return QPoint(static_cast<int>(plot.xAxis->coordToPixel(value)), plot.axisRect()->center().y());
        };
        QTest::mousePress(&plot, Qt::LeftButton, {}, at(p.plan->range.high));
        for (const double value : {20.0, 12.0, 5.0})
            QTest::mouseMove(&plot, at(value));
        // Offscreen moves carry no buttons: drag through the same entry as the mouse does.
        plot.dragTo(false, 5.0);
        QVERIFY(!previews.empty());
        QCOMPARE(wishes.size(), 0);
        QVERIFY(view.figures() != before);
        QTest::mouseRelease(&plot, Qt::LeftButton, {}, at(5.0));
        QCOMPARE(wishes.size(), 1);
        const auto range = wishes[0][1].value<quant::Range>();
        QCOMPARE(range.high, 5.0);
        QCOMPARE(range.low, p.plan->range.low);
        // Stale numbers do not make the limit jump back; new ones end the preview.
        SitePicture stale = p;
        stale.planCurrent = false;
        view.setPicture(stale);
        QCOMPARE(plot.limits()->high, 5.0);
        view.setPicture(p);
        QCOMPARE(plot.limits()->high, p.plan->range.high);
    }

    void channelsWithGridsOfTheirOwnCannotBeDragged()
    {
        HistogramPlot plot;
        plot.setPicture(picture(4, quant::Scheme::Symmetric, quant::Granularity::Channel), false);
        QSignalSpy previews(&plot, &HistogramPlot::previewed);
        plot.dragTo(false, 1.0);
        QCOMPARE(previews.size(), 0);
        QVERIFY(plot.grid() == nullptr);
    }

    void ribbonSortsAndNamesChannels()
    {
        RibbonPlot plot;
        plot.resize(800, 200);
        plot.setPicture(picture(8, quant::Scheme::Symmetric, quant::Granularity::Channel), false);
        plot.replot();
        QCOMPARE(plot.channelAt(113), std::size_t{113});
        plot.setSorted(true);
        QCOMPARE(plot.channelAt(0), std::size_t{113});
        plot.replot();
        const QPointF first(plot.xAxis->coordToPixel(0), plot.axisRect()->center().y());
        QVERIFY2(plot.describe(first).startsWith(QLatin1String("channel 113:")), qPrintable(plot.describe(first)));
        QCOMPARE(plot.csv().count(QLatin1Char('\n')), kChannels + 1);
    }

    void savesAllForms()
    {
        QTemporaryDir folder;
        HistogramPlot plot;
        plot.resize(400, 300);
        plot.setPicture(picture(6, quant::Scheme::Asymmetric, quant::Granularity::Tensor), false);
        for (const char* suffix : {"png", "svg", "pdf", "csv"}) {
            const QString path = folder.filePath(QStringLiteral("plot.%1").arg(QLatin1String(suffix)));
            QCOMPARE(plot.save(path), QString());
            QVERIFY(QFileInfo(path).size() > 500);
        }
        QVERIFY(!plot.save(folder.filePath(QStringLiteral("plot.bmp"))).isEmpty());
        QVERIFY(!plot.save(QStringLiteral("/nonexistent/plot.png")).isEmpty());
        QVERIFY(!plot.save(QStringLiteral("/nonexistent/plot.svg")).isEmpty());
    }

    void selectingTheLargestSiteRedrawsAtOnce()
    {
        DistributionView view;
        view.resize(900, 620);
        view.show();
        QVERIFY(QTest::qWaitForWindowExposed(&view));
        for (const auto granularity : {quant::Granularity::Tensor, quant::Granularity::Channel}) {
            std::vector<double> values, painting;
            for (int i = 0; i < 11; ++i) {
                SitePicture p = picture(i % 2 == 0 ? 8 : 4, quant::Scheme::Symmetric, granularity);
                p.id = SiteId(static_cast<std::size_t>(i));
                QElapsedTimer timer;
                timer.start();
                view.setPicture(p);
                values.push_back(static_cast<double>(timer.nsecsElapsed()) / 1e6);
                timer.restart();
                view.histogram().replot();
                view.ribbon().replot();
                painting.push_back(static_cast<double>(timer.nsecsElapsed()) / 1e6);
            }
            std::ranges::sort(values);
            std::ranges::sort(painting);
            qInfo("weights %dx%d, %s: values %.2f ms, painting %.2f ms (medians of 11)", kRows, kChannels,
                  granularity == quant::Granularity::Tensor ? "per tensor" : "per channel", values[5], painting[5]);
            QVERIFY(values[5] + painting[5] < 50);
        }
    }

    void aDragKeepsUpWithTheMouse()
    {
        HistogramPlot plot;
        plot.resize(900, 400);
        plot.setPicture(picture(8, quant::Scheme::Asymmetric, quant::Granularity::Tensor), false);
        plot.replot();
        std::vector<double> times;
        for (int i = 0; i < 21; ++i) {
            QElapsedTimer timer;
            timer.start();
            plot.dragTo(false, 5.0 + 0.1 * i);
            plot.replot();
            times.push_back(static_cast<double>(timer.nsecsElapsed()) / 1e6);
        }
        std::ranges::sort(times);
        qInfo("drag of a clip limit, preview and redraw: %.2f ms (median of 21)", times[10]);
        QVERIFY(times[10] < 50);
    }

    // B15: names of blocks ran into each other, "stem0", "2122head", in the bars of Bits (bits_test) and here.
    void namesOfBlocksDoNotRunTogether()
    {
        ErrorView view;
        view.resize(420, 400);
        ErrorPicture p;
        for (int i = 0; i < 60; ++i) {
            ErrorPoint point;
            point.id = SiteId(static_cast<std::size_t>(i));
            point.block = i == 0 ? -1 : i == 59 ? -2 : i - 1; // stem, 0, 1, ..., head: one site each
            point.isolatedSqnrDb = point.accumulatedSqnrDb = 20;
            p.points.push_back(point);
            p.splits.push_back({QStringLiteral("layer"), {point.id}, point.block, 0.01, 0.02, 0.03});
        }
        view.show();
        QVERIFY(QTest::qWaitForWindowExposed(&view));
        view.setPicture(p);
        for (Plot* plot : {static_cast<Plot*>(&view.depth()), static_cast<Plot*>(&view.split())}) {
            plot->replot(QCustomPlot::rpImmediateRefresh);
            QVector<double> places;
            QVector<QString> names;
            plot->xAxis->ticker()->generate(plot->xAxis->range(), {}, u'g', 6, places, nullptr, &names);
            QVERIFY(places.size() > 3);
            QCOMPARE(names.front(), QStringLiteral("stem"));
            const QFontMetricsF metrics(plot->xAxis->tickLabelFont());
            for (qsizetype i = 1; i < places.size(); ++i) {
                const double apart = plot->xAxis->coordToPixel(places[i]) - plot->xAxis->coordToPixel(places[i - 1]);
                QVERIFY(apart > (metrics.horizontalAdvance(names[i]) + metrics.horizontalAdvance(names[i - 1])) / 2);
            }
        }
    }

    void depthSaysAndSelectsWhatIsUnderTheMouse()
    {
        ErrorPicture p;
        for (std::size_t i = 0; i < 40; ++i) {
            ErrorPoint point;
            point.id = SiteId(2 * i);
            point.name = QStringLiteral("site%1").arg(i);
            point.block = static_cast<int>(i / 8);
            point.isolatedSqnrDb =
                i == 5 ? std::numeric_limits<double>::infinity() : 20.0 + static_cast<double>(i % 7);
            point.accumulatedSqnrDb = 30.0 - 0.5 * static_cast<double>(i);
            p.points.push_back(point);
            p.splits.push_back({QStringLiteral("layer%1").arg(i), {SiteId(2 * i)}, point.block, 0.01, 0.02, 0.03});
        }
        p.isolatedCurrent = p.accumulatedCurrent = true;
        p.images = 8;
        ErrorView view;
        view.resize(900, 600);
        view.show();
        QVERIFY(QTest::qWaitForWindowExposed(&view));
        view.setPicture(p);
        view.depth().replot();
        view.split().replot();
        QSignalSpy wished(&view, &ErrorView::selectWished);
        const QPoint fifth(static_cast<int>(std::round(view.depth().xAxis->coordToPixel(5))),
                           view.depth().axisRect()->center().y());
        QCOMPARE(view.depth().describe(fifth), QStringLiteral("site5 · isolated exact · accumulated 27.5 dB"));
        QTest::mouseClick(&view.depth(), Qt::LeftButton, {}, fifth);
        QCOMPARE(wished.size(), 1);
        QCOMPARE(wished[0][0].value<SiteId>().index(), std::size_t{10});
        const QPoint third(static_cast<int>(std::round(view.split().xAxis->coordToPixel(3))),
                           view.split().axisRect()->center().y());
        QVERIFY2(view.split().describe(third).contains(QLatin1String("clipping 3 %")),
                 qPrintable(view.split().describe(third)));
        QTest::mouseClick(&view.split(), Qt::LeftButton, Qt::ControlModifier, third);
        QCOMPARE(wished.size(), 2);
        QCOMPARE(wished[1][1].toBool(), true);
        QCOMPARE(view.depth().csv().count(QLatin1Char('\n')), 41);
    }
};

QTEST_MAIN(PanelsPlotsTest)
#include "panels_plots_test.moc"
