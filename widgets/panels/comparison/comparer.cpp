#include "widgets/panels/comparison/comparer.h"

#include "widgets/model/history.h"

namespace qs::ui {

namespace {
constexpr int kPollMs = 100;
}

Comparer::Comparer(Session& session, QObject* parent)
    : QObject(parent), m_session(session), m_job(session.jobs.runner(), Lane::User)
{
    m_poll.setInterval(kPollMs);
    connect(&m_poll, &QTimer::timeout, this, &Comparer::poll);
    session.jobs.show(m_job, JobKind::Compare, "Comparing methods");
    connect(&session.document, &Document::modelChanged, this, &Comparer::adopt);
    connect(&session.document, &Document::imagesChanged, this, [this] {
        if (m_images != m_session.document.testImages())
            adopt();
    });
    adopt();
}

void Comparer::adopt()
{
    m_feed.reset(); // lines on their way are of no use
    m_job.cancel();
    m_poll.stop();
    m_images = m_session.document.testImages();
    m_kept =
        m_session.searches.comparison() ? m_session.searches.comparison() : std::make_shared<const KeptComparison>();
    m_recipes = m_kept->recipes;
    m_wanted = 0;
    emit changed();
}

void Comparer::keep(report::Comparison table)
{
    m_kept = std::make_shared<const KeptComparison>(KeptComparison{std::move(table), m_recipes});
    m_session.searches.keepComparison(m_kept);
}

const quant::Recipe* Comparer::recipe(const std::string& method) const
{
    const auto found = m_recipes.find(method);
    return found == m_recipes.end() ? nullptr : &found->second;
}

std::string Comparer::presentTitle() const
{
    const History& history = m_session.document.history();
    const QString title = tr("Present: %1").arg(history.state(history.index()).text);
    // Two edits may read the same: a line keeps its recipe, the next one gets a number.
    QString unique = title;
    for (int number = 2;; ++number) {
        const quant::Recipe* known = recipe(unique.toStdString());
        if (!known || *known == m_session.document.recipe())
            return unique.toStdString();
        unique = QStringLiteral("%1 (%2)").arg(title).arg(number);
    }
}

void Comparer::start(const ComparisonWish& wish)
{
    const auto model = m_session.document.model();
    const auto images = m_session.document.testImages();
    const auto calibration = m_session.plans.calibration().value;
    if (!model || !images || !calibration)
        return;
    const auto& calibrationImages = m_session.document.calibrationImages();
    report::HybridSearch hybridSearch{{}, calibrationImages ? calibrationImages->source : nullptr};
    hybridSearch.options.task = m_session.document.task().chosen;
    auto candidates = std::make_shared<std::vector<report::Candidate>>();
    for (const graph::Coverage coverage : wish.coverages)
        for (const auto& [weights, activations] : wish.bits)
            for (const std::string& preset : wish.presets) {
                auto candidate =
                    report::candidateOf(preset, weights, activations, coverage, calibration, hybridSearch);
                if (!candidate) {
                    m_session.messages.fail(candidate.error());
                    return;
                }
                candidates->push_back(std::move(*candidate));
            }
    if (wish.present) {
        const quant::Recipe& recipe = m_session.document.recipe();
        const std::string title = presentTitle();
        m_recipes[title] = recipe;
        candidates->push_back({title, recipe.weight.bits, recipe.activation.bits, recipe, calibration, {}});
    }
    m_wanted = candidates->size();
    m_feed = std::make_shared<Feed>();
    m_job.start(
        [model, images, candidates, table = m_kept->table, feed = m_feed,
         task = evaluationTask(m_session.document.task(), *images)](
            const Context& context) -> Result<report::Comparison> {
            report::Comparison into = table;
            QS_CHECK(report::compare(
                *model, *candidates, *images->source, images->size(), into,
                [&feed](const report::Comparison& now, const report::ComparisonRow&) {
                    const std::lock_guard lock(feed->mutex);
                    feed->fresh = now;
                },
                context, task));
            return into;
        },
        [this, feed = m_feed](Result<report::Comparison> result) {
            m_poll.stop();
            poll();
            if (result)
                keep(std::move(*result));
            else if (result.error().code != ErrorCode::Cancelled)
                m_session.messages.fail(result.error());
            m_feed.reset();
            // The job counts as running until this returns.
            QMetaObject::invokeMethod(this, &Comparer::changed, Qt::QueuedConnection);
        });
    m_poll.start();
    emit changed();
}

void Comparer::poll()
{
    if (!m_feed)
        return;
    const std::lock_guard lock(m_feed->mutex);
    if (!m_feed->fresh)
        return;
    keep(std::move(*m_feed->fresh));
    m_feed->fresh.reset();
    emit changed();
}

void Comparer::clear()
{
    m_session.searches.keepComparison(nullptr);
    adopt();
}

} // namespace qs::ui
