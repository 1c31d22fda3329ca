// JSON of unknown making: one clear message with its place, never an exception.
#include "core/base/json_reader.h"
#include "core/base/json_write.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include <cmath>
#include <functional>

using namespace qs;

namespace {

using Read = std::function<void(const JsonReader&)>;

std::string errorOf(const std::string& text, const Read& read)
{
    const auto file = JsonReader::parse(text);
    if (!file)
        return file.error().text();
    read(*file);
    const auto checked = file->check();
    return checked ? "" : checked.error().text();
}

} // namespace

TEST(JsonReader, ValuesAndFallbacks)
{
    const auto file =
        JsonReader::parse(R"({"n": 2.5, "i": -3, "c": 7, "f": true, "t": "ä", "l": [1, [2]], "z": null})");
    ASSERT_TRUE(file);
    const JsonReader& json = *file;
    EXPECT_EQ(json["n"].number(0), 2.5);
    EXPECT_EQ(json["i"].integer(0), -3);
    EXPECT_EQ(json["c"].count(0), 7U);
    EXPECT_TRUE(json["f"].flag(false));
    EXPECT_EQ(json["t"].text(), "ä");
    EXPECT_EQ(json["l"].items().size(), 2U);
    EXPECT_EQ(json["l"][1][0].integer(0), 2);
    EXPECT_EQ(json["z"].number(4), 4);
    EXPECT_EQ(json["none"]["of"][3]["these"].text("fallback"), "fallback");
    EXPECT_FALSE(json["z"].optionalNumber());
    EXPECT_EQ(json.members().size(), 7U);
    EXPECT_TRUE(json.check());
    EXPECT_EQ(JsonReader::of(json.json())["l"][1][0].integer(0), 2);
}

TEST(JsonReader, TheFirstErrorNamesItsPlace)
{
    const std::vector<std::tuple<std::string, Read, std::string>> cases{
        {R"({"a": [{"b": "x"}]})", [](const JsonReader& j) { j["a"][0]["b"].number(0); }, "a[0].b: must be a number"},
        {R"({"a": [1, true]})", [](const JsonReader& j) { j["a"][1].text(); }, "a[1]: must be a text"},
        {R"({"a": 1})", [](const JsonReader& j) { j["a"]["b"].flag(true); }, "a: must be an object"},
        {R"({"a": {}})", [](const JsonReader& j) { j["a"].items(); }, "a: must be a list"},
        {R"({"a": {}})", [](const JsonReader& j) { j["a"][0].text(); }, "a: must be a list"},
        {R"([1])", [](const JsonReader& j) { j.members(); }, "must be an object"},
        {R"({"a": 1.5})", [](const JsonReader& j) { j["a"].integer(0); }, "a: must be an integer"},
        {R"({"a": 9})", [](const JsonReader& j) { j["a"].integer(0, 1, 8); }, "a: must be an integer from 1 to 8"},
        {R"({"a": 1e40})", [](const JsonReader& j) { j["a"].integer(0); }, "a: must be an integer"},
        {R"({"a": 18446744073709551615})", [](const JsonReader& j) { j["a"].count(0, 10); },
         "a: must be an integer from 0 to 10"},
        {R"({"a": -1})", [](const JsonReader& j) { j["a"].count(0, 10); }, "a: must be an integer from 0 to 10"},
        {R"({"a": 2})", [](const JsonReader& j) { j["a"].number(0, 0, 1); }, "a: is out of bounds: 2"},
        {R"({"a": null})", [](const JsonReader& j) { j["a"].required().text(); }, "a: must not be null"},
        {R"({"a": [1, 2, 3]})", [](const JsonReader& j) { j["a"].items(2); },
         "a: has 3 items, at most 2 are possible"},
        {R"({"a": "z"})",
         [](const JsonReader& j) {
             j["a"].oneOf(std::vector{JsonWord<int>{1, "x"}, JsonWord<int>{2, "y"}}, 1);
         },
         "a: must be one of \"x\", \"y\""},
        {R"({"a\nb": 1})", [](const JsonReader& j) { j["a\nb"].text(); }, "[\"a?b\"]: must be a text"},
        {R"({"a": {"b.c": {"d": 1}}})", [](const JsonReader& j) { j["a"]["b.c"]["d"].text(); },
         "a[\"b.c\"].d: must be a text"},
        {R"({"a": {"b": 1, "c": 2}})", [](const JsonReader& j) { j["a"].onlyKeys({"b"}); }, "a.c: unknown key"},
        {R"({"a": {}})", [](const JsonReader& j) { j["a"]["b"].required().text(); }, "a.b: is missing"},
        {R"({"a": "infinite"})", [](const JsonReader& j) { j["a"].anyNumber(0); }, "a: must be a number"},
        {R"({"a": 1, "b": 2})", // the second error is not said
         [](const JsonReader& j) {
             j["b"].text();
             j["a"].text();
         },
         "b: must be a text"},
    };
    for (const auto& [text, read, message] : cases)
        EXPECT_EQ(errorOf(text, read), message) << text;
}

TEST(JsonReader, WhatIsNoJson)
{
    EXPECT_EQ(JsonReader::parse("").error().code, ErrorCode::Malformed);
    EXPECT_EQ(JsonReader::parse("{").error().code, ErrorCode::Malformed);
    EXPECT_EQ(JsonReader::parse("{} x").error().code, ErrorCode::Malformed);
    EXPECT_EQ(JsonReader::parse("1e999").error().code, ErrorCode::Malformed);
    EXPECT_EQ(JsonReader::parse("\"\xff\"").error().code, ErrorCode::Malformed);
    EXPECT_EQ(JsonReader::parse("NaN").error().code, ErrorCode::Malformed);
    EXPECT_EQ(JsonReader::parse(R"({"a": {"b": 1, "b": 2}})").error().text(), "b: the key is given twice");
}

TEST(JsonReader, CommentsWherePeopleWriteThem)
{
    EXPECT_FALSE(JsonReader::parse("[1] // one"));
    EXPECT_TRUE(JsonReader::parse("[1] // one", JsonReader::Comments::Skipped));
}

TEST(JsonReader, ValuesHaveALimit)
{
    std::string lists = "[";
    for (std::size_t i = 0; i < JsonReader::kMostValues; ++i)
        lists += "[],";
    lists += "0]";
    EXPECT_EQ(JsonReader::parse(lists).error().code, ErrorCode::TooLarge);
    EXPECT_EQ(JsonReader::parse(std::string(JsonReader::kMostBytes + 1, ' ')).error().code, ErrorCode::TooLarge);
}

TEST(JsonReader, ManyKeysCostNoMoreThanTheirNumber)
{
    std::string text = "{";
    for (int i = 0; i < 100'000; ++i) // by pairs: 5e9 comparisons
        text += "\"ILSVRC2012_val_" + std::to_string(i) + ".JPEG\": 1,";
    text += "\"last\": 2}";
    const auto file = JsonReader::parse(text);
    ASSERT_TRUE(file);
    EXPECT_EQ((*file)["last"].integer(0), 2);
}

TEST(JsonWrite, WhatJsonDoesNotHave)
{
    const std::string text = jsonText(nlohmann::ordered_json{{"a", jsonNumber(NAN)},
                                                             {"b", jsonNumber(INFINITY)},
                                                             {"c", jsonNumber(-INFINITY)},
                                                             {"d", jsonNumber(-2.5)},
                                                             {"e", "bad \xff byte"}});
    const auto file = JsonReader::parse(text);
    ASSERT_TRUE(file) << text;
    EXPECT_TRUE(std::isnan((*file)["a"].anyNumber(0)));
    EXPECT_EQ((*file)["b"].anyNumber(0), INFINITY);
    EXPECT_EQ((*file)["c"].anyNumber(0), -INFINITY);
    EXPECT_EQ((*file)["d"].anyNumber(0), -2.5);
    EXPECT_EQ((*file)["e"].text(), "bad \xEF\xBF\xBD byte");
    EXPECT_TRUE(file->check());
}

TEST(JsonReader, NestingHasALimit)
{
    const auto nested = [](int depth) { return std::string(depth, '[') + std::string(depth, ']'); };
    EXPECT_TRUE(JsonReader::parse(nested(JsonReader::kMostDepth)));
    const auto deep = JsonReader::parse(nested(JsonReader::kMostDepth + 1));
    ASSERT_FALSE(deep);
    EXPECT_EQ(deep.error().message, "is nested deeper than 64");
    EXPECT_FALSE(JsonReader::parse(nested(1'000'000)));
    EXPECT_FALSE(JsonReader::parse(std::string(1'000'000, '[')));
}
