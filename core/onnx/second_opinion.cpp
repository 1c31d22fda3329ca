#include "core/onnx/second_opinion.h"

#include "core/base/number_text.h"
#include "core/exec/run_images.h"

#include "core/exec/program.h"
#include "core/graph/output_form.h"
#include "core/onnx/onnx_runtime.h"

#include <algorithm>
#include <cmath>
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

Result<Tensor> runNetwork(const Model& model, const exec::Simulation& simulation, Execution execution,
                          const exec::ImageSource& images, std::size_t count, const Context& context,
                          std::string_view stage)
{
    exec::Program::Options options;
    options.execution = execution;
    QS_ASSIGN(const auto program, exec::Program::compile(model, simulation, options));
    return exec::runImages(program, images, 0, count, context, stage);
}

/// The simulation in both of this engine's executions: what the network makes of other last bits.
struct Simulated {
    Tensor fast, plain;
};

Result<Simulated> simulate(const Model& model, const quant::Plan& plan, const exec::ImageSource& images,
                           std::size_t count, const Context& context)
{
    Simulated both;
    QS_ASSIGN(both.fast, runNetwork(model, plan.simulation, Execution::Float, images, count, context, "simulating"));
    QS_ASSIGN(both.plain, runNetwork(model, plan.simulation, Execution::Reference, images, count, context,
                                     "reference, simulation"));
    return both;
}

void takeOwn(Opinion& opinion, const Simulated& both, std::size_t count)
{
    const Difference d = compare(both.fast, both.plain, count);
    opinion.ownImages = count;
    opinion.ownAgreement = d.agreement;
    opinion.ownSqnrDb = d.sqnrDb;
}

tl::unexpected<Error> otherSize(const std::string& judge)
{
    return fail(ErrorCode::Internal, "the exported file has another number of outputs", judge);
}

} // namespace

void compareRows(Opinion& opinion, const Tensor& expected, const Tensor& actual)
{
    const Difference d = compare(expected, actual, opinion.images);
    opinion.top1Agreement = d.agreement;
    opinion.maxDifference = d.relative;
    opinion.sqnrDb = d.sqnrDb;
}

void judge(Opinion& opinion, bool quantized)
{
    if (!quantized) {
        opinion.passed = opinion.maxDifference <= kFloatTolerance;
        return;
    }
    const auto images = static_cast<double>(opinion.images);
    const double changed = std::round((1 - opinion.top1Agreement) * images);
    const double ownChanged = (1 - opinion.ownAgreement) * images;
    opinion.passed = opinion.sqnrDb >= std::min(kLeastSqnrDb, opinion.ownSqnrDb - kOwnMarginDb) &&
                     (!opinion.scores || changed <= std::ceil((1 - kLeastAgreement) * images) + 2 * ownChanged);
}

std::string Opinion::text() const
{
    const std::string on =
        judge + " on the " + question + ": " + std::to_string(images) + (images == 1 ? " image" : " images");
    if (informs)
        return on + ", largest difference " + numberText(maxDifference, "%.1e") + " of the largest output, SQNR " +
               numberText(sqnrDb, "%.1f") + " dB" +
               (scores ? ", top-1 equal on " + numberText(top1Agreement * 100, "%.1f %%") : std::string()) +
               ": what 16 bits change, which is not simulated";
    std::string line;
    if (ownImages == 0)
        line = ", largest difference " + numberText(maxDifference, "%.1e") + " of the largest output: ";
    else
        line = (scores ? ", top-1 equal on " + numberText(top1Agreement * 100, "%.1f %%") : std::string()) +
               ", SQNR " + numberText(sqnrDb, "%.1f") + " dB (fast beside reference execution: " +
               (scores ? numberText(ownAgreement * 100, "%.1f %%, ") : std::string()) +
               numberText(ownSqnrDb, "%.1f") + " dB): ";
    return on + line + (passed ? "passed" : "NOT PASSED");
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
    opinion.scores = graph::givesScores(model.graph);
    compareRows(opinion, expected, actual);
    judge(opinion, false);
    return opinion;
}

Result<Opinion> referenceOnExport(const Model& model, const quant::Plan& plan, const Model& reloaded,
                                  const exec::ImageSource& images, std::size_t count, const Context& context)
{
    Opinion opinion{.judge = "reference execution", .question = "exported file"};
    opinion.images = std::min(count, images.size());
    QS_ASSIGN(const Simulated both, simulate(model, plan, images, opinion.images, context));
    QS_ASSIGN(const Tensor actual, runNetwork(reloaded, {}, Execution::Reference, images, opinion.images, context,
                                              "reference, exported file"));
    if (actual.elements() != both.plain.elements())
        return otherSize(opinion.judge);
    compareRows(opinion, both.plain, actual);
    takeOwn(opinion, both, opinion.images);
    opinion.scores = graph::givesScores(model.graph);
    judge(opinion, true);
    return opinion;
}

Result<Opinion> onnxRuntimeOnExport(const std::string& python, const Model& model, const quant::Plan& plan,
                                    const std::filesystem::path& path, const exec::ImageSource& images,
                                    std::size_t count, std::size_t ownCount, const Context& context)
{
    Opinion opinion{.judge = "ONNX Runtime", .question = "exported file"};
    opinion.images = std::min(count, images.size());
    QS_ASSIGN(const auto outputs, runOnnxRuntime(python, model, path, images, opinion.images, context));
    opinion.judge += " " + outputs.version;
    QS_ASSIGN(const Tensor expected,
              runNetwork(model, plan.simulation, Execution::Float, images, opinion.images, context, "simulating"));
    if (outputs.values.elements() != expected.elements())
        return otherSize(opinion.judge);
    compareRows(opinion, expected, outputs.values);
    const std::size_t few = std::min(ownCount, opinion.images);
    QS_ASSIGN(const Simulated both, simulate(model, plan, images, few, context));
    takeOwn(opinion, both, few);
    opinion.scores = graph::givesScores(model.graph);
    judge(opinion, true);
    return opinion;
}

std::string judgePython()
{
    const char* named = std::getenv("QUANTOSCOPE_PYTHON");
    return named && *named ? named : "python3";
}

} // namespace qs::onnx
