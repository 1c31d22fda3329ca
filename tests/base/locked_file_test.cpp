#include "core/base/locked_file.h"

#include "core/base/file.h"
#include "tests/support/temp_dir.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <string>

#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

namespace qs {
namespace {

using testing::HasSubstr;

TEST(LockedFile, IsMadeEmptyAndReplacedWhole)
{
    const test::TempDir folder;
    auto file = LockedFile::open(folder / "rows");
    ASSERT_TRUE(file) << file.error().text();
    EXPECT_EQ(file->read().value(), "");
    ASSERT_TRUE(file->replace("one"));
    ASSERT_TRUE(file->replace("one two"));
    EXPECT_EQ(file->read().value(), "one two");
    EXPECT_EQ(readText(folder / "rows").value(), "one two");
}

TEST(LockedFile, AnotherCannotHaveItUntilItIsLetGo)
{
    const test::TempDir folder;
    {
        auto file = LockedFile::open(folder / "rows");
        ASSERT_TRUE(file);
        const auto second = LockedFile::open(folder / "rows");
        ASSERT_FALSE(second);
        EXPECT_THAT(second.error().text(), HasSubstr("another process is writing it"));
        ASSERT_TRUE(file->replace("one")); // a new file under the name: still held
        EXPECT_FALSE(LockedFile::open(folder / "rows"));
        std::filesystem::create_symlink("rows", folder / "link");
        EXPECT_FALSE(LockedFile::open(folder / "link"));
        LockedFile moved = std::move(*file);
        EXPECT_FALSE(LockedFile::open(folder / "rows"));
    }
    const auto after = LockedFile::open(folder / "rows");
    ASSERT_TRUE(after);
    EXPECT_EQ(after->read().value(), "one");
}

TEST(LockedFile, AProcessThatDiesLetsGo)
{
    const test::TempDir folder;
    const pid_t child = ::fork();
    if (child == 0) {
        auto file = LockedFile::open(folder / "rows");
        if (!file || !file->replace("of the child"))
            ::_exit(1);
        ::abort();
    }
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFSIGNALED(status));
    const auto file = LockedFile::open(folder / "rows");
    ASSERT_TRUE(file) << file.error().text();
    EXPECT_EQ(file->read().value(), "of the child");
}

TEST(LockedFile, SaysWhatCannotBeHeld)
{
    const test::TempDir folder;
    EXPECT_THAT(LockedFile::open(folder / "no" / "rows").error().text(), HasSubstr("No such file or directory"));
    EXPECT_FALSE(LockedFile::open(folder.path()));
    ASSERT_EQ(::mkfifo((folder / "pipe").c_str(), 0600), 0);
    EXPECT_THAT(LockedFile::open(folder / "pipe").error().text(), HasSubstr("not a regular file"));
}

} // namespace
} // namespace qs
