#pragma once

#include "core/base/shape.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

namespace qs {

/// Element types that live inside the engine. Other types of a file (float16, double, ...) are converted on import.
enum class DType : uint8_t { Float32, Int64, Int32, Int8, UInt8, Bool };

std::size_t dtypeSize(DType type);
std::string_view dtypeName(DType type);

template <class T>
struct DTypeOf;
template <>
struct DTypeOf<float> {
    static constexpr DType value = DType::Float32;
};
template <>
struct DTypeOf<int64_t> {
    static constexpr DType value = DType::Int64;
};
template <>
struct DTypeOf<int32_t> {
    static constexpr DType value = DType::Int32;
};
template <>
struct DTypeOf<int8_t> {
    static constexpr DType value = DType::Int8;
};
template <>
struct DTypeOf<uint8_t> {
    static constexpr DType value = DType::UInt8;
};
template <>
struct DTypeOf<bool> {
    static constexpr DType value = DType::Bool;
};

/// A dense, row-major, 64-byte aligned array. Copies share their storage; the first write through a copy detaches
/// (copy on write), so a Tensor behaves as a value and is cheap to pass. Elements start at zero.
class Tensor {
public:
    Tensor() = default;
    Tensor(DType type, const Shape& shape);
    static Tensor fromFloats(const Shape& shape, std::span<const float> values);
    static Tensor fromInts(const Shape& shape, std::span<const int64_t> values);
    static Tensor scalar(float value);

    DType dtype() const { return m_type; }
    const Shape& shape() const { return m_shape; }
    int64_t elements() const { return m_storage ? m_shape.elements() : 0; }
    std::size_t sizeBytes() const { return static_cast<std::size_t>(elements()) * dtypeSize(m_type); }
    bool empty() const { return !m_storage; }

    /// Same elements under another shape of equal size; storage is shared.
    Tensor reshaped(const Shape& shape) const;

    template <class T>
    std::span<const T> data() const
    {
        assert(DTypeOf<T>::value == m_type);
        return {reinterpret_cast<const T*>(m_storage.get()), static_cast<std::size_t>(elements())};
    }
    template <class T>
    std::span<T> mutableData()
    {
        assert(DTypeOf<T>::value == m_type);
        detach();
        return {reinterpret_cast<T*>(m_storage.get()), static_cast<std::size_t>(elements())};
    }
    std::span<const float> floats() const { return data<float>(); }
    const std::byte* bytes() const { return m_storage.get(); }
    std::byte* mutableBytes()
    {
        detach();
        return m_storage.get();
    }

    /// Identity of the storage: equal for copies that share it. For caches.
    const void* storageKey() const { return m_storage.get(); }

private:
    void detach();

    DType m_type = DType::Float32;
    Shape m_shape;
    std::shared_ptr<std::byte[]> m_storage;
};

/// Index of the first NaN or infinity, or -1. Integers are always finite.
int64_t firstNotFinite(const Tensor& tensor);

} // namespace qs
