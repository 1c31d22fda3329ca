#include "checks.h"

#include "core/exec/interpreter.h"
#include "core/exec/program.h"
#include "core/kernels/target.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <limits>

namespace qs::random_tests {

namespace {

struct NamedSwitch {
    const char* name;
    bool exec::Switches::*member;
    bool exact; ///< nothing is computed in another way
};
constexpr std::array<NamedSwitch, 9> kSwitches = {{{"in-place", &exec::Switches::inPlace, true},
                                                   {"reuse-memory", &exec::Switches::reuseMemory, true},
                                                   {"poison", &exec::Switches::poison, true},
                                                   {"fuse-activation", &exec::Switches::fuseActivation, false},
                                                   {"fuse-residual", &exec::Switches::fuseResidual, false},
                                                   {"fuse-scale", &exec::Switches::fuseScale, false},
                                                   {"views", &exec::Switches::views, false},
                                                   {"narrow", &exec::Switches::narrow, false},
                                                   {"layout", &exec::Switches::layout, false}}};

std::uint64_t mix(std::uint64_t x)
{
    x += 0x9E3779B97F4A7C15U;
    x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9U;
    x = (x ^ (x >> 27)) * 0x94D049BB133111EBU;
    return x ^ (x >> 31);
}

bool sameBits(std::span<const float> a, std::span<const float> b)
{
    return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size_bytes()) == 0;
}

/// Runs `times` times on one workspace; the last result.
Result<std::vector<float>> outputOf(const onnx::Model& model, const exec::Program::Options& options,
                                    std::span<const float> image, ThreadPool* pool, int times = 1)
{
    QS_ASSIGN(const auto program, exec::Program::compile(model, {}, options));
    exec::Workspace workspace;
    std::vector<float> output(static_cast<std::size_t>(program.outputElements()));
    for (int t = 0; t < times; ++t)
        exec::run(program, workspace, image.data(), output.data(), pool);
    return output;
}

class Comparison {
public:
    Comparison(FloatChecks& checks, std::span<const float> expected) : m_checks(checks), m_expected(expected) {}
    void add(const std::string& check, const Result<std::vector<float>>& found, bool exact)
    {
        ++m_checks.comparisons;
        if (!found) {
            m_checks.findings.push_back({check, 0, 0, found.error().text()});
            return;
        }
        const double d = distance(*found, m_expected);
        if (!(d <= m_checks.tolerance))
            m_checks.findings.push_back({check, d, m_checks.tolerance, {}});
        else if (exact && !sameBits(*found, m_checks.logits))
            m_checks.findings.push_back({check + " (bits)", distance(*found, m_checks.logits), 0, {}});
        else
            m_right.push_back(check);
    }
    const std::vector<std::string>& right() const { return m_right; }

private:
    FloatChecks& m_checks;
    std::span<const float> m_expected;
    std::vector<std::string> m_right;
};

void checkRewrites(Comparison& comparison, const std::filesystem::path& path, onnx::ImportOptions options,
                   std::span<const float> image)
{
    for (std::size_t r = 0; r < graph::kRewriteNames.size(); ++r) {
        options.rewrites = graph::without(r);
        const auto model = onnx::importModel(path, options);
        if (model) // GroupNormalization and others are half-way forms that need a rewrite
            comparison.add("without rewrite " + std::string(graph::kRewriteNames[r]),
                           outputOf(*model, {}, image, nullptr), false);
    }
}

} // namespace

nlohmann::json toJson(const std::vector<Finding>& findings)
{
    auto list = nlohmann::json::array();
    for (const Finding& f : findings)
        list.push_back({{"check", f.check},
                        {"difference", std::isfinite(f.difference) ? f.difference : 1e38},
                        {"tolerance", f.tolerance},
                        {"guilty", f.guilty}});
    return list;
}

double distance(std::span<const float> a, std::span<const float> b)
{
    if (a.size() != b.size())
        return std::numeric_limits<double>::infinity();
    double worst = 0;
    for (std::size_t i = 0; i < a.size(); ++i) {
        const double d = std::abs(static_cast<double>(a[i]) - b[i]);
        if (std::isnan(d) && !(std::isnan(a[i]) && std::isnan(b[i])) && a[i] != b[i])
            return std::numeric_limits<double>::infinity();
        worst = std::max(worst, std::isnan(d) ? 0 : d);
    }
    return worst;
}

void perturb(Tensor& value, std::uint64_t draw, float size)
{
    if (value.dtype() != DType::Float32)
        return;
    float largest = 0;
    for (const float v : value.floats())
        largest = std::max(largest, std::isfinite(v) ? std::abs(v) : 0.0F);
    std::uint64_t n = mix(draw);
    for (float& v : value.mutableData<float>()) {
        n = mix(n);
        if (std::isfinite(v) && v != std::nearbyint(v))
            v += ((n & 1) != 0 ? size : -size) * (std::abs(v) + 0.1F * largest);
    }
}

Result<Judged> judgedOutput(const onnx::Model& model, const Tensor& input)
{
    const exec::Interpreter interpreter(model, {});
    QS_ASSIGN(Tensor output, interpreter.run(input));
    Judged judged{std::move(output), 0};
    for (std::uint64_t draw = 0; draw < 2; ++draw) {
        std::uint64_t number = draw << 32;
        QS_ASSIGN(const Tensor moved, interpreter.run(input, {}, [&](TensorId, Tensor& v) { perturb(v, ++number); }));
        judged.tolerance = std::max(judged.tolerance, 8 * distance(moved.floats(), judged.output.floats()));
    }
    double largest = 0;
    for (const float v : judged.output.floats())
        largest = std::max(largest, std::abs(static_cast<double>(v)));
    judged.tolerance += 2e-6 * largest;
    return judged;
}

Result<FloatChecks> checkFloat(const std::filesystem::path& path, const onnx::Model& model,
                               std::span<const float> image, std::uint64_t seed, bool light)
{
    FloatChecks checks;
    exec::Program::Options plain;
    plain.weights = exec::makeWeightCache();
    QS_ASSIGN(checks.logits, outputOf(model, plain, image, nullptr));
    if (light)
        return checks;
    const Tensor input = Tensor::fromFloats(model.graph.value(model.graph.input()).shape, image);
    QS_ASSIGN(const Judged judged, judgedOutput(model, input));
    checks.tolerance = judged.tolerance;
    Comparison comparison(checks, judged.output.floats());
    comparison.add("executor and interpreter", checks.logits, false);
    const bool wrong = !checks.findings.empty();

    ThreadPool two(2);
    comparison.add("two threads", outputOf(model, plain, image, &two), true);
    comparison.add("second run", outputOf(model, plain, image, nullptr, 2), true);
    for (const NamedSwitch& s : kSwitches) {
        exec::Program::Options options = plain;
        options.switches.*s.member = !(options.switches.*s.member);
        comparison.add(std::string("switch ") + s.name, outputOf(model, options, image, nullptr), s.exact && !wrong);
    }
    checkRewrites(comparison, path, model.info.options, image);
    const std::string best = kernels::activeTargetName();
    const auto targets = kernels::availableTargets();
    const std::string& other = targets[seed % targets.size()];
    if (other != best && kernels::selectTarget(other)) {
        comparison.add("target " + other, outputOf(model, {}, image, nullptr), false);
        if (!kernels::selectTarget(best))
            return fail(ErrorCode::Internal, "the target cannot be chosen again");
    }
    if (wrong)
        for (const std::string& name : comparison.right())
            checks.findings[0].guilty += (checks.findings[0].guilty.empty() ? "" : ", ") + name;
    return checks;
}

} // namespace qs::random_tests
