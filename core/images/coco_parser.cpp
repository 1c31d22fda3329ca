// Based on: nlohmann::json's interface of events (sax_parse); its parser does not recurse.

#include "core/images/coco_parser.h"

#include <algorithm>
#include <array>
#include <string_view>

namespace qs::images {

namespace {

using Json = nlohmann::json;

constexpr std::size_t kLargestDepth = 64;
constexpr std::array<std::string_view, 13> kKept{"images", "annotations", "categories", "id",   "file_name",
                                                 "width",  "height",      "image_id",   "name", "category_id",
                                                 "bbox",   "area",        "iscrowd"};

/// Builds the document of what is kept; a value of another name becomes null before anything is made of it.
class Parser : public nlohmann::detail::json_sax_dom_parser<Json> {
public:
    using Base = nlohmann::detail::json_sax_dom_parser<Json>;
    Parser(Json& document, const Context& context) : Base(document, false), m_context(context) {}

    bool null()
    {
        return value([&] { return Base::null(); });
    }
    bool boolean(bool v)
    {
        return value([&] { return Base::boolean(v); });
    }
    bool number_integer(Json::number_integer_t v)
    {
        return value([&] { return Base::number_integer(v); });
    }
    bool number_unsigned(Json::number_unsigned_t v)
    {
        return value([&] { return Base::number_unsigned(v); });
    }
    bool number_float(Json::number_float_t v, const std::string& text)
    {
        return value([&] { return Base::number_float(v, text); });
    }
    bool string(std::string& v)
    {
        return value([&] { return Base::string(v); });
    }
    bool start_object(std::size_t size)
    {
        return open([&] { return Base::start_object(size); });
    }
    bool end_object()
    {
        return close([&] { return Base::end_object(); });
    }
    bool start_array(std::size_t size)
    {
        return open([&] { return Base::start_array(size); });
    }
    bool end_array()
    {
        return close([&] { return Base::end_array(); });
    }
    bool key(std::string& name)
    {
        if (m_skipped > 0)
            return true;
        m_skipNext = std::ranges::find(kKept, name) == kKept.end();
        return Base::key(name);
    }
    template <class Exception>
    bool parse_error(std::size_t, const std::string&, const Exception& error)
    {
        const std::string_view text = error.what(); // "[json.exception.parse_error.101] parse error at line 1, ..."
        m_why = text.substr(std::min(text.find("] ") + 2, text.size()));
        return false;
    }

    const std::string& why() const { return m_why; }
    bool cancelled() const { return m_cancelled; }

private:
    template <class Build>
    bool value(const Build& build)
    {
        if (m_skipped > 0)
            return true;
        if (!m_skipNext)
            return build();
        m_skipNext = false;
        return Base::null();
    }

    template <class Build>
    bool open(const Build& build)
    {
        m_cancelled = m_context.stopRequested();
        if (m_cancelled)
            return false;
        if (++m_depth > kLargestDepth) {
            m_why = "lists and objects nested deeper than 64";
            return false;
        }
        if (m_skipped > 0 || m_skipNext) {
            const bool first = m_skipped++ == 0;
            m_skipNext = false;
            return !first || Base::null();
        }
        return build();
    }

    template <class Build>
    bool close(const Build& build)
    {
        --m_depth;
        if (m_skipped == 0)
            return build();
        --m_skipped;
        return true;
    }

    const Context& m_context;
    std::size_t m_depth = 0;
    std::size_t m_skipped = 0; ///< lists and objects open within a value that is passed over
    bool m_skipNext = false;   ///< the value of the key just read
    bool m_cancelled = false;
    std::string m_why;
};

} // namespace

Result<Json> parseCoco(const std::string& text, const std::filesystem::path& path, const Context& context)
{
    Json json;
    Parser parser(json, context);
    const bool parsed = Json::sax_parse(text, &parser);
    if (parser.cancelled())
        return cancelled();
    if (!parsed)
        return fail(ErrorCode::Malformed, "is no JSON: " + parser.why(), path.string());
    if (!json.is_object())
        return fail(ErrorCode::Malformed, "must be a JSON object with images, annotations and categories",
                    path.string());
    return json;
}

} // namespace qs::images
