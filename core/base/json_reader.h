#pragma once

#include "core/base/error.h"

#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <nlohmann/json_fwd.hpp>

namespace qs {

/// A value of an enumeration and its word in files.
template <class T>
struct JsonWord {
    T value;
    std::string_view name;
};

/// Reads JSON of unknown making: every value knows its place, nothing throws, and one clear message is left.
///
///     QS_ASSIGN(const JsonReader file, JsonReader::parse(text));
///     Figures figures;
///     figures.images = file["images"].count(0);
///     for (const JsonReader& site : file["sites"].items())
///         figures.sites.push_back(site["name"].required().text());
///     return file.finish(std::move(figures)); // or the first error: "sites[3].name: must be a text"
///
/// A value that is missing or null gives the fallback; one of another type is an error (InvalidArgument), and so is
/// asking for more of it. Only the first error is kept: what comes after it gives fallbacks, so reading goes on to
/// the end and costs no more than the file. Readers are cheap copies that share the document and its error; they are
/// for one thread.
class JsonReader {
public:
    static constexpr std::size_t kMostBytes = std::size_t{256} << 20;
    static constexpr std::size_t kMostValues = 4'000'000; ///< of all kinds, keys too: half a gigabyte at most
    static constexpr int kMostDepth = 64;                 ///< of objects and lists in each other
    enum class Comments { Refused, Skipped };             ///< // and /* */

    /// Errors: Malformed (not JSON, with the byte; nested deeper than kMostDepth), InvalidArgument (a key given
    /// twice), TooLarge.
    static Result<JsonReader> parse(std::string_view text, Comments comments = Comments::Refused);
    /// Of a value that is in memory already.
    static JsonReader of(nlohmann::json value);

    /// Member of an object, item of a list; a missing one is a reader without a value.
    JsonReader operator[](std::string_view key) const;
    JsonReader operator[](std::size_t index) const;
    std::size_t size() const; ///< of a list or an object; else 0, without an error
    /// Empty where missing; at most `most`.
    std::vector<JsonReader> items(std::size_t most = SIZE_MAX) const;
    std::vector<std::pair<std::string, JsonReader>> members() const;
    /// The error "unknown key", at the first member that is none of `known`.
    void onlyKeys(const std::vector<std::string_view>& known) const;

    /// Whether there is a value that is not null, and of which type. None of these is an error.
    bool present() const;
    bool given() const { return m_value != nullptr; } ///< null too
    bool isNull() const;                              ///< given as null
    bool isObject() const;
    bool isList() const;
    bool isText() const;
    /// The same; without a value the error "is missing".
    const JsonReader& required() const;

    std::string text(std::string fallback = {}) const;
    bool flag(bool fallback) const;
    /// Finite by nature: JSON has no other.
    double number(double fallback, double low = std::numeric_limits<double>::lowest(),
                  double high = std::numeric_limits<double>::max()) const;
    std::optional<double> optionalNumber() const;
    /// Also "nan", "inf" and "-inf", as jsonNumber() writes them.
    double anyNumber(double fallback) const;
    int integer(int fallback, int low = std::numeric_limits<int>::min(),
                int high = std::numeric_limits<int>::max()) const;
    std::size_t count(std::size_t fallback, std::size_t high = std::size_t{1} << 52) const;
    /// One of a list of JsonWord, or of others with `value` and `name`: "must be one of "symmetric", "asymmetric"".
    template <class T, class Names>
    T oneOf(const Names& names, T fallback) const;

    /// `history.states[3].recipe.overrides["blocks.0.fc1.input"]`; "" for the whole document.
    const std::string& path() const { return m_path; }
    /// The value itself, members by key; null where there is none.
    const nlohmann::json& json() const;
    /// Records an error at this place, unless there is one already.
    void fail(std::string message, ErrorCode code = ErrorCode::InvalidArgument) const;
    bool failed() const;
    /// Errors: the first of the document.
    Result<void> check() const;
    template <class T>
    Result<T> finish(T value) const
    {
        QS_CHECK(check());
        return value;
    }

private:
    struct Document;
    JsonReader(std::shared_ptr<Document> document, const nlohmann::json* value, std::string path)
        : m_document(std::move(document)), m_value(value), m_path(std::move(path))
    {
    }
    std::string placeOf(std::string_view key) const;

    std::shared_ptr<Document> m_document;
    const nlohmann::json* m_value; ///< null: missing
    std::string m_path;
};

/// The error with the file before its place: "a.json: rules[0]: must be an object".
Error inFile(Error error, const std::string& file);

template <class T, class Names>
T JsonReader::oneOf(const Names& names, T fallback) const
{
    if (!present())
        return fallback;
    const std::string given = isText() ? text() : std::string();
    std::string known;
    for (const auto& named : names) {
        if (isText() && given == named.name)
            return named.value;
        known += (known.empty() ? "\"" : ", \"") + std::string(named.name) + "\"";
    }
    fail("must be one of " + known);
    return fallback;
}

} // namespace qs
