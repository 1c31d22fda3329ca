#include "core/project/demos.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <system_error>
#include <vector>

namespace qs::project {

namespace fs = std::filesystem;

std::span<const DemoDef> demos()
{
    static constexpr std::array<DemoDef, 2> list{{
        {"classification", "Classification", "A small vision transformer that tells twelve patterns apart",
         "demo_vit.onnx", ""},
        {"segmentation", "Segmentation", "A small SegFormer that finds where the patterned thing is, pixel by pixel",
         "demo_segformer.onnx", "masks/test"},
    }};
    return list;
}

const DemoDef* findDemo(std::string_view task)
{
    const auto found = std::ranges::find(demos(), task, &DemoDef::task);
    return found == demos().end() ? nullptr : &*found;
}

DemoFiles demoFiles(const fs::path& demo, const DemoDef& def)
{
    DemoFiles files{demo / def.model, demo / "images" / "calib", demo / "images" / "test", {}};
    if (!def.masks.empty())
        files.masks = demo / def.masks;
    return files;
}

Result<fs::path> demoFolder(const fs::path& sourceResources)
{
    std::error_code ignored;
    std::vector<fs::path> places;
    if (const char* fromEnvironment = std::getenv("QUANTOSCOPE_RESOURCES"))
        places.emplace_back(fromEnvironment);
    const fs::path program = fs::read_symlink("/proc/self/exe", ignored);
    places.push_back(program.parent_path() / ".." / "share" / "quantoscope");
    places.push_back(sourceResources);
    for (const fs::path& place : places)
        if (fs::exists(place / "demo" / demos().front().model, ignored))
            return (place / "demo").lexically_normal();
    return fail(ErrorCode::NotFound, "the built-in demo is not installed (set QUANTOSCOPE_RESOURCES)", "demo");
}

} // namespace qs::project
