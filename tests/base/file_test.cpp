#include "core/base/file.h"
#include "core/base/write_file.h"

#include "tests/support/temp_dir.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <set>
#include <string>
#include <utility>

#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

namespace qs {
namespace {

using testing::HasSubstr;

std::string textOf(const std::filesystem::path& path)
{
    const auto text = readText(path);
    EXPECT_TRUE(text) << text.error().text();
    return text ? *text : "";
}

TEST(FileBytes, ShowsEveryByteAndMovesWithoutCopying)
{
    const test::TempDir folder;
    std::string content;
    for (int i = 0; i < 10000; ++i)
        content += static_cast<char>(i * 7);
    const auto path = folder.write("bytes", content);
    auto opened = FileBytes::read(path);
    ASSERT_TRUE(opened) << opened.error().text();
    const std::byte* where = opened->bytes().data();
    FileBytes moved = std::move(*opened);
    EXPECT_EQ(moved.bytes().data(), where);
    ASSERT_EQ(moved.bytes().size(), content.size());
    EXPECT_TRUE(std::equal(content.begin(), content.end(), moved.bytes().begin(), [](char a, std::byte b) {
        return static_cast<unsigned char>(a) == std::to_integer<int>(b);
    }));
    // What was read stays although the name goes.
    std::filesystem::remove(path);
    EXPECT_EQ(std::to_integer<int>(moved.bytes()[1]), 7);
}

/// Mapped, the access behind the new end would be a SIGBUS.
TEST(FileBytes, AFileThatIsCutAfterwardsStays)
{
    const test::TempDir folder;
    const auto path = folder.write("file", std::string(100000, 'x'));
    const auto file = FileBytes::read(path);
    ASSERT_TRUE(file);
    std::filesystem::resize_file(path, 10);
    EXPECT_EQ(std::to_integer<char>(file->bytes().back()), 'x');
}

TEST(FileBytes, AnEmptyFileIsNoError)
{
    const test::TempDir folder;
    const auto file = FileBytes::read(folder.write("empty", ""));
    ASSERT_TRUE(file) << file.error().text();
    EXPECT_TRUE(file->bytes().empty());
    EXPECT_EQ(textOf(folder / "empty"), "");
}

TEST(FileBytes, SaysWhatCannotBeOpened)
{
    const test::TempDir folder;
    const auto missing = FileBytes::read(folder / "missing");
    ASSERT_FALSE(missing);
    EXPECT_EQ(missing.error().code, ErrorCode::NotFound);
    EXPECT_EQ(missing.error().where, (folder / "missing").string());
    EXPECT_THAT(missing.error().text(), HasSubstr("No such file"));
    const auto directory = FileBytes::read(folder.path());
    ASSERT_FALSE(directory);
    EXPECT_EQ(directory.error().code, ErrorCode::Io);
    EXPECT_THAT(directory.error().text(), HasSubstr("not a regular file"));
    // A device would never end, a pipe that nobody writes wait for ever.
    EXPECT_EQ(FileBytes::read("/dev/zero").error().code, ErrorCode::Io);
    const auto pipe = folder / "pipe";
    ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
    EXPECT_THAT(FileBytes::read(pipe).error().text(), HasSubstr("not a regular file"));
}

TEST(ContentHash, TellsContentsApart)
{
    // Published test vector of XXH3, 128 bit: no input, seed 0.
    EXPECT_EQ(contentHash(std::string_view()), "99aa06d3014798d86001c324468d497f");
    std::set<std::string> seen;
    std::string text;
    for (int i = 0; i < 300; ++i) {
        const std::string hash = contentHash(std::string_view(text));
        EXPECT_EQ(hash.size(), 32U);
        EXPECT_EQ(hash.find_first_not_of("0123456789abcdef"), std::string::npos);
        EXPECT_TRUE(seen.insert(hash).second) << i;
        EXPECT_EQ(contentHash(std::as_bytes(std::span(text))), hash);
        text += '\0';
    }
}

} // namespace
} // namespace qs
