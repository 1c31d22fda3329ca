// What is said of sites and plans: zero points that overflow, dynamic ranges, bridge blocks, warnings in one line.
#include "session_helper.h"

#include "widgets/model/plan_warnings.h"
#include "widgets/model/site_notes.h"

using namespace qs;
using namespace qs::ui;
using namespace qs::test;

namespace {

stats::SiteStatistics channels(std::vector<float> minimum, std::vector<float> maximum)
{
    stats::SiteStatistics statistics;
    statistics.values = 100;
    statistics.minimum = std::move(minimum);
    statistics.maximum = std::move(maximum);
    return statistics;
}

quant::SiteSettings asymmetric(quant::Granularity granularity, quant::ZeroPoint rule)
{
    quant::SiteSettings settings;
    settings.granularity = granularity;
    settings.zeroPoint = rule;
    return settings;
}

} // namespace

class SiteNotesTest : public QObject {
    Q_OBJECT
private slots:
    void aRangeWithoutZeroOverflows()
    {
        using quant::Granularity;
        using quant::ZeroPoint;
        // [3, 5] at 8 bits: s = 2 / 255, rne(-3 / s) = -382 (nearest even of -382.5).
        const auto statistics = channels({3, 3.5}, {5, 4});
        const auto clamped = siteNotes(asymmetric(Granularity::Tensor, ZeroPoint::Clamped), statistics);
        QCOMPARE(clamped.size(), std::size_t{1});
        QVERIFY(clamped[0].kind == SiteNote::Kind::ZeroPointOverflow && clamped[0].severe);
        QCOMPARE(clamped[0].title, QStringLiteral("zero point −382, clamped"));
        QVERIFY(clamped[0].text.contains(QStringLiteral("3 … 5")));
        const auto widened = siteNotes(asymmetric(Granularity::Tensor, ZeroPoint::ZeroInRange), statistics);
        QVERIFY(!widened[0].severe);
        QVERIFY2(widened[0].title.contains(QStringLiteral("step × 2.5")), qPrintable(widened[0].title));
        QVERIFY(!siteNotes(asymmetric(Granularity::Tensor, ZeroPoint::Wide), statistics)[0].severe);
        // Of channels the one that misses the codes by most is named.
        const auto each = siteNotes(asymmetric(Granularity::Channel, ZeroPoint::Clamped), statistics);
        QVERIFY2(each[0].text.contains(QStringLiteral("2 of 2 channels")), qPrintable(each[0].text));
        QVERIFY2(each[0].text.contains(QStringLiteral("channel 1 has 3.5 … 4")), qPrintable(each[0].text));
        // All negative: beyond the other end.
        const auto negative =
            siteNotes(asymmetric(Granularity::Tensor, ZeroPoint::Clamped), channels({-5, -5}, {-3, -3}));
        QVERIFY2(negative[0].title.contains(QStringLiteral("zero point 638")), qPrintable(negative[0].title));
    }

    void zeroInTheRangeIsNoOverflow()
    {
        using quant::Granularity;
        const auto rule = quant::ZeroPoint::Clamped;
        QVERIFY(siteNotes(asymmetric(Granularity::Tensor, rule), channels({-1, 3}, {1, 5})).empty());
        QCOMPARE(siteNotes(asymmetric(Granularity::Channel, rule), channels({-1, 3}, {1, 5})).size(), std::size_t{1});
        QVERIFY(siteNotes(asymmetric(Granularity::Channel, rule), channels({0, -3}, {1, 0})).empty());
        QVERIFY(siteNotes(asymmetric(Granularity::Channel, rule), channels({2, 0}, {2, 0})).empty()); // no width
        // Hardly above 0: rounds to the first code.
        QVERIFY(siteNotes(asymmetric(Granularity::Tensor, rule), channels({1e-4F, 1e-4F}, {1, 1})).empty());
        auto settings = asymmetric(Granularity::Channel, rule);
        settings.scheme = quant::Scheme::Symmetric;
        QVERIFY(siteNotes(settings, channels({3, 3}, {5, 5})).empty());
        settings = asymmetric(Granularity::Channel, rule);
        settings.bits = quant::kFloatBits;
        QVERIFY(siteNotes(settings, channels({3, 3}, {5, 5})).empty());
        settings = asymmetric(Granularity::Channel, rule);
        settings.smoothing.kind = quant::SmoothingKind::Shift;
        QVERIFY(siteNotes(settings, channels({3, 3}, {5, 5})).empty());
        QVERIFY(siteNotes(asymmetric(Granularity::Channel, rule), {}).empty()); // nothing was seen
    }

    void starvedChannelsAreCounted()
    {
        auto settings = asymmetric(quant::Granularity::Tensor, quant::ZeroPoint::ZeroInRange);
        // Steps of 20 / 255: channels narrower than 0.627 have fewer than 8 levels. One of five is no quarter.
        const std::vector<float> low{-10, -5, -5, -5, -0.3F};
        const std::vector<float> high{10, 5, 5, 5, 0.3F};
        QVERIFY(siteNotes(settings, channels(low, high)).empty());
        const auto notes = siteNotes(settings, channels({-10, -5, -0.3F, -0.1F}, {10, 5, 0.3F, 0.1F}));
        QCOMPARE(notes.size(), std::size_t{1});
        QVERIFY(notes[0].kind == SiteNote::Kind::DynamicRange && !notes[0].severe);
        QVERIFY2(notes[0].text.contains(QStringLiteral("2 of 4 channels")), qPrintable(notes[0].text));
        QVERIFY2(notes[0].title.contains(QStringLiteral("1 : 100")), qPrintable(notes[0].title));
        // Fewer bits starve more of them; a scale for each starves none.
        settings.bits = 4;
        QVERIFY(siteNotes(settings, channels(low, high))[0].text.contains(QStringLiteral("4 of 5")));
        settings.granularity = quant::Granularity::Channel;
        QVERIFY(siteNotes(settings, channels(low, high)).empty());
    }

    void plainNetworksHaveNoBridges()
    {
        const SessionDocument document = smallDocument();
        QVERIFY(bridgeText(document.loadedModel->sites, -1).isEmpty());
        QVERIFY(bridgeText(document.loadedModel->sites, 0).isEmpty());
        QVERIFY(bridgeHelp(document.loadedModel->sites, 0).isEmpty());
    }

    void warningsOfAKindAreOneLineAndSaidOnce()
    {
        PlanWarnings warnings;
        const std::vector<std::string> first{"blocks.0.fc1.input: 3.1 % of the values are clipped",
                                             "blocks.1.fc1.input: 12.0 % of the values are clipped",
                                             "blocks.2.fc1.input: the activation is constant"};
        QCOMPARE(
            warnings.fresh(first),
            (QStringList{QStringLiteral("blocks.0.fc1.input: 3.1 % of the values are clipped; so at one other site"),
                         QStringLiteral("blocks.2.fc1.input: the activation is constant")}));
        // Another share at the same site is no news; another site is.
        QCOMPARE(warnings.fresh({"blocks.0.fc1.input: 4.5 % of the values are clipped",
                                 "blocks.3.fc1.input: 2.2 % of the values are clipped"}),
                 QStringList{QStringLiteral("blocks.3.fc1.input: 2.2 % of the values are clipped")});
        QVERIFY(warnings.fresh(first).isEmpty());
        warnings.clear();
        QCOMPARE(warnings.fresh(first).size(), 2);
    }
};

QTEST_MAIN(SiteNotesTest)
#include "site_notes_test.moc"
