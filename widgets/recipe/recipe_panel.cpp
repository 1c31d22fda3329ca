#include "widgets/recipe/recipe_panel.h"

#include "core/quant/covered_range.h"
#include "core/quant/trials.h"
#include "widgets/model/follow.h"
#include "widgets/model/history.h"
#include "widgets/model/text.h"
#include "widgets/recipe/choice.h"
#include "widgets/recipe/noise_group.h"
#include "widgets/recipe/notes_label.h"
#include "widgets/recipe/range_group.h"
#include "widgets/recipe/search_group.h"
#include "widgets/recipe/smoothing_group.h"
#include "widgets/recipe/zero_point_group.h"
#include "widgets/theme/colours.h"
#include "widgets/theme/format.h"
#include "widgets/theme/icon.h"

#include <QCheckBox>
#include <QComboBox>
#include <QEvent>
#include <QFormLayout>
#include <QLabel>
#include <QPushButton>
#include <QScrollArea>
#include <QStackedWidget>

#include <algorithm>
#include <cmath>
#include <set>

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

/// The fields of all groups begin at the same place.
void alignLabels(QWidget* form)
{
    std::vector<QWidget*> labels;
    int width = 0;
    for (const QFormLayout* layout : form->findChildren<QFormLayout*>())
        for (int row = 0; row < layout->rowCount(); ++row)
            if (const QLayoutItem* item = layout->itemAt(row, QFormLayout::LabelRole); item && item->widget()) {
                labels.push_back(item->widget());
                width = std::max(width, item->widget()->sizeHint().width());
            }
    for (QWidget* label : labels)
        label->setMinimumWidth(width);
}

} // namespace

RecipePanel::RecipePanel(Session& session, QWidget* parent)
    : QWidget(parent), m_session(session), m_pages(new QStackedWidget(this)), m_empty(new QLabel(m_pages))
{
    auto* layout = new QVBoxLayout(this);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->addWidget(m_pages);
    m_empty->setAlignment(Qt::AlignCenter);
    m_empty->setWordWrap(true);
    m_empty->setMargin(20);
    m_empty->setForegroundRole(QPalette::PlaceholderText);
    m_pages->addWidget(m_empty);
    auto* scroll = new QScrollArea(m_pages);
    scroll->setFrameShape(QFrame::NoFrame);
    scroll->setWidgetResizable(true);
    scroll->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    auto* form = new QWidget(scroll);
    buildForm(form);
    scroll->setWidget(form);
    m_pages->addWidget(scroll);
    setMinimumWidth(250);

    follow(this, &RecipePanel::refresh)
        .on(session.selection, &Selection::changed)
        .on(session.document, &Document::recipeChanged)
        .on(session.document, &Document::modelChanged);
    connect(&session.plans, &Plans::planChanged, this, &RecipePanel::refreshNumbers);
    connect(&session.plans, &Plans::calibrationChanged, this, [this] {
        m_site = {}; // numbers of another calibration are no "before"
        refreshNumbers();
    });
    connect(&session.plans, &Plans::sitesChanged, this, &RecipePanel::refreshNumbers);
    refresh();
}

QComboBox* RecipePanel::addChoice(QFormLayout* layout, const QString& label, const QString& help)
{
    QComboBox* box = makeChoice(this, help);
    layout->addRow(label, box);
    return box;
}

void RecipePanel::buildForm(QWidget* form)
{
    auto* outer = new QVBoxLayout(form);
    outer->setContentsMargins(10, 8, 10, 8);
    m_title = new QLabel(form);
    m_title->setWordWrap(true);
    QFont bold = m_title->font();
    bold.setBold(true);
    m_title->setFont(bold);
    m_what = new QLabel(form);
    m_what->setWordWrap(true);
    m_what->setForegroundRole(QPalette::PlaceholderText);
    outer->addWidget(m_title);
    outer->addWidget(m_what);
    m_notes = new NotesLabel(m_session, form);
    outer->addWidget(m_notes);

    auto* fields = m_fields = new QFormLayout;
    fields->setFieldGrowthPolicy(QFormLayout::AllNonFixedFieldsGrow);
    fields->setVerticalSpacing(5);
    m_bits = addChoice(fields, tr("&Bits"), tr("Bits of a code. Keys 2 … 8; 0 for float."));
    m_bits->setObjectName(QStringLiteral("bits"));
    for (int bits = 8; bits >= 2; --bits)
        m_bits->addItem(formatBitsOfSite(bits), bits);
    m_bits->addItem(formatBitsOfSite(quant::kFloatBits), quant::kFloatBits);
    m_quantizer = addChoice(fields, tr("Quant&izer"), tr("How levels lie."));
    m_quantizer->setObjectName(QStringLiteral("quantizer"));
    m_scheme = addChoice(fields, tr("&Scheme"), tr("How codes lie around zero."));
    for (const quant::Scheme scheme : {quant::Scheme::Symmetric, quant::Scheme::Asymmetric}) {
        m_scheme->addItem(schemeTitle(scheme), static_cast<int>(scheme));
        m_scheme->setItemData(m_scheme->count() - 1, schemeHelp(scheme), Qt::ToolTipRole);
    }
    m_granularity = addChoice(fields, tr("&Granularity"), tr("How many scales there are."));
    for (const quant::Granularity granularity :
         {quant::Granularity::Tensor, quant::Granularity::Part, quant::Granularity::Channel}) {
        m_granularity->addItem(granularityTitle(granularity), static_cast<int>(granularity));
        m_granularity->setItemData(m_granularity->count() - 1, granularityHelp(granularity), Qt::ToolTipRole);
    }
    m_zeroPoint = new ZeroPointGroup(m_session, form);
    fields->addRow(m_zeroPoint);
    m_estimator = addChoice(fields, tr("&Range"), tr("How the range of values that the codes span is chosen."));
    for (const quant::EstimatorKind kind :
         {quant::EstimatorKind::MinMax, quant::EstimatorKind::Percentile, quant::EstimatorKind::Mse,
          quant::EstimatorKind::Entropy, quant::EstimatorKind::Search, quant::EstimatorKind::Manual,
          quant::EstimatorKind::MinMaxHalf, quant::EstimatorKind::Scaled}) {
        m_estimator->addItem(estimatorTitle(kind), static_cast<int>(kind));
        m_estimator->setItemData(m_estimator->count() - 1, estimatorHelp(kind), Qt::ToolTipRole);
    }
    m_objective = addChoice(fields, tr("Searched b&y"), tr("What the search of steps and ratio makes small."));
    m_objective->setObjectName(QStringLiteral("objective"));
    for (const quant::Objective objective : {quant::Objective::InputError, quant::Objective::OutputError}) {
        m_objective->addItem(objectiveTitle(objective), static_cast<int>(objective));
        m_objective->setItemData(m_objective->count() - 1, objectiveHelp(objective), Qt::ToolTipRole);
    }
    m_range = new RangeGroup(m_session, form);
    fields->addRow(m_range);
    m_search = new SearchGroup(m_session, form);
    fields->addRow(m_search);
    m_safe = new QCheckBox(tr("Safe from sat&uration"), form);
    m_safe->setToolTip(
        tr("8-bit weights of linear layers on which no x86 CPU saturates: ONNX Runtime's product of unsigned "
           "and signed bytes adds two products in 16 bits on CPUs without VNNI, so the scale of a channel is "
           "raised until all pairs fit. Costs about 2 dB of the weight's SQNR; fewer bits never saturate."));
    fields->addRow(QString(), m_safe);
    m_bias = new QCheckBox(tr("&Correct the bias"), form);
    m_bias->setObjectName(QStringLiteral("bias"));
    m_bias->setToolTip(
        tr("The layer's bias takes up the mean of what quantizing its input and weights changes in its "
           "output, on the calibration images (bias correction, Nagel et al., arXiv 1906.04721): free "
           "at run time."));
    fields->addRow(QString(), m_bias);
    outer->addLayout(fields);
    outer->addSpacing(4);
    m_smoothing = new SmoothingGroup(m_session, form);
    outer->addWidget(m_smoothing);
    m_noise = new NoiseGroup(m_session, form);
    outer->addWidget(m_noise);

    auto* buttons = new QHBoxLayout;
    m_reset = new QPushButton(tr("Rese&t"), form);
    m_reset->setToolTip(tr("Back to what the preset says (Ctrl+R)"));
    m_lock = new QPushButton(tr("&Lock"), form);
    m_lock->setCheckable(true);
    m_lock->setToolTip(tr("Locked sites keep their settings whatever presets, searches and group edits do (L)"));
    buttons->addWidget(m_reset);
    buttons->addWidget(m_lock);
    outer->addLayout(buttons);

    m_numbers = new QLabel(form);
    m_numbers->setObjectName(QStringLiteral("numbers"));
    m_numbers->setTextFormat(Qt::RichText);
    m_numbers->setSizePolicy(QSizePolicy::Ignored, QSizePolicy::Preferred); // never widens the dock
    m_numbers->setToolTip(
        tr("Isolated error: only this site is quantized. SQNR = 10 log₁₀(Σx² / Σ(x − Q(x))²); output "
           "error = Σ(y − y_q)² / Σy² of the operator that reads it, on the calibration sample; clipped: "
           "share of values outside the range."));
    outer->addSpacing(6);
    outer->addWidget(m_numbers);
    m_note = new QLabel(form);
    m_note->setWordWrap(true);
    m_note->setForegroundRole(QPalette::PlaceholderText);
    outer->addWidget(m_note);
    outer->addStretch(1);
    alignLabels(form);

    connect(m_bits, &QComboBox::activated, this, [this] {
        quant::SitePatch patch;
        patch.bits = m_bits->currentData().toInt();
        edit(patch);
    });
    connect(m_quantizer, &QComboBox::activated, this, [this] {
        const int chosen = m_quantizer->currentData().toInt();
        if (chosen == kMixed)
            return;
        quant::SitePatch patch;
        patch.quantizer = std::string(quant::quantizers()[static_cast<std::size_t>(chosen)].name);
        editKind(graph::SiteKind::Activation, patch);
    });
    connect(m_objective, &QComboBox::activated, this, [this] {
        quant::SitePatch patch;
        patch.objective = static_cast<quant::Objective>(m_objective->currentData().toInt());
        edit(patch);
    });
    connect(m_scheme, &QComboBox::activated, this, [this] {
        quant::SitePatch patch;
        patch.scheme = static_cast<quant::Scheme>(m_scheme->currentData().toInt());
        edit(patch);
    });
    connect(m_granularity, &QComboBox::activated, this, [this] {
        quant::SitePatch patch;
        patch.granularity = static_cast<quant::Granularity>(m_granularity->currentData().toInt());
        edit(patch);
    });
    connect(m_estimator, &QComboBox::activated, this, [this] {
        quant::SitePatch patch;
        patch.estimator.emplace();
        patch.estimator->kind = static_cast<quant::EstimatorKind>(m_estimator->currentData().toInt());
        if (patch.estimator->kind == quant::EstimatorKind::Manual) { // begins where the range is now
            const auto plan = m_session.plans.sitePlan(m_session.selection.current());
            patch.estimator->low = plan ? plan->range.low : -1;
            patch.estimator->high = plan ? plan->range.high : 1;
        }
        edit(patch);
    });
    connect(m_safe, &QCheckBox::clicked, this, [this](bool on) {
        quant::SitePatch patch;
        patch.saturationSafe = on;
        editKind(graph::SiteKind::Weight, patch);
    });
    connect(m_bias, &QCheckBox::clicked, this, [this](bool on) {
        quant::SitePatch patch;
        patch.biasCorrection = on;
        editKind(graph::SiteKind::Weight, patch);
    });
    connect(m_reset, &QPushButton::clicked, this,
            [this] { m_session.edits.resetSites(m_session.selection.sites()); });
    connect(m_lock, &QPushButton::clicked, this,
            [this](bool on) { m_session.edits.setLocked(m_session.selection.sites(), on); });
}

void RecipePanel::changeEvent(QEvent* event)
{
    QWidget::changeEvent(event);
    if (event->type() == QEvent::PaletteChange) // colours of better and worse
        refreshNumbers();
}

void RecipePanel::edit(const quant::SitePatch& patch)
{
    // "mixed" is no value to set.
    const auto* box = qobject_cast<QComboBox*>(sender());
    if (m_filling || (box && box->currentData().toInt() == kMixed))
        return;
    m_session.edits.editSelection(patch);
    refresh(); // a locked site keeps what it has
}

/// Quantizers of other levels are for activations, saturation and bias correction are for weights: the others in the
/// selection keep theirs.
void RecipePanel::editKind(graph::SiteKind kind, const quant::SitePatch& patch)
{
    std::vector<SiteId> sites;
    for (const SiteId id : m_session.selection.sites())
        if (m_session.document.sites()[id].kind == kind)
            sites.push_back(id);
    if (m_filling)
        return;
    m_session.edits.editSites(sites, patch);
    refresh();
}

void RecipePanel::refresh()
{
    const std::vector<SiteId>& selection = m_session.selection.sites();
    if (selection.empty()) {
        m_empty->setText(m_session.document.model()
                             ? tr("Select a site in Layers to see and change how it is quantized.")
                             : tr("No model."));
        m_pages->setCurrentIndex(0);
        m_site = {};
        return;
    }
    m_pages->setCurrentIndex(1);
    m_filling = true;
    std::vector<quant::SiteSettings> settings;
    std::size_t locked = 0;
    for (const SiteId id : selection) {
        settings.push_back(m_session.document.settings(id));
        locked += m_session.document.locked(id);
    }
    const graph::Site& site = m_session.document.sites()[m_session.selection.current()];
    if (selection.size() == 1) {
        m_title->setText(siteTitle(site));
        m_what->setText(QStringLiteral("%1 · %2 · %3")
                            .arg(QString::fromUtf8(graph::roleTitle(site.role).data(),
                                                   qsizetype(graph::roleTitle(site.role).size())),
                                 site.kind == graph::SiteKind::Weight ? tr("weight") : tr("activation"),
                                 QString::fromStdString(site.shape.text())));
    } else {
        m_title->setText(tr("%1 sites selected").arg(selection.size()));
        m_what->setText(tr("current: %1").arg(siteTitle(site)));
    }
    showChoice(m_bits, common(settings, [](const auto& s) { return s.bits; }));
    showChoice(m_scheme, common(settings, [](const auto& s) { return static_cast<int>(s.scheme); }));
    showChoice(m_granularity, common(settings, [](const auto& s) { return static_cast<int>(s.granularity); }));
    showChoice(m_estimator, common(settings, [](const auto& s) { return static_cast<int>(s.estimator.kind); }));
    const bool quantized = std::ranges::any_of(settings, [](const auto& s) { return !s.isFloat(); });
    const bool editable = locked < selection.size();
    m_bits->setEnabled(editable);
    for (QComboBox* box : {m_scheme, m_granularity, m_estimator})
        box->setEnabled(editable && quantized);
    showFlag(m_safe, &quant::SitePatch::saturationSafe, editable);
    showFlag(m_bias, &quant::SitePatch::biasCorrection, editable);
    m_zeroPoint->refresh();
    m_range->refresh();
    m_search->refresh();
    showQuantizers(editable && quantized);
    m_smoothing->refresh();
    m_noise->refresh();
    m_lock->setChecked(locked == selection.size());
    m_lock->setText(locked == selection.size() ? tr("Locked") : tr("Lock"));
    m_reset->setEnabled(editable);
    m_filling = false;
    refreshNumbers();
}

/// Of the selected sites that have the setting.
void RecipePanel::showFlag(QCheckBox* box, std::optional<bool> quant::WeightChoices<std::optional>::*flag,
                           bool editable)
{
    std::vector<quant::SiteSettings> own;
    for (const SiteId id : m_session.selection.sites())
        if (applies(flag, id))
            own.push_back(m_session.document.settings(id));
    m_fields->setRowVisible(box, !own.empty());
    if (own.empty())
        return;
    box->setEnabled(editable);
    showCheck(box, common(own, [flag](const auto& s) { return *(quant::wholePatch(s).*flag) ? 1 : 0; }));
}

/// Those that suit every activation of the selection, and those that it has.
void RecipePanel::showQuantizers(bool editable)
{
    std::vector<quant::SiteSettings> everything;
    bool searches = false;
    std::set<quant::Objective> more; // of searches of layers
    for (const SiteId id : m_session.selection.sites()) {
        const quant::SiteSettings& own = everything.emplace_back(m_session.document.settings(id));
        const bool layer = own.estimator.kind == quant::EstimatorKind::Search;
        searches |= applies(&quant::SitePatch::objective, id);
        more.insert(own.objective);
        if (layer)
            more.insert(quant::Objective::Cosine);
        if (layer && m_session.plans.calibration() && !m_session.plans.calibration()->importances.empty())
            more.insert(quant::Objective::Hessian);
    }
    for (const quant::Objective objective : {quant::Objective::Cosine, quant::Objective::Hessian}) {
        const int key = static_cast<int>(objective);
        if (const int at = m_objective->findData(key); at >= 0 && !more.contains(objective)) {
            m_objective->removeItem(at);
        } else if (at < 0 && more.contains(objective)) {
            m_objective->addItem(objectiveTitle(objective), key);
            m_objective->setItemData(m_objective->count() - 1, objectiveHelp(objective), Qt::ToolTipRole);
        }
    }
    showChoice(m_objective, common(everything, [](const auto& s) { return static_cast<int>(s.objective); }));
    m_objective->setEnabled(editable && searches);
    const auto all = quant::quantizers();
    std::vector<bool> suits(all.size(), true);
    std::vector<quant::SiteSettings> settings;
    for (const SiteId id : m_session.selection.sites()) {
        if (m_session.document.sites()[id].kind != graph::SiteKind::Activation)
            continue;
        settings.push_back(m_session.document.settings(id));
        const auto suitable = quant::suitableQuantizers(
            m_session.document.sites()[id], m_session.plans.statistics(id), m_session.plans.sitePlan(id).get());
        for (std::size_t q = 0; q < all.size(); ++q)
            suits[q] = suits[q] && suitable[q];
    }
    m_fields->setRowVisible(m_quantizer, !settings.empty());
    if (settings.empty())
        return;
    const auto indexOf = [&](const std::string& name) {
        return static_cast<int>(std::ranges::find(all, name, &quant::QuantizerDef::name) - all.begin());
    };
    const int chosen = common(settings, [&](const auto& s) { return indexOf(s.quantizer); });
    m_quantizer->clear();
    for (std::size_t q = 0; q < all.size(); ++q) {
        const int index = static_cast<int>(q);
        if (!suits[q] && index != chosen)
            continue;
        m_quantizer->addItem(quantizerTitle(std::string(all[q].name)), index);
        m_quantizer->setItemData(m_quantizer->count() - 1,
                                 QString::fromUtf8(all[q].description.data(), qsizetype(all[q].description.size())),
                                 Qt::ToolTipRole);
    }
    showChoice(m_quantizer, chosen);
    m_quantizer->setToolTip(chosen == kMixed ? tr("How levels lie.")
                                             : m_quantizer->currentData(Qt::ToolTipRole).toString());
    m_quantizer->setEnabled(editable);
    // Other levels have no scheme and one scale.
    const bool uniform = std::ranges::any_of(m_session.selection.sites(),
                                             [this](SiteId id) { return applies(&quant::SitePatch::scheme, id); });
    m_scheme->setEnabled(m_scheme->isEnabled() && uniform);
    m_granularity->setEnabled(m_granularity->isEnabled() && uniform);
}

/// "Before" is how the site was before the present step of the history: all of a drag is one step.
void RecipePanel::followSteps(SiteId id, const std::shared_ptr<const quant::SitePlan>& plan)
{
    const History& history = m_session.document.history();
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
    const bool late =
        present > 0 && plan->settings != m_session.document.settings(id) &&
        plan->settings == quant::settingsOf(history.state(present - 1).recipe, m_session.document.sites()[id]);
    m_step = late ? present - 1 : present;
}

void RecipePanel::refreshNumbers()
{
    const SiteId id = m_session.selection.current();
    if (!id.valid() || m_pages->currentIndex() == 0)
        return;
    m_notes->refresh();
    m_smoothing->refreshNumbers();
    m_noise->refreshNumbers();
    const auto plan = m_session.plans.sitePlan(id);
    followSteps(id, plan);
    if (!plan) {
        m_numbers->setText({});
        m_note->setText(m_session.plans.calibration() ? tr("Resolving …") : tr("Not calibrated: no numbers yet."));
        return;
    }
    const bool current = m_session.plans.sitePlanCurrent(id);
    const quant::SiteError& a = m_before ? m_before->error : plan->error;
    const quant::SiteError& b = plan->error;
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
                     std::isfinite(change) && change != 0
                         ? (change > 0 ? QStringLiteral("+") : QStringLiteral("−")) +
                               QString::number(std::abs(100 * change), 'f', 0) + QStringLiteral(" %")
                         : QString(),
                     judged(change, false));
    }
    table += row(tr("Clipped"), formatPercent(a.clippedShare), formatPercent(b.clippedShare), QString(), QColor());
    if (plan->quantized()) {
        const quant::Range covered = quant::coveredRange(*plan);
        table += QStringLiteral("<tr><td>%1&nbsp;</td><td colspan='4'>%2 … %3</td></tr>")
                     .arg(tr("Levels"), formatNumber(covered.low), formatNumber(covered.high));
    }
    m_numbers->setText(table + QStringLiteral("</table>"));
    m_numbers->setForegroundRole(current ? QPalette::WindowText : QPalette::PlaceholderText);
    m_note->setText(current
                        ? (m_session.selection.sites().size() > 1 ? tr("Numbers of the current site.") : QString())
                        : tr("Of older settings; new numbers are on their way."));
}

} // namespace qs::ui
