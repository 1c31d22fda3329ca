#include "core/images/doubts.h"
#include "core/images/folder.h"
#include "core/images/resample.h"

#include <new>
#include <utility>

namespace qs::images {

namespace {

/// Holds no pixels: every load reads its file anew, so calls from several threads share nothing that changes.
class FolderSource final : public exec::ImageSource {
public:
    FolderSource(ImageFolder folder, const Preprocess& preprocess)
        : m_folder(std::move(folder)), m_preprocess(preprocess)
    {
    }

    std::size_t size() const override { return m_folder.entries.size(); }

    Result<void> load(std::size_t index, std::span<float> dst) const override
    {
        if (index >= size())
            return fail(ErrorCode::InvalidArgument,
                        "image " + std::to_string(index) + " of " + std::to_string(size()) + " asked for",
                        m_folder.root.string());
        const std::filesystem::path& path = m_folder.entries[index].path;
        QS_ASSIGN(const Pixels pixels, decodeImage(path));
        try {
            Result<void> applied = apply(m_preprocess, pixels, dst);
            if (!applied && applied.error().where.empty())
                applied.error().where = path.string();
            return applied;
        } catch (const std::bad_alloc&) {
            return fail(ErrorCode::OutOfMemory, "not enough memory to resize the image", path.string());
        }
    }

    std::optional<int> label(std::size_t index) const override
    {
        return index < size() ? m_folder.entries[index].label : std::nullopt;
    }

    std::string name(std::size_t index) const override
    {
        return index < size() ? m_folder.entries[index].name : std::string();
    }

    std::vector<exec::AlternativeImages> alternatives() const override
    {
        std::vector<exec::AlternativeImages> others;
        for (const Alternative& other : alternativesTo(m_preprocess))
            others.push_back({other.name, normalisationOptions(other.preprocess),
                              std::make_shared<const FolderSource>(m_folder, other.preprocess)});
        return others;
    }

private:
    ImageFolder m_folder;
    Preprocess m_preprocess;
};

} // namespace

std::shared_ptr<const exec::ImageSource> makeSource(ImageFolder folder, const Preprocess& preprocess)
{
    return std::make_shared<const FolderSource>(std::move(folder), preprocess);
}

Result<Pixels> thumbnail(const ImageEntry& entry, const Preprocess& preprocess)
{
    QS_ASSIGN(const Pixels pixels, decodeImage(entry.path));
    try {
        Result<Pixels> cropped = resizeAndCrop(preprocess, pixels);
        if (!cropped && cropped.error().where.empty())
            cropped.error().where = entry.path.string();
        return cropped;
    } catch (const std::bad_alloc&) {
        return fail(ErrorCode::OutOfMemory, "not enough memory to resize the image", entry.path.string());
    }
}

} // namespace qs::images
