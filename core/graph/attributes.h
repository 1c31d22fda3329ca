#pragma once

#include "core/base/tensor.h"

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace qs::graph {

/// Value of an operator attribute.
using AttributeValue = std::variant<int64_t, float, std::string, std::vector<int64_t>, std::vector<float>, Tensor>;

/// Attributes of a node by name. In an imported graph they also hold what ONNX passes as constant parameter inputs
/// (axes, starts, ends, steps, split, pads, shape, sizes, ...), so that all inputs of a node are data.
class Attributes {
public:
    void set(std::string name, AttributeValue value) { m_values[std::move(name)] = std::move(value); }
    void erase(std::string_view name);
    bool has(std::string_view name) const { return m_values.find(name) != m_values.end(); }
    int64_t integer(std::string_view name, int64_t fallback) const;
    float real(std::string_view name, float fallback) const;
    std::string text(std::string_view name, std::string_view fallback) const;
    std::vector<int64_t> integers(std::string_view name) const; ///< empty where absent
    std::vector<float> reals(std::string_view name) const;      ///< empty where absent
    const Tensor* tensor(std::string_view name) const;          ///< null where absent
    const std::map<std::string, AttributeValue, std::less<>>& all() const { return m_values; }

private:
    std::map<std::string, AttributeValue, std::less<>> m_values;
};

} // namespace qs::graph
