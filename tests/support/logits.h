#pragma once

#include "core/exec/program.h"
#include "core/exec/run_images.h"
#include "tests/support/small_vit.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

namespace qs::test {

/// Logits of a network under a simulation, on all images.
inline Tensor logitsOf(const SmallVit& vit, const exec::Simulation& simulation, const exec::ImageSource& images)
{
    auto program = exec::Program::compile(vit, simulation, {});
    EXPECT_TRUE(program) << program.error().text();
    auto logits = exec::runImages(*program, images, 0, images.size(), {}, "testing");
    EXPECT_TRUE(logits) << logits.error().text();
    return *logits;
}

/// max |a - b| / max |a|.
inline double relativeDifference(const Tensor& a, const Tensor& b)
{
    double largest = 0;
    double difference = 0;
    for (std::size_t i = 0; i < a.floats().size(); ++i) {
        largest = std::max(largest, std::abs(static_cast<double>(a.floats()[i])));
        difference = std::max(difference, std::abs(static_cast<double>(a.floats()[i]) - b.floats()[i]));
    }
    return difference / largest;
}

} // namespace qs::test
