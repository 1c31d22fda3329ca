#include "widgets/panels/images/images_view.h"

#include "widgets/panels/images/top_five.h"
#include "widgets/panels/shared/empty_state.h"
#include "widgets/panels/shared/save_table.h"

#include <QComboBox>
#include <QHBoxLayout>
#include <QHeaderView>
#include <QLabel>
#include <QMenu>
#include <QPushButton>
#include <QSplitter>
#include <QTableView>
#include <QVBoxLayout>

#include <algorithm>

namespace qs::ui {

namespace {

constexpr int kRowPicture = 36;
constexpr int kDetailPicture = 150;

} // namespace

ImagesView::ImagesView(QWidget* parent)
    : QWidget(parent), m_model(new ImagesModel(this)), m_proxy(new ImagesProxy(this)), m_table(new QTableView),
      m_filter(new QComboBox), m_evaluate(new QPushButton(tr("Evaluate all"))), m_counts(new QLabel),
      m_picture(new QLabel), m_caption(new QLabel), m_float(new TopFive(tr("Float"), false)),
      m_quantized(new TopFive(tr("Quantized"), true))
{
    const auto add = [this](const QString& text, const QString& help) {
        m_filter->addItem(text);
        m_filter->setItemData(m_filter->count() - 1, help, Qt::ToolTipRole);
    };
    add(tr("All images"), {});
    add(tr("Flipped"), tr("Another top-1 than float"));
    add(tr("Wrong"), tr("The top-1 is not the label"));
    add(tr("Lost"), tr("Right in float, wrong now"));
    m_filter->setAccessibleName(tr("Which images to show"));
    m_counts->setSizePolicy(QSizePolicy::Ignored, QSizePolicy::Preferred);
    m_evaluate->setToolTip(tr("Run both networks on all test images (F5)"));

    auto* content = new QWidget;
    auto* layout = new QVBoxLayout(content);
    layout->setContentsMargins(8, 6, 8, 4);
    layout->setSpacing(4);
    auto* top = new QHBoxLayout;
    top->addWidget(m_filter);
    top->addWidget(m_counts, 1);
    top->addWidget(m_evaluate);
    layout->addLayout(top);
    auto* splitter = new QSplitter(Qt::Vertical);
    splitter->addWidget(m_table);
    splitter->addWidget(buildDetail());
    splitter->setStretchFactor(0, 1);
    splitter->setStretchFactor(1, 0);
    m_table->setMinimumHeight(3 * kRowPicture);
    splitter->setChildrenCollapsible(false);
    layout->addWidget(splitter, 1);
    m_empty = new EmptyState(content);
    auto* outer = new QVBoxLayout(this);
    outer->setContentsMargins(0, 0, 0, 0);
    outer->addWidget(m_empty);
    buildTable();

    connect(m_empty, &EmptyState::pressed, this, &ImagesView::helpWished);
    connect(m_evaluate, &QPushButton::clicked, this, &ImagesView::evaluateWished);
    connect(m_filter, &QComboBox::currentIndexChanged, this, [this](int index) {
        m_proxy->setFilter(static_cast<ImageFilter>(index));
        sayCounts();
    });
    connect(m_model, &QAbstractItemModel::dataChanged, this, [this] { showDetail(); });
    showDetail();
}

void ImagesView::buildTable()
{
    m_proxy->setSourceModel(m_model);
    m_table->setModel(m_proxy);
    m_table->setSelectionBehavior(QAbstractItemView::SelectRows);
    m_table->setSelectionMode(QAbstractItemView::SingleSelection);
    m_table->setEditTriggers(QAbstractItemView::NoEditTriggers);
    m_table->setShowGrid(false);
    m_table->setWordWrap(false);
    m_table->setSortingEnabled(true);
    m_table->setIconSize({kRowPicture, kRowPicture});
    m_table->setAccessibleName(tr("Images"));
    m_table->setContextMenuPolicy(Qt::CustomContextMenu);
    m_table->verticalHeader()->hide();
    m_table->verticalHeader()->setSectionResizeMode(QHeaderView::Fixed);
    m_table->verticalHeader()->setDefaultSectionSize(kRowPicture + 4);
    QHeaderView* header = m_table->horizontalHeader();
    header->setHighlightSections(false);
    header->setStretchLastSection(true);
    const auto width = [this](const char* text) {
        return m_table->fontMetrics().horizontalAdvance(QString::fromLatin1(text)) + 12;
    };
    m_table->setColumnWidth(static_cast<int>(ImageColumn::Picture), kRowPicture + 12);
    m_table->setColumnWidth(static_cast<int>(ImageColumn::Name), width("0000000.jpg"));
    m_table->setColumnWidth(static_cast<int>(ImageColumn::Verdict), width("flipped xx"));
    m_table->setColumnWidth(static_cast<int>(ImageColumn::Label), width("pinstriped"));
    m_table->setColumnWidth(static_cast<int>(ImageColumn::Float), width("pinstriped  99.9 %"));
    m_table->setColumnWidth(static_cast<int>(ImageColumn::Quantized), width("pinstriped  99.9 %"));
    m_table->sortByColumn(static_cast<int>(ImageColumn::Picture), Qt::AscendingOrder);
    connect(m_table->selectionModel(), &QItemSelectionModel::currentRowChanged, this,
            [this](const QModelIndex& current) {
                if (current.isValid() && imageAt(current) != m_image)
                    emit imageWished(imageAt(current));
            });
    connect(m_table, &QWidget::customContextMenuRequested, this, [this](QPoint at) {
        auto* menu = new QMenu(this);
        menu->setAttribute(Qt::WA_DeleteOnClose);
        menu->addAction(tr("Save table as CSV…"), this, &ImagesView::saveCsv);
        menu->popup(m_table->viewport()->mapToGlobal(at));
    });
}

QWidget* ImagesView::buildDetail()
{
    m_picture->setAlignment(Qt::AlignLeft | Qt::AlignTop);
    m_picture->setFixedHeight(kDetailPicture);
    m_caption->setSizePolicy(QSizePolicy::Ignored, QSizePolicy::Preferred);
    auto* lists = new QHBoxLayout;
    lists->setSpacing(20);
    lists->addWidget(m_float);
    lists->addWidget(m_quantized);
    auto* words = new QVBoxLayout;
    words->setSpacing(4);
    words->addWidget(m_caption);
    words->addLayout(lists);
    words->addStretch();
    auto* page = new QWidget;
    auto* layout = new QHBoxLayout(page);
    layout->setContentsMargins(2, 6, 6, 2);
    layout->setSpacing(12);
    layout->addWidget(m_picture, 0, Qt::AlignTop);
    layout->addLayout(words, 1);
    return page;
}

int ImagesView::imageAt(const QModelIndex& proxyIndex) const
{
    const QModelIndex source = m_proxy->mapToSource(proxyIndex);
    return source.isValid() ? source.row() : -1;
}

void ImagesView::setRows(std::vector<ImageRow> rows, bool current, const QString& note)
{
    m_note = note;
    m_model->setRows(std::move(rows), current);
    m_empty->showView();
    sayCounts();
    showDetail();
}

void ImagesView::setCurrentImage(int image)
{
    m_image = image;
    const QModelIndex index = m_proxy->mapFromSource(m_model->index(image, static_cast<int>(ImageColumn::Picture)));
    if (index.isValid() && index.row() != m_table->currentIndex().row()) {
        m_table->setCurrentIndex(index);
        m_table->scrollTo(index);
    }
    showDetail();
}

void ImagesView::setFilter(ImageFilter filter)
{
    m_filter->setCurrentIndex(static_cast<int>(filter));
}

void ImagesView::setEvaluating(bool running)
{
    m_evaluate->setEnabled(!running);
    m_evaluate->setText(running ? tr("Evaluating…") : tr("Evaluate all"));
}

void ImagesView::showReason(const QString& text, const QString& button)
{
    m_empty->showReason(text, button);
}

int ImagesView::shownImages() const
{
    return m_proxy->rowCount();
}

QString ImagesView::counts() const
{
    return m_counts->text();
}

QString ImagesView::reason() const
{
    return m_empty->reason();
}

void ImagesView::sayCounts()
{
    const auto& rows = m_model->rows();
    const auto evaluated = std::ranges::count_if(rows, &ImageRow::evaluated);
    const auto flipped = std::ranges::count_if(rows, &ImageRow::flipped);
    const auto lost = std::ranges::count_if(rows, &ImageRow::lost);
    QString text = tr("%1 of %2").arg(m_proxy->rowCount()).arg(rows.size());
    if (evaluated > 0)
        text += tr(" · %1 flipped, %2 lost").arg(flipped).arg(lost);
    if (!m_note.isEmpty())
        text += (evaluated > 0 ? QStringLiteral(" ") : QStringLiteral(" · ")) + m_note;
    m_counts->setText(text);
    m_counts->setToolTip(text);
}

void ImagesView::showDetail()
{
    const auto& rows = m_model->rows();
    if (m_image < 0 || m_image >= static_cast<int>(rows.size())) {
        m_picture->clear();
        m_caption->setText(tr("Select an image to compare what both networks say."));
        m_float->hide();
        m_quantized->hide();
        return;
    }
    const ImageRow& row = rows[static_cast<std::size_t>(m_image)];
    const QModelIndex picture = m_model->index(m_image, static_cast<int>(ImageColumn::Picture));
    const auto pixels = picture.data(Qt::DecorationRole).value<QPixmap>();
    m_picture->setPixmap(pixels.isNull() ? QPixmap()
                                         : pixels.scaled(kDetailPicture, kDetailPicture, Qt::KeepAspectRatio,
                                                         Qt::SmoothTransformation));
    QString caption = QStringLiteral("<b>%1</b>").arg(row.name.toHtmlEscaped());
    if (row.label)
        caption += tr("  ·  label: %1").arg(row.labelName.toHtmlEscaped());
    const QString verdict =
        picture.siblingAtColumn(static_cast<int>(ImageColumn::Verdict)).data().toString().toHtmlEscaped();
    if (!verdict.isEmpty())
        caption += QStringLiteral("  ·  ") + verdict;
    if (row.evaluated() && !m_model->current())
        caption += tr("  ·  of an older recipe");
    m_caption->setText(caption);
    m_float->setVisible(true);
    m_quantized->setVisible(true);
    m_float->setGuesses(row.floatTop, row.label, true);
    m_quantized->setGuesses(row.quantizedTop, row.label, m_model->current());
}

void ImagesView::saveCsv()
{
    saveTable(
        this, tr("Save the table of images"), QStringLiteral("images.csv"), [this] { return m_model->csv(); },
        [this](const QString& text) { emit failed(text); });
}

} // namespace qs::ui
