#include "bounds.h"
#include "checks.h"
#include "core/quant/resolve.h"
#include "core/stats/calibrate.h"
#include "reload_check.h"

#include "core/exec/interpreter.h"
#include "core/exec/program.h"
#include "core/onnx/export.h"
#include "core/quant/plan.h"
#include "core/quant/presets.h"
#include "core/quant/recipe_json.h"
#include "core/stats/calibration.h"

#include "tests/judge/raw_images.h"

#include <algorithm>
#include <array>
#include <fstream>
#include <random>

namespace qs::random_tests {

namespace {

quant::Recipe randomRecipe(const graph::SiteTable& sites, std::mt19937_64& random)
{
    const auto below = [&](std::size_t n) { return random() % n; };
    constexpr std::array<int, 6> kBits = {8, 8, 8, 6, 4, 3};
    const auto list = quant::presets();
    const int activation = kBits[below(kBits.size())];
    auto recipe = quant::presetRecipe(below(3) == 0 ? "minmax" : list[below(list.size())].name,
                                      kBits[below(kBits.size())], activation);
    if (!recipe)
        return {};
    if (below(3) == 0)
        recipe->coverage = graph::Coverage::Full;
    // Single sites otherwise than the rest: in float, with other bits, symmetric.
    for (std::size_t n = sites.size() > 0 ? below(3) : 0; n > 0; --n) {
        const graph::Site& site = sites.all()[below(sites.size())];
        quant::SitePatch patch;
        switch (below(3)) {
        case 0:
            patch.bits = quant::kFloatBits;
            break;
        case 1:
            patch.bits = 2 + static_cast<int>(below(7));
            break;
        default:
            if (quant::settingsOf(*recipe, site).quantizer == "uniform")
                patch.scheme = quant::Scheme::Symmetric;
            break;
        }
        recipe->overrides[site.name] = patch;
    }
    return *recipe;
}

/// What flowed into the sites in one run, by tensor.
class Recorder final : public exec::Observer {
public:
    explicit Recorder(const onnx::Model& model) : m_model(model) {}
    void observe(SiteId site, std::size_t, int, std::span<const float> data) override
    {
        const TensorId id = m_model.sites[site].tensor;
        seen[id] = Tensor::fromFloats(m_model.graph.value(id).shape, data);
    }
    std::map<TensorId, Tensor> seen;

private:
    const onnx::Model& m_model;
};

/// One simulated run, taken apart at its sites.
class Parts {
public:
    Parts(const onnx::Model& model, const quant::Plan& plan, std::span<const float> image)
        : m_model(model), m_plan(plan), m_recorder(model),
          m_input(Tensor::fromFloats(model.graph.value(model.graph.input()).shape, image))
    {
    }

    Result<void> run()
    {
        exec::Program::Options options;
        for (const graph::Site& site : m_model.sites)
            if (site.kind == graph::SiteKind::Activation && m_plan[site.id].quantized())
                options.observed.push_back(site.id);
        QS_ASSIGN(const auto program, exec::Program::compile(m_model, m_plan.simulation, options));
        exec::Workspace workspace;
        logits.resize(static_cast<std::size_t>(program.outputElements()));
        exec::run(program, workspace, m_input.floats().data(), logits.data(), nullptr, &m_recorder);
        QS_CHECK(interpret(0));
        for (std::uint64_t draw = 1; draw <= 2; ++draw)
            QS_CHECK(interpret(draw << 32));
        return {};
    }

    /// Differences of the executor to the interpreter beyond the tolerance of the part.
    std::vector<Finding> findings() const
    {
        std::vector<Finding> list;
        for (const auto& [id, value] : m_recorder.seen)
            if (id != m_model.graph.input() && !m_model.graph.value(id).isConstant())
                compare(list, value.floats(), id, m_model.graph.value(id).name);
        if (!m_recorder.seen.contains(m_model.graph.output()))
            compare(list, logits, m_model.graph.output(), "logits");
        return list;
    }
    double toleranceOf(TensorId id) const
    {
        const auto it = m_moved.find(id);
        double largest = 0;
        for (const float v : m_computed[id.index()].floats())
            largest = std::max(largest, std::abs(static_cast<double>(v)));
        return 8 * (it == m_moved.end() ? 0 : it->second) + 2e-6 * largest;
    }
    const std::map<TensorId, Tensor>& seen() const { return m_recorder.seen; }
    const std::vector<Tensor>& values() const { return m_values; }     ///< the executor's where it has them
    const std::vector<Tensor>& computed() const { return m_computed; } ///< the interpreter's from those
    std::vector<float> logits;

private:
    Result<void> interpret(std::uint64_t draw)
    {
        const exec::Interpreter interpreter(m_model, m_plan.simulation);
        std::uint64_t number = draw;
        if (draw == 0) {
            m_computed.assign(m_model.graph.values().size(), {});
            m_values = m_computed;
        }
        const auto sink = [&](TensorId id, Tensor& value) {
            if (draw != 0)
                perturb(value, ++number);
            const auto it = m_recorder.seen.find(id);
            if (draw == 0)
                m_computed[id.index()] = value;
            else if (it != m_recorder.seen.end() || id == m_model.graph.output())
                m_moved[id] = std::max(m_moved[id], distance(value.floats(), m_computed[id.index()].floats()));
            if (it != m_recorder.seen.end()) {
                value = it->second;
                if (draw != 0) // last bits alone, lest codes change: what reads the value in float may be steep
                    perturb(value, ++number, 1.2e-7F);
            }
            if (draw == 0)
                m_values[id.index()] = value;
        };
        QS_CHECK(interpreter.run(m_input, {}, sink));
        return {};
    }

    void compare(std::vector<Finding>& list, std::span<const float> found, TensorId id,
                 const std::string& where) const
    {
        const double d = distance(found, m_computed[id.index()].floats());
        if (!(d <= toleranceOf(id)))
            list.push_back({"simulation: executor and interpreter", d, toleranceOf(id), where});
    }

    const onnx::Model& m_model;
    const quant::Plan& m_plan;
    Recorder m_recorder;
    Tensor m_input;
    std::vector<Tensor> m_computed, m_values;
    std::map<TensorId, double> m_moved;
};

void checkBounds(QuantizedChecks& checks, const onnx::Model& model, const quant::Plan& plan, const Parts& parts)
{
    for (std::size_t n = 0; n < model.graph.nodes().size(); ++n) {
        const graph::Node& node = model.graph.node(NodeId(n));
        const auto share =
            shareOfBound(model, plan, NodeId(n), parts.values(), parts.computed()[node.outputs[0].index()]);
        if (!share)
            continue;
        ++checks.bounded;
        checks.worstBound = std::max(checks.worstBound, *share);
        if (!(*share <= 1))
            checks.findings.push_back({"quantization bound", *share, 1, node.name});
    }
}

void writeParts(QuantizedChecks& checks, const std::string& stem, const onnx::Model& model, const Parts& parts)
{
    std::ofstream data(stem + ".sites", std::ios::binary), logits(stem + ".logits", std::ios::binary);
    auto list = nlohmann::json::array();
    const auto write = [](std::ofstream& out, std::span<const float> values) {
        out.write(reinterpret_cast<const char*>(values.data()), static_cast<std::streamsize>(values.size_bytes()));
    };
    for (const auto& [id, value] : parts.seen()) {
        list.push_back({{"name", model.graph.value(id).name},
                        {"elements", value.elements()},
                        {"tolerance", model.graph.value(id).isConstant() ? 0 : parts.toleranceOf(id)}});
        write(data, value.floats());
    }
    write(logits, parts.logits);
    const TensorId out = model.graph.output();
    checks.exported = {{"sites", list}, {"output_tolerance", parts.toleranceOf(out)}};
}

Result<void> quantize(QuantizedChecks& checks, const std::string& stem, const onnx::Model& model,
                      std::vector<float> images, std::uint64_t seed, std::string& step)
{
    std::mt19937_64 random(seed);
    const quant::Recipe recipe = randomRecipe(model.sites, random);
    checks.recipe = nlohmann::json::parse(quant::recipeToJson(recipe), nullptr, false);
    const auto run = static_cast<std::size_t>(model.graph.value(model.graph.input()).shape.elements());
    const judge::RawImages source(images, run / static_cast<std::size_t>(model.graph.batch()));
    stats::CalibrationOptions options;
    options.sampleRows = 64;
    step = "calibrate";
    QS_ASSIGN(const auto calibration, stats::calibrate(model, source, options, {}));
    step = "resolve";
    QS_ASSIGN(const auto plan, quant::resolve(model, calibration, recipe, nullptr, {}));
    step = "simulate";
    Parts parts(model, *plan, std::span(images).first(run));
    QS_CHECK(parts.run());
    checks.sites = parts.seen().size();
    const auto found = parts.findings();
    checks.findings.insert(checks.findings.end(), found.begin(), found.end());
    checkBounds(checks, model, *plan, parts);
    writeParts(checks, stem, model, parts);
    step = "export";
    onnx::ExportOptions form;
    form.opset = random() % 3 == 0 ? 21 : 17;
    QS_ASSIGN(const auto report, onnx::exportModel(model, *plan, stem + ".export.onnx", form));
    step = "re-load";
    const Shape& shape = model.graph.value(model.graph.input()).shape;
    QS_ASSIGN(const auto again, checkReloaded(checks, model, *plan, report.path,
                                              Tensor::fromFloats(shape, std::span<const float>(images).first(run))));
    checks.exported["reloaded_sites"] = again;
    checks.exported["path"] = report.path.string();
    return {};
}

} // namespace

QuantizedChecks checkQuantized(const std::string& stem, const onnx::Model& model, std::vector<float> images,
                               std::uint64_t seed)
{
    QuantizedChecks checks;
    std::string step;
    if (const auto done = quantize(checks, stem, model, std::move(images), seed, step); !done)
        checks.refused = step + ": " + done.error().text();
    return checks;
}

} // namespace qs::random_tests
