#include "core/onnx/onnx_runtime.h"

#include "core/base/file.h"
#include "core/base/process.h"
#include "core/base/write_file.h"
#include "core/graph/output_form.h"

#include <algorithm>
#include <cstring>

namespace qs::onnx {

namespace {

/// Reads images [n, c, h, w] as raw floats, gives the file what its input takes, writes its outputs as raw floats.
constexpr const char* kScript = R"py(
import ctypes
import sys
import numpy as np
import onnxruntime as ort
model, images, outputs, count, batch, c, h, w, *wanted = sys.argv[1:]
count, batch, c, h, w = int(count), int(batch), int(c), int(h), int(w)
session = ort.InferenceSession(model, providers=["CPUExecutionProvider"])
inputs = session.get_inputs()
feed = next((i for i in inputs if len(i.shape) == 4), inputs[0])
x = np.fromfile(images, np.float32).reshape(count, c, h, w)
if len(feed.shape) == 4 and feed.shape[3] == c and feed.shape[1] != c:
    x = x.transpose(0, 2, 3, 1)
kinds = {"tensor(float)": np.float32, "tensor(float16)": np.float16, "tensor(double)": np.float64,
         "tensor(uint8)": np.uint8, "tensor(bfloat16)": np.float32}
kind = kinds[feed.type]
# Nothing reads the others; ONNX Runtime wants them all the same.
rest = {i.name: np.zeros([d if isinstance(d, int) else 1 for d in i.shape],
                         kinds.get(i.type, np.int64 if i.type == "tensor(int64)" else np.int32))
        for i in inputs if i.name != feed.name}
x = np.ascontiguousarray((np.rint(x) if kind is np.uint8 else x).astype(kind))
# numpy has no bfloat16: its bits go in and out.
narrow = "tensor(bfloat16)" in [i.type for i in (feed, *session.get_outputs())]
def given(x):
    if feed.type != "tensor(bfloat16)":
        return ort.OrtValue.ortvalue_from_numpy(x)
    bits = x.view(np.uint32)
    bits = ((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16).astype(np.uint16)
    return ort.OrtValue.ortvalue_from_numpy_with_onnx_type(bits, 16)
def taken(y):
    if y.data_type() != "tensor(bfloat16)":
        return y.numpy()
    size = int(np.prod(y.shape()))
    bits = np.frombuffer((ctypes.c_uint16 * size).from_address(y.data_ptr()), np.uint16)
    return (bits.astype(np.uint32) << 16).view(np.float32)
def run(part):
    if not narrow:
        return session.run(wanted, {feed.name: part, **rest})
    others = {name: ort.OrtValue.ortvalue_from_numpy(value) for name, value in rest.items()}
    return [taken(y) for y in session.run_with_ort_values(wanted, {feed.name: given(part), **others})]
names = [o.name for o in session.get_outputs()]
missing = [name for name in wanted if name not in names]
if missing:
    sys.exit("the file has no output " + missing[0])
with open(outputs, "wb") as file:
    for first in range(0, count, batch):
        part = x[first:first + batch]
        if len(part) < batch:
            part = np.concatenate([part, np.repeat(part[-1:], batch - len(part), 0)])
        found = run(part)
        y = np.concatenate([one.astype(np.float32).reshape(batch, -1) for one in found], 1)
        file.write(y[:min(batch, count - first)].tobytes())
print(ort.__version__)
)py";

} // namespace

Result<std::string> onnxRuntimeVersion(const std::string& python, const std::stop_token& stop)
{
    auto said = runProcess(python, {"-c", "import numpy, onnxruntime; print(onnxruntime.__version__)"}, stop);
    if (!said && said.error().code != ErrorCode::Cancelled)
        return fail(ErrorCode::InvalidArgument,
                    said.error().message +
                        "; checking in ONNX Runtime needs a Python with numpy and onnxruntime, which "
                        "the environment variable QUANTOSCOPE_PYTHON names",
                    python);
    if (!said)
        return tl::unexpected<Error>(std::move(said.error()));
    return said->out.substr(0, said->out.find('\n'));
}

Result<RuntimeOutputs> runOnnxRuntime(const std::string& python, const Model& model,
                                      const std::filesystem::path& path, const exec::ImageSource& images,
                                      std::size_t count, const Context& context)
{
    const graph::Graph& graph = model.graph;
    const Shape& shape = graph.value(graph.input()).shape;
    const auto elements = static_cast<std::size_t>(shape.elements() / graph.batch());
    QS_ASSIGN(const TemporaryFolder folder, TemporaryFolder::create());
    const auto inputs = folder.path() / "images", outputs = folder.path() / "outputs";
    std::optional<Error> failed;
    QS_CHECK(writeAtomically(inputs, [&](std::ostream& file) {
        std::vector<float> image(elements);
        for (std::size_t i = 0; i < count && !failed; ++i) {
            if (auto loaded = images.load(i, image); !loaded)
                failed = std::move(loaded.error());
            file.write(reinterpret_cast<const char*>(image.data()),
                       static_cast<std::streamsize>(elements * sizeof(float)));
        }
        return file.good();
    }));
    if (failed)
        return tl::unexpected<Error>(std::move(*failed));
    context.progress("running ONNX Runtime", 0, count);
    std::vector<std::string> arguments{"-c",
                                       kScript,
                                       std::filesystem::absolute(path).string(),
                                       inputs.string(),
                                       outputs.string(),
                                       std::to_string(count),
                                       std::to_string(graph.batch()),
                                       std::to_string(shape[1]),
                                       std::to_string(shape[2]),
                                       std::to_string(shape[3])};
    arguments.insert(arguments.end(), model.info.counted.begin(), model.info.counted.end());
    QS_ASSIGN(const ProcessOutput said, runProcess(python, arguments, context.stop));
    context.progress("running ONNX Runtime", count, count);
    QS_ASSIGN(const FileBytes file, FileBytes::read(outputs));
    const int64_t each = graph::outputsPerImage(graph);
    RuntimeOutputs result{Tensor(DType::Float32, Shape{static_cast<int64_t>(count), each}),
                          said.out.substr(0, said.out.find('\n'))};
    if (file.bytes().size() != result.values.sizeBytes())
        return fail(ErrorCode::Malformed, "ONNX Runtime gives outputs of another size", path.string());
    std::memcpy(result.values.mutableBytes(), file.bytes().data(), file.bytes().size());
    return result;
}

} // namespace qs::onnx
