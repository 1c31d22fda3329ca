#pragma once

#include "core/exec/image_source.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

namespace qs::judge {

/// All floats of a raw file; empty where it cannot be read.
inline std::vector<float> readFloats(const std::filesystem::path& path)
{
    std::ifstream file(path, std::ios::binary | std::ios::ate);
    if (!file)
        return {};
    std::vector<float> data(static_cast<std::size_t>(file.tellg()) / sizeof(float));
    file.seekg(0);
    file.read(reinterpret_cast<char*>(data.data()), static_cast<std::streamsize>(data.size() * sizeof(float)));
    return data;
}

/// Images of `each` floats one after the other.
class RawImages final : public exec::ImageSource {
public:
    RawImages(std::vector<float> data, std::size_t each) : m_data(std::move(data)), m_each(each) {}
    std::size_t size() const override { return m_data.size() / m_each; }
    Result<void> load(std::size_t index, std::span<float> dst) const override
    {
        std::copy_n(m_data.data() + index * m_each, m_each, dst.data());
        return {};
    }
    std::optional<int> label(std::size_t) const override { return std::nullopt; }
    std::string name(std::size_t index) const override { return "image " + std::to_string(index); }

private:
    std::vector<float> m_data;
    std::size_t m_each;
};

} // namespace qs::judge
