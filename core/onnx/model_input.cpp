#include "core/onnx/model_input.h"

#include "core/onnx/builder.h"
#include "core/onnx/tensor_reader.h"

#include <array>
#include <utility>

namespace qs::onnx {

namespace pb = quantoscope_onnx;

namespace {

constexpr int64_t kMaxSide = 16384, kMaxBatch = 4096, kMaxChannels = 1024, kDefaultSide = 224;

bool isColour(int64_t size)
{
    return size == 1 || size == 3 || size == 4;
}

} // namespace

Result<ModelInput> readInput(const pb::ValueInfoProto& input, const std::optional<ImageSize>& size, int64_t batch)
{
    const std::string where = "input '" + printable(input.name()) + "'";
    if (!input.type().has_tensor_type())
        return fail(ErrorCode::Unsupported, "is not a tensor", where);
    const pb::TypeProto_Tensor& type = input.type().tensor_type();
    ModelInput plan;
    plan.name = input.name();
    plan.bytes = type.elem_type() == kUInt8;
    if (engineType(type.elem_type()) != DType::Float32 && !plan.bytes)
        return fail(ErrorCode::Unsupported,
                    "is of type " + fileTypeName(type.elem_type()) + "; an image of floats or bytes is needed",
                    where);
    if (type.elem_type() == kFloat16 || type.elem_type() == kBFloat16)
        plan.rounding = fileTypeName(type.elem_type());
    if (type.elem_type() != kFloat && !plan.bytes)
        plan.warnings.push_back("the input is of type " + fileTypeName(type.elem_type()) +
                                (plan.rounding.empty() ? "" : ": images are rounded to it") +
                                "; the engine computes in float32");
    if (!type.has_shape() || type.shape().dim_size() != 4)
        return fail(ErrorCode::Unsupported, "has not the four dimensions of images [batch, channels, height, width]",
                    where);
    std::array<int64_t, 4> sizes{};
    std::array<bool, 4> open{};
    for (std::size_t i = 0; i < 4; ++i) {
        const auto& dim = type.shape().dim(static_cast<int>(i));
        open[i] = !dim.has_dim_value() || dim.dim_value() == -1;
        sizes[i] = open[i] ? 0 : dim.dim_value();
        if (!open[i] && sizes[i] < 1)
            return fail(ErrorCode::Malformed, "has a size of " + std::to_string(sizes[i]), where);
    }
    plan.channelsLast = !open[3] && isColour(sizes[3]) && (open[1] || !isColour(sizes[1]));
    if (plan.channelsLast) { // from here on in the engine's order
        sizes = {sizes[0], sizes[3], sizes[1], sizes[2]};
        open = {open[0], open[3], open[1], open[2]};
    }
    plan.dynamicBatch = open[0];
    if (open[0])
        sizes[0] = batch;
    if (open[1]) {
        sizes[1] = 3;
        plan.assumed.push_back(
            {DoubtKind::Assumption, "the number of channels is open in the file: 3 assumed", "", {}});
    }
    if (sizes[1] == 4)
        plan.assumed.push_back({DoubtKind::Assumption,
                                "the input has four channels: red, green, blue and an opaque alpha assumed",
                                "",
                                {}});
    const ImageSize chosen = size.value_or(ImageSize{kDefaultSide, kDefaultSide});
    if (open[2])
        sizes[2] = chosen.height;
    if (open[3])
        sizes[3] = chosen.width;
    if ((open[2] || open[3]) && !size)
        plan.assumed.push_back({DoubtKind::Assumption,
                                std::string(open[2] && open[3] ? "height and width are"
                                            : open[2]          ? "the height is"
                                                               : "the width is") +
                                    " open in the file: " + std::to_string(sizes[2]) + "×" +
                                    std::to_string(sizes[3]) + " assumed",
                                "--input-size HxW chooses",
                                {}});
    if (size && ((!open[2] && chosen.height != sizes[2]) || (!open[3] && chosen.width != sizes[3])))
        return fail(ErrorCode::InvalidArgument,
                    "is " + std::to_string(sizes[2]) + "×" + std::to_string(sizes[3]) + " in the file, not " +
                        std::to_string(chosen.height) + "×" + std::to_string(chosen.width),
                    where);
    if (sizes[0] > kMaxBatch || sizes[1] > kMaxChannels || sizes[2] < 1 || sizes[3] < 1 || sizes[2] > kMaxSide ||
        sizes[3] > kMaxSide)
        return fail(ErrorCode::TooLarge, "has the shape " + Shape(sizes).text() + " (at most 4096×1024×16384×16384)",
                    where);
    if (!countElements(sizes, Builder::kMaxElements))
        return fail(ErrorCode::TooLarge, "has more than 2^31 elements", where);
    plan.shape = Shape(sizes);
    return plan;
}

} // namespace qs::onnx
