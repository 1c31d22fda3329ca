#include "widgets/panels/comparison/comparer.h"

#include "widgets/session/history.h"

namespace qs::ui {

namespace {
constexpr int kPollMs = 100;
}

Comparer::Comparer(Session& session, QObject* parent)
    : QObject(parent), m_session(session), m_job(session.runner(), Lane::User)
{
    m_poll.setInterval(kPollMs);
    connect(&m_poll, &QTimer::timeout, this, &Comparer::poll);
    connect(&session, &Session::modelChanged, this, &Comparer::clear);
    connect(&session, &Session::imagesChanged, this, [this, images = session.testImages()]() mutable {
        if (std::exchange(images, m_session.testImages()) != images)
            clear();
    });
}

std::string Comparer::presentTitle() const
{
    const History& history = m_session.history();
    return tr("Present: %1").arg(history.state(history.index()).text).toStdString();
}

void Comparer::start(const ComparisonWish& wish)
{
    const auto model = m_session.model();
    const auto images = m_session.testImages();
    const auto calibration = m_session.calibration().value;
    if (!model || !images || !calibration)
        return;
    auto candidates = std::make_shared<std::vector<report::Candidate>>();
    for (const graph::Coverage coverage : wish.coverages)
        for (const auto& [weights, activations] : wish.bits)
            for (const std::string& preset : wish.presets) {
                auto recipe = quant::presetRecipe(preset, weights, activations);
                if (!recipe) {
                    emit m_session.failed(recipe.error());
                    return;
                }
                recipe->coverage = coverage;
                candidates->push_back({preset, weights, activations, std::move(*recipe), calibration, {}});
            }
    if (wish.present) {
        const quant::Recipe& recipe = m_session.recipe();
        candidates->push_back({presentTitle(), recipe.weight.bits, recipe.activation.bits, recipe, calibration, {}});
    }
    m_wanted = candidates->size();
    m_feed = std::make_shared<Feed>();
    m_job.start(
        [model, images, candidates, table = m_table,
         feed = m_feed](const Context& context) -> Result<report::Comparison> {
            report::Comparison into = table;
            QS_CHECK(report::compare(
                *model, *candidates, *images->source, images->size(), into,
                [&feed](const report::Comparison& now, const report::ComparisonRow&) {
                    const std::lock_guard lock(feed->mutex);
                    feed->fresh = now;
                },
                context));
            return into;
        },
        [this, feed = m_feed](Result<report::Comparison> result) {
            m_poll.stop();
            poll();
            if (result)
                m_table = std::move(*result);
            else if (result.error().code != ErrorCode::Cancelled)
                emit m_session.failed(result.error());
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
    m_table = std::move(*m_feed->fresh);
    m_feed->fresh.reset();
    emit changed();
}

void Comparer::clear()
{
    m_job.cancel();
    m_feed.reset();
    m_poll.stop();
    m_table = {};
    m_wanted = 0;
    emit changed();
}

} // namespace qs::ui
