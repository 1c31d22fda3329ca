// What is said of sites and plans: zero points that overflow, dynamic ranges, bridge blocks, warnings in one line.
#include "session_helper.h"

#include "widgets/model/site_notes.h"
#include "widgets/model/text.h"

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

/// The one note that there is, in words.
NoteText only(const quant::SiteSettings& settings, const stats::SiteStatistics& statistics)
{
    const auto notes = quant::notesOf(settings, statistics);
    return notes.size() == 1 ? noteText(notes[0], settings, statistics.minimum.size()) : NoteText{};
}

} // namespace

class SiteNotesTest : public QObject {
    Q_OBJECT
private slots:
    void overflowInWords()
    {
        using quant::Granularity;
        using quant::ZeroPoint;
        const auto statistics = channels({3, 3.5}, {5, 4});
        const auto clamped = only(asymmetric(Granularity::Tensor, ZeroPoint::Clamped), statistics);
        QVERIFY(clamped.severe);
        QCOMPARE(clamped.title, QStringLiteral("zero point −382, clamped"));
        QVERIFY(clamped.text.contains(QStringLiteral("3 … 5")));
        const auto widened = only(asymmetric(Granularity::Tensor, ZeroPoint::ZeroInRange), statistics);
        QVERIFY(!widened.severe);
        QVERIFY2(widened.title.contains(QStringLiteral("step × 2.5")), qPrintable(widened.title));
        QVERIFY(!only(asymmetric(Granularity::Tensor, ZeroPoint::Wide), statistics).severe);
        const auto each = only(asymmetric(Granularity::Channel, ZeroPoint::Clamped), statistics);
        QVERIFY2(each.text.contains(QStringLiteral("2 of 2 channels")), qPrintable(each.text));
        QVERIFY2(each.text.contains(QStringLiteral("channel 1 has 3.5 … 4")), qPrintable(each.text));
    }

    void starvedChannelsInWords()
    {
        const auto note = only(asymmetric(quant::Granularity::Tensor, quant::ZeroPoint::ZeroInRange),
                               channels({-10, -5, -0.3F, -0.1F}, {10, 5, 0.3F, 0.1F}));
        QVERIFY(!note.severe);
        QVERIFY2(note.text.contains(QStringLiteral("2 of 4 channels")), qPrintable(note.text));
        QVERIFY2(note.title.contains(QStringLiteral("1 : 100")), qPrintable(note.title));
    }

    void plainNetworksHaveNoBridges()
    {
        const SessionDocument document = smallDocument();
        QVERIFY(bridgeText(document.loadedModel->sites, -1).isEmpty());
        QVERIFY(bridgeText(document.loadedModel->sites, 0).isEmpty());
        QVERIFY(bridgeHelp(document.loadedModel->sites, 0).isEmpty());
    }

    void warningsInWords()
    {
        QCOMPARE(warningText({"", "a.b", "3.1 % are clipped", 0}), QStringLiteral("a.b: 3.1 % are clipped"));
        QCOMPARE(warningText({"", "a.b", "3.1 % are clipped", 1}),
                 QStringLiteral("a.b: 3.1 % are clipped; so at one other site"));
        QCOMPARE(warningText({"", "", "3.1 % are clipped", 13}),
                 QStringLiteral("3.1 % are clipped; so at 13 other sites"));
    }
};

QTEST_MAIN(SiteNotesTest)
#include "site_notes_test.moc"
