#include "core/base/process.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <thread>

namespace qs {
namespace {

TEST(Process, GivesWhatTheProgramWrote)
{
    const auto output = runProcess("sh", {"-c", "echo \"$1\"; echo beside >&2", "sh", "two words"});
    ASSERT_TRUE(output) << output.error().text();
    EXPECT_EQ(output->out, "two words\n");
    EXPECT_EQ(output->err, "beside\n");
}

TEST(Process, ManyBytesOnBothStreamsDoNotBlock)
{
    const auto output = runProcess("sh", {"-c", "head -c 3000000 /dev/zero; head -c 3000000 /dev/zero >&2"});
    ASSERT_TRUE(output) << output.error().text();
    EXPECT_EQ(output->out.size(), std::size_t{1} << 20);
    EXPECT_EQ(output->err.size(), std::size_t{1} << 20);
}

TEST(Process, SaysWhyItFailed)
{
    const auto failed = runProcess("sh", {"-c", "echo first >&2; echo the cause >&2; exit 3"});
    ASSERT_FALSE(failed);
    EXPECT_EQ(failed.error().code, ErrorCode::Io);
    EXPECT_EQ(failed.error().message, "failed: the cause");
    const auto killed = runProcess("sh", {"-c", "kill -9 $$"});
    ASSERT_FALSE(killed);
    EXPECT_EQ(killed.error().message, "failed without a word");
    const auto missing = runProcess("/no/such/program", {});
    ASSERT_FALSE(missing);
    EXPECT_EQ(missing.error().code, ErrorCode::NotFound);
}

TEST(Process, IsKilledWhenStopped)
{
    std::stop_source stop;
    std::thread later([&] { stop.request_stop(); });
    const auto output = runProcess("sleep", {"600"}, stop.get_token());
    later.join();
    ASSERT_FALSE(output);
    EXPECT_EQ(output.error().code, ErrorCode::Cancelled);
}

TEST(TemporaryFolder, IsRemovedWithItsFiles)
{
    std::filesystem::path path;
    {
        auto folder = TemporaryFolder::create();
        ASSERT_TRUE(folder);
        path = folder->path();
        std::ofstream(path / "file") << "x";
        const TemporaryFolder moved = std::move(*folder);
        EXPECT_TRUE(std::filesystem::exists(path / "file"));
    }
    EXPECT_FALSE(std::filesystem::exists(path));
}

} // namespace
} // namespace qs
