#include "core/stats/product_samples.h"

#include "core/stats/reservoir.h"

#include <algorithm>

namespace qs::stats {

namespace {

/// `count` of 0 .. total - 1, ascending: one at random of each of `count` even parts.
void choose(std::size_t total, std::size_t count, uint64_t key, std::vector<std::size_t>& chosen)
{
    for (std::size_t i = 0; i < count; ++i) {
        const std::size_t begin = i * total / count;
        const std::size_t end = (i + 1) * total / count;
        chosen.push_back(begin + mixed(key, i) % (end - begin));
    }
}

/// Batch dimensions, and one more matrix each.
bool multiplies(const graph::Site& left, const graph::Site& right)
{
    const std::size_t rank = left.shape.rank();
    if (rank < 2 || right.shape.rank() != rank || left.shape[rank - 1] != right.shape[rank - 2])
        return false;
    for (std::size_t axis = 0; axis + 2 < rank; ++axis)
        if (left.shape[axis] != right.shape[axis])
            return false;
    return true;
}

} // namespace

ProductSampler::ProductSampler(const graph::SiteTable& sites, std::size_t runs, uint64_t seed)
{
    for (const graph::Site& left : sites)
        for (const graph::Use& use : left.uses) {
            const SiteId other = use.input == 0 ? sites.at({use.node, 1}) : SiteId();
            if (left.kind != graph::SiteKind::Activation || !other.valid() ||
                sites[other].kind != graph::SiteKind::Activation || !multiplies(left, sites[other]))
                continue;
            const std::size_t rank = left.shape.rank();
            Product product;
            product.slices = static_cast<std::size_t>(left.shape.product(0, rank - 2));
            product.rows = static_cast<std::size_t>(left.shape[rank - 2]);
            product.k = static_cast<std::size_t>(left.shape[rank - 1]);
            product.columns = static_cast<std::size_t>(sites[other].shape[rank - 1]);
            const std::size_t total = product.slices * runs;
            if (total * product.rows * product.k * product.columns == 0)
                continue;
            const std::size_t count = std::min(kProductSlices, total);
            const std::size_t rows = std::min(kProductRows, product.rows);
            const std::size_t columns = std::min(kProductColumns, product.columns);
            const uint64_t key = mixed(seed, left.id.index());
            choose(total, count, key, product.chosen);
            for (std::size_t i = 0; i < count; ++i) {
                choose(product.rows, rows, mixed(key, 2 * i + 1), product.rowsOf);
                choose(product.columns, columns, mixed(key, 2 * i + 2), product.columnsOf);
            }
            const auto dimension = [](std::size_t n) { return static_cast<int64_t>(n); };
            m_samples.push_back(
                {left.id, other, Tensor(DType::Float32, {dimension(count), dimension(rows), dimension(product.k)}),
                 Tensor(DType::Float32, {dimension(count), dimension(product.k), dimension(columns)})});
            m_products.push_back(std::move(product));
            m_left.push_back(m_samples.back().leftValues.mutableData<float>().data());
            m_right.push_back(m_samples.back().rightValues.mutableData<float>().data());
        }
}

void ProductSampler::offer(SiteId site, std::size_t run, std::span<const float> data)
{
    for (std::size_t p = 0; p < m_products.size(); ++p) {
        const ProductSample& sample = m_samples[p];
        if (sample.left != site && sample.right != site)
            continue;
        const Product& product = m_products[p];
        const auto rows = static_cast<std::size_t>(sample.leftValues.shape()[1]);
        const auto columns = static_cast<std::size_t>(sample.rightValues.shape()[2]);
        for (std::size_t i = 0; i < product.chosen.size(); ++i) {
            if (product.chosen[i] / product.slices != run)
                continue;
            const std::size_t slice = product.chosen[i] % product.slices;
            if (sample.left == site)
                for (std::size_t r = 0; r < rows; ++r)
                    std::copy_n(data.data() + (slice * product.rows + product.rowsOf[i * rows + r]) * product.k,
                                product.k, m_left[p] + (i * rows + r) * product.k);
            if (sample.right == site)
                for (std::size_t k = 0; k < product.k; ++k)
                    for (std::size_t c = 0; c < columns; ++c)
                        m_right[p][(i * product.k + k) * columns + c] =
                            data[(slice * product.k + k) * product.columns + product.columnsOf[i * columns + c]];
        }
    }
}

std::size_t ProductSampler::bytes() const
{
    std::size_t bytes = 0;
    for (const ProductSample& sample : m_samples)
        bytes += sample.leftValues.sizeBytes() + sample.rightValues.sizeBytes();
    return bytes;
}

} // namespace qs::stats
