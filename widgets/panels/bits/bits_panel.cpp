#include "widgets/panels/bits/bits_panel.h"

#include "widgets/frame/job_strip.h"
#include "widgets/model/history.h"
#include "widgets/panels/bits/bars_plot.h"
#include "widgets/panels/bits/search_form.h"
#include "widgets/panels/bits/trace_plot.h"

#include <QMenu>

#include <algorithm>
#include <map>

namespace qs::ui {

namespace {
constexpr int kTickMs = 200;
}

BitsPanel::BitsPanel(const Document& document, const Selection& selection, Plans& plans, Searches& searches,
                     QWidget* parent)
    : BitsView(parent), m_document(document), m_selection(selection), m_plans(plans), m_searches(searches)
{
    m_tick.setInterval(kTickMs);
    connect(&m_tick, &QTimer::timeout, this, &BitsPanel::refreshProgress);
    m_refresher.on(document, &Document::imagesChanged)
        .on(plans, &Plans::calibrationChanged)
        .on(document, &Document::recipeChanged)
        .on(plans, &Plans::planChanged)
        .on(selection, &Selection::viewChanged);
    connect(&document, &Document::modelChanged, this, [this] {
        m_reference.reset();
        m_refresher.later();
    });
    connect(&searches, &Searches::searchChanged, this, [this] {
        form().setRunning(m_searches.search().running);
        if (isVisible())
            refreshTrace();
    });
    connect(&selection, &Selection::changed, this, [this] { setSelection(m_selection.sites()); });

    connect(&form(), &SearchForm::startWished, &searches, &Searches::startSearch);
    connect(&form(), &SearchForm::cancelWished, &searches, &Searches::cancelSearch);
    connect(&trace(), &TracePlot::stepWished, this,
            [this](int step) { m_searches.loadSearchStep(static_cast<std::size_t>(step)); });
    connect(&compareMenu(), &QMenu::aboutToShow, this, &BitsPanel::fillCompareMenu);
    connect(this, &BitsView::helpWished, &plans, &Plans::calibrate);
    refresh();
}

void BitsPanel::refresh()
{
    if (!m_document.model())
        return showReason(tr("No model yet.\nDrop an ONNX file on the window, or open the demo from the File menu."));
    showAll();
    form().setObstacle(m_plans.calibration() ? QString() : tr("Calibrate first."));
    const auto count = [](const std::shared_ptr<const ImageSet>& images) { return images ? images->size() : 0; };
    form().setTask(m_document.task().chosen);
    form().setImages(count(m_document.calibrationImages()), count(m_document.testImages()));
    if (m_plans.plan())
        form().setCosts(m_plans.plan()->modelBytes, m_plans.plan()->bops);
    setPicture(makePicture());
    setSelection(m_selection.sites());
    trace().setLogLoss(m_selection.logAxis());
    refreshTrace();
}

void BitsPanel::refreshTrace()
{
    SearchRun run = m_searches.search();
    run.options.task = m_document.task().chosen; // what is changed drops the search; files do not keep it
    form().setRunning(run.running);
    if (run.running && !m_tick.isActive())
        m_tick.start();
    sayWhyNoTrace();
    QStringList names;
    for (const search::Step& step : run.trace.steps)
        names << QString::fromStdString(m_document.sites()[step.site].name);
    setRun(run, names);
    setPresentStep(presentStep());
}

void BitsPanel::sayWhyNoTrace()
{
    const SearchRun& run = m_searches.search();
    if (run.hasTrace())
        return setTraceReason({});
    if (run.running)
        return setTraceReason(tr("Measuring what every site loses with fewer bits.\n"
                                 "The curve begins with the first step."));
    if (m_plans.calibration())
        return setTraceReason(tr("No search yet: set a budget above and press Search\n"
                                 "to see what every bit saved costs in accuracy."));
    if (m_plans.calibration().running)
        return setTraceReason(tr("A search comes after the calibration; it is running."));
    if (m_document.calibrationImages())
        return setTraceReason(tr("Calibrate to search for the bits of every site."), tr("Calibrate"));
    setTraceReason(tr("A search needs calibration images:\n"
                      "open a folder of them from the File menu, or drop one on the window."));
}

void BitsPanel::refreshProgress()
{
    if (!m_searches.search().running)
        return m_tick.stop();
    const JobProgress progress = m_searches.searchProgress();
    const bool known = progress.total > 0;
    form().showProgress(known ? progressText(progress) : tr("waiting for its turn"), timeText(progress),
                        known ? progress.fraction() : -1);
}

BitsPicture BitsPanel::makePicture() const
{
    BitsPicture picture;
    if (m_reference)
        picture.reference = m_reference->label;
    const quant::Recipe& recipe = m_document.recipe();
    for (const graph::Site& site : m_document.sites()) {
        if (recipe.coverage == graph::Coverage::MatMul && site.coverage != graph::Coverage::MatMul)
            continue; // stays in float
        SiteBits one;
        one.id = site.id;
        one.name = QString::fromStdString(site.name);
        one.kind = site.kind;
        one.role = site.role;
        one.block = site.block;
        one.bits = quant::settingsOf(recipe, site).bits;
        one.locked = recipe.locked.contains(site.name);
        if (m_reference)
            one.reference = quant::settingsOf(m_reference->recipe, site).bits;
        picture.sites.push_back(std::move(one));
    }
    return picture;
}

int BitsPanel::presentStep() const
{
    const SearchRun& run = m_searches.search();
    if (!run.hasTrace())
        return -1;
    const search::Trace& trace = run.trace;
    std::map<SiteId, std::size_t> places;
    std::vector<int> present;
    std::vector<int> bits = trace.startBits;
    std::size_t differing = 0;
    for (std::size_t unit = 0; unit < trace.units.size(); ++unit) {
        const graph::Site& site = m_document.sites()[trace.units[unit]];
        quant::SiteSettings now = quant::settingsOf(m_document.recipe(), site);
        quant::SiteSettings then = quant::settingsOf(run.start, site);
        places[site.id] = unit;
        present.push_back(now.bits);
        differing += now.bits != bits[unit];
        now.bits = then.bits;
        if (now != then)
            return -1; // another preset, say
    }
    int found = differing == 0 ? 0 : -1;
    for (std::size_t step = 0; step < trace.steps.size(); ++step) {
        const std::size_t unit = places.at(trace.steps[step].site);
        differing -= bits[unit] != present[unit];
        bits[unit] = trace.steps[step].bitsAfter;
        differing += bits[unit] != present[unit];
        if (differing == 0)
            found = static_cast<int>(step) + 1;
    }
    return found;
}

void BitsPanel::compareWith(const quant::Recipe& recipe, const QString& label)
{
    m_reference = Reference{recipe, label};
    refresh();
}

void BitsPanel::compareWithNothing()
{
    m_reference.reset();
    refresh();
}

void BitsPanel::fillCompareMenu()
{
    QMenu& menu = compareMenu();
    menu.clear();
    const History& history = m_document.history();
    menu.addAction(tr("Pin the present state"), this, [this] {
        const History& states = m_document.history();
        compareWith(m_document.recipe(), tr("pinned: %1").arg(states.state(states.index()).text));
    });
    menu.addAction(tr("Compare with nothing"), this, &BitsPanel::compareWithNothing)->setEnabled(!!m_reference);
    menu.addSeparator();
    for (int i = 0; i < history.size(); ++i) {
        const HistoryState& state = history.state(i);
        QAction* action = menu.addAction(
            state.text, this, [this, recipe = state.recipe, text = state.text] { compareWith(recipe, text); });
        action->setEnabled(i != history.index());
    }
}

QStringList BitsPanel::plotNames() const
{
    return {tr("Search trace"), tr("Bits of weights"), tr("Bits of activations")};
}

QString BitsPanel::savePlot(const QString& name, const QString& path)
{
    refresh(); // the panel may never have been shown
    const QStringList names = plotNames();
    if (const QString why = name == names[0] ? traceReason() : reason(); !why.isEmpty())
        return why;
    return name == names[0] ? trace().save(path) : name == names[1] ? weights().save(path) : activations().save(path);
}

QString BitsPanel::tableCsv() const
{
    if (!m_document.model())
        return {};
    auto* self = const_cast<BitsPanel*>(this);
    self->refresh(); // the panel may be hidden
    const QString activationLines = self->activations().csv();
    return self->weights().csv() + activationLines.mid(activationLines.indexOf(u'\n') + 1);
}

} // namespace qs::ui
