#include "core/base/write_file.h"

#include "core/base/file.h"
#include "tests/support/temp_dir.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
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
    const auto reader = FileBytes::read(path);
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

TEST(WriteAtomically, ALinkStaysAndWhatItLeadsToIsReplaced)
{
    const test::TempDir folder;
    const auto real = folder.write("real/file", "old");
    std::filesystem::create_symlink("real/file", folder / "link");
    std::filesystem::create_symlink(folder / "link", folder / "second");
    ASSERT_TRUE(writeAtomically(folder / "second", "new"));
    EXPECT_TRUE(std::filesystem::is_symlink(folder / "link"));
    EXPECT_TRUE(std::filesystem::is_symlink(folder / "second"));
    EXPECT_EQ(textOf(real), "new");
    std::filesystem::remove(real);
    ASSERT_TRUE(writeAtomically(folder / "link", "made")); // a link to what does not exist yet
    EXPECT_EQ(textOf(real), "made");
    std::filesystem::create_symlink("loop", folder / "loop");
    EXPECT_THAT(writeAtomically(folder / "loop", "x").error().text(), HasSubstr("symbolic links"));
}

TEST(WriteAtomically, ModesStay)
{
    const test::TempDir folder;
    const auto path = folder.write("secret", "old");
    ASSERT_EQ(::chmod(path.c_str(), 0600), 0);
    ASSERT_TRUE(writeAtomically(path, "new"));
    struct stat info {};
    ASSERT_EQ(::stat(path.c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 07777, 0600U);
    const mode_t mask = ::umask(022);
    ASSERT_TRUE(writeAtomically(folder / "fresh", "new"));
    ::umask(mask);
    ASSERT_EQ(::stat((folder / "fresh").c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 07777, 0644U);
}

TEST(WriteAtomically, DevicesAndPipesAreWrittenThrough)
{
    const test::TempDir folder;
    const auto pipe = folder / "pipe";
    ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
    const auto alone = writeAtomically(pipe, "x");
    ASSERT_FALSE(alone);
    EXPECT_THAT(alone.error().text(), HasSubstr("nobody reads this pipe"));
    std::string got;
    std::thread reader([&] {
        std::ifstream in(pipe);
        std::getline(in, got);
    });
    Result<void> written = fail(ErrorCode::Io, "");
    for (int i = 0; i < 1000 && !written; ++i) { // until the reader has it open
        written = writeAtomically(pipe, "through\n");
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    reader.join();
    ASSERT_TRUE(written) << written.error().text();
    EXPECT_EQ(got, "through");
    ASSERT_TRUE(writeAtomically("/dev/null", "x"));
    EXPECT_TRUE(std::filesystem::is_character_file("/dev/null"));
    if (std::filesystem::exists("/dev/full"))
        EXPECT_THAT(writeAtomically("/dev/full", std::string(100000, 'x')).error().text(),
                    HasSubstr("No space left on device"));
}

/// A process that died while writing left the first; the second is still being written.
TEST(WriteAtomically, TakesAwayWhatOthersLeftAndNothingElse)
{
    const test::TempDir folder;
    const auto abandoned = folder.write(".file.part-0123456789ab", "half");
    const auto living = folder.write(".file.part-0123456789ac", "half");
    const auto other = folder.write(".file2.part-0123456789ab", "another file's");
    const auto similar = folder.write(".file.part-0123", "no name of ours");
    const int held = ::open(living.c_str(), O_RDWR);
    ASSERT_EQ(::flock(held, LOCK_EX), 0);
    ASSERT_TRUE(writeAtomically(folder / "file", "new"));
    EXPECT_FALSE(std::filesystem::exists(abandoned));
    EXPECT_TRUE(std::filesystem::exists(living));
    EXPECT_TRUE(std::filesystem::exists(other));
    EXPECT_TRUE(std::filesystem::exists(similar));
    ::close(held);
}

TEST(WriteAtomically, ManyWritersOfOneFileLeaveOneWholeFile)
{
    const test::TempDir folder;
    const auto path = folder / "file";
    std::vector<std::thread> writers;
    for (char c = 'a'; c < 'i'; ++c)
        writers.emplace_back([&, c] {
            for (int i = 0; i < 20; ++i)
                EXPECT_TRUE(writeAtomically(path, std::string(100000, c)));
        });
    for (std::thread& writer : writers)
        writer.join();
    const std::string text = textOf(path);
    ASSERT_EQ(text.size(), 100000U);
    EXPECT_EQ(text, std::string(100000, text[0]));
    EXPECT_EQ(filesIn(folder), 1U);
}

} // namespace
} // namespace qs
