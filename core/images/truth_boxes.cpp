// The boxes of a COCO file in the geometry of the model's input.

#include "core/images/coco_file.h"
#include "core/images/truth_readers.h"

#include <algorithm>
#include <limits>

namespace qs::images {

namespace {

/// The annotations of one image.
struct Annotated {
    std::filesystem::path photo;
    bool known = false;
    CocoImage image{};
};

/// A box on its way to the model's input: `box` clipped to the image there. False: nothing of it is left.
bool toInput(const CocoObject& object, const Geometry& geometry, double scaleX, double scaleY, tasks::TrueBox& box)
{
    const auto& [x, y, width, height] = object.box;
    const Point from = geometry.toInput({x * scaleX, y * scaleY});
    const Point to = geometry.toInput({(x + width) * scaleX, (y + height) * scaleY});
    const double left = geometry.placed.x;
    const double top = geometry.placed.y;
    const double right = left + geometry.placed.width;
    const double bottom = top + geometry.placed.height;
    // A box without extent inside the image stays, as COCO's own evaluation keeps it.
    if (from.x >= right || from.y >= bottom || to.x < left || to.y < top || (object.box[2] > 0 && to.x <= left) ||
        (object.box[3] > 0 && to.y <= top))
        return false;
    box.x0 = static_cast<float>(std::clamp(from.x, left, right));
    box.y0 = static_cast<float>(std::clamp(from.y, top, bottom));
    box.x1 = static_cast<float>(std::clamp(to.x, left, right));
    box.y1 = static_cast<float>(std::clamp(to.y, top, bottom));
    box.category = object.category;
    box.area = object.area;
    box.crowd = object.crowd;
    return true;
}

class Boxes final : public tasks::TruthSource {
public:
    Boxes(std::vector<Annotated> images, std::string file, const Preprocess& preprocess)
        : m_images(std::move(images)), m_file(std::move(file)), m_preprocess(preprocess)
    {
    }

    std::size_t size() const override { return m_images.size(); }

    Result<tasks::Truth> of(std::size_t image) const override
    {
        if (image >= m_images.size())
            return fail(ErrorCode::InvalidArgument, "the truth of image " + std::to_string(image) + " of " +
                                                        std::to_string(m_images.size()) + " asked for");
        const Annotated& one = m_images[image];
        if (!one.known)
            return Result<tasks::Truth>();
        QS_ASSIGN(const PictureSize size, pictureSize(one.photo));
        const int64_t width = one.image.width > 0 ? one.image.width : size.width;
        const int64_t height = one.image.height > 0 ? one.image.height : size.height;
        if (!sameProportions(width, height, size))
            return fail(ErrorCode::ShapeMismatch,
                        "has " + sizeText(size.width, size.height) + " pixels, " + m_file + " says " +
                            sizeText(width, height) +
                            (sameProportions(height, width, size) ? "; rotations in EXIF are not applied" : ""),
                        one.photo.string());
        auto geometry = geometryOf(m_preprocess, size.width, size.height);
        if (!geometry)
            return fail(geometry.error().code, geometry.error().message, one.photo.string());
        std::vector<tasks::TrueBox> boxes;
        for (const CocoObject& object : one.image.objects)
            if (tasks::TrueBox box; toInput(object, *geometry, static_cast<double>(size.width) / width,
                                            static_cast<double>(size.height) / height, box))
                boxes.push_back(box);
        return tasks::Truth(std::move(boxes));
    }

private:
    std::vector<Annotated> m_images;
    std::string m_file; ///< name of the JSON
    Preprocess m_preprocess;
};

/// How many boxes the crop cuts into or off, as far as the file says how large its images are.
void sayCut(const std::vector<Annotated>& images, const Preprocess& preprocess, std::vector<Doubt>& doubts)
{
    std::size_t all = 0;
    std::size_t cut = 0;
    std::size_t gone = 0;
    constexpr int64_t kMost = std::numeric_limits<int>::max();
    for (const Annotated& one : images) {
        all += one.image.objects.size();
        if (one.image.width < 1 || one.image.height < 1 || one.image.width > kMost || one.image.height > kMost)
            continue;
        const auto geometry =
            geometryOf(preprocess, static_cast<int>(one.image.width), static_cast<int>(one.image.height));
        if (!geometry ||
            (geometry->kept.width == geometry->resizedWidth && geometry->kept.height == geometry->resizedHeight))
            continue;
        for (const CocoObject& object : one.image.objects) {
            tasks::TrueBox box;
            if (!toInput(object, *geometry, 1, 1, box)) {
                ++gone;
                continue;
            }
            const double left = static_cast<double>(box.x1 - box.x0) * static_cast<double>(box.y1 - box.y0);
            const double whole = object.box[2] * object.box[3] * geometry->scaleX() * geometry->scaleY();
            cut += left < 0.99 * whole ? 1 : 0;
        }
    }
    if (cut + gone > 0)
        doubts.push_back({DoubtKind::Labels,
                          "the crop cuts into " + std::to_string(cut) + " and off " + std::to_string(gone) + " of " +
                              std::to_string(all) + " boxes: figures are of what is left",
                          "--resize-mode both or letterbox shows the model whole images",
                          {{"cut", static_cast<double>(cut)},
                           {"gone", static_cast<double>(gone)},
                           {"boxes", static_cast<double>(all)}}});
}

} // namespace

Result<OpenedTruths> openBoxes(const TruthRequest& request, const ImageFolder& folder, const Preprocess& preprocess,
                               const Context& context)
{
    QS_ASSIGN(CocoFile coco, readCoco(request.path, request.options.categoryIds, context));
    const EntryNames names(folder);
    std::vector<Annotated> images;
    for (const ImageEntry& entry : folder.entries)
        images.push_back({entry.path});
    const auto classes = request.options.classes;
    for (CocoImage& image : coco.images) {
        const auto entry = names.find(image.file);
        if (!entry)
            continue;
        Annotated& one = images[*entry];
        if (one.known)
            return fail(ErrorCode::Malformed,
                        "'" + one.image.file + "' and '" + image.file + "' are both the image " +
                            folder.entries[*entry].name,
                        request.path.string());
        for (const CocoObject& object : image.objects)
            if (classes && object.category >= *classes)
                return fail(ErrorCode::InvalidArgument,
                            "an object in '" + image.file + "' has the class " + std::to_string(object.category) +
                                ", the model has " + std::to_string(*classes) + " classes" +
                                (request.options.categoryIds ? " (classes are the category ids)" : ""),
                            request.path.string());
        one.known = true;
        one.image = std::move(image);
    }
    OpenedTruths opened;
    for (const Annotated& one : images)
        opened.known.push_back(one.known);
    opened.classNames = std::move(coco.classNames);
    sayCut(images, preprocess, opened.doubts);
    opened.source = std::make_shared<const Boxes>(std::move(images), request.path.filename().string(), preprocess);
    return opened;
}

} // namespace qs::images
