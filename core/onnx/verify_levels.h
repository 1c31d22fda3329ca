#pragma once

#include "core/graph/graph.h"
#include "core/graph/sites.h"
#include "core/quant/plan.h"

namespace qs::onnx {

/// Whether the operators of a re-loaded file that lead to `read` compute what the site's quantizer does, bit by bit:
/// they are evaluated on every level, every border between levels with its neighbours, values between, far outside,
/// and 0. They are those whose names begin with the site's name and a slash, up to the site's value.
bool sameLevels(const graph::Graph& reloaded, TensorId read, const graph::Site& site, const quant::SitePlan& plan);

} // namespace qs::onnx
