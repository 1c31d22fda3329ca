#include "core/stats/calibrate.h"
#include "core/stats/calibration.h"
#include "core/stats/calibration_file.h"
#include "tests/support/noise_images.h"
#include "tests/support/random_graph.h"
#include "tests/support/small_vit.h"
#include "tests/support/temp_dir.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace qs::stats {
namespace {

/// Whatever the network, a file that calibrate writes is a file that the others read.
TEST(CalibrationFiles, OfRandomNetworksAreReadable)
{
    const test::TempDir folder;
    const test::NoiseImages images(4);
    int written = 0;
    int products = 0;
    for (unsigned seed = 0; seed < 300; ++seed) {
        const std::string text = test::RandomGraph(seed).text();
        const auto vit = test::smallVit(text);
        const auto calibration = calibrate(vit, images, {}, {});
        if (!calibration) { // values may leave the range of floats
            EXPECT_EQ(calibration.error().code, ErrorCode::NotFinite) << calibration.error().text() << text;
            continue;
        }
        ++written;
        products += static_cast<int>((*calibration)->products.size());
        ASSERT_TRUE(saveCalibration(**calibration, folder / "a.qcal")) << text;
        const auto read = loadCalibration(folder / "a.qcal");
        ASSERT_TRUE(read) << read.error().text() << "\n" << text;
        EXPECT_TRUE(checkCalibration(**read, "", vit.sites)) << text;
        ASSERT_EQ((*read)->products.size(), (*calibration)->products.size());
        for (const ProductSample& product : (*read)->products) {
            const auto multiplied = std::ranges::any_of(vit.sites[product.left].uses, [&](const graph::Use& use) {
                return vit.graph.node(use.node).op == "MatMul" && vit.sites.at({use.node, 1}) == product.right;
            });
            EXPECT_TRUE(multiplied) << text;
        }
    }
    EXPECT_GT(written, 200);
    EXPECT_GT(products, 50);
}

} // namespace
} // namespace qs::stats
