#include "core/onnx/external_data.h"

#include "core/onnx/tensor_reader.h"

#include <algorithm>
#include <charconv>
#include <climits>

namespace qs::onnx {

namespace pb = quantoscope_onnx;
namespace fs = std::filesystem;

namespace {

std::optional<std::size_t> size(const std::string& text)
{
    std::size_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    return error == std::errc() && end == text.data() + text.size() ? std::optional(value) : std::nullopt;
}

/// True for a path that says by itself that it stays below the folder.
bool isInside(const fs::path& location)
{
    if (location.empty() || location.is_absolute() || location.native().find('\0') != std::string::npos)
        return false;
    for (const fs::path& part : location)
        if (part == "..")
            return false;
    return true;
}

bool isBelow(const fs::path& file, const fs::path& folder)
{
    const auto relative = file.lexically_relative(folder);
    return !relative.empty() && *relative.begin() != "..";
}

} // namespace

ExternalData::ExternalData(const fs::path& folder)
{
    if (!folder.empty())
        m_folders.push_back(folder);
}

ExternalData ExternalData::ofModel(const fs::path& model)
{
    ExternalData data(model.has_parent_path() ? model.parent_path() : fs::path("."));
    std::error_code error;
    if (const fs::path real = fs::canonical(model, error); !error)
        data.m_folders.push_back(real.parent_path());
    return data;
}

/// The file behind a location, links followed, if it lies in one of the folders.
Result<fs::path> ExternalData::find(const fs::path& location, const std::string& where) const
{
    std::error_code error;
    const fs::path root = fs::canonical(m_folders.front(), error);
    if (error)
        return fail(ErrorCode::NotFound, "the folder of its external data does not exist", where);
    const fs::path file = fs::canonical(root / location, error);
    if (error)
        return fail(ErrorCode::NotFound, "its external data '" + printable(location.native()) + "' does not exist",
                    where);
    if (std::ranges::none_of(
            m_folders, [&](const fs::path& folder) { return isBelow(file, fs::weakly_canonical(folder, error)); }))
        return fail(ErrorCode::Malformed, "its external data leads out of the model's folder", where);
    if (!fs::is_regular_file(file, error))
        return fail(ErrorCode::Malformed, "its external data is not a regular file", where);
    return file;
}

Result<std::span<const std::byte>> ExternalData::of(const pb::TensorProto& proto, const std::string& where)
{
    std::string location;
    std::size_t offset = 0;
    std::optional<std::size_t> length;
    bool readable = true;
    for (const pb::StringStringEntryProto& entry : proto.external_data()) {
        if (entry.key() == "location") {
            location = entry.value();
        } else if (entry.key() == "offset") {
            const auto value = size(entry.value());
            offset = value.value_or(0);
            readable = readable && value.has_value();
        } else if (entry.key() == "length") {
            length = size(entry.value());
            readable = readable && length.has_value();
        }
    }
    if (!readable)
        return fail(ErrorCode::Malformed, "its external data has an unreadable offset or length", where);
    if (m_folders.empty())
        return fail(ErrorCode::Unsupported, "has external data, and the model has no folder", where);
    if (!isInside(location))
        return fail(ErrorCode::Malformed,
                    "its external data '" + printable(location) + "' is not a path below the model's folder", where);
    auto it = m_files.find(location);
    if (it == m_files.end()) {
        QS_ASSIGN(fs::path path, find(location, where));
        QS_ASSIGN(FileBytes file, FileBytes::read(path));
        std::string hash = contentHash(file.bytes());
        it = m_files.emplace(location, Read{{std::move(path), std::move(hash)}, std::move(file)}).first;
    }
    const std::span<const std::byte> bytes = it->second.content.bytes();
    if (offset > bytes.size() || length.value_or(0) > bytes.size() - offset)
        return fail(ErrorCode::Malformed,
                    "its external data '" + printable(location) + "' ends after " + std::to_string(bytes.size()) +
                        " bytes",
                    where);
    return bytes.subspan(offset, length.value_or(bytes.size() - offset));
}

namespace {

void collect(const pb::TensorProto& tensor, const fs::path& folder, std::vector<fs::path>& files)
{
    for (const pb::StringStringEntryProto& entry : tensor.external_data())
        if (entry.key() == "location" && std::ranges::find(files, folder / entry.value()) == files.end())
            files.push_back(folder / entry.value());
}

void collect(const pb::GraphProto& graph, const fs::path& folder, std::vector<fs::path>& files)
{
    for (const pb::TensorProto& tensor : graph.initializer())
        collect(tensor, folder, files);
    for (const pb::NodeProto& node : graph.node())
        for (const pb::AttributeProto& a : node.attribute()) {
            if (a.has_t())
                collect(a.t(), folder, files);
            if (a.has_g())
                collect(a.g(), folder, files);
        }
}

} // namespace

std::vector<fs::path> externalFilesOf(const fs::path& model)
{
    std::vector<fs::path> files;
    const auto file = FileBytes::read(model);
    pb::ModelProto proto;
    if (file && file->bytes().size() <= INT_MAX &&
        proto.ParseFromArray(file->bytes().data(), static_cast<int>(file->bytes().size())))
        collect(proto.graph(), model.has_parent_path() ? model.parent_path() : fs::path("."), files);
    return files;
}

std::size_t ExternalData::bytes() const
{
    std::size_t sum = 0;
    for (const auto& [location, read] : m_files)
        sum += read.content.bytes().size();
    return sum;
}

std::vector<ExternalFile> ExternalData::files() const
{
    std::vector<ExternalFile> files;
    for (const auto& [location, read] : m_files)
        files.push_back(read.file);
    return files;
}

} // namespace qs::onnx
