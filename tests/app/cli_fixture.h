#pragma once

#include <algorithm>
#include <array>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <initializer_list>
#include <nlohmann/json.hpp>
#include <string>
#include <sys/wait.h>
#include <unistd.h>

namespace qs::test {

namespace fs = std::filesystem;

/// What a run of the command line gave.
struct Outcome {
    int exitCode = -1;
    std::string output; ///< stdout and stderr together
};

/// Runs quantoscope-cli as its users do, with a folder for its files.
class Cli : public testing::Test {
protected:
    void SetUp() override
    {
        std::string pattern = (fs::temp_directory_path() / "quantoscope-cli-XXXXXX").string();
        ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
        folder = pattern;
    }
    void TearDown() override { fs::remove_all(folder); }

    static Outcome run(const std::string& arguments)
    {
        const std::string command = std::string(QUANTOSCOPE_CLI) + " " + arguments + " 2>&1";
        Outcome outcome;
        FILE* pipe = ::popen(command.c_str(), "r");
        std::array<char, 4096> buffer{};
        while (const std::size_t n = std::fread(buffer.data(), 1, buffer.size(), pipe))
            outcome.output.append(buffer.data(), n);
        const int status = ::pclose(pipe);
        outcome.exitCode = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
        return outcome;
    }

    /// The usual way to fail: exit code 2, one line that says all of `words`.
    static void expectRefusal(const std::string& arguments, std::initializer_list<const char*> words)
    {
        const Outcome outcome = run(arguments);
        EXPECT_EQ(outcome.exitCode, 2) << arguments << "\n" << outcome.output;
        EXPECT_EQ(std::count(outcome.output.begin(), outcome.output.end(), '\n'), 1) << outcome.output;
        for (const char* word : words)
            EXPECT_NE(outcome.output.find(word), std::string::npos) << "'" << word << "' in: " << outcome.output;
    }

    static nlohmann::json readJson(const fs::path& path)
    {
        std::ifstream in(path);
        return nlohmann::json::parse(in);
    }

    std::string path(const char* name) const { return (folder / name).string(); }

    const std::string model = QUANTOSCOPE_DEMO "/demo_vit.onnx";
    const std::string calib = QUANTOSCOPE_DEMO "/images/calib";
    const std::string test = QUANTOSCOPE_DEMO "/images/test";
    fs::path folder;
};

} // namespace qs::test
