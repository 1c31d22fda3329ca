#include "core/graph/graph.h"

namespace qs::graph {

namespace {

template <class T>
const T* get(const std::map<std::string, AttributeValue, std::less<>>& values, std::string_view name)
{
    const auto it = values.find(name);
    return it == values.end() ? nullptr : std::get_if<T>(&it->second);
}

} // namespace

void Attributes::erase(std::string_view name)
{
    if (const auto it = m_values.find(name); it != m_values.end())
        m_values.erase(it);
}

int64_t Attributes::integer(std::string_view name, int64_t fallback) const
{
    const auto* value = get<int64_t>(m_values, name);
    return value ? *value : fallback;
}

float Attributes::real(std::string_view name, float fallback) const
{
    const auto* value = get<float>(m_values, name);
    return value ? *value : fallback;
}

std::string Attributes::text(std::string_view name, std::string_view fallback) const
{
    const auto* value = get<std::string>(m_values, name);
    return value ? *value : std::string(fallback);
}

std::vector<int64_t> Attributes::integers(std::string_view name) const
{
    const auto* value = get<std::vector<int64_t>>(m_values, name);
    return value ? *value : std::vector<int64_t>{};
}

std::vector<float> Attributes::reals(std::string_view name) const
{
    const auto* value = get<std::vector<float>>(m_values, name);
    return value ? *value : std::vector<float>{};
}

const Tensor* Attributes::tensor(std::string_view name) const
{
    return get<Tensor>(m_values, name);
}

} // namespace qs::graph
