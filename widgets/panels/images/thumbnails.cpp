#include "widgets/panels/images/thumbnails.h"

#include <algorithm>

namespace qs::ui {

namespace {

constexpr std::size_t kMostWanted = 64; ///< older wishes have scrolled away

QImage decode(const images::ImageEntry& entry, const images::Preprocess& preprocess)
{
    const auto pixels = images::thumbnail(entry, preprocess);
    if (!pixels)
        return {};
    const QImage view(pixels->rgb.data(), pixels->width, pixels->height, 3 * pixels->width, QImage::Format_RGB888);
    if (pixels->width <= Thumbnails::kSide && pixels->height <= Thumbnails::kSide)
        return view.copy();
    return view.scaled(Thumbnails::kSide, Thumbnails::kSide, Qt::KeepAspectRatio, Qt::SmoothTransformation);
}

} // namespace

Thumbnails::Thumbnails(JobRunner& runner, QObject* parent)
    : QObject(parent), m_cache(kKept), m_job(runner, Lane::Interactive)
{
}

void Thumbnails::setFolder(std::shared_ptr<const images::ImageFolder> folder, const images::Preprocess& preprocess)
{
    if (folder == m_folder && preprocess == m_preprocess)
        return;
    m_job.cancel();
    m_folder = std::move(folder);
    m_preprocess = preprocess;
    m_cache.clear();
    m_wanted.clear();
}

QPixmap Thumbnails::picture(int image)
{
    if (const QPixmap* found = m_cache.object(image))
        return *found;
    if (!m_folder || image < 0 || image >= static_cast<int>(m_folder->entries.size()) ||
        std::ranges::find(m_wanted, image) != m_wanted.end())
        return {};
    m_wanted.push_front(image);
    if (m_wanted.size() > kMostWanted)
        m_wanted.pop_back();
    startBatch();
    return {};
}

void Thumbnails::startBatch()
{
    if (m_job.running() || m_wanted.empty())
        return;
    std::vector<int> batch(m_wanted.begin(),
                           m_wanted.begin() + static_cast<std::ptrdiff_t>(std::min(kBatch, m_wanted.size())));
    m_job.start(
        [folder = m_folder, preprocess = m_preprocess, batch](const Context& context) -> Result<Batch> {
            Batch decoded;
            for (const int image : batch) {
                if (context.stopRequested())
                    return cancelled();
                decoded.emplace_back(image, decode(folder->entries[static_cast<std::size_t>(image)], preprocess));
            }
            return decoded;
        },
        [this](Result<Batch> result) {
            if (!result)
                return;
            for (const auto& [image, pixels] : *result) {
                m_cache.insert(image, new QPixmap(QPixmap::fromImage(pixels)));
                std::erase(m_wanted, image);
                emit ready(image);
            }
            startBatch();
        });
}

} // namespace qs::ui
