#include "widgets/panels/hybrid/hybrid_view.h"

#include "widgets/frame/csv.h"
#include "widgets/panels/hybrid/candidates_plot.h"
#include "widgets/panels/hybrid/choices_model.h"
#include "widgets/panels/hybrid/hybrid_form.h"
#include "widgets/panels/shared/empty_state.h"
#include "widgets/theme/colours.h"

#include <QEvent>
#include <QHeaderView>
#include <QLabel>
#include <QSortFilterProxyModel>
#include <QSplitter>
#include <QTableView>
#include <QVBoxLayout>

#include <cmath>
#include <utility>

namespace qs::ui {

namespace {

/// Missing numbers come last, whichever way it is sorted.
class ChoicesProxy : public QSortFilterProxyModel {
public:
    using QSortFilterProxyModel::QSortFilterProxyModel;

protected:
    bool lessThan(const QModelIndex& left, const QModelIndex& right) const override
    {
        const QVariant a = left.data(ChoicesModel::SortRole);
        const QVariant b = right.data(ChoicesModel::SortRole);
        const bool noA = a.typeId() == QMetaType::Double && std::isnan(a.toDouble());
        const bool noB = b.typeId() == QMetaType::Double && std::isnan(b.toDouble());
        if (noA || noB)
            return noA == noB ? left.row() < right.row() : noB == (sortOrder() == Qt::AscendingOrder);
        return QSortFilterProxyModel::lessThan(left, right);
    }
};

} // namespace

HybridView::HybridView(QWidget* parent)
    : QWidget(parent), m_form(new HybridForm), m_choices(new ChoicesModel(this)), m_proxy(new ChoicesProxy(this)),
      m_table(new QTableView), m_plot(new CandidatesPlot), m_legend(new QLabel), m_why(new QLabel)
{
    buildTable();
    m_plot->setMinimumHeight(120);
    m_plotEmpty = new EmptyState(m_plot);
    for (QLabel* label : {m_legend, m_why}) {
        label->setSizePolicy(QSizePolicy::Ignored, QSizePolicy::Preferred);
        label->setWordWrap(true);
    }
    m_why->setMinimumHeight(2 * m_why->fontMetrics().lineSpacing());
    m_why->setAlignment(Qt::AlignTop | Qt::AlignLeft);
    m_why->setTextInteractionFlags(Qt::TextSelectableByMouse);
    auto* lower = new QWidget;
    auto* lowerLayout = new QVBoxLayout(lower);
    lowerLayout->setContentsMargins(0, 2, 0, 0);
    lowerLayout->setSpacing(2);
    lowerLayout->addWidget(m_plotEmpty, 1);
    lowerLayout->addWidget(m_legend);
    auto* splitter = new QSplitter(Qt::Vertical);
    splitter->addWidget(m_table);
    splitter->addWidget(lower);
    splitter->setStretchFactor(0, 1);
    splitter->setStretchFactor(1, 1);
    splitter->setChildrenCollapsible(false);
    auto* results = new QWidget;
    auto* resultsLayout = new QVBoxLayout(results);
    resultsLayout->setContentsMargins(0, 0, 0, 0);
    resultsLayout->setSpacing(3);
    resultsLayout->addWidget(splitter, 1);
    resultsLayout->addWidget(m_why);
    m_foundEmpty = new EmptyState(results);
    auto* content = new QWidget;
    auto* layout = new QVBoxLayout(content);
    layout->setContentsMargins(8, 6, 8, 4);
    layout->setSpacing(4);
    layout->addWidget(m_form);
    layout->addWidget(m_foundEmpty, 1);
    m_empty = new EmptyState(content);
    auto* outer = new QVBoxLayout(this);
    outer->setContentsMargins(0, 0, 0, 0);
    outer->addWidget(m_empty);
    setFocusProxy(m_form);
    sayLegend();

    connect(m_empty, &EmptyState::pressed, this, &HybridView::helpWished);
    connect(m_plot, &Plot::failed, this, &HybridView::failed);
    connect(m_plot, &Plot::hovered, this, [this](QPointF at) { m_plot->setToolTip(m_plot->describe(at)); });
}

void HybridView::buildTable()
{
    m_proxy->setSourceModel(m_choices);
    m_proxy->setSortRole(ChoicesModel::SortRole);
    m_table->setModel(m_proxy);
    m_table->setSelectionBehavior(QAbstractItemView::SelectRows);
    m_table->setSelectionMode(QAbstractItemView::SingleSelection);
    m_table->setAlternatingRowColors(true);
    m_table->setShowGrid(false);
    m_table->setWordWrap(false);
    m_table->setSortingEnabled(true);
    m_table->setTabKeyNavigation(false);
    m_table->setAccessibleName(tr("What was chosen"));
    m_table->verticalHeader()->hide();
    m_table->verticalHeader()->setSectionResizeMode(QHeaderView::Fixed);
    m_table->verticalHeader()->setDefaultSectionSize(m_table->fontMetrics().height() + 6);
    m_table->horizontalHeader()->setHighlightSections(false);
    const auto width = [this](const QString& text) { return m_table->fontMetrics().horizontalAdvance(text) + 14; };
    m_table->setColumnWidth(ChoicesModel::Site, width(QStringLiteral("blocks.10.proj.weight")));
    m_table->setColumnWidth(ChoicesModel::Bridge, width(QStringLiteral("Bridge")) + 6);
    m_table->setColumnWidth(ChoicesModel::Granularity, width(QStringLiteral("per channel")));
    m_table->setColumnWidth(ChoicesModel::Scheme, width(QStringLiteral("asymmetric")));
    m_table->setColumnWidth(ChoicesModel::Factor, width(QStringLiteral("× Δ₀ ▾")));
    m_table->setColumnWidth(ChoicesModel::Change, width(QStringLiteral("Change")));
    for (const int column : {ChoicesModel::Before, ChoicesModel::After})
        m_table->setColumnWidth(column, width(QStringLiteral("0.00e−00")));
    m_table->sortByColumn(ChoicesModel::Site, Qt::AscendingOrder);
    connect(m_table->selectionModel(), &QItemSelectionModel::currentRowChanged, this,
            [this](const QModelIndex& current) {
                if (const SiteId site = m_choices->siteAt(m_proxy->mapToSource(current).row());
                    !m_selecting && site.valid())
                    emit siteWished(site);
            });
}

void HybridView::setFound(std::shared_ptr<const project::HybridFound> found, const QStringList& names,
                          const QString& reason)
{
    const bool other = found != m_found;
    m_found = std::move(found);
    m_selecting = true;
    m_choices->setFound(m_found, names);
    m_selecting = false;
    if (!m_found)
        return m_foundEmpty->showReason(reason);
    m_foundEmpty->showView();
    if (other) {
        setCurrent(m_current);
    }
}

void HybridView::setCurrent(SiteId site)
{
    m_current = site;
    const search::HybridChoice* choice = m_found ? m_found->choiceOf(site) : nullptr;
    m_selecting = true;
    if (choice) {
        const QModelIndex row = m_proxy->mapFromSource(m_choices->index(m_choices->rowOf(site), 0));
        m_table->setCurrentIndex(row);
        m_table->scrollTo(row);
    } else {
        m_table->clearSelection();
    }
    m_selecting = false;
    m_legend->setVisible(choice != nullptr);
    if (!choice) {
        m_plot->clear();
        m_plotEmpty->showReason(site.valid()
                                    ? tr("The selected site was not searched: it was locked, in float, or has "
                                         "other levels than uniform ones.")
                                    : tr("Select a site to see the objective over its candidates."));
        return m_why->setText({});
    }
    m_plot->setChoice(*choice, m_found->result.factors, m_found->options.importance);
    m_plotEmpty->showView();
    m_why->setText(whyText(*choice, m_found->result.factors));
}

void HybridView::showReason(const QString& text, const QString& button)
{
    m_empty->showReason(text, button);
}

void HybridView::showAll()
{
    m_empty->showView();
}

QString HybridView::why() const
{
    return m_why->text();
}

QString HybridView::reason() const
{
    return m_empty->reason();
}

QString HybridView::foundReason() const
{
    return m_foundEmpty->reason();
}

QString HybridView::choicesCsv() const
{
    QString text = csvLine({QStringLiteral("site"), QStringLiteral("bridge"), QStringLiteral("granularity"),
                            QStringLiteral("scheme"), QStringLiteral("factor"), QStringLiteral("error_before"),
                            QStringLiteral("error_after")});
    if (!m_found)
        return {};
    for (int row = 0; row < m_choices->rowCount(); ++row) {
        const search::HybridChoice& choice = m_found->result.choices[static_cast<std::size_t>(row)];
        const auto cell = [&](int column) { return m_choices->index(row, column).data().toString(); };
        text += csvLine({cell(ChoicesModel::Site), cell(ChoicesModel::Bridge), cell(ChoicesModel::Granularity),
                         cell(ChoicesModel::Scheme), csvNumber(choice.factor), csvNumber(choice.before),
                         csvNumber(choice.after)});
    }
    return text;
}

void HybridView::sayLegend()
{
    const Colours& c = colours();
    m_legend->setText(tr("<span style='color:%1'>■</span> per tensor&nbsp; <span style='color:%2'>■</span> per "
                         "channel&nbsp; — asymmetric&nbsp; - - symmetric&nbsp; <span style='color:%3'>··</span> "
                         "before&nbsp; ● chosen")
                          .arg(c.perTensor.name(), c.perChannel.name(), c.before.name()));
}

void HybridView::changeEvent(QEvent* event)
{
    QWidget::changeEvent(event);
    if (event->type() == QEvent::PaletteChange)
        sayLegend();
}

} // namespace qs::ui
