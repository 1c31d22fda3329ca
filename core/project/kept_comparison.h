#pragma once

#include "core/quant/recipe.h"
#include "core/report/comparison.h"

#include <map>
#include <string>

namespace qs::project {

/// Lines of a comparison as the session keeps them, and the recipes of those that are of no preset, by method.
struct KeptComparison {
    report::Comparison table;
    std::map<std::string, quant::Recipe> recipes;
};

} // namespace qs::project
