#include "widgets/model/document.h"

#include "widgets/model/messages.h"
#include "widgets/model/session_file.h"

#include <algorithm>
#include <utility>

namespace qs::ui {

Document::Document(Messages& messages, QObject* parent) : QObject(parent), m_messages(messages)
{
    connect(&m_history, &History::applied, this, &Document::recipeApplied);
    connect(&m_history, &History::changed, this, &Document::historyChanged);
    connect(&m_history, &History::changed, this, &Document::sayWhetherModified);
    m_history.start(m_recipe, tr("Start"));
    m_key = m_history.state(0).key;
}

Document::~Document() = default;

// --- values --------------------------------------------------------------------------------------------------------

const graph::SiteTable& Document::sites() const
{
    static const graph::SiteTable kNone;
    return m_model ? m_model->sites : kNone;
}

const std::shared_ptr<const ImageSet>& Document::images(ImagePurpose purpose) const
{
    return purpose == ImagePurpose::Calibration ? m_calibrationImages : m_testImages;
}

const std::shared_ptr<const ImageSet>& Document::probeImages() const
{
    return m_testImages ? m_testImages : m_calibrationImages;
}

ImageUse Document::useOf(ImagePurpose purpose) const
{
    const bool forCalibration = purpose == ImagePurpose::Calibration;
    return m_model ? imageUse(*m_model, m_task, m_preprocess, m_labelOffset, forCalibration)
                   : ImageUse{m_preprocess, std::nullopt, m_labelOffset, forCalibration, {}};
}

bool Document::calibrationCurrent() const
{
    if (!m_calibration)
        return false;
    if (!m_calibrationOrigin.known()) // no images
        return m_model && m_calibration->modelHash == m_model->info.hash;
    return project::sameOrigin(project::originOf(*m_calibration), m_calibrationOrigin);
}

quant::SiteSettings Document::settings(SiteId site) const
{
    return quant::settingsOf(m_recipe, sites()[site]);
}

bool Document::locked(SiteId site) const
{
    return m_recipe.locked.contains(sites()[site].name);
}

project::Origin Document::originOn(const std::shared_ptr<const ImageSet>& images, std::size_t count) const
{
    if (!m_model || !images || !m_calibration)
        return {};
    project::Origin origin = project::figureOrigin(m_model->info.hash, m_preprocess, *images->source, count, true,
                                                   project::originOf(*m_calibration), m_recipe);
    origin.recipe.clear();
    origin.task = project::taskKey(m_task.choice, m_task.guessed);
    return origin;
}

// --- changes -------------------------------------------------------------------------------------------------------

void Document::replace(SessionDocument& opened)
{
    m_model = std::move(opened.loadedModel);
    m_calibrationImages = std::move(opened.loadedCalibrationImages);
    m_testImages = std::move(opened.loadedTestImages);
    m_preprocess = opened.preprocess;
    m_calibrationCount = opened.calibrationCount;
    m_labelOffset = opened.labelOffset;
    m_classNames = std::move(opened.classNames);
    m_task = {};
    for (const images::TaskChoice& choice : {opened.task, images::TaskChoice{}})
        if (m_model && !m_task)
            m_task = makeModelTask(*m_model, choice).value_or(ModelTask{}); // who opened it said why it cannot be
    m_calibration = std::move(opened.loadedCalibration);
    originsChanged();
    m_windowState = QByteArray::fromBase64(QByteArray::fromStdString(opened.window));
    m_path.clear();
    std::vector<HistoryState> states;
    for (project::State& state : opened.states)
        states.push_back({QString::fromStdString(state.text), std::move(state.recipe), {}});
    m_history.restore(std::move(states), opened.index);
    for (std::size_t i = 0; i < opened.states.size(); ++i)
        m_history.setFigures(m_history.state(static_cast<int>(i)).key,
                             {std::move(opened.states[i].probe), std::move(opened.states[i].evaluation), {}});
    m_recipe = m_history.state(m_history.index()).recipe;
    m_key = m_history.state(m_history.index()).key;
    m_saved = revision();
}

void Document::announce()
{
    emit modelChanged();
    emit taskChanged();
    emit imagesChanged(ImageChange::All);
    emit calibrationReplaced();
    emit recipeChanged({});
    emit historyChanged();
    m_saidModified = modified();
    emit fileChanged();
}

void Document::setImages(ImagePurpose purpose, std::shared_ptr<const ImageSet> images)
{
    const bool forCalibration = purpose == ImagePurpose::Calibration;
    (forCalibration ? m_calibrationImages : m_testImages) = std::move(images);
    touch();
    if (forCalibration) {
        originsChanged();
        emit calibrationAged();
    }
    emit imagesChanged(forCalibration ? ImageChange::Calibration : ImageChange::Test);
}

void Document::originsChanged()
{
    m_calibrationOrigin = m_model && m_calibrationImages
                              ? project::calibrationOrigin(m_model->info.hash, m_preprocess,
                                                           *m_calibrationImages->source, m_calibrationCount)
                              : project::Origin{};
}

void Document::setPreprocess(const images::Preprocess& preprocess)
{
    if (preprocess == m_preprocess)
        return;
    m_preprocess = preprocess;
    for (std::shared_ptr<const ImageSet>* images : {&m_calibrationImages, &m_testImages})
        if (*images)
            *images = prepared(**images, preprocess);
    originsChanged();
    touch();
    emit calibrationAged();
    emit imagesChanged(ImageChange::Preprocess);
}

void Document::setCalibrationCount(std::size_t images)
{
    if (std::exchange(m_calibrationCount, images) == images)
        return;
    originsChanged();
    touch();
    emit calibrationAged();
}

void Document::setClassNames(std::vector<std::string> names)
{
    if (names == m_classNames)
        return;
    m_classNames = std::move(names);
    touch();
    emit imagesChanged(ImageChange::Names);
}

void Document::setLabelOffset(int offset)
{
    if (offset == m_labelOffset)
        return;
    if (!refitImages(m_task, offset))
        return;
    m_labelOffset = offset;
    touch();
    emit imagesChanged(ImageChange::Labels);
}

bool Document::refitImages(const ModelTask& task, int labelOffset)
{
    const auto fitted = [&](ImagePurpose purpose) -> Result<std::shared_ptr<const ImageSet>> {
        const std::shared_ptr<const ImageSet>& present = images(purpose);
        if (!present || !m_model)
            return present;
        return refit(*present,
                     imageUse(*m_model, task, m_preprocess, labelOffset, purpose == ImagePurpose::Calibration));
    };
    const auto calibration = fitted(ImagePurpose::Calibration);
    const auto test = fitted(ImagePurpose::Test);
    if (!m_messages.succeeded(calibration) || !m_messages.succeeded(test))
        return false;
    m_calibrationImages = *calibration;
    m_testImages = *test;
    return true;
}

void Document::setTask(const images::TaskChoice& choice)
{
    if (!m_model || choice == m_task.choice)
        return;
    auto task = makeModelTask(*m_model, choice);
    if (!m_messages.succeeded(task) || !refitImages(*task, m_labelOffset))
        return;
    m_task = std::move(*task);
    touch();
    emit taskChanged();
    emit imagesChanged(ImageChange::Labels);
}

void Document::setCalibration(std::shared_ptr<const stats::Calibration> calibration)
{
    m_calibration = std::move(calibration);
    emit calibrationReplaced();
}

void Document::setRecipe(const quant::Recipe& recipe, const QString& text, int gesture)
{
    m_history.push(recipe, text, gesture);
}

void Document::recipeApplied(const quant::Recipe& recipe)
{
    std::vector<SiteId> changed;
    for (const graph::Site& site : sites())
        if (quant::settingsOf(m_recipe, site) != quant::settingsOf(recipe, site))
            changed.push_back(site.id);
    m_recipe = recipe;
    m_key = History::keyOf(recipe);
    emit recipeChanged(changed);
}

void Document::touch()
{
    ++m_changes;
    sayWhetherModified();
}

void Document::sayWhetherModified()
{
    if (std::exchange(m_saidModified, modified()) != m_saidModified)
        emit fileChanged();
}

void Document::saved(const Revision& revision, const QString& path)
{
    m_saved = revision;
    m_path = path;
    m_saidModified = modified();
    emit fileChanged();
}

void Document::recovered(const QString& path)
{
    m_path = path;
    ++m_changes;
    m_saidModified = modified();
    emit fileChanged();
}

} // namespace qs::ui
