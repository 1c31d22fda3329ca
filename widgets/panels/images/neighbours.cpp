#include "widgets/panels/images/neighbours.h"

#include "core/tasks/nearest.h"

#include <algorithm>
#include <variant>

namespace qs::ui {

namespace {

using All = std::vector<Neighbours::Lists>;

Result<std::shared_ptr<const All>> listsOf(ReadingNetworks& networks, const Context& context)
{
    const std::size_t count = std::min(Neighbours::kImages, networks.images()->size());
    QS_ASSIGN(const ReadingNetworks::Rows rows, networks.run(0, count, context));
    const auto width = static_cast<std::size_t>(rows.before.shape()[1]);
    tasks::Vectors before, now;
    for (std::size_t i = 0; i < count; ++i) {
        const auto reference = rows.before.floats().subspan(i * width, width);
        const auto add = [&](tasks::Vectors& vectors, std::span<const float> row) {
            const tasks::Reading reading = networks.task().chosen.task->read(reference, row);
            if (const auto* vector = std::get_if<tasks::FeatureVector>(&reading))
                vectors.add(vector->values);
        };
        add(before, reference);
        add(now, rows.now.floats().subspan(i * width, width));
    }
    auto lists = std::make_shared<All>();
    for (std::size_t i = 0; i < before.count(); ++i)
        lists->push_back({before.nearest(i, Neighbours::kNearest), now.nearest(i, Neighbours::kNearest)});
    return std::shared_ptr<const All>(std::move(lists));
}

} // namespace

Neighbours::Neighbours(JobRunner& runner, QObject* parent) : QObject(parent), m_job(runner, Lane::Background) {}

void Neighbours::setNetworks(std::shared_ptr<ReadingNetworks> networks)
{
    if (networks == m_networks)
        return;
    m_networks = nullptr;
    m_job.cancel();
    m_networks = std::move(networks);
    m_lists.reset();
    m_tried = false;
}

bool Neighbours::reaches(int image) const
{
    return image >= 0 && static_cast<std::size_t>(image) < kImages;
}

const Neighbours::Lists* Neighbours::of(int image)
{
    if (m_lists)
        return image >= 0 && static_cast<std::size_t>(image) < m_lists->size()
                   ? &(*m_lists)[static_cast<std::size_t>(image)]
                   : nullptr;
    if (!m_networks || m_tried || m_job.running())
        return nullptr;
    // Networks of their own: those of the readings are for one thread at a time.
    const auto own = std::make_shared<ReadingNetworks>(m_networks->model(), m_networks->plan(), m_networks->images(),
                                                       m_networks->task());
    m_job.start([own](const Context& context) { return listsOf(*own, context); },
                [this, networks = m_networks](Result<std::shared_ptr<const All>> result) {
                    if (networks != m_networks)
                        return;
                    m_tried = true;
                    if (result)
                        m_lists = *result;
                    emit ready();
                });
    return nullptr;
}

} // namespace qs::ui
