#pragma once

#include "core/base/context.h"
#include "core/base/error.h"
#include "core/quant/recipe.h"

#include <cstddef>
#include <functional>
#include <span>
#include <vector>

namespace qs::quant {

// The search that EasyQuant and PTQ4ViT share: the steps of both operands of an operator, in turn, each by the error
// of the operator's output while the other stays as it was last chosen.
//
//   O_t = A_t B_t + b_t   (rows [m, k] times [k, n]; a linear layer with several readers, or a product of activations
//                          with several slices, is several terms t)
//   squared error: sum over t, rows i, columns j of h_tij (Ô - O)²;   h = 1 but for Objective::Hessian
//   cosine:        mean over t, i of <O_i, Ô_i> / (|O_i| |Ô_i|), or over t of columns where they are chosen apart
// Both are computed from e = Ô - O in float with sums in double: 1 - cosine keeps its digits near 1.
// Sources: EasyQuant (arXiv 2006.16669); PTQ4ViT (arXiv 2111.12293) and its released code.

/// One operand: its float values, and what candidates make of them. Candidate 0 is where the search begins.
struct SearchOperand {
    std::vector<float> values;
    /// 0: not searched; `quantized` stays.
    std::size_t candidates = 0;
    std::function<void(std::size_t candidate, std::span<float> dst)> quantize;
    /// Columns of B are chosen in so many groups, adjacent and equally large; each has its own best candidate, and
    /// its own share of the score. 1 for operands on the left.
    std::size_t groups = 1;
    std::size_t columns = 1; ///< of B, where groups > 1
    Objective objective = Objective::OutputError;
    bool partnersFloat = false;   ///< searched against the other operands' float values
    std::vector<float> quantized; ///< as long as nothing is chosen; set by the search
};

/// A product of parts of two operands.
struct SearchTerm {
    std::size_t left = 0, right = 0;           ///< operands
    std::size_t leftBegin = 0, rightBegin = 0; ///< where their matrices begin
    std::size_t m = 0, k = 0, n = 0;
    std::span<const float> bias;       ///< [n], or empty
    std::span<const float> importance; ///< [m, n] h of Objective::Hessian; empty: 1
};

struct SearchLayer {
    std::vector<SearchOperand> operands;
    std::vector<std::size_t> order; ///< operands that are searched, in the order of a round
    std::vector<SearchTerm> terms;
};

struct SearchResult {
    std::vector<std::vector<std::size_t>> chosen; ///< [operands][groups], candidates
    /// After each step: squared error, or mean 1 - cosine, of the operand's own objective, summed over its groups.
    std::vector<double> errors;
};

/// Candidates of a step run on the threads of the context. The incumbent is among the candidates of every step and
/// wins ties, then the first of the best: no step makes its error larger. Ends after `rounds`, or when a round
/// changes nothing. Does not depend on threads. Errors: Cancelled.
Result<SearchResult> searchLayer(SearchLayer& layer, int rounds, const Context& context);

} // namespace qs::quant
