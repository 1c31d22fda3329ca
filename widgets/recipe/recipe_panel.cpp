#include "widgets/recipe/recipe_panel.h"

#include "widgets/model/document.h"
#include "widgets/model/edits.h"
#include "widgets/model/follow.h"
#include "widgets/model/plans.h"
#include "widgets/model/selection.h"
#include "widgets/model/text.h"
#include "widgets/recipe/bits_group.h"
#include "widgets/recipe/error_change.h"
#include "widgets/recipe/estimator_group.h"
#include "widgets/recipe/flag_group.h"
#include "widgets/recipe/grid_group.h"
#include "widgets/recipe/noise_group.h"
#include "widgets/recipe/notes_label.h"
#include "widgets/recipe/quantizer_group.h"
#include "widgets/recipe/range_group.h"
#include "widgets/recipe/search_group.h"
#include "widgets/recipe/smoothing_group.h"
#include "widgets/recipe/zero_point_group.h"

#include <QFormLayout>
#include <QLabel>
#include <QPushButton>
#include <QScrollArea>
#include <QStackedWidget>

#include <algorithm>

namespace qs::ui {

namespace {

constexpr int kSpacing = 5;       ///< px, between the settings of a site
constexpr int kStageSpacing = 10; ///< px, before smoothing

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

RecipePanel::RecipePanel(const Document& document, const Selection& selection, Edits& edits, const Plans& plans,
                         JobRunner& runner, QWidget* parent)
    : QWidget(parent), m_document(document), m_selection(selection), m_edits(edits), m_plans(plans),
      m_pages(new QStackedWidget(this)), m_empty(new QLabel(m_pages))
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
    scroll->setWidget(makeForm(runner));
    m_pages->addWidget(scroll);
    setMinimumWidth(250);

    follow(this, &RecipePanel::refresh)
        .on(selection, &Selection::changed)
        .on(document, &Document::recipeChanged)
        .on(document, &Document::modelChanged);
    connect(&plans, &Plans::planChanged, this, &RecipePanel::refreshNumbers);
    connect(&plans, &Plans::calibrationChanged, this, [this] {
        m_change->forget();
        refreshNumbers();
    });
    connect(&plans, &Plans::sitesChanged, this, &RecipePanel::refreshNumbers);
    refresh();
}

QWidget* RecipePanel::makeForm(JobRunner& runner)
{
    auto* form = new QWidget(this);
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
    m_notes = new NotesLabel(m_document, m_selection, m_plans, form);
    outer->addWidget(m_notes);
    addGroups(*outer, runner);
    addButtons(*outer);
    m_change = new ErrorChange(m_document, m_selection, m_plans, form);
    outer->addSpacing(6);
    outer->addWidget(m_change);
    outer->addStretch(1);
    alignLabels(form);
    return form;
}

void RecipePanel::addGroups(QVBoxLayout& form, JobRunner& runner)
{
    auto* fields = new QVBoxLayout;
    fields->setSpacing(kSpacing);
    form.addLayout(fields);
    const auto add = [this](QVBoxLayout& layout, SiteGroup* group) {
        m_groups.push_back(group);
        layout.addWidget(group);
    };
    add(*fields, new BitsGroup(m_document, m_selection, m_edits));
    add(*fields, new QuantizerGroup(m_document, m_selection, m_edits, m_plans));
    add(*fields, new GridGroup(m_document, m_selection, m_edits));
    add(*fields, new ZeroPointGroup(m_document, m_selection, m_edits));
    add(*fields, new EstimatorGroup(m_document, m_selection, m_edits, m_plans));
    add(*fields, new RangeGroup(m_document, m_selection, m_edits));
    add(*fields, new SearchGroup(m_document, m_selection, m_edits));
    add(*fields,
        new FlagGroup(
            m_document, m_selection, m_edits, &quant::SitePatch::saturationSafe, "safe", tr("Safe from sat&uration"),
            tr("8-bit weights of linear layers on which no x86 CPU saturates: ONNX Runtime's product of unsigned "
               "and signed bytes adds two products in 16 bits on CPUs without VNNI, so the scale of a channel is "
               "raised until all pairs fit. Costs about 2 dB of the weight's SQNR; fewer bits never saturate.")));
    add(*fields,
        new FlagGroup(m_document, m_selection, m_edits, &quant::SitePatch::biasCorrection, "bias",
                      tr("&Correct the bias"),
                      tr("The layer's bias takes up the mean of what quantizing its input and weights changes in its "
                         "output, on the calibration images (bias correction, Nagel et al., arXiv 1906.04721): free "
                         "at run time.")));
    form.addSpacing(kStageSpacing - kSpacing);
    add(form, new SmoothingGroup(m_document, m_selection, m_edits, m_plans, runner));
    add(form, new NoiseGroup(m_document, m_selection, m_edits, m_plans, runner));
}

void RecipePanel::addButtons(QVBoxLayout& form)
{
    auto* buttons = new QHBoxLayout;
    m_reset = new QPushButton(tr("Rese&t"));
    m_reset->setToolTip(tr("Back to what the preset says (Ctrl+R)"));
    m_lock = new QPushButton(tr("&Lock"));
    m_lock->setCheckable(true);
    m_lock->setToolTip(tr("Locked sites keep their settings whatever presets, searches and group edits do (L)"));
    buttons->addWidget(m_reset);
    buttons->addWidget(m_lock);
    form.addLayout(buttons);
    connect(m_reset, &QPushButton::clicked, this, [this] { m_edits.resetSites(m_selection.sites()); });
    connect(m_lock, &QPushButton::clicked, this, [this](bool on) { m_edits.setLocked(m_selection.sites(), on); });
}

void RecipePanel::refresh()
{
    if (m_selection.sites().empty()) {
        m_empty->setText(m_document.model() ? tr("Select a site in Layers to see and change how it is quantized.")
                                            : tr("No model."));
        m_pages->setCurrentIndex(0);
        m_change->forget();
        return;
    }
    m_pages->setCurrentIndex(1);
    showTitle();
    for (SiteGroup* group : m_groups)
        group->refresh();
    showButtons();
    refreshNumbers();
}

void RecipePanel::showTitle()
{
    const graph::Site& site = m_document.sites()[m_selection.current()];
    if (const std::size_t count = m_selection.sites().size(); count > 1) {
        m_title->setText(tr("%1 sites selected").arg(count));
        m_what->setText(tr("current: %1").arg(siteTitle(site)));
        return;
    }
    const std::string_view role = graph::roleTitle(site.role);
    m_title->setText(siteTitle(site));
    m_what->setText(QStringLiteral("%1 · %2 · %3")
                        .arg(QString::fromUtf8(role.data(), qsizetype(role.size())),
                             site.kind == graph::SiteKind::Weight ? tr("weight") : tr("activation"),
                             QString::fromStdString(site.shape.text())));
}

void RecipePanel::showButtons()
{
    const bool locked = std::ranges::all_of(m_selection.sites(), [this](SiteId id) { return m_document.locked(id); });
    m_lock->setChecked(locked);
    m_lock->setText(locked ? tr("Locked") : tr("Lock"));
    m_reset->setEnabled(!locked);
}

void RecipePanel::refreshNumbers()
{
    if (!m_selection.current().valid() || m_pages->currentIndex() == 0)
        return;
    m_notes->refresh();
    for (SiteGroup* group : m_groups)
        group->refreshNumbers();
    m_change->refresh();
}

} // namespace qs::ui
