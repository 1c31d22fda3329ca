#pragma once

#include <cstddef>
#include <cstdint>

namespace qs::kernels {

/// The products of one instruction set: what a file integer_<set>.cpp gives. Such files are compiled with flags of
/// their own and contain only intrinsics in an anonymous namespace, so that no function of theirs is linked in place
/// of one that runs on every machine.
///
/// B lies in panels of `width` columns: [panels, ceil(k / depth) depth / group, width, group], zeros where B ends; an
/// element is an s8, or an s16 where `wide`. A is a block of rows with that many (padded) columns, of u8 or s8, or of
/// s16 where `wide`.
struct IntegerKernel {
    std::size_t rows = 1;        ///< most rows of A in one call
    std::size_t rowMultiple = 1; ///< as many rows as this are read and written at once: A's rows are filled up to it
    std::size_t width = 1;       ///< columns of a panel
    std::size_t group = 4;       ///< rows of B that lie together
    std::size_t depth = 4;       ///< k is filled up to a multiple of it
    bool wide = false;
    /// sums [rows, width] = A * panel. aStride in bytes, k padded.
    using Multiply = void (*)(const void* a, std::size_t aStride, std::size_t rows, const void* panel, std::size_t k,
                              int32_t* sums);
    Multiply multiplyUnsigned = nullptr;
    Multiply multiplySigned = nullptr; ///< the same function where `wide`
    void (*begin)() = nullptr;         ///< before and after calls of one thread; null: nothing to do
    void (*end)() = nullptr;
};

// By instruction set; null where this build or this machine does not have it. Asked once by target.cpp.
const IntegerKernel* scalarIntegers();
const IntegerKernel* avx2Integers();       ///< 16-bit multiplications (vpmaddwd)
const IntegerKernel* avxVnniIntegers();    ///< vpdpbusd on 256 bits
const IntegerKernel* avx512VnniIntegers(); ///< vpdpbusd on 512 bits
const IntegerKernel* amxIntegers();        ///< tiles; asks the system for them, which may refuse
const IntegerKernel* neonIntegers();       ///< sdot

/// Of the target in use.
const IntegerKernel& activeIntegerKernel();

} // namespace qs::kernels
