#pragma once

#include "core/base/tensor.h"
#include "core/graph/sites.h"

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace qs::stats {

/// Both operands of a product of two activations (Q·Kᵀ, A·V), as they meet: some slices (an image's head, in general
/// one index of the batch dimensions), of each some rows of the left operand and some columns of the right one, whole
/// along the contracted axis. For searches by the error of the product.
struct ProductSample {
    SiteId left;
    SiteId right;
    Tensor leftValues;  ///< [slices, rows, k]
    Tensor rightValues; ///< [slices, k, columns]
};

constexpr std::size_t kProductSlices = 16;  ///< at most, of a product
constexpr std::size_t kProductRows = 32;    ///< at most, of a slice
constexpr std::size_t kProductColumns = 64; ///< at most, of a slice

/// Which parts of a product are sampled. Slices, rows and columns are spread evenly, at random inside even parts; the
/// choice depends on the seed and the number of images alone.
struct ProductChoice {
    SiteId left, right;
    NodeId node;                              ///< that multiplies
    std::size_t slices = 0;                   ///< of a run
    std::size_t rows = 0, k = 0, columns = 0; ///< of a whole slice
    std::vector<std::size_t> chosen;          ///< slice numbers over all runs, ascending
    std::vector<std::size_t> rowsOf;          ///< [chosen, rowsPerSlice()], ascending in each
    std::vector<std::size_t> columnsOf;       ///< [chosen, columnsPerSlice()]

    std::size_t rowsPerSlice() const { return rowsOf.size() / chosen.size(); }
    std::size_t columnsPerSlice() const { return columnsOf.size() / chosen.size(); }
    /// Zeros, [chosen, rows, columns].
    Tensor emptySample(std::size_t rows, std::size_t columns) const;
    /// Of the slices [rows, columns] that `data` has of one run, the chosen rows and columns to their places in dst.
    /// An empty list of rows or columns: all of them.
    void pick(std::size_t run, std::span<const float> data, std::size_t wholeRows, std::size_t wholeColumns,
              std::span<const std::size_t> pickedRows, std::span<const std::size_t> pickedColumns, float* dst) const;
};

/// Of the MatMul nodes, by the left site. Those whose operands have different batch dimensions are left out. `runs`:
/// of the graph.
std::vector<ProductChoice> productChoices(const graph::SiteTable& sites, std::size_t runs, uint64_t seed);

/// Gathers the samples while images run; left and right match, whatever threads see them when. Memory: at most
/// 16 · (32 + 64) · k floats a product.
class ProductSampler {
public:
    ProductSampler(const graph::SiteTable& sites, std::size_t runs, uint64_t seed);

    /// What flows into a site in one run, [shape] row-major. Different threads may offer at once, of different runs
    /// or sites.
    void offer(SiteId site, std::size_t run, std::span<const float> data);
    std::size_t bytes() const;
    /// By the left site; the sampler is spent.
    std::vector<ProductSample> finish() { return std::move(m_samples); }

private:
    std::vector<ProductChoice> m_products;
    std::vector<ProductSample> m_samples;
    std::vector<float*> m_left, m_right; ///< where the samples lie
};

} // namespace qs::stats
