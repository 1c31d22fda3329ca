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

/// Gathers the samples while images run. Slices, rows and columns are spread evenly, at random inside even parts; the
/// choice depends on the seed and the number of images alone, so that left and right match, whatever threads see them
/// when. Memory: at most 16 · (32 + 64) · k floats a product.
class ProductSampler {
public:
    /// `runs`: how many there will be. Products whose operands have different batch dimensions are left out.
    ProductSampler(const graph::SiteTable& sites, std::size_t runs, uint64_t seed);

    /// What flows into a site in one run, [shape] row-major. Different threads may offer at once, of different runs
    /// or sites.
    void offer(SiteId site, std::size_t run, std::span<const float> data);
    std::size_t bytes() const;
    /// By the left site; the sampler is spent.
    std::vector<ProductSample> finish() { return std::move(m_samples); }

private:
    struct Product {
        std::size_t slices = 0;                   ///< of a run
        std::size_t rows = 0, k = 0, columns = 0; ///< of a whole slice
        std::vector<std::size_t> chosen;          ///< slice numbers over all runs, ascending
        std::vector<std::size_t> rowsOf;          ///< [chosen, sampled rows], ascending in each
        std::vector<std::size_t> columnsOf;
    };
    std::vector<Product> m_products;
    std::vector<ProductSample> m_samples;
    std::vector<float*> m_left, m_right; ///< where the samples lie
};

} // namespace qs::stats
