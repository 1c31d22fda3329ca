#pragma once

#include <array>
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>

namespace qs {

/// A short list of sizes or strides, stored inline. Rank 0 is a scalar (one element).
class Shape {
public:
    static constexpr std::size_t kMaxRank = 8;

    Shape() = default;
    Shape(std::initializer_list<int64_t> dims) : Shape(std::span<const int64_t>(dims.begin(), dims.size())) {}
    explicit Shape(std::span<const int64_t> dims)
    {
        assert(dims.size() <= kMaxRank);
        for (int64_t d : dims)
            push_back(d);
    }

    std::size_t rank() const { return m_rank; }
    bool empty() const { return m_rank == 0; }
    int64_t operator[](std::size_t i) const
    {
        assert(i < m_rank);
        return m_dims[i];
    }
    int64_t& operator[](std::size_t i)
    {
        assert(i < m_rank);
        return m_dims[i];
    }
    int64_t back() const
    {
        assert(m_rank > 0);
        return m_dims[m_rank - 1];
    }
    void push_back(int64_t d)
    {
        assert(m_rank < kMaxRank);
        m_dims[m_rank++] = d;
    }
    void insert(std::size_t at, int64_t d);
    void erase(std::size_t at);
    const int64_t* begin() const { return m_dims.data(); }
    const int64_t* end() const { return m_dims.data() + m_rank; }
    std::span<const int64_t> dims() const { return {m_dims.data(), m_rank}; }

    /// Product of all sizes (1 for a scalar).
    int64_t elements() const;
    /// Product of sizes [first, last).
    int64_t product(std::size_t first, std::size_t last) const;
    /// "1×197×192", or "scalar".
    std::string text() const;

    friend bool operator==(const Shape& a, const Shape& b);

private:
    std::array<int64_t, kMaxRank> m_dims{};
    std::size_t m_rank = 0;
};

/// Row-major strides in elements, e.g. [2,3,4] -> [12,4,1].
Shape contiguousStrides(const Shape& shape);

} // namespace qs
