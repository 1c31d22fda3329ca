// gradients MODEL INPUT REFERENCE GRADIENTS [GRID [THREADS [ROUNDS]]]
// dL/doutput of every linear layer and convolution, L = sum over images of KL(softmax(REFERENCE) || softmax(logits)).
// INPUT and REFERENCE: raw float32, all images one after the other. GRID > 0: the inputs of these layers pass a
// quantizer with that step and the range [-1, 1]. Writes GRADIENTS (raw float32: for every layer in
// the order of the graph, all images) and prints "node elements-of-an-image" for each layer. With ROUNDS, then prints
// to stderr the medians of so many alternating passes: the compiled program, the forward sweep alone, gradients.
#include "core/exec/gradient.h"
#include "core/exec/program.h"
#include "core/exec/run_images.h"
#include "core/kernels/quantize.h"
#include "core/onnx/import.h"

#include "raw_images.h"

#include <chrono>
#include <cstdio>
#include <cstdlib>

namespace {

using namespace qs;

class Grid final : public exec::ElementMap {
public:
    explicit Grid(float step) : m_grid{step, 0, -static_cast<int32_t>(1 / step), static_cast<int32_t>(1 / step)} {}
    void apply(const float* src, float* dst, const graph::ChannelLayout& layout) const override
    {
        const auto n = static_cast<std::size_t>(layout.elements());
        kernels::fakeQuantize({src, n}, m_grid, {dst, n});
    }

private:
    kernels::QuantGrid m_grid;
};

int failWith(const Error& error)
{
    std::fprintf(stderr, "%s\n", error.text().c_str());
    return 2;
}

bool isLayer(const graph::Node& node)
{
    return node.op == "Linear" || node.op == "Conv";
}

exec::Simulation onGrid(const onnx::Model& model, float step)
{
    exec::Simulation simulation;
    simulation.activations.resize(model.sites.size());
    for (const graph::Site& site : model.sites.all())
        if (step > 0 && site.kind == graph::SiteKind::Activation && !site.uses.empty() &&
            isLayer(model.graph.node(site.uses[0].node)))
            simulation.activations[site.id.index()] = std::make_shared<Grid>(step);
    return simulation;
}

double median(std::vector<double> times)
{
    std::nth_element(times.begin(), times.begin() + static_cast<std::ptrdiff_t>(times.size() / 2), times.end());
    return times[times.size() / 2];
}

} // namespace

int main(int count, char** arguments)
{
    if (count < 5)
        return 2;
    const auto model = onnx::importModel(arguments[1]);
    if (!model)
        return failWith(model.error());
    std::vector<TensorId> layers;
    for (const graph::Node& node : model->graph.nodes())
        if (isLayer(node))
            layers.push_back(node.outputs[0]);
    const exec::Simulation simulation =
        onGrid(*model, count > 5 ? static_cast<float>(std::atof(arguments[5])) : 0.0f);
    const auto program = exec::GradientProgram::compile(*model, simulation, layers);
    if (!program)
        return failWith(program.error());

    const judge::RawImages images(judge::readFloats(arguments[2]),
                                  static_cast<std::size_t>(program->inputElements() / program->batch()));
    const auto rows = static_cast<int64_t>(images.size());
    const auto logits = judge::readFloats(arguments[3]);
    const int64_t classes = program->outputElements() / program->batch();
    if (static_cast<int64_t>(logits.size()) != rows * classes)
        return failWith({ErrorCode::InvalidArgument, "the reference does not fit the images", arguments[3]});
    const Tensor reference = Tensor::fromFloats({rows, classes}, logits);
    ThreadPool pool(count > 6 ? std::atoi(arguments[6]) : 1);
    Context context;
    context.pool = &pool;

    std::vector<std::vector<float>> found(layers.size());
    const auto keep = [&](const exec::GradientBatch& batch) -> Result<void> {
        for (std::size_t i = 0; i < layers.size(); ++i) {
            const auto all = batch.gradients[i].floats();
            const auto here = all.first(all.size() / static_cast<std::size_t>(program->batch()) * batch.images);
            found[i].insert(found[i].end(), here.begin(), here.end());
        }
        return {};
    };
    const auto loss = exec::lossGradients(*program, images, 0, images.size(), reference, context, "gradients", keep);
    if (!loss)
        return failWith(loss.error());
    std::ofstream out(arguments[4], std::ios::binary);
    for (std::size_t i = 0; i < layers.size(); ++i) {
        const graph::Value& value = model->graph.value(layers[i]);
        std::printf("%s %zu\n", model->graph.node(value.producer).name.c_str(), found[i].size() / images.size());
        out.write(reinterpret_cast<const char*>(found[i].data()),
                  static_cast<std::streamsize>(found[i].size() * sizeof(float)));
    }
    if (count <= 7)
        return 0;

    using Clock = std::chrono::steady_clock;
    const auto timed = [](auto&& body) {
        const auto start = Clock::now();
        body();
        return std::chrono::duration<double>(Clock::now() - start).count();
    };
    const auto compiled = exec::Program::compile(*model, simulation, {});
    const auto forward = exec::GradientProgram::compile(*model, simulation, {});
    const auto ignore = [](const exec::GradientBatch&) -> Result<void> { return {}; };
    std::vector<double> a, b, c;
    for (int round = 0; round < std::atoi(arguments[7]); ++round) {
        a.push_back(timed([&] { (void)exec::runImages(*compiled, images, 0, images.size(), context, ""); }));
        b.push_back(timed(
            [&] { (void)exec::lossGradients(*forward, images, 0, images.size(), reference, context, "", ignore); }));
        c.push_back(timed(
            [&] { (void)exec::lossGradients(*program, images, 0, images.size(), reference, context, "", ignore); }));
    }
    const double perImage = 1000 / static_cast<double>(images.size());
    std::fprintf(stderr, "ms an image: program %.2f, forward %.2f, gradients %.2f\n", median(a) * perImage,
                 median(b) * perImage, median(c) * perImage);
    return 0;
}
