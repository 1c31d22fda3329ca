#include "core/base/file.h"

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
#include <unistd.h>

namespace qs {
namespace {

using testing::HasSubstr;

std::size_t filesIn(const test::TempDir& folder)
{
    return static_cast<std::size_t>(
        std::distance(std::filesystem::directory_iterator(folder.path()), std::filesystem::directory_iterator()));
}

std::string textOf(const std::filesystem::path& path)
{
    const auto text = readText(path);
    EXPECT_TRUE(text) << text.error().text();
    return text ? *text : "";
}

TEST(MappedFile, ShowsEveryByteAndMovesWithoutCopying)
{
    const test::TempDir folder;
    std::string content;
    for (int i = 0; i < 10000; ++i)
        content += static_cast<char>(i * 7);
    const auto path = folder.write("bytes", content);
    auto opened = MappedFile::open(path);
    ASSERT_TRUE(opened) << opened.error().text();
    const std::byte* where = opened->bytes().data();
    MappedFile moved = std::move(*opened);
    EXPECT_EQ(moved.bytes().data(), where);
    EXPECT_TRUE(opened->bytes().empty());
    ASSERT_EQ(moved.bytes().size(), content.size());
    EXPECT_TRUE(std::equal(content.begin(), content.end(), moved.bytes().begin(), [](char a, std::byte b) {
        return static_cast<unsigned char>(a) == std::to_integer<int>(b);
    }));
    // What is mapped stays although the name goes.
    std::filesystem::remove(path);
    EXPECT_EQ(std::to_integer<int>(moved.bytes()[1]), 7);
}

TEST(MappedFile, AnEmptyFileIsNoError)
{
    const test::TempDir folder;
    const auto file = MappedFile::open(folder.write("empty", ""));
    ASSERT_TRUE(file) << file.error().text();
    EXPECT_TRUE(file->bytes().empty());
    EXPECT_EQ(textOf(folder / "empty"), "");
}

TEST(MappedFile, SaysWhatCannotBeOpened)
{
    const test::TempDir folder;
    const auto missing = MappedFile::open(folder / "missing");
    ASSERT_FALSE(missing);
    EXPECT_EQ(missing.error().code, ErrorCode::NotFound);
    EXPECT_EQ(missing.error().where, (folder / "missing").string());
    EXPECT_THAT(missing.error().text(), HasSubstr("No such file"));
    const auto directory = MappedFile::open(folder.path());
    ASSERT_FALSE(directory);
    EXPECT_EQ(directory.error().code, ErrorCode::Io);
    EXPECT_THAT(directory.error().text(), HasSubstr("not a regular file"));
    // A device would block or never end.
    EXPECT_EQ(MappedFile::open("/dev/zero").error().code, ErrorCode::Io);
}

TEST(WriteAtomically, ReplacesTheOldFileAndLeavesNothingElse)
{
    const test::TempDir folder;
    const auto path = folder.write("file", "old and longer");
    ASSERT_TRUE(writeAtomically(path, "new"));
    EXPECT_EQ(textOf(path), "new");
    ASSERT_TRUE(writeAtomically(path, ""));
    EXPECT_EQ(textOf(path), "");
    EXPECT_EQ(filesIn(folder), 1U);
}

TEST(WriteAtomically, AReaderOfTheOldFileKeepsIt)
{
    const test::TempDir folder;
    const auto path = folder.write("file", "old");
    const auto reader = MappedFile::open(path);
    ASSERT_TRUE(reader);
    ASSERT_TRUE(writeAtomically(path, "new"));
    EXPECT_EQ(std::to_integer<char>(reader->bytes()[0]), 'o');
    EXPECT_EQ(textOf(path), "new");
}

TEST(WriteAtomically, AFolderThatIsNotThereIsSaid)
{
    const test::TempDir folder;
    const auto written = writeAtomically(folder / "no" / "file", "x");
    ASSERT_FALSE(written);
    EXPECT_EQ(written.error().code, ErrorCode::Io);
    EXPECT_EQ(written.error().where, (folder / "no" / "file").string());
    EXPECT_THAT(written.error().text(), HasSubstr("No such file or directory"));
    EXPECT_EQ(filesIn(folder), 0U);
}

/// The name that it writes to first leads to a device that is always full.
TEST(WriteAtomically, AFullDiskIsSaidAndKeepsTheOldFile)
{
    if (!std::filesystem::exists("/dev/full"))
        GTEST_SKIP() << "there is no /dev/full";
    const test::TempDir folder;
    const auto path = folder.write("file", "old");
    std::filesystem::create_symlink("/dev/full", path.string() + ".part" + std::to_string(::getpid()));
    const auto written = writeAtomically(path, std::string(100000, 'x'));
    ASSERT_FALSE(written);
    EXPECT_EQ(written.error().code, ErrorCode::Io);
    EXPECT_THAT(written.error().text(), HasSubstr("No space left on device"));
    EXPECT_EQ(textOf(path), "old");
    EXPECT_EQ(filesIn(folder), 1U);
}

/// As a full disk does, a limit stops the file in its middle.
TEST(WriteAtomically, AFileThatStopsInItsMiddleIsTakenAway)
{
    const test::TempDir folder;
    const auto path = folder.write("file", "old");
    rlimit before{};
    ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
    const auto handler = std::signal(SIGXFSZ, SIG_IGN);
    const rlimit low{4096, before.rlim_max};
    ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &low), 0);
    const auto written = writeAtomically(path, std::string(100000, 'x'));
    ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &before), 0);
    std::signal(SIGXFSZ, handler);
    ASSERT_FALSE(written);
    EXPECT_EQ(written.error().code, ErrorCode::Io);
    EXPECT_THAT(written.error().text(), HasSubstr("File too large"));
    EXPECT_EQ(textOf(path), "old");
    EXPECT_EQ(filesIn(folder), 1U);
}

TEST(WriteAtomically, AWriterThatGivesUpLeavesTheOldFile)
{
    const test::TempDir folder;
    const auto path = folder.write("file", "old");
    const auto written = writeAtomically(path, [](std::ostream& out) {
        out << "half";
        return false;
    });
    ASSERT_FALSE(written);
    EXPECT_EQ(written.error().code, ErrorCode::Io);
    EXPECT_EQ(textOf(path), "old");
    EXPECT_EQ(filesIn(folder), 1U);
}

TEST(WriteAtomically, ADirectoryIsNotReplaced)
{
    const test::TempDir folder;
    folder.write("there/inside", "kept");
    const auto written = writeAtomically(folder / "there", "x");
    ASSERT_FALSE(written);
    EXPECT_EQ(written.error().code, ErrorCode::Io);
    EXPECT_EQ(textOf(folder / "there" / "inside"), "kept");
    EXPECT_EQ(filesIn(folder), 1U);
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
