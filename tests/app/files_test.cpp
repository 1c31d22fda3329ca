// What the command line reads is never overwritten, what it cannot write is said before any work.
#include "tests/app/cli_fixture.h"

#include <chrono>
#include <csignal>
#include <gmock/gmock.h>
#include <regex>
#include <set>
#include <thread>

namespace {

using namespace qs::test;
using testing::HasSubstr;

class Files : public Cli {
protected:
    void SetUp() override
    {
        Cli::SetUp();
        own = path("m.onnx");
        fs::copy_file(model, own);
        bytes = fs::file_size(own);
    }
    std::string own;
    std::uintmax_t bytes = 0;
};

TEST_F(Files, NoOptionOverwritesTheModel)
{
    fs::create_symlink(own, path("link"));
    fs::create_hard_link(own, path("hard"));
    const std::string images = " --images " + calib, bits = " --preset minmax --calib-images " + calib;
    for (const std::string& target : {own, path("link"), path("hard"), path("./m.onnx")})
        for (const std::string& arguments :
             {"inspect " + own + " --json " + target, "calibrate " + own + images + " -o " + target,
              "evaluate " + own + images + " --json " + target,
              "compare " + own + images + " --calib-images " + calib + " --resume " + target,
              "search " + own + images + bits + " --mean-bits 6 -o " + path("r.json") + " --trace " + target,
              "hybrid " + own + images + bits + " -o " + path("r.json") + " --choices " + target,
              "export " + own + bits + " -o " + path("q.onnx") + " --json " + target,
              "export " + own + bits + " -o " + target})
            expectRefusal(arguments, {"is the model, which would be overwritten"});
    EXPECT_EQ(fs::file_size(own), bytes);
    EXPECT_FALSE(fs::exists(path("r.json")));
}

TEST_F(Files, OtherInputsAreSparedToo)
{
    const std::string qcal = path("c.qcal");
    ASSERT_EQ(run("calibrate " + own + " --images " + calib + " --count 4 -o " + qcal).exitCode, 0);
    expectRefusal("export " + own + " --preset minmax --calibration " + qcal + " -o " + qcal,
                  {"--out", "the file of --calibration"});
    fs::create_directory(path("l"));
    for (const char* name : {"0000.jpg", "labels.csv"})
        fs::copy_file(fs::path(test) / name, folder / "l" / name);
    const std::string compare = "compare " + own + " --images " + path("l") + " --calibration " + qcal +
                                " --presets minmax --bits 8/8 --resume ";
    for (const char* name : {"l/labels.csv", "l/0000.jpg"})
        expectRefusal(compare + path(name), {"the folder of --images"});
    expectRefusal("evaluate " + own + " --images " + path("l") + " --labels " + path("l/labels.csv") + " --json " +
                      path("l/../l/labels.csv"),
                  {"the file of --labels"});
    EXPECT_EQ(fs::file_size(path("l/0000.jpg")), fs::file_size(fs::path(test) / "0000.jpg"));
    EXPECT_EQ(fs::file_size(path("l/labels.csv")), fs::file_size(fs::path(test) / "labels.csv"));
    // Results may lie beside the images, also a second time.
    for (int i = 0; i < 2; ++i)
        EXPECT_EQ(run("evaluate " + own + " --images " + path("l") + " --labels none --json " + path("l/result.json"))
                      .exitCode,
                  0);
}

TEST_F(Files, WhatCannotBeWrittenIsSaidBeforeTheWork)
{
    const std::string images = " --images " + path("no-such-images");
    for (const std::string& arguments :
         {"calibrate " + own + images + " -o ", "evaluate " + own + images + " --json ",
          "search " + own + images + " --preset minmax --mean-bits 6 --calib-images " + calib + " -o ",
          "compare " + own + images + " --calib-images " + calib + " --resume ",
          "compare " + own + images + " --calib-images " + calib + " -o "}) {
        expectRefusal(arguments + path("no/where.json"), {"the folder does not exist"});
        expectRefusal(arguments + folder.string(), {"it is a folder"});
    }
    expectRefusal("search " + own + images + " --preset minmax --mean-bits 6 --calib-images " + calib + " -o " +
                      path("x") + " --trace " + path("./x"),
                  {"--trace", "is already written by --out"});
}

/// Every option whose help speaks of a file or folder is known to the guard: see fileRole().
TEST_F(Files, EveryOptionThatNamesAFileIsGuarded)
{
    const std::set<std::string> known = {
        "--out",          "--json",          "--trace",        "--choices", "--recipe-out",  "--resume",
        "--input",        "--calibration",   "--calibrations", "--recipe",  "--recipes",     "--labels",
        "--classes",      "--characters",    "--coco",         "--texts",   "--class-lists", "--images",
        "--calib-images", "--search-images", "--masks",        "--maps"};
    // Their help speaks of files, their value is none.
    const std::set<std::string> others = {
        "--verify",       "--verify-with", "--execution",          "--float",
        "--input-size",   "--ignored",     "--full-range-weights", "--max-bad-images",
        "--output",       "--count",       "--calib-count",        "--importances",
        "--label-offset", "--preset",      "--zero-unknown",       "--json-images"};
    for (const char* command :
         {"inspect", "calibrate", "evaluate", "search", "hybrid", "compare", "export", "report", "demo"}) {
        const std::string help = run(std::string(command) + " --help").output;
        // An option begins a line; what follows it is indented further.
        static const std::regex kOption(R"(\n  ?(?:-\w,)?(--[\w-]+)([^\n]*(?:\n {10,}[^\n]*)*))");
        for (auto it = std::sregex_iterator(help.begin(), help.end(), kOption); it != std::sregex_iterator(); ++it) {
            const std::string name = (*it)[1], text = (*it)[2];
            static const std::regex kFile("[Ff]ile|[Ff]older|[Ww]rite");
            if (std::regex_search(text, kFile))
                EXPECT_TRUE(known.contains(name) || others.contains(name)) << command << " " << name << text;
        }
    }
}

TEST_F(Files, CountsMustCount)
{
    for (const char* count : {"0", "-1", "99999999999999999999", "x"})
        expectRefusal("evaluate " + own + " --images " + test + " --count " + count, {"--count"});
    expectRefusal("evaluate " + own + " --images " + test + " --calib-images " + calib,
                  {"--calib-images", "--preset or --recipe"});
}

TEST_F(Files, FiguresThatNobodyGotAreNoSuccess)
{
    if (!fs::exists("/dev/full"))
        GTEST_SKIP() << "there is no /dev/full";
    const Outcome outcome = run("inspect " + own + " 2>" + path("err") + " >/dev/full");
    EXPECT_EQ(outcome.exitCode, 2);
}

/// What service managers and batch systems send ends a search as Ctrl+C does: with what was found.
TEST_F(Files, ATerminatedSearchWritesWhatItFound)
{
    const std::string recipe = path("r.json");
    for (const int signal : {SIGTERM, SIGHUP}) {
        fs::remove(recipe);
        const pid_t child = ::fork();
        if (child == 0) {
            ::freopen(path("log").c_str(), "w", stderr);
            ::freopen("/dev/null", "w", stdout);
            ::execl(QUANTOSCOPE_CLI, "quantoscope-cli", "search", own.c_str(), "--images", calib.c_str(), "--preset",
                    "minmax", "--calib-images", calib.c_str(), "--mean-bits", "5", "--mode", "exact", "--count", "64",
                    "-o", recipe.c_str(), nullptr);
            ::_exit(127);
        }
        std::this_thread::sleep_for(std::chrono::seconds(4));
        ASSERT_EQ(::kill(child, signal), 0);
        int status = 0;
        ASSERT_EQ(::waitpid(child, &status, 0), child);
        ASSERT_TRUE(WIFEXITED(status)) << "ended by a signal";
        std::ifstream log(path("log"));
        const std::string said{std::istreambuf_iterator<char>(log), {}};
        EXPECT_EQ(WEXITSTATUS(status), 1) << said;
        EXPECT_THAT(said, testing::AnyOf(HasSubstr("stopped before it was done"), HasSubstr("cancelled")));
    }
}

TEST_F(Files, OneComparisonAtATimeExtendsAFile)
{
    const std::string rows = path("rows.json");
    const std::string command = "compare " + own + " --images " + test + " --count 60 --calib-images " + calib +
                                " --presets minmax,percentile --bits 8/8,6/6,4/4 --resume " + rows;
    std::thread first([&] { EXPECT_EQ(run(command).exitCode, 0); });
    while (!fs::exists(rows))
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
    expectRefusal(command, {"rows.json", "another process is writing it"});
    first.join();
    EXPECT_EQ(readJson(rows).at("rows").size(), 6U);
    EXPECT_EQ(run(command).exitCode, 0); // all lines are there
    EXPECT_EQ(readJson(rows).at("rows").size(), 6U);
}

} // namespace
