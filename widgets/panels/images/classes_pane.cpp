#include "widgets/panels/images/classes_pane.h"

#include <algorithm>

namespace qs::ui {

namespace {

QString className(const std::vector<std::string>& names, int index)
{
    // A list may have gaps: names that the labels give only for the classes that occur.
    return index >= 0 && static_cast<std::size_t>(index) < names.size() &&
                   !names[static_cast<std::size_t>(index)].empty()
               ? QString::fromStdString(names[static_cast<std::size_t>(index)])
               : QStringLiteral("class %1").arg(index);
}

std::vector<Guess> guesses(const std::vector<int>& top, const std::vector<float>& probability,
                           const std::vector<std::string>& names)
{
    std::vector<Guess> list;
    for (std::size_t i = 0; i < std::min(top.size(), probability.size()); ++i)
        list.push_back({top[i], className(names, top[i]), probability[i]});
    return list;
}

} // namespace

ClassesPane::ClassesPane(const Document& document, Selection& selection, Figures& figures, JobRunner& runner,
                         QWidget* parent)
    : ImagesView(parent), m_document(document), m_selection(selection), m_figures(figures), m_thumbnails(runner)
{
    connect(&selection, &Selection::imageChanged, this, [this] { setCurrentImage(m_selection.image()); });
    connect(this, &ImagesView::imageWished, &selection, &Selection::setImage);
    connect(this, &ImagesView::evaluateWished, &figures, &Figures::evaluate);
    model().setPictures([this](int image) { return m_thumbnails.picture(image); });
    connect(&m_thumbnails, &Thumbnails::ready, &model(), &ImagesModel::pictureReady);
}

void ClassesPane::refresh()
{
    const std::shared_ptr<const ImageSet>& images = m_document.probeImages();
    if (!images)
        return showReason(tr("No images yet.\nOpen a folder of test images from the File menu, or drop one on the "
                             "window. Labels make accuracy visible, but are not needed."));
    // Aliased: the folder lives as long as the set.
    m_thumbnails.setFolder({images, &images->folder}, images->preprocess);

    const Figure<quant::Evaluation>& figures = m_figures.best();
    const bool known = figures && !figures->results.empty();
    const std::vector<std::string>& names =
        m_document.classNames().empty() ? images->folder.classNames : m_document.classNames();
    std::vector<ImageRow> rows;
    rows.reserve(images->folder.entries.size());
    for (std::size_t i = 0; i < images->folder.entries.size(); ++i) {
        const images::ImageEntry& entry = images->folder.entries[i];
        ImageRow row;
        row.name = QString::fromStdString(entry.name);
        row.label = entry.label;
        if (entry.label)
            row.labelName = className(names, *entry.label);
        if (known && i < figures->results.size() && figures->results[i].name == entry.name) {
            const quant::ImageResult& result = figures->results[i];
            row.floatTop = guesses(result.floatTop5, result.floatTop5Probability, names);
            row.quantizedTop = guesses(result.top5, result.top5Probability, names);
        }
        rows.push_back(std::move(row));
    }
    QString note = tr("not evaluated yet");
    if (known)
        note = tr("of %n evaluated", nullptr, static_cast<int>(figures->results.size())) +
               (figures.current ? QString() : tr(" (grey: older recipe)"));
    setRows(std::move(rows), !known || figures.current, note);
    setEvaluating(m_figures.evaluation().running);
    setCurrentImage(m_selection.image());
}

} // namespace qs::ui
