#include "core/base/tensor.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <new>

namespace qs {

namespace {

constexpr std::align_val_t kAlignment{64};

std::shared_ptr<std::byte[]> allocate(std::size_t sizeBytes)
{
    // One vector of padding: kernels may read (never use) up to 64 bytes past the end.
    auto* p = static_cast<std::byte*>(::operator new[](sizeBytes + 64, kAlignment));
    std::memset(p, 0, sizeBytes + 64);
    return {p, [](std::byte* q) { ::operator delete[](q, kAlignment); }};
}

} // namespace

std::size_t dtypeSize(DType type)
{
    switch (type) {
    case DType::Float32:
    case DType::Int32:
        return 4;
    case DType::Int64:
        return 8;
    case DType::Int8:
    case DType::UInt8:
    case DType::Bool:
        return 1;
    }
    return 0;
}

std::string_view dtypeName(DType type)
{
    switch (type) {
    case DType::Float32:
        return "float32";
    case DType::Int64:
        return "int64";
    case DType::Int32:
        return "int32";
    case DType::Int8:
        return "int8";
    case DType::UInt8:
        return "uint8";
    case DType::Bool:
        return "bool";
    }
    return "?";
}

Tensor::Tensor(DType type, const Shape& shape)
    : m_type(type), m_shape(shape), m_storage(allocate(static_cast<std::size_t>(shape.elements()) * dtypeSize(type)))
{
}

Tensor Tensor::fromFloats(const Shape& shape, std::span<const float> values)
{
    Tensor t(DType::Float32, shape);
    assert(static_cast<std::size_t>(t.elements()) == values.size());
    std::copy(values.begin(), values.end(), t.mutableData<float>().begin());
    return t;
}

Tensor Tensor::fromInts(const Shape& shape, std::span<const int64_t> values)
{
    Tensor t(DType::Int64, shape);
    assert(static_cast<std::size_t>(t.elements()) == values.size());
    std::copy(values.begin(), values.end(), t.mutableData<int64_t>().begin());
    return t;
}

Tensor Tensor::scalar(float value)
{
    return fromFloats({}, {&value, 1});
}

Tensor Tensor::reshaped(const Shape& shape) const
{
    assert(shape.elements() == m_shape.elements());
    Tensor t = *this;
    t.m_shape = shape;
    return t;
}

void Tensor::detach()
{
    if (!m_storage || m_storage.use_count() == 1)
        return;
    auto copy = allocate(sizeBytes());
    std::memcpy(copy.get(), m_storage.get(), sizeBytes());
    m_storage = std::move(copy);
}

int64_t firstNotFinite(const Tensor& tensor)
{
    if (tensor.dtype() != DType::Float32 || tensor.empty())
        return -1;
    const auto values = tensor.floats();
    const auto it = std::find_if(values.begin(), values.end(), [](float v) { return !std::isfinite(v); });
    return it == values.end() ? -1 : it - values.begin();
}

} // namespace qs
