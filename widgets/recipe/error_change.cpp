#include "widgets/recipe/error_change.h"

#include "core/quant/covered_range.h"
#include "widgets/model/document.h"
#include "widgets/model/history.h"
#include "widgets/model/plans.h"
#include "widgets/model/selection.h"
#include "widgets/theme/colours.h"
#include "widgets/theme/format.h"

#include <QEvent>
#include <QLabel>
#include <QVBoxLayout>

#include <cmath>

namespace qs::ui {

namespace {

/// A small share with two significant digits: "0.0025 %".
QString formatShare(double share)
{
    if (!std::isfinite(share))
        return QStringLiteral("–");
    const double percent = 100 * share;
    return (percent != 0 && percent < 0.001 ? QStringLiteral("< 0.001")
                                            : QString::number(percent, 'g', percent < 10 ? 2 : 3)) +
           QStringLiteral(" %");
}

QString row(const QString& name, const QString& before, const QString& after, const QString& change,
            const QColor& tint)
{
    const QString colour = tint.isValid() ? QStringLiteral(" style='color:%1'").arg(tint.name()) : QString();
    return QStringLiteral(
               "<tr><td>%1&nbsp;</td><td align='right'>%2</td><td>&nbsp;→&nbsp;</td><td align='right'>%3</td>"
               "<td align='right'%5>&nbsp;&nbsp;%4</td></tr>")
        .arg(name, before, after, change, colour);
}

} // namespace

ErrorChange::ErrorChange(const Document& document, const Selection& selection, const Plans& plans, QWidget* parent)
    : QWidget(parent), m_document(document), m_selection(selection), m_plans(plans), m_numbers(new QLabel(this)),
      m_note(new QLabel(this))
{
    auto* layout = new QVBoxLayout(this);
    layout->setContentsMargins(0, 0, 0, 0);
    m_numbers->setObjectName(QStringLiteral("numbers"));
    m_numbers->setTextFormat(Qt::RichText);
    m_numbers->setSizePolicy(QSizePolicy::Ignored, QSizePolicy::Preferred); // never widens the dock
    m_numbers->setToolTip(
        tr("Isolated error: only this site is quantized. SQNR = 10 log₁₀(Σx² / Σ(x − Q(x))²); output "
           "error = Σ(y − y_q)² / Σy² of the operator that reads it, on the calibration sample; clipped: "
           "share of values outside the range."));
    layout->addWidget(m_numbers);
    m_note->setWordWrap(true);
    m_note->setForegroundRole(QPalette::PlaceholderText);
    layout->addWidget(m_note);
}

void ErrorChange::changeEvent(QEvent* event)
{
    QWidget::changeEvent(event);
    if (event->type() == QEvent::PaletteChange) // colours of better and worse
        refresh();
}

void ErrorChange::followSteps(SiteId id, const std::shared_ptr<const quant::SitePlan>& plan)
{
    const History& history = m_document.history();
    const int present = history.index();
    if (id != m_site) {
        m_site = id;
        m_step = present;
        m_before = m_after = plan;
        return;
    }
    if (!plan || plan == m_after)
        return;
    if (!m_before || !m_after || m_step >= history.size()) // the step came to nothing and is gone
        m_before = plan;
    else if (m_step != present && m_after->settings != plan->settings)
        m_before = m_after;
    m_after = plan;
    // A number that comes late may be the last step's.
    const bool late = present > 0 && plan->settings != m_document.settings(id) &&
                      plan->settings == quant::settingsOf(history.state(present - 1).recipe, m_document.sites()[id]);
    m_step = late ? present - 1 : present;
}

void ErrorChange::refresh()
{
    const SiteId id = m_selection.current();
    if (!id.valid())
        return forget();
    const auto plan = m_plans.sitePlan(id);
    followSteps(id, plan);
    if (!plan) {
        m_numbers->setText({});
        m_note->setText(m_plans.calibration() ? tr("Resolving …") : tr("Not calibrated: no numbers yet."));
        return;
    }
    const bool current = m_plans.sitePlanCurrent(id);
    m_numbers->setText(table(*plan, current));
    m_numbers->setForegroundRole(current ? QPalette::WindowText : QPalette::PlaceholderText);
    m_note->setText(current ? (m_selection.sites().size() > 1 ? tr("Numbers of the current site.") : QString())
                            : tr("Of older settings; new numbers are on their way."));
}

QString ErrorChange::table(const quant::SitePlan& plan, bool current) const
{
    const quant::SiteError& a = m_before ? m_before->error : plan.error;
    const quant::SiteError& b = plan.error;
    const auto judged = [&](double change, bool upIsGood) {
        if (!current || !std::isfinite(change) || change == 0)
            return QColor();
        return (change > 0) == upIsGood ? colours().good : colours().bad;
    };
    // What reads as no change is none.
    double db = b.sqnrDb - a.sqnrDb;
    if (std::abs(db) < 0.05)
        db = 0;
    QString table = QStringLiteral("<table cellspacing='0' cellpadding='1'>");
    // The unit once: the dock is narrow.
    table += row(tr("SQNR"), formatDb(a.sqnrDb).remove(QStringLiteral(" dB")), formatDb(b.sqnrDb),
                 std::isfinite(db) && db != 0 ? (db > 0 ? QStringLiteral("+") : QString()) + formatDb(db) : QString(),
                 judged(db, true));
    if (std::isfinite(b.outputError)) {
        double change = a.outputError > 0 ? b.outputError / a.outputError - 1 : std::nan("");
        if (std::abs(change) < 0.005)
            change = 0;
        table += row(tr("Output error"), formatShare(a.outputError), formatShare(b.outputError),
                     std::isfinite(change) && change != 0 ? formatChange(change) : QString(), judged(change, false));
    }
    table += row(tr("Clipped"), formatPercent(a.clippedShare), formatPercent(b.clippedShare), QString(), QColor());
    if (plan.quantized()) {
        const quant::Range covered = quant::coveredRange(plan);
        table += QStringLiteral("<tr><td>%1&nbsp;</td><td colspan='4'>%2 … %3</td></tr>")
                     .arg(tr("Levels"), formatNumber(covered.low), formatNumber(covered.high));
    }
    return table + QStringLiteral("</table>");
}

} // namespace qs::ui
