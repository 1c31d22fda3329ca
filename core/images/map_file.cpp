#include "core/images/map_file.h"

#include "core/base/npy.h"
#include "core/images/raw_picture.h"

namespace qs::images {

namespace {

Result<MapFile> readNpyMap(const std::filesystem::path& path)
{
    QS_ASSIGN(const Tensor tensor, readNpy(path));
    std::vector<int64_t> sides;
    for (std::size_t axis = 0; axis < tensor.shape().rank(); ++axis)
        if (tensor.shape()[axis] != 1 || tensor.shape().rank() <= 2)
            sides.push_back(tensor.shape()[axis]);
    if (sides.size() != 2 || sides[0] < 1 || sides[1] < 1)
        return fail(ErrorCode::ShapeMismatch, "must be a map [height, width]", path.string());
    MapFile map{sides[1], sides[0], {}};
    const auto take = [&](const auto& values) { map.values.assign(values.begin(), values.end()); };
    switch (tensor.dtype()) {
    case DType::Float32:
        take(tensor.floats());
        break;
    case DType::Int64:
        take(tensor.data<int64_t>());
        break;
    case DType::Int32:
        take(tensor.data<int32_t>());
        break;
    case DType::Int8:
        take(tensor.data<int8_t>());
        break;
    case DType::UInt8:
        take(tensor.data<uint8_t>());
        break;
    case DType::Bool:
        take(tensor.data<bool>());
        break;
    }
    return map;
}

} // namespace

Result<MapFile> readMapFile(const std::filesystem::path& path)
{
    if (path.extension() == ".npy")
        return readNpyMap(path);
    QS_ASSIGN(const RawPicture raw, readRawPng(path));
    return MapFile{raw.width, raw.height, {raw.samples.begin(), raw.samples.end()}};
}

} // namespace qs::images
