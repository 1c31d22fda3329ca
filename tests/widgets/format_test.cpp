// N9: "−0.0 dB" and "−0 %" of what is nothing at the digits shown, over all functions that write numbers for people.
#include "widgets/theme/format.h"

#include "core/quant/accuracy.h"
#include "core/quant/settings.h"
#include "core/tasks/figure.h"

#include <QRegularExpression>
#include <QTest>

#include <limits>

using namespace qs;
using namespace qs::ui;

namespace {

constexpr double kNothing[] = {-0.0, -1e-300, -1e-9, -4e-6, -4e-5, -0.0004, -0.0049, 0.0, 1e-9, 4e-6};

/// A zero with a sign, of any number of digits.
bool hasSignedZero(const QString& text)
{
    static const QRegularExpression kSignedZero(QStringLiteral("[-−+]0(\\.0+)?(?![.0-9eE])"));
    return kSignedZero.match(text).hasMatch();
}

} // namespace

class FormatTest : public QObject {
    Q_OBJECT

private slots:
    void theTestSeesSignedZeros()
    {
        for (const char* bad : {"−0.0 dB", "-0 %", "+0.00 points", "from −0 to 1"})
            QVERIFY2(hasSignedZero(QString::fromUtf8(bad)), bad);
        for (const char* good : {"0.0 dB", "−0.1", "−0.004", "+0.5 %", "−1e-09", "10–0.5", "58.8–73.7"})
            QVERIFY2(!hasSignedZero(QString::fromUtf8(good)), good);
    }

    void nothingHasASign()
    {
        for (const double value : kNothing) {
            for (const QString& text :
                 {formatPercent(value), formatPointsDifference(value), formatShares(value, -value), formatDb(value),
                  formatBits(value), formatChange(value), formatFixed(value, 0), formatFixed(value, 1),
                  formatFixed(value, 2)})
                QVERIFY2(!hasSignedZero(text), qPrintable(text));
            QVERIFY2(!hasSignedZero(formatNumber(value)), qPrintable(formatNumber(value)));
            const std::string points = quant::pointsWithInterval(value / 100, stats::Interval{-1e-6, 1e-6});
            QVERIFY2(!hasSignedZero(QString::fromStdString(points)), points.c_str());
            for (const char* unit : {"%", "dB"}) {
                tasks::Figure figure;
                figure.unit = unit;
                figure.value = value / 10;
                figure.interval = stats::Interval{value / 10, -value / 10};
                const std::string text = tasks::figureText(figure);
                QVERIFY2(!hasSignedZero(QString::fromStdString(text)), text.c_str());
            }
            quant::SitePatch patch;
            patch.estimator = quant::Estimator{};
            patch.estimator->kind = quant::EstimatorKind::Manual;
            patch.estimator->low = value == 0 ? value : 0;
            patch.estimator->high = 1;
            const std::string words = quant::inWords(patch);
            QVERIFY2(!hasSignedZero(QString::fromStdString(words)), words.c_str());
        }
    }

    void signsAreTrue()
    {
        QCOMPARE(formatDb(-0.06), QStringLiteral("−0.1 dB"));
        QCOMPARE(formatChange(-0.071), QStringLiteral("−7.1 %"));
        QCOMPARE(formatChange(0.2), QStringLiteral("+20 %"));
        QCOMPARE(formatChange(-0.0004), QStringLiteral("0.0 %"));
        QCOMPARE(formatChange(std::numeric_limits<double>::infinity()), QStringLiteral("–"));
        QCOMPARE(formatPointsDifference(-0.071), QStringLiteral("−7.1 points"));
        QCOMPARE(formatNumber(-0.0), QStringLiteral("0"));
        QCOMPARE(formatNumber(-1234.5678), QStringLiteral("−1235"));
        QCOMPARE(formatNumber(0.00123456, 3), QStringLiteral("0.00123"));
        QCOMPARE(blockTitle(-1) + blockTitle(12) + blockTitle(-2), QStringLiteral("stem12head"));
    }
};

QTEST_GUILESS_MAIN(FormatTest)
#include "format_test.moc"
