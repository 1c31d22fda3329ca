#include "core/onnx/second_opinion.h"

#include "core/exec/program.h"
#include "core/onnx/onnx_runtime.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <limits>

namespace qs::onnx {

namespace {

constexpr double kFloatTolerance = 1e-4;
constexpr double kLeastAgreement = 0.985, kLeastSqnrDb = 20, kOwnMarginDb = 6;

std::size_t best(std::span<const float> row)
{
    return static_cast<std::size_t>(std::max_element(row.begin(), row.end()) - row.begin());
}

struct Difference {
    double agreement = 1, relative = 0, sqnrDb = 0;
};

Difference compare(const Tensor& expected, const Tensor& actual, std::size_t images)
{
    const auto a = expected.floats(), b = actual.floats();
    double signal = 0, noise = 0, largest = 0, most = 0;
    for (std::size_t i = 0; i < a.size(); ++i) {
        const double d = std::abs(static_cast<double>(a[i]) - b[i]);
        signal += static_cast<double>(a[i]) * a[i];
        noise += d * d;
        largest = std::max<double>(largest, std::abs(a[i]));
        most = std::max(most, d);
    }
    std::size_t same = 0;
    const std::size_t size = images > 0 ? a.size() / images : 0;
    for (std::size_t i = 0; i < images; ++i)
        same += best(a.subspan(i * size, size)) == best(b.subspan(i * size, size));
    return {images > 0 ? static_cast<double>(same) / static_cast<double>(images) : 1,
            largest > 0 ? most / largest : most,
            noise > 0 ? 10 * std::log10(signal / noise) : std::numeric_limits<double>::infinity()};
}

/// The same images with other last bits: every value changes by up to 2^-20 of itself.
class OtherLastBits : public exec::ImageSource {
public:
    explicit OtherLastBits(const exec::ImageSource& images) : m_images(images) {}
    std::size_t size() const override { return m_images.size(); }
    Result<void> load(std::size_t index, std::span<float> dst) const override
    {
        QS_CHECK(m_images.load(index, dst));
        uint32_t seed = static_cast<uint32_t>(index) * 2654435761u + 1;
        for (float& v : dst) {
            seed = seed * 1664525u + 1013904223u;
            v *= 1 + (static_cast<float>(seed >> 8) * 0x1p-23f - 1) * 0x1p-20f;
        }
        return {};
    }
    std::optional<int> label(std::size_t index) const override { return m_images.label(index); }
    std::string name(std::size_t index) const override { return m_images.name(index); }

private:
    const exec::ImageSource& m_images;
};

Result<Tensor> runNetwork(const Model& model, const exec::Simulation& simulation, Execution execution,
                          const exec::ImageSource& images, std::size_t count, const Context& context,
                          std::string_view stage)
{
    exec::Program::Options options;
    options.execution = execution;
    QS_ASSIGN(const auto program, exec::Program::compile(model.graph, model.sites, simulation, options));
    return exec::runImages(program, images, 0, count, context, stage);
}

} // namespace

void judge(Opinion& opinion, bool quantized)
{
    if (!quantized) {
        opinion.passed = opinion.maxDifference <= kFloatTolerance;
        return;
    }
    const auto images = static_cast<double>(opinion.images);
    const double changed = std::round((1 - opinion.top1Agreement) * images);
    const double ownChanged = std::round((1 - opinion.ownAgreement) * images);
    opinion.passed = opinion.sqnrDb >= std::min(kLeastSqnrDb, opinion.ownSqnrDb - kOwnMarginDb) &&
                     changed <= std::ceil((1 - kLeastAgreement) * images) + 2 * ownChanged;
}

std::string Opinion::text() const
{
    char line[256];
    if (question == "float network")
        std::snprintf(line, sizeof line,
                      "%s on the float network: %zu image%s, largest difference %.1e of the largest output: %s",
                      judge.c_str(), images, images == 1 ? "" : "s", maxDifference, passed ? "passed" : "NOT PASSED");
    else
        std::snprintf(
            line, sizeof line,
            "%s on the %s: %zu image%s, top-1 equal on %.1f %%, SQNR %.1f dB (the simulation with itself, last bits "
            "changed: %.1f %%, %.1f dB): %s",
            judge.c_str(), question.c_str(), images, images == 1 ? "" : "s", top1Agreement * 100, sqnrDb,
            ownAgreement * 100, ownSqnrDb, passed ? "passed" : "NOT PASSED");
    return line;
}

Result<Opinion> referenceOnFloat(const Model& model, const exec::ImageSource& images, std::size_t count,
                                 const Context& context)
{
    Opinion opinion{.judge = "reference execution", .question = "float network"};
    opinion.images = std::min(count, images.size());
    QS_ASSIGN(const Tensor expected,
              runNetwork(model, {}, Execution::Float, images, opinion.images, context, "checking"));
    QS_ASSIGN(const Tensor actual,
              runNetwork(model, {}, Execution::Reference, images, opinion.images, context, "reference, float"));
    const Difference d = compare(expected, actual, opinion.images);
    opinion.top1Agreement = d.agreement;
    opinion.maxDifference = d.relative;
    opinion.sqnrDb = d.sqnrDb;
    judge(opinion, false);
    return opinion;
}

namespace {

/// What the simulation gives, beside itself and beside another's outputs.
Result<Opinion> besideSimulation(Opinion opinion, const Model& model, const quant::Plan& plan, const Tensor& actual,
                                 const exec::ImageSource& images, const Context& context)
{
    QS_ASSIGN(const Tensor expected,
              runNetwork(model, plan.simulation, context.execution, images, opinion.images, context, "simulating"));
    QS_ASSIGN(const Tensor own, runNetwork(model, plan.simulation, context.execution, OtherLastBits(images),
                                           opinion.images, context, "simulating with other last bits"));
    if (expected.elements() != actual.elements())
        return fail(ErrorCode::Internal, "the exported file has another number of outputs", opinion.judge);
    const Difference d = compare(expected, actual, opinion.images);
    const Difference o = compare(expected, own, opinion.images);
    opinion.top1Agreement = d.agreement;
    opinion.maxDifference = d.relative;
    opinion.sqnrDb = d.sqnrDb;
    opinion.ownAgreement = o.agreement;
    opinion.ownSqnrDb = o.sqnrDb;
    judge(opinion, true);
    return opinion;
}

} // namespace

Result<Opinion> referenceOnExport(const Model& model, const quant::Plan& plan, const Model& reloaded,
                                  const exec::ImageSource& images, std::size_t count, const Context& context)
{
    Opinion opinion{.judge = "reference execution", .question = "exported file"};
    opinion.images = std::min(count, images.size());
    QS_ASSIGN(const Tensor actual, runNetwork(reloaded, {}, Execution::Reference, images, opinion.images, context,
                                              "reference, exported file"));
    return besideSimulation(std::move(opinion), model, plan, actual, images, context);
}

Result<Opinion> onnxRuntimeOnExport(const std::string& python, const Model& model, const quant::Plan& plan,
                                    const std::filesystem::path& path, const exec::ImageSource& images,
                                    std::size_t count, const Context& context)
{
    Opinion opinion{.judge = "ONNX Runtime", .question = "exported file"};
    opinion.images = std::min(count, images.size());
    QS_ASSIGN(auto outputs, runOnnxRuntime(python, model, path, images, opinion.images, context));
    opinion.judge += " " + outputs.version;
    return besideSimulation(std::move(opinion), model, plan, outputs.values, images, context);
}

std::string judgePython()
{
    const char* named = std::getenv("QUANTOSCOPE_PYTHON");
    return named && *named ? named : "python3";
}

} // namespace qs::onnx
