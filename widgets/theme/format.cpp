#include "widgets/theme/format.h"

#include <QObject>

#include <cmath>

namespace qs::ui {

namespace {

const QString kMinus = QStringLiteral("−");
const QString kNone = QStringLiteral("–");

QString fixed(double value, int decimals)
{
    QString text = QString::number(std::abs(value), 'f', decimals);
    // No "−0.0".
    const bool zero = text.toDouble() == 0;
    return value < 0 && !zero ? kMinus + text : text;
}

} // namespace

QString formatPercent(double fraction)
{
    return std::isfinite(fraction) ? fixed(100 * fraction, 1) + QStringLiteral(" %") : kNone;
}

QString formatPointsDifference(double fraction)
{
    if (!std::isfinite(fraction))
        return kNone;
    const QString text = fixed(100 * fraction, 1);
    const bool plus = text != QLatin1String("0.0") && !text.startsWith(kMinus);
    return (plus ? QStringLiteral("+") : QString()) + text + QStringLiteral(" points");
}

QString formatShares(double low, double high)
{
    return fixed(100 * low, 1) + kNone + fixed(100 * high, 1);
}

QString formatDb(double db)
{
    if (std::isnan(db))
        return kNone;
    if (std::isinf(db))
        return db > 0 ? QStringLiteral("exact") : kNone;
    return fixed(db, 1) + QStringLiteral(" dB");
}

QString formatBits(double bits)
{
    if (!std::isfinite(bits))
        return kNone;
    return bits >= 31.95 ? QStringLiteral("float") : fixed(bits, 1) + QStringLiteral(" bit");
}

QString formatBitsOfSite(int bits)
{
    return bits >= 32 ? QStringLiteral("float") : QString::number(bits);
}

QString formatBytes(std::size_t bytes)
{
    const double value = static_cast<double>(bytes);
    if (value < 1e3)
        return QStringLiteral("%1 B").arg(bytes);
    if (value < 1e5)
        return fixed(value / 1e3, 1) + QStringLiteral(" kB");
    if (value < 1e9)
        return fixed(value / 1e6, value < 1e8 ? 1 : 0) + QStringLiteral(" MB");
    return fixed(value / 1e9, 2) + QStringLiteral(" GB");
}

QString formatCount(std::uint64_t count)
{
    QString text = QString::number(count);
    for (qsizetype i = text.size() - 3; i > 0; i -= 3)
        text.insert(i, QChar(0x202F)); // narrow no-break space
    return text;
}

QString formatDuration(qint64 milliseconds)
{
    if (milliseconds < 0)
        return kNone;
    if (milliseconds < 9950)
        return fixed(static_cast<double>(milliseconds) / 1000, 1) + QStringLiteral(" s");
    const qint64 seconds = (milliseconds + 500) / 1000;
    if (seconds < 60)
        return QStringLiteral("%1 s").arg(seconds);
    if (seconds < 3600)
        return QStringLiteral("%1 min %2 s").arg(seconds / 60).arg(seconds % 60);
    return QStringLiteral("%1 h %2 min").arg(seconds / 3600).arg(seconds / 60 % 60);
}

QString formatNumber(double value, int digits)
{
    if (!std::isfinite(value))
        return kNone;
    return QString::number(value + 0.0, 'g', digits).replace(QLatin1Char('-'), kMinus); // -0 + 0 is 0
}

QString formatFixed(double value, int decimals)
{
    return std::isfinite(value) ? fixed(value, decimals) : kNone;
}

QString formatChange(double fraction)
{
    if (!std::isfinite(fraction))
        return kNone;
    const double percent = 100 * fraction;
    const QString text = fixed(percent, std::abs(percent) < 10 ? 1 : 0);
    const bool plus = percent > 0 && text != QLatin1String("0.0");
    return (plus ? QStringLiteral("+") : QString()) + text + QStringLiteral(" %");
}

QString blockTitle(int block)
{
    return block >= 0 ? QString::number(block) : block == -1 ? QObject::tr("stem") : QObject::tr("head");
}

} // namespace qs::ui
