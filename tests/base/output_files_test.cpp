#include "core/base/output_files.h"

#include "tests/support/temp_dir.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include <sys/stat.h>

namespace qs {
namespace {

using testing::HasSubstr;

std::string refusal(std::vector<NamedFile> outputs)
{
    const auto files = OutputFiles::check(std::move(outputs));
    return files ? "" : files.error().text();
}

TEST(OutputFiles, WhatCannotBeWrittenIsSaidBeforeTheWork)
{
    const test::TempDir folder;
    const auto file = folder.write("file", "x");
    EXPECT_THAT(refusal({{"--json", folder / "no" / "a.json"}}), HasSubstr("the folder does not exist"));
    EXPECT_THAT(refusal({{"--json", folder / "no" / "a.json"}}), testing::StartsWith("--json: cannot write"));
    EXPECT_THAT(refusal({{"--json", folder.path()}}), HasSubstr("it is a folder"));
    EXPECT_THAT(refusal({{"--json", file / "a.json"}}), HasSubstr("is no folder"));
    std::filesystem::create_symlink("no/where", folder / "link");
    EXPECT_THAT(refusal({{"--json", folder / "link"}}), HasSubstr("the folder does not exist"));
    EXPECT_EQ(refusal({{"--json", folder / "new"}, {"--trace", ""}, {"--out", file}}), "");
    EXPECT_EQ(refusal({{"--json", "relative.json"}}), "");
}

TEST(OutputFiles, OneFileIsNotWrittenTwice)
{
    const test::TempDir folder;
    const auto file = folder.write("file", "x");
    std::filesystem::create_hard_link(file, folder / "hard");
    std::filesystem::create_symlink("new", folder / "link");
    std::filesystem::create_directory(folder / "sub");
    EXPECT_THAT(refusal({{"--out", file}, {"--json", folder / "sub" / ".." / "file"}}),
                HasSubstr("is already written by --out"));
    EXPECT_THAT(refusal({{"--out", file}, {"--json", folder / "hard"}}), HasSubstr("is already written by --out"));
    EXPECT_THAT(refusal({{"--out", folder / "new"}, {"--json", folder / "sub" / ".." / "new"}}),
                HasSubstr("is already written by --out"));
    EXPECT_THAT(refusal({{"--out", folder / "new"}, {"--json", folder / "link"}}),
                HasSubstr("is already written by --out"));
    EXPECT_EQ(refusal({{"--out", "/dev/null"}, {"--json", "/dev/null"}}), "");
}

TEST(OutputFiles, InputsAreSparedUnderWhateverName)
{
    const test::TempDir folder;
    const auto model = folder.write("model.onnx", "x");
    std::filesystem::create_symlink(model, folder / "link");
    std::filesystem::create_hard_link(model, folder / "hard");
    const std::vector<NamedFile> inputs = {{"the model", model}, {"the calibration", ""}};
    for (const auto& output : {model, folder / "link", folder / "hard", folder.path() / "." / "model.onnx"}) {
        const auto files = OutputFiles::check({{"--json", output}});
        ASSERT_TRUE(files);
        const auto spared = files->spare(inputs);
        ASSERT_FALSE(spared) << output;
        EXPECT_EQ(spared.error().code, ErrorCode::InvalidArgument);
        EXPECT_THAT(spared.error().text(), HasSubstr("is the model, which would be overwritten"));
    }
    const auto files = OutputFiles::check({{"--json", folder / "other"}});
    EXPECT_TRUE(files->spare(inputs));
}

} // namespace
} // namespace qs
