#include "app/cli/files.h"

#include "core/base/output_files.h"
#include "core/onnx/external_file.h"

#include <algorithm>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

namespace qs::cli {

namespace {

namespace fs = std::filesystem;

constexpr std::pair<std::string_view, FileRole> kRoles[] = {
    {"--out", FileRole::Output},
    {"--json", FileRole::Output},
    {"--trace", FileRole::Output},
    {"--choices", FileRole::Output},
    {"--recipe-out", FileRole::Output},
    {"--resume", FileRole::Kept},
    {"model", FileRole::Model},
    {"input", FileRole::Input},
    {"--input", FileRole::Named},
    {"--calibration", FileRole::Input},
    {"--calibrations", FileRole::Input},
    {"--recipe", FileRole::Input},
    {"--recipes", FileRole::Input},
    {"--labels", FileRole::Input},
    {"--classes", FileRole::Input},
    {"--characters", FileRole::Input},
    {"--coco", FileRole::Input},
    {"--texts", FileRole::Input},
    {"--class-lists", FileRole::Input},
    {"--images", FileRole::InputDir},
    {"--calib-images", FileRole::InputDir},
    {"--search-images", FileRole::InputDir},
    {"--masks", FileRole::InputDir},
    {"--maps", FileRole::InputDir},
};

/// What a folder of images is read for.
bool isRead(const fs::path& file)
{
    std::string extension = file.extension().string();
    std::ranges::transform(extension, extension.begin(), [](unsigned char c) { return std::tolower(c); });
    constexpr std::string_view kWritten[] = {".json", ".html", ".qcal", ".onnx", ".data"};
    return std::ranges::find(kWritten, extension) == std::end(kWritten);
}

bool isBelow(const fs::path& file, const fs::path& folder)
{
    std::error_code error;
    const fs::path relative = fs::canonical(file, error).lexically_relative(fs::canonical(folder, error));
    return !error && !relative.empty() && *relative.begin() != "..";
}

/// "--json" for both "-j" and "--json": the name that people write.
std::string nameOf(const CLI::Option& option)
{
    return option.get_lnames().empty() ? option.get_name() : "--" + option.get_lnames().front();
}

struct Files {
    std::vector<NamedFile> outputs, inputs, folders;
};

void add(const std::string& name, FileRole role, const std::string& value, bool writesModel, Files& files)
{
    switch (role) {
    case FileRole::Output:
    case FileRole::Kept:
        files.outputs.push_back({name, value});
        if (writesModel)
            files.outputs.push_back({name, value + std::string(onnx::kDataSuffix)});
        break;
    case FileRole::OutputDir:
        break;
    case FileRole::Model:
    case FileRole::Input:
        files.inputs.push_back({name == "model" || name == "input" ? "the " + name : "the file of " + name, value});
        break;
    case FileRole::Named:
        files.inputs.push_back({"the file of " + name, value.substr(value.rfind('=') + 1)});
        break;
    case FileRole::InputDir:
        files.folders.push_back({"the folder of " + name, value});
        break;
    }
}

Files filesOf(const CLI::App& command)
{
    Files files;
    for (const CLI::Option* option : command.get_options())
        if (const auto role = fileRole(command, nameOf(*option)))
            for (const std::string& value : option->results())
                add(nameOf(*option), *role, value, command.get_name() == "export" && nameOf(*option) == "--out",
                    files);
    return files;
}

/// New files overwrite nothing: what lies beside models and in folders is looked at only for those that exist.
std::vector<NamedFile> existing(const std::vector<NamedFile>& outputs)
{
    std::vector<NamedFile> found;
    std::error_code error;
    for (const NamedFile& output : outputs)
        if (fs::is_regular_file(output.path, error))
            found.push_back(output);
    return found;
}

} // namespace

std::optional<FileRole> fileRole(const CLI::App& command, std::string_view option)
{
    const auto* role = std::ranges::find(kRoles, option, &std::pair<std::string_view, FileRole>::first);
    if (role == std::end(kRoles))
        return std::nullopt;
    return command.get_name() == "demo" && role->second == FileRole::Output ? FileRole::OutputDir : role->second;
}

Result<void> checkFiles(const CLI::App& command)
{
    const Files files = filesOf(command);
    QS_ASSIGN(const OutputFiles outputs, OutputFiles::check(files.outputs));
    QS_CHECK(outputs.spare(files.inputs));
    const std::vector<NamedFile> there = existing(files.outputs);
    for (const NamedFile& output : there)
        for (const NamedFile& folder : files.folders)
            if (isRead(output.path) && isBelow(output.path, folder.path))
                return fail(ErrorCode::InvalidArgument,
                            output.path.string() + " lies in " + folder.name + ", which this command reads",
                            output.name);
    if (there.empty())
        return {};
    std::vector<NamedFile> weights;
    for (const NamedFile& input : files.inputs)
        if (input.name == "the model")
            for (const fs::path& file : onnx::externalFilesOf(input.path))
                weights.push_back({"the model's external data", file});
    return outputs.spare(weights);
}

} // namespace qs::cli
