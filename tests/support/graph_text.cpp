#include "tests/support/graph_text.h"

#include <charconv>
#include <cstdlib>
#include <map>

namespace qs::graph {

namespace {

struct Cursor {
    std::string_view rest;

    void skipSpace() { rest.remove_prefix(std::min(rest.find_first_not_of(" \t"), rest.size())); }
    bool take(std::string_view token)
    {
        skipSpace();
        if (!rest.starts_with(token))
            return false;
        rest.remove_prefix(token.size());
        return true;
    }
    std::string_view until(std::string_view stops)
    {
        skipSpace();
        const std::size_t end = std::min(rest.find_first_of(stops), rest.size());
        const std::string_view word = rest.substr(0, end);
        rest.remove_prefix(end);
        return word;
    }
    bool done()
    {
        skipSpace();
        return rest.empty();
    }
};

struct Declaration {
    std::string name;
    Shape shape;
    DType dtype = DType::Float32;
};

std::optional<DType> dtypeFromName(std::string_view name)
{
    for (const DType type : {DType::Float32, DType::Int64, DType::Int32, DType::Int8, DType::UInt8, DType::Bool})
        if (dtypeName(type) == name)
            return type;
    return std::nullopt;
}

std::optional<int64_t> integer(std::string_view word)
{
    int64_t value = 0;
    const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), value);
    return error == std::errc() && end == word.data() + word.size() ? std::optional(value) : std::nullopt;
}

std::optional<float> real(std::string_view word)
{
    const std::string copy(word);
    char* end = nullptr;
    const float value = std::strtof(copy.c_str(), &end);
    return !copy.empty() && *end == 0 ? std::optional(value) : std::nullopt;
}

/// "1x2x3" or "scalar", then ":int64" if not float.
std::optional<Declaration> parseType(std::string_view word)
{
    Declaration result;
    const std::size_t colon = word.find(':');
    if (colon != std::string_view::npos) {
        const auto dtype = dtypeFromName(word.substr(colon + 1));
        if (!dtype)
            return std::nullopt;
        result.dtype = *dtype;
        word = word.substr(0, colon);
    }
    if (word == "scalar")
        return result;
    while (true) {
        const std::size_t x = std::min(word.find('x'), word.size());
        const auto size = integer(word.substr(0, x));
        if (!size || *size < 0 || *size > (int64_t{1} << 31) || result.shape.rank() == Shape::kMaxRank)
            return std::nullopt;
        result.shape.push_back(*size);
        if (x == word.size())
            return result;
        word.remove_prefix(x + 1);
    }
}

std::optional<Declaration> parseDeclaration(Cursor& cursor)
{
    const std::string_view word = cursor.until(" ,=");
    const std::size_t colon = word.find(':');
    if (colon == std::string_view::npos || colon == 0)
        return std::nullopt;
    auto result = parseType(word.substr(colon + 1));
    if (result)
        result->name = word.substr(0, colon);
    return result;
}

template <class T>
void assign(Tensor& tensor, const std::vector<std::string_view>& words)
{
    auto data = tensor.mutableData<T>();
    for (std::size_t i = 0; i < data.size(); ++i)
        data[i] = static_cast<T>(std::is_same_v<T, float> ? real(words[i]).value_or(0.0f)
                                                          : static_cast<float>(integer(words[i]).value_or(0)));
}

/// "[1 2 3]": as many words as the type has elements.
std::optional<Tensor> parseElements(Cursor& cursor, const Declaration& type)
{
    if (!cursor.take("["))
        return std::nullopt;
    std::vector<std::string_view> words;
    while (!cursor.take("]")) {
        words.push_back(cursor.until(" ]"));
        if (words.back().empty() || !real(words.back()))
            return std::nullopt;
    }
    Tensor tensor(type.dtype, type.shape);
    if (static_cast<std::size_t>(tensor.elements()) != words.size())
        return std::nullopt;
    switch (type.dtype) {
    case DType::Float32:
        assign<float>(tensor, words);
        break;
    case DType::Int64:
        for (std::size_t i = 0; i < words.size(); ++i)
            tensor.mutableData<int64_t>()[i] = integer(words[i]).value_or(0);
        break;
    case DType::Int32:
        assign<int32_t>(tensor, words);
        break;
    case DType::Int8:
        assign<int8_t>(tensor, words);
        break;
    case DType::UInt8:
        assign<uint8_t>(tensor, words);
        break;
    case DType::Bool:
        assign<bool>(tensor, words);
        break;
    }
    return tensor;
}

/// Uniform in [-1, 1), from splitmix64.
Tensor randomTensor(const Declaration& type, uint64_t seed)
{
    Tensor tensor(DType::Float32, type.shape);
    for (float& value : tensor.mutableData<float>()) {
        uint64_t z = (seed += 0x9e3779b97f4a7c15u);
        z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
        z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
        value = static_cast<float>((z ^ (z >> 31)) >> 40) / 8388608.0f - 1.0f;
    }
    return tensor;
}

std::optional<Tensor> parseContent(Cursor& cursor, const Declaration& type)
{
    const bool random = cursor.take("random(");
    if (random || cursor.take("data(")) {
        const std::string seed(cursor.until(")"));
        if (!cursor.take(")") || type.dtype != DType::Float32)
            return std::nullopt;
        return randomTensor(type, std::strtoull(seed.c_str(), nullptr, random ? 10 : 16));
    }
    return parseElements(cursor, type);
}

std::optional<AttributeValue> parseAttribute(Cursor& cursor)
{
    if (cursor.take("\"")) {
        const std::string text(cursor.until("\""));
        return cursor.take("\"") ? std::optional<AttributeValue>(text) : std::nullopt;
    }
    if (cursor.take("{")) {
        const auto type = parseType(cursor.until(" ="));
        if (!type || !cursor.take("="))
            return std::nullopt;
        auto tensor = parseElements(cursor, *type);
        return tensor && cursor.take("}") ? std::optional<AttributeValue>(std::move(*tensor)) : std::nullopt;
    }
    if (cursor.take("[")) {
        std::vector<int64_t> integers;
        std::vector<float> reals;
        bool allIntegers = true;
        while (!cursor.take("]")) {
            const std::string_view word = cursor.until(" ]");
            const auto value = real(word);
            if (!value)
                return std::nullopt;
            reals.push_back(*value);
            allIntegers = allIntegers && integer(word);
            integers.push_back(integer(word).value_or(0));
        }
        return allIntegers ? AttributeValue(integers) : AttributeValue(reals);
    }
    const std::string_view word = cursor.until(" ");
    if (const auto value = integer(word))
        return AttributeValue(*value);
    if (const auto value = real(word))
        return AttributeValue(*value);
    return std::nullopt;
}

class Parser {
public:
    Result<Graph> parse(std::string_view text)
    {
        int number = 0;
        while (!text.empty()) {
            const std::size_t end = std::min(text.find('\n'), text.size());
            Cursor cursor{text.substr(0, end)};
            text.remove_prefix(std::min(end + 1, text.size()));
            ++number;
            if (cursor.done())
                continue;
            if (const std::string problem = line(cursor); !problem.empty())
                return fail(ErrorCode::Malformed, problem, "line " + std::to_string(number));
        }
        return Graph::create(std::move(m_data));
    }

private:
    TensorId add(Declaration declaration, Tensor constant)
    {
        const TensorId id(m_data.values.size());
        m_ids[declaration.name] = id;
        m_data.values.push_back(
            {std::move(declaration.name), declaration.dtype, declaration.shape, {}, {}, std::move(constant)});
        return id;
    }

    /// Empty, or what is wrong.
    std::string line(Cursor& cursor)
    {
        if (cursor.take("input ")) {
            auto declaration = parseDeclaration(cursor);
            if (!declaration)
                return "a declaration 'name:1x2x3' was expected";
            m_data.inputs.push_back(add(std::move(*declaration), {}));
            return {};
        }
        if (cursor.take("output ")) {
            const auto it = m_ids.find(cursor.until(" "));
            if (it == m_ids.end())
                return "an output that no line declares";
            m_data.outputs.push_back(it->second);
            return {};
        }
        std::vector<Declaration> outputs;
        do {
            auto declaration = parseDeclaration(cursor);
            if (!declaration)
                return "a declaration 'name:1x2x3' was expected";
            if (m_ids.contains(declaration->name))
                return "'" + declaration->name + "' is declared twice";
            outputs.push_back(std::move(*declaration));
        } while (cursor.take(","));
        if (!cursor.take("="))
            return "'=' was expected";
        cursor.skipSpace();
        if (cursor.rest.starts_with("[") || cursor.rest.starts_with("random(") || cursor.rest.starts_with("data(")) {
            auto content = parseContent(cursor, outputs.front());
            if (!content)
                return "the elements do not fit the type";
            add(std::move(outputs.front()), std::move(*content));
            return {};
        }
        return node(cursor, std::move(outputs));
    }

    std::string node(Cursor& cursor, std::vector<Declaration> outputs)
    {
        Node node;
        node.op = cursor.until("(");
        if (!cursor.take("("))
            return "'(' was expected";
        while (!cursor.take(")")) {
            const std::string_view name = cursor.until(" ,)");
            const auto it = m_ids.find(name);
            if (it == m_ids.end() && name != "_")
                return "'" + std::string(name) + "' is not declared above";
            node.inputs.push_back(it == m_ids.end() ? TensorId() : it->second);
            cursor.take(",");
        }
        while (!cursor.done() && !cursor.take("#")) {
            std::string name(cursor.until("="));
            if (!cursor.take("="))
                return "'=' was expected after '" + name + "'";
            auto value = parseAttribute(cursor);
            if (!value)
                return "attribute '" + name + "' has no readable value";
            node.attributes.set(std::move(name), std::move(*value));
        }
        node.name = cursor.until(" ");
        if (node.name.empty())
            node.name = node.op + "_" + std::to_string(m_data.nodes.size());
        while (!cursor.done()) {
            const auto source = integer(cursor.until(","));
            if (!source)
                return "a list of positions was expected";
            node.sources.push_back(static_cast<int>(*source));
            cursor.take(",");
        }
        for (Declaration& declaration : outputs)
            node.outputs.push_back(add(std::move(declaration), {}));
        m_data.nodes.push_back(std::move(node));
        return {};
    }

    GraphData m_data;
    std::map<std::string, TensorId, std::less<>> m_ids;
};

} // namespace

Result<Graph> parse(std::string_view text)
{
    return Parser().parse(text);
}

} // namespace qs::graph
