// differ: random networks through every comparison inside the engine.
// Reads lines "STEM MODE SEED [batch=N] [output=NAME]" from standard input; STEM.onnx and STEM.images (raw float32)
// are there. MODE: light (the executor alone), float, quantized (float and quantized); the rest is told to the
// importer. Writes STEM.float (the output of the first run) and what checkQuantized says, and prints one line of JSON
// a network, with the name of the output that counts. "differ --operators" prints the operators that the importer has
// rules for.
#include "checks.h"

#include "core/kernels/target.h"
#include "core/onnx/lowering.h"

#include "tests/judge/raw_images.h"

#include <cstdio>
#include <fstream>
#include <iostream>
#include <sstream>

namespace {

using namespace qs;
using nlohmann::json;

onnx::ImportOptions readOptions(std::istringstream& words)
{
    onnx::ImportOptions options;
    std::string word;
    while (words >> word)
        if (word.starts_with("batch="))
            options.batch = std::stoll(word.substr(6));
        else if (word.starts_with("output="))
            options.outputs = {word.substr(7)};
    return options;
}

json differ(const std::string& stem, const std::string& mode, std::uint64_t seed, const onnx::ImportOptions& options)
{
    json line = {{"stem", stem}};
    auto model = onnx::importModel(stem + ".onnx", options);
    if (model && model->info.counted.size() > 1) { // judged one at a time
        onnx::ImportOptions one = options;
        one.outputs = {model->info.counted.front()};
        model = onnx::importModel(stem + ".onnx", one);
    }
    if (!model)
        return {{"stem", stem}, {"refused", "import: " + model.error().message}, {"where", model.error().where}};
    const std::vector<float> images = judge::readFloats(stem + ".images");
    const auto each = static_cast<std::size_t>(model->graph.value(model->graph.input()).shape.elements());
    if (images.size() < each)
        return {{"stem", stem}, {"refused", "images: too few"}};
    const auto checks =
        random_tests::checkFloat(stem + ".onnx", *model, std::span(images).first(each), seed, mode == "light");
    if (!checks)
        return {{"stem", stem}, {"refused", "run: " + checks.error().text()}};
    std::ofstream out(stem + ".float", std::ios::binary);
    out.write(reinterpret_cast<const char*>(checks->logits.data()),
              static_cast<std::streamsize>(checks->logits.size() * sizeof(float)));
    line["output"] = model->info.counted.front();
    line["tolerance"] = checks->tolerance;
    line["comparisons"] = checks->comparisons;
    line["findings"] = toJson(checks->findings);
    if (mode != "quantized")
        return line;
    const auto quantized = random_tests::checkQuantized(stem, *model, images, seed);
    line["quantized"] = {
        {"findings", toJson(quantized.findings)}, {"refused", quantized.refused},        {"sites", quantized.sites},
        {"bounded", quantized.bounded},           {"worst_bound", quantized.worstBound}, {"recipe", quantized.recipe},
        {"exported", quantized.exported}};
    return line;
}

} // namespace

int main(int count, char** arguments)
{
    if (const auto chosen = kernels::selectTarget(); !chosen) {
        std::fprintf(stderr, "%s\n", chosen.error().text().c_str());
        return 2;
    }
    if (count > 1 && std::string(arguments[1]) == "--operators") {
        for (const auto rules :
             {onnx::elementwiseRules(), onnx::constantRules(), onnx::movementRules(), onnx::gatherRules(),
              onnx::resizeRules(), onnx::reductionRules(), onnx::productRules(), onnx::poolingRules(),
              onnx::normalisationRules(), onnx::quantizeRules()})
            for (const onnx::Rule& rule : rules)
                std::printf("%s\n", std::string(rule.op).c_str());
        return 0;
    }
    std::string text;
    while (std::getline(std::cin, text)) {
        std::istringstream words(text);
        std::string stem, mode;
        std::uint64_t seed = 0;
        words >> stem >> mode >> seed;
        const json said = differ(stem, mode, seed, readOptions(words));
        std::printf("%s\n", said.dump(-1, ' ', false, json::error_handler_t::replace).c_str());
        std::fflush(stdout);
    }
    return 0;
}
