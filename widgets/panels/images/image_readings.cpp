#include "widgets/panels/images/image_readings.h"

#include <algorithm>

namespace qs::ui {

namespace {
constexpr std::size_t kMostWanted = 24; ///< older wishes have scrolled away
}

ImageReadings::ImageReadings(JobRunner& runner, QObject* parent)
    : QObject(parent), m_cache(kKept), m_job(runner, Lane::Interactive)
{
}

void ImageReadings::setNetworks(std::shared_ptr<ReadingNetworks> networks)
{
    if (networks == m_networks)
        return;
    m_networks = nullptr; // what the cancelled job says is of no use
    m_wanted.clear();
    m_job.cancel();
    m_networks = std::move(networks);
    m_cache.clear();
    m_failures.clear();
}

std::shared_ptr<const ImageReading> ImageReadings::of(int image)
{
    if (const auto* found = m_cache.object(image))
        return *found;
    if (!m_networks || image < 0 || static_cast<std::size_t>(image) >= m_networks->images()->size() ||
        m_failures.contains(image))
        return nullptr;
    std::erase(m_wanted, image);
    m_wanted.push_front(image);
    if (m_wanted.size() > kMostWanted)
        m_wanted.pop_back();
    startNext();
    return nullptr;
}

void ImageReadings::startNext()
{
    if (m_job.running() || m_wanted.empty() || !m_networks)
        return;
    const int image = m_wanted.front();
    m_job.start(
        [networks = m_networks, image](const Context& context) -> Result<std::shared_ptr<const ImageReading>> {
            QS_ASSIGN(ImageReading found, networks->read(static_cast<std::size_t>(image), context));
            return std::make_shared<const ImageReading>(std::move(found));
        },
        [this, image, networks = m_networks](Result<std::shared_ptr<const ImageReading>> result) {
            if (networks != m_networks)
                return;
            std::erase(m_wanted, image);
            if (result)
                m_cache.insert(image, new std::shared_ptr<const ImageReading>(*result));
            else if (result.error().code != ErrorCode::Cancelled)
                m_failures.insert(image, QString::fromStdString(result.error().text()));
            emit ready(image);
            // The job counts as running until this returns.
            QMetaObject::invokeMethod(
                this, [this] { startNext(); }, Qt::QueuedConnection);
        });
}

} // namespace qs::ui
