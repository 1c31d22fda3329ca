#include "core/base/json_reader.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>
#include <new>
#include <set>

namespace qs {

namespace {

using Json = nlohmann::json;

const Json kNull;

/// The text with '?' in place of control characters: a key of a file in the one line of an error.
std::string oneLine(std::string_view text)
{
    std::string line(text);
    std::ranges::replace_if(
        line, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }, '?');
    return line;
}

/// Watches a document while it is parsed: equal keys (nlohmann keeps one silently), nesting, number of values. Throws
/// an Error, which ends the parsing.
class Watch {
public:
    bool operator()(int depth, Json::parse_event_t event, Json& parsed)
    {
        using Event = Json::parse_event_t;
        if (event == Event::key || event == Event::value || event == Event::array_start)
            if (++m_values > JsonReader::kMostValues)
                throw Error{
                    ErrorCode::TooLarge, "has more than " + std::to_string(JsonReader::kMostValues) + " values", {}};
        if ((event == Event::object_start || event == Event::array_start) && depth >= JsonReader::kMostDepth)
            throw Error{ErrorCode::Malformed, "is nested deeper than " + std::to_string(JsonReader::kMostDepth), {}};
        if (event == Event::object_start)
            m_open.emplace_back();
        else if (event == Event::object_end)
            m_open.pop_back();
        else if (event == Event::key && !m_open.back().insert(parsed.get<std::string>()).second)
            throw Error{ErrorCode::InvalidArgument, "the key is given twice", oneLine(parsed.get<std::string>())};
        return true;
    }

private:
    std::vector<std::set<std::string>> m_open; ///< keys of the objects around
    std::size_t m_values = 0;
};

} // namespace

struct JsonReader::Document {
    Json json;
    std::optional<Error> error;
};

Result<JsonReader> JsonReader::parse(std::string_view text, Comments comments)
{
    if (text.size() > kMostBytes)
        return qs::fail(ErrorCode::TooLarge, "is JSON of more than 256 MiB");
    auto document = std::make_shared<Document>();
    try {
        document->json = Json::parse(text, Watch(), true, comments == Comments::Skipped);
    } catch (const Error& error) {
        return tl::unexpected<Error>(error);
    } catch (const Json::parse_error& error) {
        return qs::fail(ErrorCode::Malformed, "not JSON: error at byte " + std::to_string(error.byte));
    } catch (const Json::exception& error) { // a number beyond double
        return qs::fail(ErrorCode::Malformed, std::string("not JSON: ") + error.what());
    } catch (const std::bad_alloc&) {
        return qs::fail(ErrorCode::OutOfMemory, "the JSON does not fit into memory");
    }
    const Json* value = &document->json;
    return JsonReader(std::move(document), value, {});
}

JsonReader JsonReader::of(Json value)
{
    auto document = std::make_shared<Document>();
    document->json = std::move(value);
    const Json* root = &document->json;
    return JsonReader(std::move(document), root, {});
}

JsonReader JsonReader::operator[](std::string_view key) const
{
    const Json* found = nullptr;
    if (present() && !m_value->is_object())
        fail("must be an object");
    else if (present())
        if (const auto it = m_value->find(std::string(key)); it != m_value->end())
            found = &*it;
    return {m_document, found, placeOf(key)};
}

std::string JsonReader::placeOf(std::string_view key) const
{
    const bool plain = !key.empty() && std::ranges::all_of(key, [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
    });
    if (!plain)
        return m_path + "[\"" + oneLine(key) + "\"]";
    return m_path.empty() ? std::string(key) : m_path + "." + std::string(key);
}

std::size_t JsonReader::size() const
{
    return isObject() || isList() ? m_value->size() : 0;
}

JsonReader JsonReader::operator[](std::size_t index) const
{
    const Json* found = nullptr;
    if (present() && !m_value->is_array())
        fail("must be a list");
    else if (present() && index < m_value->size())
        found = &(*m_value)[index];
    return {m_document, found, m_path + "[" + std::to_string(index) + "]"};
}

std::vector<JsonReader> JsonReader::items(std::size_t most) const
{
    std::vector<JsonReader> list;
    if (!present())
        return list;
    if (!m_value->is_array()) {
        fail("must be a list");
    } else if (m_value->size() > most) {
        fail("has " + std::to_string(m_value->size()) + " items, at most " + std::to_string(most) + " are possible",
             ErrorCode::TooLarge);
    } else {
        for (std::size_t i = 0; i < m_value->size(); ++i)
            list.push_back((*this)[i]);
    }
    return list;
}

std::vector<std::pair<std::string, JsonReader>> JsonReader::members() const
{
    std::vector<std::pair<std::string, JsonReader>> list;
    if (!present())
        return list;
    if (!m_value->is_object()) {
        fail("must be an object");
        return list;
    }
    for (const auto& [key, value] : m_value->items())
        list.emplace_back(key, (*this)[std::string_view(key)]);
    return list;
}

void JsonReader::onlyKeys(const std::vector<std::string_view>& known) const
{
    for (const auto& [key, value] : members())
        if (std::ranges::find(known, key) == known.end())
            return value.fail("unknown key");
}

bool JsonReader::present() const
{
    return m_value && !m_value->is_null();
}
bool JsonReader::isNull() const
{
    return m_value && m_value->is_null();
}
bool JsonReader::isObject() const
{
    return m_value && m_value->is_object();
}
bool JsonReader::isList() const
{
    return m_value && m_value->is_array();
}
bool JsonReader::isText() const
{
    return m_value && m_value->is_string();
}

const JsonReader& JsonReader::required() const
{
    if (!present())
        fail(isNull() ? "must not be null" : "is missing");
    return *this;
}

std::string JsonReader::text(std::string fallback) const
{
    if (isText())
        return m_value->get<std::string>();
    if (present())
        fail("must be a text");
    return fallback;
}

bool JsonReader::flag(bool fallback) const
{
    if (present() && m_value->is_boolean())
        return m_value->get<bool>();
    if (present())
        fail("must be true or false");
    return fallback;
}

double JsonReader::number(double fallback, double low, double high) const
{
    if (!present())
        return fallback;
    const double value = m_value->is_number() ? m_value->get<double>() : NAN;
    if (!std::isfinite(value))
        fail("must be a number");
    else if (value < low || value > high)
        fail("is out of bounds: " + m_value->dump());
    else
        return value;
    return fallback;
}

std::optional<double> JsonReader::optionalNumber() const
{
    const double value = number(NAN);
    return std::isnan(value) ? std::nullopt : std::optional(value);
}

double JsonReader::anyNumber(double fallback) const
{
    const std::string name = isText() ? text() : std::string();
    if (name == "nan")
        return NAN;
    if (name == "inf" || name == "-inf")
        return name == "inf" ? INFINITY : -INFINITY;
    return number(fallback);
}

int JsonReader::integer(int fallback, int low, int high) const
{
    if (!present())
        return fallback;
    if (!m_value->is_number_integer())
        fail("must be an integer");
    else if (const auto value = m_value->get<double>(); value < low || value > high)
        fail("must be an integer from " + std::to_string(low) + " to " + std::to_string(high));
    else
        return m_value->get<int>();
    return fallback;
}

std::size_t JsonReader::count(std::size_t fallback, std::size_t high) const
{
    if (!present())
        return fallback;
    if (!m_value->is_number_unsigned() || m_value->get<std::size_t>() > high)
        fail("must be an integer from 0 to " + std::to_string(high));
    else
        return m_value->get<std::size_t>();
    return fallback;
}

const Json& JsonReader::json() const
{
    return m_value ? *m_value : kNull;
}

void JsonReader::fail(std::string message, ErrorCode code) const
{
    if (!m_document->error)
        m_document->error = Error{code, std::move(message), m_path};
}

bool JsonReader::failed() const
{
    return m_document->error.has_value();
}

Result<void> JsonReader::check() const
{
    if (m_document->error)
        return tl::unexpected<Error>(*m_document->error);
    return {};
}

Error inFile(Error error, const std::string& file)
{
    error.where = file + (error.where.empty() ? "" : ": " + error.where);
    return error;
}

} // namespace qs
