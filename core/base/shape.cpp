#include "core/base/shape.h"

#include <algorithm>

namespace qs {

void Shape::insert(std::size_t at, int64_t d)
{
    assert(at <= m_rank && m_rank < kMaxRank);
    std::copy_backward(m_dims.begin() + at, m_dims.begin() + m_rank, m_dims.begin() + m_rank + 1);
    m_dims[at] = d;
    ++m_rank;
}

void Shape::erase(std::size_t at)
{
    assert(at < m_rank);
    std::copy(m_dims.begin() + at + 1, m_dims.begin() + m_rank, m_dims.begin() + at);
    --m_rank;
}

int64_t Shape::elements() const
{
    return product(0, m_rank);
}

int64_t Shape::product(std::size_t first, std::size_t last) const
{
    int64_t n = 1;
    for (std::size_t i = first; i < last; ++i)
        n *= m_dims[i];
    return n;
}

std::string Shape::text() const
{
    if (m_rank == 0)
        return "scalar";
    std::string s;
    for (std::size_t i = 0; i < m_rank; ++i)
        s += (i ? "×" : "") + std::to_string(m_dims[i]);
    return s;
}

bool operator==(const Shape& a, const Shape& b)
{
    return a.m_rank == b.m_rank && std::equal(a.begin(), a.end(), b.begin());
}

Shape contiguousStrides(const Shape& shape)
{
    Shape strides = shape;
    int64_t step = 1;
    for (std::size_t i = shape.rank(); i-- > 0;) {
        strides[i] = step;
        step *= shape[i];
    }
    return strides;
}

} // namespace qs
