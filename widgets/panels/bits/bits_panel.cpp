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

BitsPanel::BitsPanel(Session& session, QWidget* parent) : BitsView(parent), m_session(session)
{
    m_tick.setInterval(kTickMs);
    connect(&m_tick, &QTimer::timeout, this, &BitsPanel::refreshProgress);
    m_refresher.on(session.document, &Document::imagesChanged)
        .on(session.plans, &Plans::calibrationChanged)
        .on(session.document, &Document::recipeChanged)
        .on(session.plans, &Plans::planChanged)
        .on(session.selection, &Selection::viewChanged);
    connect(&session.document, &Document::modelChanged, this, [this] {
        m_reference.reset();
        m_refresher.later();
    });
    connect(&session.searches, &Searches::searchChanged, this, [this] {
        form().setRunning(m_session.searches.search().running);
        if (isVisible())
            refreshTrace();
    });
    connect(&session.selection, &Selection::changed, this, [this] { setSelection(m_session.selection.sites()); });

    connect(&form(), &SearchForm::startWished, &session.searches, &Searches::startSearch);
    connect(&form(), &SearchForm::cancelWished, this, [this] { m_session.jobs.cancel(JobKind::Search); });
    connect(&trace(), &TracePlot::stepWished, this,
            [this](int step) { m_session.searches.loadSearchStep(static_cast<std::size_t>(step)); });
    for (BarsPlot* plot : {&weights(), &activations()}) {
        connect(plot, &BarsPlot::selectWished, this, [this](SiteId site, bool toggle) {
            m_session.selection.select(site, toggle ? SelectMode::Toggle : SelectMode::Replace);
        });
        connect(plot, &BarsPlot::dragBegan, this, [this] { m_gesture = m_session.edits.newGesture(); });
        connect(plot, &BarsPlot::bitsWished, this, &BitsPanel::edit);
        connect(plot, &BarsPlot::lockWished, this,
                [this](const std::vector<SiteId>& sites, bool lock) { m_session.edits.setLocked(sites, lock); });
    }
    connect(&compareMenu(), &QMenu::aboutToShow, this, &BitsPanel::fillCompareMenu);
    connect(this, &BitsView::helpWished, &session.plans, &Plans::calibrate);
    connect(this, &BitsView::failed, &session.messages, &Messages::failWriting);
    refresh();
}

void BitsPanel::refresh()
{
    if (!m_session.document.model())
        return showReason(tr("No model yet.\nDrop an ONNX file on the window, or open the demo from the File menu."));
    showAll();
    form().setObstacle(m_session.plans.calibration() ? QString() : tr("Calibrate first."));
    const auto count = [](const std::shared_ptr<const ImageSet>& images) { return images ? images->size() : 0; };
    form().setImages(count(m_session.document.calibrationImages()), count(m_session.document.testImages()));
    if (m_session.plans.plan())
        form().setCosts(m_session.plans.plan()->modelBytes, m_session.plans.plan()->bops);
    setPicture(makePicture());
    setSelection(m_session.selection.sites());
    trace().setLogLoss(m_session.selection.logAxis());
    refreshTrace();
}

void BitsPanel::refreshTrace()
{
    const SearchRun& run = m_session.searches.search();
    form().setRunning(run.running);
    if (run.running && !m_tick.isActive())
        m_tick.start();
    sayWhyNoTrace();
    QStringList names;
    for (const search::Step& step : run.trace.steps)
        names << QString::fromStdString(m_session.document.sites()[step.site].name);
    setRun(run, names);
    setPresentStep(presentStep());
}

void BitsPanel::sayWhyNoTrace()
{
    const SearchRun& run = m_session.searches.search();
    if (run.hasTrace())
        return setTraceReason({});
    if (run.running)
        return setTraceReason(tr("Measuring what every site loses with fewer bits.\n"
                                 "The curve begins with the first step."));
    if (m_session.plans.calibration())
        return setTraceReason(tr("No search yet: set a budget above and press Search\n"
                                 "to see what every bit saved costs in accuracy."));
    if (m_session.plans.calibration().running)
        return setTraceReason(tr("A search comes after the calibration; it is running."));
    if (m_session.document.calibrationImages())
        return setTraceReason(tr("Calibrate to search for the bits of every site."), tr("Calibrate"));
    setTraceReason(tr("A search needs calibration images:\n"
                      "open a folder of them from the File menu, or drop one on the window."));
}

void BitsPanel::refreshProgress()
{
    if (!m_session.searches.search().running)
        return m_tick.stop();
    for (const JobStatus& job : m_session.jobs.list())
        if (job.kind == JobKind::Search) {
            const bool known = job.progress.total > 0;
            form().showProgress(known ? progressText(job.progress) : tr("waiting for its turn"),
                                timeText(job.progress), known ? job.progress.fraction() : -1);
        }
}

BitsPicture BitsPanel::makePicture() const
{
    BitsPicture picture;
    if (m_reference)
        picture.reference = m_reference->label;
    const quant::Recipe& recipe = m_session.document.recipe();
    for (const graph::Site& site : m_session.document.sites()) {
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
    const SearchRun& run = m_session.searches.search();
    if (!run.hasTrace())
        return -1;
    const search::Trace& trace = run.trace;
    std::map<SiteId, std::size_t> places;
    std::vector<int> present;
    std::vector<int> bits = trace.startBits;
    std::size_t differing = 0;
    for (std::size_t unit = 0; unit < trace.units.size(); ++unit) {
        const graph::Site& site = m_session.document.sites()[trace.units[unit]];
        quant::SiteSettings now = quant::settingsOf(m_session.document.recipe(), site);
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

void BitsPanel::edit(SiteId site, int bits)
{
    quant::SitePatch patch;
    patch.bits = bits;
    std::vector<SiteId> sites{site};
    if (m_session.selection.contains(
            site)) { // what is selected together is edited together, weights and activations apart
        sites = m_session.selection.sites();
        const graph::SiteKind kind = m_session.document.sites()[site].kind;
        std::erase_if(sites, [this, kind](SiteId id) { return m_session.document.sites()[id].kind != kind; });
    }
    m_session.edits.editSites(sites, patch, m_gesture);
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
    const History& history = m_session.document.history();
    menu.addAction(tr("Pin the present state"), this, [this] {
        const History& states = m_session.document.history();
        compareWith(m_session.document.recipe(), tr("pinned: %1").arg(states.state(states.index()).text));
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
    if (!m_session.document.model())
        return {};
    auto* self = const_cast<BitsPanel*>(this);
    self->refresh(); // the panel may be hidden
    const QString activationLines = self->activations().csv();
    return self->weights().csv() + activationLines.mid(activationLines.indexOf(u'\n') + 1);
}

} // namespace qs::ui
