#include "core/base/file.h"
#include "core/exec/op.h"
#include "core/exec/program.h"
#include "core/exec/run_images.h"
#include "core/images/folder.h"
#include "core/onnx/export.h"
#include "core/quant/plan.h"
#include "core/quant/presets.h"
#include "core/quant/resolve.h"
#include "core/stats/calibrate.h"
#include "core/stats/calibration.h"
#include "tests/support/temp_dir.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <vector>

/// Exports real models and lets tests/judge/export_check.py judge the files in ONNX Runtime: QUANTOSCOPE_PYTHON, and
/// QUANTOSCOPE_PYTHON_OLDER where it is set, name Pythons with onnx and onnxruntime.
namespace qs::onnx {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

/// Keeps what flows into every site in the first run.
class Recorder final : public exec::Observer {
public:
    void observe(SiteId site, std::size_t run, int, std::span<const float> data) override
    {
        if (run == 0)
            m_values[site].assign(data.begin(), data.end());
    }
    const std::vector<float>& at(SiteId site) const { return m_values.at(site); }

private:
    std::map<SiteId, std::vector<float>> m_values;
};

struct Subject {
    fs::path model;
    images::ImageFolder calibration, images;
    images::Preprocess preprocess, imagesPreprocess;
    std::size_t calibrationCount = 32, count = 200;
};

struct Variant {
    std::string name;
    int weightBits = 8, activationBits = 8;
    bool isUnsigned = false;
    std::string preset = "minmax";
    bool fullRange = false; ///< weights that saturate on CPUs without VNNI
    int opset = 17;
    std::string gelu = {};           ///< quantizer of fc2's inputs; "": uniform
    std::string softmax = {};        ///< of softmax outputs
    bool full = false;               ///< coverage full; else as the preset has it
    std::string endToEnd = "logits"; ///< what export_check.py judges end to end: top1, logits or none
};

std::string precisionName(Precision precision)
{
    return precision == Precision::Int8 ? "int8" : precision == Precision::Float ? "float" : "moves";
}

class ExportJudge : public testing::Test {
protected:
    void SetUp() override
    {
        for (const char* variable : {"QUANTOSCOPE_PYTHON", "QUANTOSCOPE_PYTHON_OLDER"})
            if (const char* python = std::getenv(variable); python && *python != '\0')
                m_pythons.emplace_back(python);
        if (m_pythons.empty())
            GTEST_SKIP() << "QUANTOSCOPE_PYTHON names no Python with onnxruntime";
    }

    void judge(const Subject& subject, const std::vector<Variant>& variants)
    {
        ASSERT_NO_FATAL_FAILURE(prepare(subject));
        for (const Variant& variant : variants)
            ASSERT_NO_FATAL_FAILURE(add(variant));
        std::ofstream(m_folder / "manifest.json") << m_manifest.dump();
        for (const std::string& python : m_pythons) {
            const std::string command =
                "'" + python + "' '" QUANTOSCOPE_EXPORT_CHECK "' '" + m_folder.path().string() + "'";
            const int status = std::system(command.c_str());
            if (WEXITSTATUS(status) == 77)
                GTEST_SKIP() << python << " has no onnxruntime";
            EXPECT_EQ(status, 0) << command;
        }
    }

private:
    json writeFloats(const std::string& name, std::span<const float> values, const std::vector<int64_t>& shape)
    {
        std::ofstream out(m_folder / (name + ".f32"), std::ios::binary);
        out.write(reinterpret_cast<const char*>(values.data()), static_cast<std::streamsize>(values.size_bytes()));
        return {{"file", name + ".f32"}, {"shape", shape}};
    }
    json writeValue(const std::string& name, std::span<const float> values, const Shape& shape)
    {
        std::vector<int64_t> dims;
        for (std::size_t i = 0; i < shape.rank(); ++i)
            dims.push_back(shape[i]);
        return writeFloats(name, values, dims);
    }

    void prepare(const Subject& subject)
    {
        auto imported = importModel(subject.model);
        ASSERT_TRUE(imported) << imported.error().text();
        m_imported = std::move(*imported);
        const Model& model = *m_imported;
        const auto calibrationImages = images::makeSource(subject.calibration, subject.preprocess);
        m_images = images::makeSource(subject.images, subject.imagesPreprocess);
        m_count = std::min(subject.count, m_images->size());
        m_context.pool = &m_pool;
        stats::CalibrationOptions options;
        options.images = subject.calibrationCount;
        auto calibration = stats::calibrate(model, *calibrationImages, options, m_context);
        ASSERT_TRUE(calibration) << calibration.error().text();
        m_calibration = *calibration;

        const ModelInfo& info = model.info;
        const auto pixels = static_cast<std::size_t>(info.channels * info.height * info.width);
        std::vector<float> all(pixels * m_count);
        json labels = json::array();
        for (std::size_t i = 0; i < m_count; ++i) {
            ASSERT_TRUE(m_images->load(i, std::span(all).subspan(i * pixels, pixels)));
            labels.push_back(m_images->label(i) ? json(*m_images->label(i)) : json());
        }
        m_manifest["float"] = subject.model.string();
        m_manifest["images"] =
            writeFloats("images", all, {static_cast<int64_t>(m_count), info.channels, info.height, info.width});
        m_manifest["labels"] = labels;
        m_manifest["variants"] = json::array();
    }

    void add(const Variant& variant)
    {
        const Model& model = *m_imported;
        auto recipe = quant::presetRecipe(std::string(variant.preset) + std::string(quant::kLiteral),
                                          variant.weightBits, variant.activationBits);
        ASSERT_TRUE(recipe) << recipe.error().text();
        recipe->weight.saturationSafe = !variant.fullRange;
        if (variant.full)
            recipe->coverage = graph::Coverage::Full;
        const auto use = [&](graph::Role role, const std::string& quantizer) {
            if (quantizer.empty())
                return;
            quant::Rule rule;
            rule.match.kind = graph::SiteKind::Activation;
            rule.match.role = role;
            rule.set.quantizer = quantizer;
            recipe->rules.push_back(rule);
        };
        use(graph::Role::Fc2, variant.gelu);
        use(graph::Role::SoftmaxOutput, variant.softmax);
        auto plan = quant::resolve(model, m_calibration, *recipe, nullptr, m_context);
        ASSERT_TRUE(plan) << plan.error().text();
        ExportOptions options;
        options.opset = variant.opset;
        options.unsignedWeights = variant.isUnsigned;
        const auto report = exportModel(model, **plan, m_folder / (variant.name + ".onnx"), options);
        ASSERT_TRUE(report) << report.error().text();
        // One image in the plain loops of the reference execution: what it proves of a file, a second does not add.
        const auto verified = verifyExport(model, **plan, report->path, *m_images, {8, 1}, m_context);
        ASSERT_TRUE(verified) << verified.error().text();
        std::string opinions;
        for (const Opinion& opinion : verified->opinions)
            opinions += "\n" + opinion.text();
        EXPECT_TRUE(verified->passed) << variant.name << opinions;
        std::printf(
            "%s: %zu bytes, %.1f %% of the products in int8; re-loaded file: %zu weights equal, SQNR %.1f dB\n",
            variant.name.c_str(), report->fileBytes, 100 * report->int8MacShare(), verified->weightsCompared,
            verified->logitSqnrDb);
        for (const std::string& warning : report->warnings)
            std::printf("  warning: %s\n", warning.c_str());

        std::vector<SiteId> observed;
        for (const graph::Site& site : model.sites)
            if (site.kind == graph::SiteKind::Activation)
                observed.push_back(site.id);
        auto program = exec::Program::compile(model, (*plan)->simulation, {nullptr, observed});
        ASSERT_TRUE(program) << program.error().text();
        Recorder recorder;
        const auto first = exec::runImages(*program, *m_images, 0, 1, {}, "recording", &recorder);
        ASSERT_TRUE(first) << first.error().text();
        const auto logits = exec::runImages(*program, *m_images, 0, m_count, m_context, "simulating");
        ASSERT_TRUE(logits) << logits.error().text();

        json entry;
        entry["name"] = variant.name;
        entry["file"] = variant.name + ".onnx";
        entry["saturates"] = variant.fullRange && !variant.isUnsigned;
        entry["end_to_end"] = variant.endToEnd;
        entry["logits"] = writeValue(variant.name + ".logits", logits->floats(), logits->shape());
        entry["nodes"] = json::array();
        for (const NodePrecision& node : report->nodes)
            if (node.macs > 0)
                entry["nodes"].push_back(
                    {{"node", node.node},
                     {"op", node.op},
                     {"precision", precisionName(node.precision)},
                     {"fed", node.reason != "not quantized" && !node.reason.starts_with("the levels of its input")}});
        entry["layers"] = layers(variant, **plan, recorder);
        m_manifest["variants"].push_back(entry);
    }

    /// Inputs and output of every product whose operands are all quantized, as the simulation has them.
    json layers(const Variant& variant, const quant::Plan& plan, const Recorder& recorder)
    {
        const Model& model = *m_imported;
        json list = json::array();
        for (std::size_t i = 0; i < model.graph.nodes().size(); ++i) {
            const NodeId id(i);
            const graph::Node& node = model.graph.node(id);
            if (node.op != "Linear" && node.op != "MatMul" && node.op != "Conv")
                continue;
            json inputs = json::array();
            std::vector<Tensor> values;
            for (int k = 0; k < static_cast<int>(node.inputs.size()); ++k) {
                const graph::Use use{id, k};
                if (const auto it = plan.simulation.constants.find(use); it != plan.simulation.constants.end()) {
                    values.push_back(it->second);
                    continue;
                }
                const SiteId site = model.sites.at(use);
                if (!site.valid() || !plan[site].quantized()) {
                    values.push_back(node.inputs[static_cast<std::size_t>(k)].valid()
                                         ? model.graph.value(node.inputs[static_cast<std::size_t>(k)]).constant
                                         : Tensor());
                    continue;
                }
                const std::vector<float>& seen = recorder.at(site);
                json input = writeValue(variant.name + "." + std::to_string(i) + "." + std::to_string(k), seen,
                                        model.sites[site].shape);
                input["site"] = model.sites[site].name;
                inputs.push_back(std::move(input));
                Tensor quantized = Tensor::fromFloats(model.sites[site].shape, seen);
                plan.simulation.activations[site.index()]->apply(seen.data(), quantized.mutableData<float>().data(),
                                                                 model.sites[site].layout);
                values.push_back(std::move(quantized));
            }
            const auto output = exec::evaluate(node, values);
            EXPECT_TRUE(output) << output.error().text();
            if (!output)
                return list;
            json out =
                writeValue(variant.name + "." + std::to_string(i), (*output)[0].floats(), (*output)[0].shape());
            out["name"] = model.graph.value(node.outputs[0]).name;
            list.push_back({{"name", node.name}, {"inputs", inputs}, {"output", out}});
        }
        return list;
    }

    test::TempDir m_folder;
    std::vector<std::string> m_pythons;
    ThreadPool m_pool;
    Context m_context;
    std::optional<Model> m_imported;
    std::shared_ptr<const exec::ImageSource> m_images;
    std::shared_ptr<const stats::Calibration> m_calibration;
    std::size_t m_count = 0;
    json m_manifest;
};

constexpr std::size_t kAll = std::numeric_limits<std::size_t>::max();
const Variant kW8A8{.name = "w8a8"};
const Variant kW8A8Whole{.name = "w8a8-whole", .endToEnd = "top1"};
const Variant kPercentileWhole{.name = "percentile-w8a8-whole", .preset = "percentile", .endToEnd = "top1"};
const Variant kUnsigned{.name = "w8a8-unsigned", .isUnsigned = true, .fullRange = true};
const Variant kFullRange{.name = "w8a8-full-range", .fullRange = true};
const Variant kOpset21{.name = "w8a8-opset21", .opset = 21};
const Variant kW6A6{.name = "w6a6", .weightBits = 6, .activationBits = 6, .endToEnd = "none"};
const Variant kSign{.name = "w8a8-sign-log", .gelu = "region-sign", .softmax = "log-sqrt2"};
const Variant kMagnitude{.name = "w8a8-magnitude-log2", .gelu = "region-magnitude", .softmax = "log2"};
const Variant kTwin{.name = "w8a8-twin", .opset = 21, .gelu = "twin-gelu", .softmax = "twin-softmax"};
const Variant kFew{.name = "w4a4-asymmetric-log",
                   .weightBits = 4,
                   .activationBits = 4,
                   .gelu = "region-asymmetric",
                   .softmax = "log-sqrt2",
                   .endToEnd = "none"};
const Variant kRepq{.name = "w8a8-repq-vit", .preset = "repq-vit"};
const Variant kNoisy{.name = "w8a8-noisyquant", .preset = "noisyquant"};
const Variant kNoisyTwin{.name = "w6a6-noisyquant",
                         .weightBits = 6,
                         .activationBits = 6,
                         .preset = "noisyquant-ptq4vit",
                         .endToEnd = "none"};
const Variant kMinMaxFull{.name = "w8a8-full", .full = true};
const Variant kFull{.name = "w8a8-mptq-vit-full", .preset = "mptq-vit", .full = true};
const Variant kFqVit{.name = "w8a8-fq-vit", .preset = "fq-vit"};
const Variant kInt4{.name = "w4a8-int4", .weightBits = 4, .opset = 21, .endToEnd = "none"};

TEST_F(ExportJudge, Demo)
{
    const fs::path demo(QUANTOSCOPE_DEMO_FOLDER);
    Subject subject;
    subject.model = demo / "demo_vit.onnx";
    if (!fs::exists(subject.model))
        GTEST_SKIP() << "there is no " << subject.model;
    auto calibration = images::openFolder(demo / "images" / "calib");
    auto test = images::openFolder(demo / "images" / "test");
    ASSERT_TRUE(calibration && test);
    subject.calibration = *calibration;
    subject.images = *test;
    subject.preprocess = subject.imagesPreprocess = images::preprocessPreset("crop-only", 64, 64).value();
    subject.count = kAll;
    judge(subject, {kW8A8Whole, kUnsigned, kW6A6, kInt4, kSign, kMagnitude, kTwin, kFew, kRepq, kNoisy, kNoisyTwin,
                    kFull, kFqVit});
}

class ExportJudgeDeit : public ExportJudge {
protected:
    void judgeDeit(const char* file, std::size_t count, const std::vector<Variant>& variants)
    {
        const char* assets = std::getenv("QUANTOSCOPE_TEST_ASSETS");
        if (!assets)
            GTEST_SKIP() << "QUANTOSCOPE_TEST_ASSETS is not set";
        const fs::path root(assets);
        Subject subject;
        subject.model = root / "models" / file;
        images::FolderOptions spread; // as the command line picks them
        spread.count = subject.calibrationCount;
        auto calibration = images::openFolder(root / "images" / "imagenet-calib", spread);
        auto validation = images::openFolder(root / "images" / "imagenet-val");
        ASSERT_TRUE(calibration && validation);
        subject.calibration = *calibration;
        subject.images = *validation;
        subject.preprocess = images::preprocessPreset("imagenet", 224, 224).value();
        subject.imagesPreprocess = images::preprocessPreset("crop-only", 224, 224).value();
        subject.count = count;
        judge(subject, variants);
    }
};

/// Every image there is: the figures that are promised of an exported file (export_check.py's "top1").
TEST_F(ExportJudgeDeit, WholeValidationSet)
{
    judgeDeit("deit_tiny_patch16_224.onnx", kAll, {kW8A8Whole, kPercentileWhole});
}

/// Levels, graphs and layers of many forms; the accuracy of 32 images is compared, not shown.
constexpr std::size_t kSome = 32;

TEST_F(ExportJudgeDeit, DynamicBatch)
{
    judgeDeit("deit_tiny_patch16_224.onnx", kSome,
              {kW8A8, kFullRange, kSign, kFew, kRepq, kNoisy, kMinMaxFull, kFull, kFqVit});
}

TEST_F(ExportJudgeDeit, StaticBatch)
{
    judgeDeit("deit_tiny_patch16_224_b1_op17.onnx", kSome, {kOpset21, kInt4});
}

} // namespace
} // namespace qs::onnx
