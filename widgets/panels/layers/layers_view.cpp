#include "widgets/panels/layers/layers_view.h"

#include "widgets/frame/csv.h"
#include "widgets/panels/layers/delegates.h"
#include "widgets/panels/layers/site_columns.h"
#include "widgets/panels/layers/site_filter.h"
#include "widgets/panels/shared/empty_state.h"

#include <QApplication>
#include <QClipboard>
#include <QFileDialog>
#include <QHeaderView>
#include <QKeyEvent>
#include <QLabel>
#include <QLineEdit>
#include <QMenu>
#include <QSaveFile>
#include <QTableView>
#include <QTextDocumentFragment>
#include <QVBoxLayout>

#include <algorithm>

namespace qs::ui {

namespace {

constexpr int kWidestName = 260; ///< pixels at first; the user may widen it
constexpr int kHistogramWidth = 76;

/// Home and End go to the first and the last row: the cells of a row are one.
class RowsTable final : public QTableView {
protected:
    QModelIndex moveCursor(CursorAction action, Qt::KeyboardModifiers modifiers) override
    {
        if (action != MoveHome && action != MoveEnd)
            return QTableView::moveCursor(action, modifiers);
        const int row = action == MoveHome ? 0 : model()->rowCount() - 1;
        return model()->index(row, currentIndex().isValid() ? currentIndex().column() : 0);
    }
};

} // namespace

LayersView::LayersView(QWidget* parent)
    : QWidget(parent), m_model(new SitesModel(this)), m_proxy(new SitesProxy(this)), m_table(new RowsTable),
      m_filter(new QLineEdit), m_counts(new QLabel)
{
    m_filter->setPlaceholderText(tr("Filter, e.g. role:fc2 block:3-5 bits<8 sqnr<20"));
    m_filter->setClearButtonEnabled(true);
    m_filter->setAccessibleName(tr("Filter of the sites"));
    m_filter->setToolTip(
        tr("<p>All terms must hold. Text is looked for in the name.</p><table>"
           "<tr><td>role:fc2 kind:weight&nbsp;&nbsp;</td><td>words: role, kind, scheme, granularity, quantizer, "
           "estimator, transform</td></tr>"
           "<tr><td>block:3 block:3-5</td><td>blocks, also stem and head</td></tr>"
           "<tr><td>bits&lt;8 sqnr&lt;20</td><td>numbers: bits, sqnr, acc, err, clipped, kurtosis, tail, sens, "
           "share, ratio</td></tr>"
           "<tr><td>is:bridge bridge:1</td><td>in a bridge block, in this one</td></tr>"
           "<tr><td>is:warned warning:zero</td><td>with a warning, with this word</td></tr>"
           "<tr><td>is:float is:locked</td><td>also is:stale, is:off (outside coverage)</td></tr>"
           "<tr><td>-role:fc2</td><td>not</td></tr></table>"));
    auto* content = new QWidget;
    auto* layout = new QVBoxLayout(content);
    layout->setContentsMargins(4, 4, 4, 2);
    layout->setSpacing(4);
    layout->addWidget(m_filter);
    layout->addWidget(m_table, 1);
    layout->addWidget(m_counts);
    m_counts->setWordWrap(true); // a long word of the filter must not widen the window
    m_empty = new EmptyState(content);
    auto* outer = new QVBoxLayout(this);
    outer->setContentsMargins(0, 0, 0, 0);
    outer->addWidget(m_empty);
    buildTable();
    setFocusProxy(m_table);

    connect(m_filter, &QLineEdit::textChanged, this, &LayersView::applyFilter);
    connect(m_model, &SitesModel::bitsWished, this, &LayersView::bitsWished);
    connect(m_model, &SitesModel::lockWished, this, &LayersView::lockWished);
}

void LayersView::buildTable()
{
    m_proxy->setSourceModel(m_model);
    m_table->setModel(m_proxy);
    m_table->setSelectionBehavior(QAbstractItemView::SelectRows);
    m_table->setSelectionMode(QAbstractItemView::ExtendedSelection);
    m_table->setAlternatingRowColors(true);
    m_table->setShowGrid(false);
    m_table->setWordWrap(false);
    m_table->setSortingEnabled(true);
    m_table->setEditTriggers(QAbstractItemView::DoubleClicked | QAbstractItemView::EditKeyPressed);
    m_table->setHorizontalScrollMode(QAbstractItemView::ScrollPerPixel);
    m_table->setContextMenuPolicy(Qt::CustomContextMenu);
    m_table->setAccessibleName(tr("Sites"));
    m_table->verticalHeader()->hide();
    const int lineHeight = m_table->fontMetrics().height() + 6;
    m_table->verticalHeader()->setSectionResizeMode(QHeaderView::Fixed);
    m_table->verticalHeader()->setDefaultSectionSize(lineHeight);
    m_table->setItemDelegateForColumn(static_cast<int>(SiteColumn::Histogram), new HistogramDelegate(this));
    m_table->setItemDelegateForColumn(static_cast<int>(SiteColumn::Site), new SiteDelegate(this));
    m_table->setItemDelegateForColumn(static_cast<int>(SiteColumn::Bits), new BitsDelegate(this));

    QHeaderView* header = m_table->horizontalHeader();
    header->setSectionsMovable(true);
    header->setHighlightSections(false);
    header->setContextMenuPolicy(Qt::CustomContextMenu);
    const auto textWidth = [this](const QString& text) { return m_table->fontMetrics().horizontalAdvance(text); };
    for (int c = 0; c < static_cast<int>(SiteColumn::Count); ++c) {
        const auto column = static_cast<SiteColumn>(c);
        int width = textWidth(columnInfo(column).header) + 16; // room for the arrow of sorting
        if (column == SiteColumn::Site)
            width = textWidth(QStringLiteral("blocks.10.softmax.output"));
        else if (column == SiteColumn::Histogram)
            width = kHistogramWidth;
        else if (column == SiteColumn::Role || column == SiteColumn::Granularity)
            width = textWidth(QStringLiteral("Softmax output")) + 14;
        else if (column == SiteColumn::Quantizer || column == SiteColumn::Transforms)
            width = textWidth(QStringLiteral("SQ-b α = 0.80, explicit")) + 14;
        else if (column == SiteColumn::Warning)
            width = textWidth(QStringLiteral("zero point −510, clamped")) + 14;
        else if (column == SiteColumn::Range)
            width = textWidth(QStringLiteral("−0.0001 … 0.0001")) + 14;
        else if (column == SiteColumn::Shape || column == SiteColumn::Scheme || column == SiteColumn::Kind)
            width = textWidth(QStringLiteral("1×197×768")) + 18;
        m_table->setColumnWidth(c, width);
    }
    m_table->sortByColumn(static_cast<int>(SiteColumn::Site), Qt::AscendingOrder);

    // Another order: what is selected stays in view, else the top is shown.
    connect(header, &QHeaderView::sortIndicatorChanged, this, [this] {
        const QModelIndex current =
            m_proxy->mapFromSource(m_model->index(m_model->rowOf(m_current), static_cast<int>(SiteColumn::Site)));
        if (current.isValid())
            m_table->scrollTo(current, QAbstractItemView::PositionAtCenter);
        else
            m_table->scrollToTop();
    });
    connect(header, &QWidget::customContextMenuRequested, this, &LayersView::showHeaderMenu);
    connect(m_table, &QWidget::customContextMenuRequested, this, &LayersView::showTableMenu);
    const auto selected = [this] {
        if (!m_settingSelection)
            emit selectionWished(selectedSites(), siteAt(m_table->currentIndex()));
        sayCounts();
    };
    connect(m_table->selectionModel(), &QItemSelectionModel::selectionChanged, this, selected);
    connect(m_table->selectionModel(), &QItemSelectionModel::currentRowChanged, this,
            [this](const QModelIndex& current) {
                if (!m_settingSelection && m_table->selectionModel()->isSelected(current))
                    emit selectionWished(selectedSites(), siteAt(current));
            });
}

SiteId LayersView::siteAt(const QModelIndex& proxyIndex) const
{
    const QModelIndex source = m_proxy->mapToSource(proxyIndex);
    return source.isValid() ? m_model->rows()[static_cast<std::size_t>(source.row())].id : SiteId();
}

std::vector<SiteId> LayersView::selectedSites() const
{
    std::vector<SiteId> sites;
    for (const QModelIndex& index : m_table->selectionModel()->selectedRows())
        sites.push_back(siteAt(index));
    std::ranges::sort(sites);
    return sites;
}

std::vector<SiteId> LayersView::visibleSites() const
{
    std::vector<SiteId> sites;
    for (int row = 0; row < m_proxy->rowCount(); ++row)
        sites.push_back(siteAt(m_proxy->index(row, 0)));
    return sites;
}

void LayersView::setRows(std::vector<SiteRow> rows)
{
    m_settingSelection = true;
    const bool other = m_model->rowCount() == 0;
    m_model->setRows(std::move(rows));
    m_settingSelection = false;
    if (other) {
        const int site = static_cast<int>(SiteColumn::Site);
        m_table->resizeColumnToContents(site);
        m_table->setColumnWidth(site, std::min(m_table->columnWidth(site), kWidestName));
    }
    m_empty->showView();
    sayCounts();
}

void LayersView::setSelection(const std::vector<SiteId>& sites, SiteId current)
{
    m_selection = sites;
    m_current = current;
    if (sites == selectedSites() && siteAt(m_table->currentIndex()) == current)
        sayCounts();
    else
        markSelection();
}

void LayersView::markSelection()
{
    const QModelIndex currentIndex =
        m_proxy->mapFromSource(m_model->index(m_model->rowOf(m_current), static_cast<int>(SiteColumn::Site)));
    m_settingSelection = true;
    QItemSelection selection;
    for (const SiteId site : m_selection)
        if (const QModelIndex index = m_proxy->mapFromSource(m_model->index(m_model->rowOf(site), 0));
            index.isValid())
            selection.select(index, index.siblingAtColumn(m_proxy->columnCount() - 1));
    if (currentIndex.isValid()) {
        m_table->selectionModel()->setCurrentIndex(currentIndex, QItemSelectionModel::NoUpdate);
        m_table->scrollTo(currentIndex);
    }
    m_table->selectionModel()->select(selection, QItemSelectionModel::ClearAndSelect);
    m_settingSelection = false;
    sayCounts();
}

void LayersView::setFilter(const QString& text)
{
    m_filter->setText(text);
}

void LayersView::applyFilter()
{
    SiteFilter filter = SiteFilter::parse(m_filter->text());
    const QString wrong = filter.error();
    m_settingSelection = true; // rows that the filter hides stay selected in the session
    m_proxy->setFilter(std::move(filter));
    m_settingSelection = false;
    markSelection(); // rows that come back are still selected
    if (!wrong.isEmpty())
        m_counts->setText(tr("“%1” is not understood yet; hover the filter for the words.").arg(wrong));
}

void LayersView::sayCounts()
{
    const int shown = m_proxy->rowCount();
    const int all = m_model->rowCount();
    QString text = shown == all ? tr("%n sites", nullptr, all) : tr("%1 of %2 sites").arg(shown).arg(all);
    const auto selected = m_table->selectionModel()->selectedRows().size();
    // What an edit will change, also where the filter hides it.
    const auto hidden = std::ranges::count_if(m_selection, [this](SiteId site) {
        return !m_proxy->mapFromSource(m_model->index(m_model->rowOf(site), 0)).isValid();
    });
    if (selected + hidden > 0)
        text += tr(", %1 selected").arg(selected + hidden);
    if (hidden > 0)
        text += tr(", <b>%1 of them hidden by the filter</b>").arg(hidden);
    m_counts->setText(text);
}

QString LayersView::counts() const
{
    return QTextDocumentFragment::fromHtml(m_counts->text()).toPlainText();
}

void LayersView::showReason(const QString& text)
{
    m_empty->showReason(text);
}

QByteArray LayersView::viewState() const
{
    return m_table->horizontalHeader()->saveState();
}

void LayersView::restoreViewState(const QByteArray& state)
{
    QHeaderView* header = m_table->horizontalHeader();
    if (header->restoreState(state)) // the order that it shows is not yet that of the rows
        m_table->sortByColumn(header->sortIndicatorSection(), header->sortIndicatorOrder());
}

bool LayersView::focusFilter()
{
    m_filter->setFocus(Qt::ShortcutFocusReason);
    m_filter->selectAll();
    return true;
}

void LayersView::keyPressEvent(QKeyEvent* event)
{
    if (event->matches(QKeySequence::Copy)) {
        QApplication::clipboard()->setText(copyText());
        return;
    }
    if (event->key() == Qt::Key_Escape && m_filter->hasFocus() && !m_filter->text().isEmpty()) {
        m_filter->clear();
        return;
    }
    QWidget::keyPressEvent(event);
}

void LayersView::showHeaderMenu(QPoint at)
{
    auto* menu = new QMenu(this);
    menu->setAttribute(Qt::WA_DeleteOnClose);
    for (int c = 1; c < static_cast<int>(SiteColumn::Count); ++c) { // the site itself always shows
        QAction* action = menu->addAction(columnInfo(static_cast<SiteColumn>(c)).header);
        action->setCheckable(true);
        action->setChecked(!m_table->isColumnHidden(c));
        connect(action, &QAction::toggled, this, [this, c](bool on) { m_table->setColumnHidden(c, !on); });
    }
    menu->addSeparator();
    menu->addAction(tr("Show all columns"), this, [this] {
        for (int c = 0; c < static_cast<int>(SiteColumn::Count); ++c)
            m_table->setColumnHidden(c, false);
    });
    menu->popup(m_table->horizontalHeader()->mapToGlobal(at));
}

void LayersView::showTableMenu(QPoint at)
{
    auto* menu = new QMenu(this);
    menu->setAttribute(Qt::WA_DeleteOnClose);
    menu->addAction(tr("Copy as text"), this, [this] { QApplication::clipboard()->setText(copyText()); });
    menu->addAction(tr("Select all shown"), m_table, &QTableView::selectAll);
    menu->addSeparator();
    menu->addAction(tr("Save table as CSV…"), this, &LayersView::saveCsv);
    menu->popup(m_table->viewport()->mapToGlobal(at));
}

void LayersView::saveCsv()
{
    auto* dialog = new QFileDialog(window(), tr("Save the table of sites"), QString(), tr("Table (*.csv)"));
    dialog->setAttribute(Qt::WA_DeleteOnClose);
    dialog->setAcceptMode(QFileDialog::AcceptSave);
    dialog->setDefaultSuffix(QStringLiteral("csv"));
    dialog->selectFile(QStringLiteral("sites.csv"));
    connect(dialog, &QFileDialog::fileSelected, this, [this](const QString& path) {
        QSaveFile file(path);
        if (!file.open(QIODevice::WriteOnly) || file.write(csv().toUtf8()) < 0 || !file.commit())
            emit failed(tr("%1: cannot be written (%2)").arg(path, file.errorString()));
    });
    dialog->open();
}

QString LayersView::copyText() const
{
    const QHeaderView* header = m_table->horizontalHeader();
    std::vector<int> columns;
    for (int visual = 0; visual < header->count(); ++visual) {
        const int c = header->logicalIndex(visual);
        if (!header->isSectionHidden(c) && c != static_cast<int>(SiteColumn::Histogram))
            columns.push_back(c);
    }
    const auto line = [&columns](auto&& cell) {
        QStringList cells;
        for (const int c : columns)
            cells << cell(c);
        return cells.join(QLatin1Char('\t')) + QLatin1Char('\n');
    };
    QString text = line([](int c) { return columnInfo(static_cast<SiteColumn>(c)).header; });
    const bool some = m_table->selectionModel()->hasSelection();
    for (int row = 0; row < m_proxy->rowCount(); ++row)
        if (!some || m_table->selectionModel()->isRowSelected(row))
            text += line([this, row](int c) {
                const QModelIndex index = m_proxy->index(row, c);
                return c == static_cast<int>(SiteColumn::Lock)
                           ? m_model->exactText(m_proxy->mapToSource(index).row(), SiteColumn::Lock)
                           : index.data().toString();
            });
    return text;
}

QString LayersView::csv() const
{
    QStringList cells;
    for (int c = 0; c < static_cast<int>(SiteColumn::Count); ++c)
        if (c != static_cast<int>(SiteColumn::Histogram))
            cells << columnInfo(static_cast<SiteColumn>(c)).key;
    QString text = csvLine(cells);
    for (int row = 0; row < m_model->rowCount(); ++row) {
        cells.clear();
        for (int c = 0; c < static_cast<int>(SiteColumn::Count); ++c)
            if (c != static_cast<int>(SiteColumn::Histogram))
                cells << m_model->exactText(row, static_cast<SiteColumn>(c));
        text += csvLine(cells);
    }
    return text;
}

} // namespace qs::ui
