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

/// Batch dimensions, and one more matrix each. Sites of the coverage MatMul are read by layers alone, and of these
/// only MatMul has two activations: element-wise operators of two residual sums read sites of the other coverage.
bool multiplies(const graph::Site& left, const graph::Site& right)
{
    const std::size_t rank = left.shape.rank();
    if (left.coverage != graph::Coverage::MatMul || right.coverage != graph::Coverage::MatMul)
        return false;
    if (rank < 2 || right.shape.rank() != rank || left.shape[rank - 1] != right.shape[rank - 2])
        return false;
    for (std::size_t axis = 0; axis + 2 < rank; ++axis)
        if (left.shape[axis] != right.shape[axis])
            return false;
    return true;
}

} // namespace

Tensor ProductChoice::emptySample(std::size_t sampleRows, std::size_t sampleColumns) const
{
    const auto dimension = [](std::size_t n) { return static_cast<int64_t>(n); };
    return {DType::Float32, {dimension(chosen.size()), dimension(sampleRows), dimension(sampleColumns)}};
}

void ProductChoice::pick(std::size_t run, std::span<const float> data, std::size_t wholeRows,
                         std::size_t wholeColumns, std::span<const std::size_t> pickedRows,
                         std::span<const std::size_t> pickedColumns, float* dst) const
{
    const std::size_t height = pickedRows.empty() ? wholeRows : pickedRows.size() / chosen.size();
    const std::size_t width = pickedColumns.empty() ? wholeColumns : pickedColumns.size() / chosen.size();
    for (std::size_t i = 0; i < chosen.size(); ++i) {
        if (chosen[i] / slices != run)
            continue;
        const float* slice = data.data() + chosen[i] % slices * wholeRows * wholeColumns;
        for (std::size_t r = 0; r < height; ++r) {
            const float* row = slice + (pickedRows.empty() ? r : pickedRows[i * height + r]) * wholeColumns;
            float* to = dst + (i * height + r) * width;
            for (std::size_t c = 0; c < width; ++c)
                to[c] = row[pickedColumns.empty() ? c : pickedColumns[i * width + c]];
        }
    }
}

std::vector<ProductChoice> productChoices(const graph::SiteTable& sites, std::size_t runs, uint64_t seed)
{
    std::vector<ProductChoice> products;
    for (const graph::Site& left : sites)
        for (const graph::Use& use : left.uses) {
            const SiteId other = use.input == 0 ? sites.at({use.node, 1}) : SiteId();
            if (left.kind != graph::SiteKind::Activation || !other.valid() ||
                sites[other].kind != graph::SiteKind::Activation || !multiplies(left, sites[other]))
                continue;
            const std::size_t rank = left.shape.rank();
            ProductChoice product;
            product.left = left.id;
            product.right = other;
            product.node = use.node;
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
            products.push_back(std::move(product));
        }
    return products;
}

ProductSampler::ProductSampler(const graph::SiteTable& sites, std::size_t runs, uint64_t seed)
    : m_products(productChoices(sites, runs, seed))
{
    for (const ProductChoice& product : m_products) {
        ProductSample& sample = m_samples.emplace_back(product.left, product.right,
                                                       product.emptySample(product.rowsPerSlice(), product.k),
                                                       product.emptySample(product.k, product.columnsPerSlice()));
        m_left.push_back(sample.leftValues.mutableData<float>().data());
        m_right.push_back(sample.rightValues.mutableData<float>().data());
    }
}

void ProductSampler::offer(SiteId site, std::size_t run, std::span<const float> data)
{
    for (std::size_t p = 0; p < m_products.size(); ++p) {
        const ProductChoice& product = m_products[p];
        if (product.left == site)
            product.pick(run, data, product.rows, product.k, product.rowsOf, {}, m_left[p]);
        if (product.right == site)
            product.pick(run, data, product.k, product.columns, {}, product.columnsOf, m_right[p]);
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
