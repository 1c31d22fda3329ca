#include "widgets/panels/images/changes_pane.h"

#include "widgets/panels/images/reading_detail.h"
#include "widgets/panels/images/reading_words.h"
#include "widgets/panels/shared/save_table.h"

#include <QEvent>
#include <QPainter>

#include <algorithm>

namespace qs::ui {

namespace {

constexpr int kCellSide = 70;
constexpr int kKeptCells = 400;
constexpr int kCellNeighbours = 3; ///< of a cell; the detail shows all
constexpr double kWide = 2.5;

ReadingSide sideOf(ChangeColumn column)
{
    return column == ChangeColumn::Float       ? ReadingSide::Float
           : column == ChangeColumn::Quantized ? ReadingSide::Quantized
                                               : ReadingSide::Difference;
}

int keyOf(int row, ChangeColumn column)
{
    return row * static_cast<int>(ChangeColumn::Count) + static_cast<int>(column);
}

std::size_t sharedOf(const Neighbours::Lists& lists)
{
    return static_cast<std::size_t>(std::ranges::count_if(
        lists.now, [&](std::size_t one) { return std::ranges::find(lists.before, one) != lists.before.end(); }));
}

} // namespace

ChangesPane::ChangesPane(const Document& document, Selection& selection, const Plans& plans, Figures& figures,
                         JobRunner& runner, QWidget* parent)
    : ChangesView(parent), m_document(document), m_selection(selection), m_plans(plans), m_figures(figures),
      m_thumbnails(runner), m_readings(runner), m_neighbours(runner), m_cells(kKeptCells)
{
    connect(&selection, &Selection::imageChanged, this, [this] {
        setCurrentImage(m_selection.image());
        showDetail();
    });
    connect(this, &ChangesView::imageWished, &selection, &Selection::setImage);
    connect(this, &ChangesView::evaluateWished, &figures, &Figures::evaluate);
    connect(this, &ChangesView::csvWished, this, [this] {
        saveTable(
            this, tr("Save the table of images"), QStringLiteral("images.csv"), [this] { return model().csv(); },
            [this](const QString& text) { emit failed(text); });
    });
    model().setCells([this](int row, ChangeColumn column) { return cell(row, column); });
    const auto ready = [this](int image) {
        for (int column = 0; column < static_cast<int>(ChangeColumn::Count); ++column)
            m_cells.remove(keyOf(image, static_cast<ChangeColumn>(column)));
        model().cellsReady(image);
        if (image == currentImage())
            showDetail();
    };
    connect(&m_readings, &ImageReadings::ready, this, ready);
    connect(&m_thumbnails, &Thumbnails::ready, this, ready);
    connect(&m_neighbours, &Neighbours::ready, this, [this] {
        m_cells.clear();
        model().cellsReady(-1);
        showDetail();
    });
}

const std::vector<std::string>& ChangesPane::classNames() const
{
    if (!m_document.classNames().empty())
        return m_document.classNames();
    return m_document.probeImages()->folder.classNames;
}

/// Of the present plan; while there is none that belongs to the recipe, what was read of an older one stays.
void ChangesPane::takeNetworks()
{
    const auto& known = m_readings.networks();
    const Figure<quant::Plan> plan = m_plans.plan();
    const std::shared_ptr<const ImageSet>& images = m_document.probeImages();
    const ModelTask& task = m_document.task();
    const bool same = known && known->model() == m_document.model() && known->images() == images &&
                      known->task().choice == task.choice;
    if (same && (!plan.current || known->plan() == plan.value))
        return;
    const auto networks = plan.current && task && !task.is("classification")
                              ? std::make_shared<ReadingNetworks>(m_document.model(), plan.value, images, task)
                              : nullptr;
    m_cells.clear();
    m_readings.setNetworks(networks);
    m_neighbours.setNetworks(features() ? networks : nullptr);
}

void ChangesPane::takeForm()
{
    const ModelTask& task = m_document.task();
    const images::Preprocess& input = m_document.probeImages()->preprocess;
    const bool words = task.is("text") || task.is("multi-label");
    setForm(!task.is("tensors"), words || input.cropWidth > kWide * input.cropHeight);
    const QString name = QString::fromUtf8(task.chosen.def->name.data(), qsizetype(task.chosen.def->name.size()));
    if (name != m_taskName) {
        m_taskName = name;
        setThreshold(task.chosen.def->changedFrom);
    }
}

void ChangesPane::refresh()
{
    const std::shared_ptr<const ImageSet>& images = m_document.probeImages();
    m_thumbnails.setFolder({images, &images->folder}, images->preprocess);
    takeForm();
    takeNetworks();
    const Figure<quant::Evaluation> figures = m_figures.best();
    const bool known = figures && !figures->results.empty();
    std::vector<ChangedImage> rows;
    rows.reserve(images->folder.entries.size());
    for (std::size_t i = 0; i < images->folder.entries.size(); ++i) {
        const std::string& name = images->folder.entries[i].name;
        ChangedImage row{QString::fromStdString(name), std::nullopt};
        if (known && i < figures->results.size() && figures->results[i].name == name)
            row.changed = figures->results[i].changed;
        rows.push_back(std::move(row));
    }
    QString note = tr("not evaluated yet");
    if (known)
        note = figures.current ? QString() : tr("grey: of an older recipe");
    setRows(std::move(rows), !known || figures.current, changeTitle(m_document.task()), note);
    setEvaluating(m_figures.evaluation().running);
    setCurrentImage(m_selection.image());
    showDetail();
}

QVariant ChangesPane::cell(int row, ChangeColumn column)
{
    if (const QPixmap* kept = m_cells.object(keyOf(row, column)))
        return *kept;
    const auto keep = [&](const QPixmap& picture) -> QVariant {
        if (picture.isNull())
            return {};
        m_cells.insert(keyOf(row, column), new QPixmap(picture));
        return picture;
    };
    if (column == ChangeColumn::Picture)
        return keep(m_thumbnails.picture(row));
    if (features())
        return neighbourCell(row, column);
    const std::shared_ptr<const ImageReading> reading = m_readings.of(row);
    if (!reading)
        return m_readings.failure(row).isEmpty() ? tr("…") : tr("–");
    if (!isPicture(reading->now))
        return readingText(*reading, sideOf(column), classNames());
    return keep(
        QPixmap::fromImage(readingPicture(*reading, sideOf(column), pictureSize(*reading, {4 * kCellSide, kCellSide}),
                                          devicePixelRatioF(), classNames())));
}

QVariant ChangesPane::neighbourCell(int row, ChangeColumn column)
{
    const Neighbours::Lists* lists = m_neighbours.of(row);
    if (!lists)
        return m_neighbours.reaches(row) ? tr("…") : tr("–");
    if (column == ChangeColumn::Difference)
        return tr("%1 of %2 neighbours the same").arg(sharedOf(*lists)).arg(lists->before.size());
    const auto& list = column == ChangeColumn::Float ? lists->before : lists->now;
    const int side = kCellSide / 2 - 2;
    QPixmap strip(kCellSide, kCellSide);
    strip.fill(Qt::transparent);
    QPainter painter(&strip);
    painter.setRenderHint(QPainter::SmoothPixmapTransform);
    for (int i = 0; i < std::min<int>(kCellNeighbours + 1, static_cast<int>(list.size())); ++i) {
        const QPixmap picture = m_thumbnails.picture(static_cast<int>(list[static_cast<std::size_t>(i)]));
        if (!picture.isNull())
            painter.drawPixmap(QRect((i % 2) * (side + 4), (i / 2) * (side + 4), side, side), picture);
    }
    return strip;
}

void ChangesPane::addNeighbours(int image, DetailContent& content)
{
    const Neighbours::Lists* lists = m_neighbours.of(image);
    const std::size_t among = std::min(Neighbours::kImages, m_document.probeImages()->size());
    if (!lists) {
        content.note = m_neighbours.reaches(image)
                           ? tr("Looking for the nearest among the first %1 images…").arg(among)
                           : tr("Neighbours are looked for among the first %1 images.").arg(among);
        return;
    }
    const auto add = [&](const std::vector<std::size_t>& from, const std::vector<std::size_t>& other,
                         std::vector<NeighbourPicture>& to) {
        for (const std::size_t one : from)
            to.push_back({m_thumbnails.picture(static_cast<int>(one)), std::ranges::find(other, one) != other.end()});
    };
    add(lists->before, lists->now, content.before);
    add(lists->now, lists->before, content.now);
    content.note = tr("By cosine, among the first %1 images; framed: only in this network.").arg(among);
}

void ChangesPane::showDetail()
{
    DetailContent content;
    const int image = currentImage();
    if (image < 0 || image >= model().rowCount()) {
        content.message = tr("Select an image to see what both networks say.");
        detail().setContent(std::move(content));
        return;
    }
    content.photo = m_thumbnails.picture(image);
    content.classNames = classNames();
    content.reading = m_readings.of(image);
    if (!content.reading) {
        const QString failure = m_readings.failure(image);
        content.message = !failure.isEmpty()      ? failure
                          : m_readings.networks() ? tr("Running both networks on this image…")
                                                  : tr("Calibrate to see what the quantized network says.");
    } else if (features()) {
        addNeighbours(image, content);
    }
    detail().setContent(std::move(content));
}

void ChangesPane::changeEvent(QEvent* event)
{
    ChangesView::changeEvent(event);
    if (event->type() == QEvent::PaletteChange) {
        m_cells.clear();
        model().cellsReady(-1);
    }
}

} // namespace qs::ui
