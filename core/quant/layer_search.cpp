// Based on: PTQ4ViT's released code (the order of a round, the objectives).
// Deviations: the step in use is among the candidates; sample rows instead of all.
#include "core/quant/layer_search.h"

#include "core/kernels/gemm.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <optional>

namespace qs::quant {

namespace {

constexpr std::size_t kLanes = 8;

/// <y, e> and <e, e> (or with importance: sum h e²) of a run of outputs.
struct Sums {
    double dot = 0;
    double square = 0;
};

template <bool kDot, bool kWeighted>
Sums sumsOf(const float* y, const float* found, const float* importance, std::size_t n)
{
    std::array<float, kLanes> dot{};
    std::array<float, kLanes> square{};
    const auto add = [&](std::size_t i, std::size_t lane) {
        const float e = found[i] - y[i];
        if constexpr (kDot)
            dot[lane] += y[i] * e;
        square[lane] += kWeighted ? importance[i] * e * e : e * e;
    };
    std::size_t i = 0;
    for (; i + kLanes <= n; i += kLanes)
        for (std::size_t lane = 0; lane < kLanes; ++lane)
            add(i + lane, lane);
    for (; i < n; ++i)
        add(i, 0);
    Sums sums;
    for (std::size_t lane = 0; lane < kLanes; ++lane) {
        sums.dot += dot[lane];
        sums.square += square[lane];
    }
    return sums;
}

/// 1 - cos(y, y + e) from |y|², <y, e>, |e|². Both zero: 0; one of them zero: 1.
double oneMinusCosine(double power, const Sums& sums)
{
    if (power <= 0)
        return sums.square > 0 ? 1 : 0;
    const double p = sums.dot / power;
    const double q = sums.square / power;
    const double norm = 1 + 2 * p + q; // |ŷ|² / |y|²
    if (norm <= 0)
        return 1;
    const double root = std::sqrt(norm);
    if (p < -0.5)
        return 1 - (1 + p) / root;
    // The same, without the difference of two numbers near 1. Rounding must not make it negative: a mere gain has 0.
    return std::max(0.0, q - p * p) / (root * (root + 1 + p));
}

/// A term with what all candidates are compared with.
struct Target {
    std::vector<float> output;       ///< [m, n]
    std::vector<double> columnPower; ///< [n], squared norms over rows
};

class Search {
public:
    Search(SearchLayer& layer, const Context& context) : m_layer(layer), m_context(context)
    {
        for (const SearchTerm& term : layer.terms) {
            Target& target = m_targets.emplace_back();
            target.output = product(term, values(term.left, true), pack(term, values(term.right, true)));
            target.columnPower.resize(term.n);
            for (std::size_t i = 0; i < target.output.size(); ++i)
                target.columnPower[i % term.n] += static_cast<double>(target.output[i]) * target.output[i];
        }
    }

    Result<SearchResult> run(int rounds)
    {
        SearchResult result;
        for (SearchOperand& operand : m_layer.operands) {
            result.chosen.emplace_back(operand.groups, 0);
            if (operand.candidates > 0) {
                operand.quantized.resize(operand.values.size());
                operand.quantize(0, operand.quantized);
            }
        }
        for (int round = 0; round < rounds; ++round) {
            bool changed = false;
            for (const std::size_t index : m_layer.order) {
                QS_ASSIGN(const double error, step(index, result.chosen[index], changed));
                result.errors.push_back(error);
            }
            if (!changed)
                break;
        }
        return result;
    }

private:
    std::span<const float> values(std::size_t operand, bool asFloat) const
    {
        const SearchOperand& which = m_layer.operands[operand];
        return asFloat ? which.values : which.quantized;
    }

    static kernels::PackedMatrix pack(const SearchTerm& term, std::span<const float> right)
    {
        return kernels::packMatrix(right.data() + term.rightBegin, term.k, term.n, term.n, 1);
    }

    static std::vector<float> product(const SearchTerm& term, std::span<const float> left,
                                      const kernels::PackedMatrix& right)
    {
        std::vector<float> output(term.m * term.n);
        kernels::Epilogue epilogue;
        epilogue.bias = term.bias.empty() ? nullptr : term.bias.data();
        kernels::gemm(left.data() + term.leftBegin, term.k, term.m, right.view(), output.data(), term.n, epilogue);
        return output;
    }

    /// Adds the error of a term's output to those of the operand's groups.
    static void addErrors(const SearchTerm& term, const Target& target, const std::vector<float>& output,
                          Objective objective, std::span<double> errors)
    {
        const std::size_t groups = errors.size();
        const std::size_t width = term.n / groups;
        const bool cosine = objective == Objective::Cosine;
        const bool weighted = objective == Objective::Hessian && !term.importance.empty();
        if (width == 1 && groups > 1) {
            addColumnErrors(term, target, output, cosine, weighted, errors);
            return;
        }
        for (std::size_t row = 0; row < term.m; ++row)
            for (std::size_t g = 0; g < groups; ++g) {
                const std::size_t at = row * term.n + g * width;
                const float* y = target.output.data() + at;
                const float* found = output.data() + at;
                if (cosine) {
                    double power = 0;
                    for (std::size_t j = 0; j < width; ++j)
                        power += static_cast<double>(y[j]) * y[j];
                    errors[g] += oneMinusCosine(power, sumsOf<true, false>(y, found, nullptr, width)) /
                                 static_cast<double>(term.m);
                } else {
                    errors[g] += weighted ? sumsOf<false, true>(y, found, term.importance.data() + at, width).square
                                          : sumsOf<false, false>(y, found, nullptr, width).square;
                }
            }
    }

    static void addColumnErrors(const SearchTerm& term, const Target& target, const std::vector<float>& output,
                                bool cosine, bool weighted, std::span<double> errors)
    {
        std::vector<float> dot(term.n, 0);
        std::vector<float> square(term.n, 0);
        for (std::size_t row = 0; row < term.m; ++row) {
            const float* y = target.output.data() + row * term.n;
            const float* found = output.data() + row * term.n;
            const float* importance = weighted ? term.importance.data() + row * term.n : nullptr;
            for (std::size_t j = 0; j < term.n; ++j) {
                const float e = found[j] - y[j];
                dot[j] += y[j] * e;
                square[j] += importance ? importance[j] * e * e : e * e;
            }
        }
        for (std::size_t j = 0; j < term.n; ++j)
            errors[j] += cosine ? oneMinusCosine(target.columnPower[j], {dot[j], square[j]}) : square[j];
    }

    /// One operand's candidates against the others as they are.
    Result<double> step(std::size_t index, std::vector<std::size_t>& chosen, bool& changed)
    {
        SearchOperand& operand = m_layer.operands[index];
        std::vector<kernels::PackedMatrix> packed(m_layer.terms.size()); // where this operand is the left one
        for (std::size_t t = 0; t < packed.size(); ++t)
            if (m_layer.terms[t].left == index)
                packed[t] = pack(m_layer.terms[t], values(m_layer.terms[t].right, operand.partnersFloat));
        std::vector<std::vector<double>> errors(operand.candidates);
        const auto one = [&](std::size_t candidate, int) {
            errors[candidate].assign(operand.groups, 0);
            if (m_context.stopRequested())
                return;
            std::vector<float> quantized(operand.values.size());
            operand.quantize(candidate, quantized);
            for (std::size_t t = 0; t < m_layer.terms.size(); ++t) {
                const SearchTerm& term = m_layer.terms[t];
                if (term.left == index)
                    addErrors(term, m_targets[t], product(term, quantized, packed[t]), operand.objective,
                              errors[candidate]);
                else if (term.right == index)
                    addErrors(term, m_targets[t],
                              product(term, values(term.left, operand.partnersFloat), pack(term, quantized)),
                              operand.objective, errors[candidate]);
            }
        };
        if (m_context.pool)
            m_context.pool->parallelFor(operand.candidates, one);
        else
            for (std::size_t candidate = 0; candidate < operand.candidates; ++candidate)
                one(candidate, 0);
        if (m_context.stopRequested())
            return cancelled();
        double sum = 0;
        for (std::size_t g = 0; g < operand.groups; ++g) {
            const std::size_t before = chosen[g];
            for (std::size_t candidate = 0; candidate < operand.candidates; ++candidate)
                if (errors[candidate][g] < errors[chosen[g]][g])
                    chosen[g] = candidate;
            changed |= chosen[g] != before;
            sum += errors[chosen[g]][g];
        }
        assemble(operand, chosen);
        return sum;
    }

    /// The operand as its groups have chosen.
    static void assemble(SearchOperand& operand, const std::vector<std::size_t>& chosen)
    {
        std::vector<std::size_t> used = chosen;
        std::ranges::sort(used);
        used.erase(std::unique(used.begin(), used.end()), used.end());
        std::vector<float> part(operand.values.size());
        for (const std::size_t candidate : used) {
            operand.quantize(candidate, part);
            if (used.size() == 1) {
                operand.quantized = part;
                return;
            }
            const std::size_t width = operand.columns / operand.groups;
            for (std::size_t i = 0; i < part.size(); ++i)
                if (chosen[i % operand.columns / width] == candidate)
                    operand.quantized[i] = part[i];
        }
    }

    SearchLayer& m_layer;
    const Context& m_context;
    std::vector<Target> m_targets;
};

} // namespace

Result<SearchResult> searchLayer(SearchLayer& layer, int rounds, const Context& context)
{
    return Search(layer, context).run(rounds);
}

} // namespace qs::quant
