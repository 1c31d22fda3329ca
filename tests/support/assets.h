#pragma once

#include <cstdlib>
#include <filesystem>
#include <string_view>

namespace qs::test {

inline constexpr std::string_view kNoAssets = "QUANTOSCOPE_TEST_ASSETS does not name a folder with this file";

/// A model of the folder that QUANTOSCOPE_TEST_ASSETS names; empty where there is none.
inline std::filesystem::path modelAsset(std::string_view name)
{
    const char* folder = std::getenv("QUANTOSCOPE_TEST_ASSETS");
    const std::filesystem::path path =
        folder ? std::filesystem::path(folder) / "models" / name : std::filesystem::path();
    std::error_code ignored;
    return std::filesystem::exists(path, ignored) ? path : std::filesystem::path();
}

} // namespace qs::test
