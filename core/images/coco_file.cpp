#include "core/images/coco_file.h"

#include "core/base/file.h"
#include "core/images/coco_parser.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>
#include <unordered_map>
#include <unordered_set>

namespace qs::images {

namespace {

using Json = nlohmann::json;

constexpr int64_t kMostCategoryId = 100'000;
constexpr double kMostPixels = 1e9; ///< of a coordinate; keeps products finite

/// A whole number, also written as 3.0.
std::optional<int64_t> wholeNumber(const Json& json)
{
    if (json.is_number_unsigned() && json.get<uint64_t>() > static_cast<uint64_t>(INT64_MAX))
        return std::nullopt;
    if (json.is_number_integer())
        return json.get<int64_t>();
    if (json.is_number_float()) {
        const double value = json.get<double>();
        if (std::abs(value) < 9e15 && value == std::trunc(value))
            return static_cast<int64_t>(value);
    }
    return std::nullopt;
}

/// An id as the key of a map: a whole number, or text as some files have it.
std::optional<std::string> idOf(const Json& json)
{
    if (json.is_string())
        return json.get<std::string>();
    const auto number = wholeNumber(json);
    return number ? std::optional(std::to_string(*number)) : std::nullopt;
}

class Reader {
public:
    Reader(const Json& json, std::string file, bool categoryIds)
        : m_json(json), m_file(std::move(file)), m_categoryIds(categoryIds)
    {
    }

    Result<CocoFile> read()
    {
        QS_CHECK(readCategories());
        QS_CHECK(readImages());
        QS_CHECK(forEach("annotations",
                         [&](const Json& item, const std::string& place) { return readAnnotation(item, place); }));
        return std::move(m_coco);
    }

private:
    tl::unexpected<Error> malformed(const std::string& place, std::string message) const
    {
        return fail(ErrorCode::Malformed, std::move(message), m_file + ": " + place);
    }

    /// Calls read(item, "annotations[3]") for the members of a list of the file.
    template <class Read>
    Result<void> forEach(const std::string& list, const Read& read) const
    {
        const auto found = m_json.find(list);
        if (found == m_json.end() || !found->is_array())
            return malformed(list, "must be a list, as in COCO's instances files");
        for (std::size_t i = 0; i < found->size(); ++i) {
            const std::string place = list + "[" + std::to_string(i) + "]";
            if (!(*found)[i].is_object())
                return malformed(place, "must be an object");
            QS_CHECK(read((*found)[i], place));
        }
        return {};
    }

    static const Json& member(const Json& object, const char* key)
    {
        static const Json kNothing;
        const auto found = object.find(key);
        return found == object.end() ? kNothing : *found;
    }

    Result<void> readCategories()
    {
        std::map<int64_t, std::string> names;
        QS_CHECK(forEach("categories", [&](const Json& item, const std::string& place) -> Result<void> {
            const auto id = wholeNumber(member(item, "id"));
            if (!id || *id < 0 || *id > kMostCategoryId)
                return malformed(place + ".id", "must be a whole number from 0 to 100000");
            const Json& name = member(item, "name");
            if (!name.is_string() && !name.is_null())
                return malformed(place + ".name", "must be text");
            if (!names.emplace(*id, name.is_string() ? name.get<std::string>() : std::string()).second)
                return malformed(place + ".id", "the id " + std::to_string(*id) + " is that of an earlier category");
            return {};
        }));
        for (const auto& [id, name] : names) {
            if (m_categoryIds)
                m_coco.classNames.resize(static_cast<std::size_t>(id));
            m_classes.emplace(id, static_cast<int>(m_coco.classNames.size()));
            m_coco.classNames.push_back(name);
        }
        return {};
    }

    Result<void> readImages()
    {
        std::unordered_set<std::string> files;
        return forEach("images", [&](const Json& item, const std::string& place) -> Result<void> {
            const auto id = idOf(member(item, "id"));
            if (!id)
                return malformed(place + ".id", "must be a whole number");
            const Json& name = member(item, "file_name");
            if (!name.is_string() || name.get_ref<const std::string&>().empty())
                return malformed(place + ".file_name", "must be the name of a file");
            CocoImage image{name.get<std::string>(), 0, 0, {}};
            for (const auto& [key, side] : {std::pair{"width", &image.width}, std::pair{"height", &image.height}}) {
                const Json& value = member(item, key);
                const auto pixels = wholeNumber(value);
                if (value.is_null())
                    continue;
                if (!pixels || *pixels < 1 || static_cast<double>(*pixels) > kMostPixels)
                    return malformed(place + "." + key, "must be a whole number of pixels");
                *side = *pixels;
            }
            if (!m_images.emplace(*id, m_coco.images.size()).second)
                return malformed(place + ".id", "the id " + *id + " is that of an earlier image");
            if (!files.insert(image.file).second)
                return malformed(place + ".file_name", "'" + image.file + "' is the file of an earlier image");
            m_coco.images.push_back(std::move(image));
            return {};
        });
    }

    Result<void> readAnnotation(const Json& item, const std::string& place)
    {
        const auto image = idOf(member(item, "image_id"));
        if (!image)
            return malformed(place + ".image_id", "must be a whole number");
        const auto owner = m_images.find(*image);
        if (owner == m_images.end())
            return malformed(place + ".image_id", "no image has the id " + *image);
        const auto category = wholeNumber(member(item, "category_id"));
        if (!category)
            return malformed(place + ".category_id", "must be a whole number");
        const auto known = m_classes.find(*category);
        if (known == m_classes.end())
            return malformed(place + ".category_id", "no category has the id " + std::to_string(*category));
        CocoObject object{.category = known->second};
        QS_CHECK(readBox(member(item, "bbox"), place + ".bbox", object.box));
        object.area = object.box[2] * object.box[3];
        if (const Json& area = member(item, "area"); !area.is_null()) {
            if (!area.is_number() || !(area.get<double>() >= 0))
                return malformed(place + ".area", "must be a number of pixels, at least 0");
            object.area = area.get<double>();
        }
        const Json& crowd = member(item, "iscrowd");
        const auto number = crowd.is_boolean() ? std::optional<int64_t>(crowd.get<bool>()) : wholeNumber(crowd);
        if (!crowd.is_null() && (!number || (*number != 0 && *number != 1)))
            return malformed(place + ".iscrowd", "must be 0 or 1");
        object.crowd = number == 1;
        m_coco.images[owner->second].objects.push_back(object);
        return {};
    }

    Result<void> readBox(const Json& json, const std::string& place, std::array<double, 4>& box) const
    {
        bool good = json.is_array() && json.size() == box.size();
        for (std::size_t i = 0; good && i < box.size(); ++i) {
            good = json[i].is_number();
            box[i] = good ? json[i].get<double>() : 0.0;
            good = good && std::abs(box[i]) <= kMostPixels && (i < 2 || box[i] >= 0);
        }
        if (!good)
            return malformed(place, "must be [x, y, width, height] in pixels, sides of at least 0");
        return {};
    }

    const Json& m_json;
    std::string m_file;
    bool m_categoryIds;
    CocoFile m_coco;
    std::map<int64_t, int> m_classes; ///< by category id
    std::unordered_map<std::string, std::size_t> m_images;
};

} // namespace

Result<CocoFile> readCoco(const std::filesystem::path& path, bool categoryIds, const Context& context)
{
    QS_ASSIGN(const std::string text, readText(path));
    QS_ASSIGN(const Json json, parseCoco(text, path, context));
    return Reader(json, path.string(), categoryIds).read();
}

} // namespace qs::images
