// Masks and maps: one picture an image, read when it is asked for.

#include "core/images/map_file.h"
#include "core/images/truth_readers.h"

#include <algorithm>
#include <array>
#include <limits>
#include <new>

namespace qs::images {

namespace {

namespace fs = std::filesystem;

struct Photo {
    fs::path path;    ///< of the photograph
    fs::path picture; ///< of its mask or map; empty: none
};

/// The file of `root` that belongs to an image: the extensions in their order, each in the image's own sub-folder,
/// then directly in `root`, then behind the whole name. Empty: none. Never the photograph itself.
fs::path pictureFor(const fs::path& root, const ImageEntry& entry, std::span<const std::string_view> extensions)
{
    const fs::path name(entry.name);
    std::error_code error;
    for (const std::string_view extension : extensions)
        for (const fs::path& candidate :
             {fs::path(name).replace_extension(extension), name.filename().replace_extension(extension),
              fs::path(name) += extension}) {
            fs::path path = root / candidate;
            if (fs::is_regular_file(path, error) && !fs::equivalent(path, entry.path, error))
                return path;
        }
    return {};
}

Result<std::vector<Photo>> photosOf(const fs::path& root, const ImageFolder& folder,
                                    std::span<const std::string_view> extensions)
{
    std::error_code error;
    if (!fs::exists(root, error))
        return fail(ErrorCode::NotFound, "the folder does not exist", root.string());
    if (!fs::is_directory(root, error))
        return fail(ErrorCode::InvalidArgument, "is not a folder", root.string());
    std::vector<Photo> photos;
    for (const ImageEntry& entry : folder.entries)
        photos.push_back({entry.path, pictureFor(root, entry, extensions)});
    return photos;
}

/// Which sample of a picture each pixel of the model's input takes.
struct Sampling {
    std::vector<int64_t> columns; ///< -1: padding
    std::vector<int64_t> rows;    ///< -1: padding
};

Result<Sampling> samplingOf(const Preprocess& preprocess, const Photo& photo, int64_t width, int64_t height)
{
    QS_ASSIGN(const PictureSize size, pictureSize(photo.path));
    if (!sameProportions(width, height, size))
        return fail(ErrorCode::ShapeMismatch,
                    "has " + sizeText(width, height) + " pixels, its image " + photo.path.filename().string() +
                        " has " + sizeText(size.width, size.height),
                    photo.picture.string());
    auto geometry = geometryOf(preprocess, size.width, size.height);
    if (!geometry)
        return fail(geometry.error().code, geometry.error().message, photo.path.string());
    Sampling sampling;
    for (int x = 0; x < preprocess.cropWidth; ++x)
        sampling.columns.push_back(geometry->nearestColumn(x, width));
    for (int y = 0; y < preprocess.cropHeight; ++y)
        sampling.rows.push_back(geometry->nearestRow(y, height));
    return sampling;
}

/// value(row · width + column) for every pixel of the model's input, `padding` outside the image.
template <class T, class Value>
std::vector<T> sampled(const Sampling& sampling, int64_t width, T padding, const Value& value)
{
    std::vector<T> result;
    result.reserve(sampling.columns.size() * sampling.rows.size());
    for (const int64_t row : sampling.rows)
        for (const int64_t column : sampling.columns)
            result.push_back(row < 0 || column < 0 ? padding : value(static_cast<std::size_t>(row * width + column)));
    return result;
}

/// What masks and maps share: which file belongs to which image.
class PictureTruths : public tasks::TruthSource {
public:
    PictureTruths(std::vector<Photo> photos, const TruthOptions& options, const Preprocess& preprocess)
        : m_options(options), m_preprocess(preprocess), m_photos(std::move(photos))
    {
    }
    std::size_t size() const override { return m_photos.size(); }
    Result<tasks::Truth> of(std::size_t image) const override
    {
        if (image >= m_photos.size())
            return fail(ErrorCode::InvalidArgument, "the truth of image " + std::to_string(image) + " of " +
                                                        std::to_string(m_photos.size()) + " asked for");
        if (m_photos[image].picture.empty())
            return Result<tasks::Truth>();
        try {
            return read(m_photos[image]);
        } catch (const std::bad_alloc&) {
            return fail(ErrorCode::OutOfMemory, "not enough memory to read it", m_photos[image].picture.string());
        }
    }

protected:
    virtual Result<tasks::Truth> read(const Photo& photo) const = 0;
    TruthOptions m_options;
    Preprocess m_preprocess;

private:
    std::vector<Photo> m_photos;
};

class Masks final : public PictureTruths {
public:
    using PictureTruths::PictureTruths;

private:
    bool isIgnored(int value, int bits) const
    {
        return value == m_options.ignored || value == 255 || (bits == 16 && value == 65535) ||
               (m_options.reduceZero && value == 0);
    }

    /// The class of a value of the file that is below 256.
    uint8_t classOf(int value, int bits) const
    {
        if (isIgnored(value, bits))
            return tasks::TrueMask::kIgnored;
        return static_cast<uint8_t>(m_options.reduceZero ? value - 1 : value);
    }

    Result<tasks::Truth> read(const Photo& photo) const override
    {
        QS_ASSIGN(const RawPicture raw, readRawPng(photo.picture));
        for (const auto value : raw.samples)
            if (value > 255 && !isIgnored(value, raw.bits))
                return fail(ErrorCode::Unsupported,
                            "holds the class " + std::to_string(value) +
                                ": classes of pixels are 0 to 254, ignored pixels 255 (of 16 bits also 65535); "
                                "colours or ids of objects are no classes",
                            photo.picture.string());
        QS_ASSIGN(const Sampling sampling, samplingOf(m_preprocess, photo, raw.width, raw.height));
        tasks::TrueMask mask{m_preprocess.cropHeight, m_preprocess.cropWidth,
                             sampled<uint8_t>(sampling, raw.width, tasks::TrueMask::kIgnored,
                                              [&](std::size_t at) { return classOf(raw.samples[at], raw.bits); })};
        if (m_options.classes)
            for (const uint8_t c : mask.classes)
                if (c != tasks::TrueMask::kIgnored && c >= *m_options.classes)
                    return fail(ErrorCode::InvalidArgument,
                                "holds the class " + std::to_string(c) + ", the model has " +
                                    std::to_string(*m_options.classes) + " classes, 0 to " +
                                    std::to_string(*m_options.classes - 1) +
                                    (m_options.reduceZero ? "" : "; where 0 means no class, classes are less by one"),
                                photo.picture.string());
        return tasks::Truth(std::move(mask));
    }
};

class Maps final : public PictureTruths {
public:
    using PictureTruths::PictureTruths;

private:
    Result<tasks::Truth> read(const Photo& photo) const override
    {
        QS_ASSIGN(const MapFile map, readMapFile(photo.picture));
        QS_ASSIGN(const Sampling sampling, samplingOf(m_preprocess, photo, map.width, map.height));
        constexpr float kUnknown = std::numeric_limits<float>::quiet_NaN();
        const double scale = m_options.scale.value_or(1.0);
        const auto value = [&](std::size_t at) {
            const float v = map.values[at];
            return m_options.zeroUnknown && v == 0.0F ? kUnknown : static_cast<float>(v / scale);
        };
        return tasks::Truth(tasks::TrueMap{m_preprocess.cropHeight, m_preprocess.cropWidth,
                                           sampled<float>(sampling, map.width, kUnknown, value)});
    }
};

template <class Source>
Result<OpenedTruths> openPictures(const TruthRequest& request, const ImageFolder& folder,
                                  const Preprocess& preprocess, std::span<const std::string_view> extensions)
{
    QS_ASSIGN(std::vector<Photo> photos, photosOf(request.path, folder, extensions));
    OpenedTruths opened;
    bool png = false;
    for (const Photo& photo : photos) {
        opened.known.push_back(!photo.picture.empty());
        if (!photo.picture.empty())
            opened.files.push_back(photo.picture);
        png = png || photo.picture.extension() == ".png";
    }
    opened.source = std::make_shared<const Source>(std::move(photos), request.options, preprocess);
    if (request.kind == TruthKind::Maps && png && !request.options.scale)
        opened.doubts.push_back({DoubtKind::Assumption,
                                 "values of the PNGs of truths are taken as they are, 1 a unit",
                                 "a scale divides them: 256 of KITTI, 1000 of NYU",
                                 {}});
    return opened;
}

} // namespace

Result<OpenedTruths> openMasks(const TruthRequest& request, const ImageFolder& folder, const Preprocess& preprocess)
{
    constexpr std::array<std::string_view, 1> kExtensions{".png"};
    return openPictures<Masks>(request, folder, preprocess, kExtensions);
}

Result<OpenedTruths> openMaps(const TruthRequest& request, const ImageFolder& folder, const Preprocess& preprocess)
{
    constexpr std::array<std::string_view, 2> kExtensions{".npy", ".png"};
    return openPictures<Maps>(request, folder, preprocess, kExtensions);
}

} // namespace qs::images
