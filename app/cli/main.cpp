#include "app/cli/common.h"
#include "app/cli/files.h"
#include "core/base/system_reason.h"
#include "core/kernels/target.h"

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <new>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace {

/// 2: the user can fix it (usage, input); 1: anything else.
int exitCode(const qs::Error& error)
{
    switch (error.code) {
    case qs::ErrorCode::Internal:
    case qs::ErrorCode::OutOfMemory:
    case qs::ErrorCode::Cancelled:
        return 1;
    default:
        return 2;
    }
}

int report(const qs::Error& error)
{
    std::fprintf(stderr, "quantoscope-cli: %s\n", error.text().c_str());
    return exitCode(error);
}

/// Whether it is about a picture that was there when its folder was opened and cannot be read now.
bool isOfPicture(const qs::Error& error)
{
    using enum qs::ErrorCode;
    static const std::set<std::string> kPictures{".jpg", ".jpeg", ".png", ".bmp", ".webp", ".tif", ".tiff", ".ppm"};
    std::string suffix = std::filesystem::path(error.where).extension().string();
    std::ranges::transform(suffix, suffix.begin(), [](unsigned char c) { return std::tolower(c); });
    return kPictures.contains(suffix) && (error.code == NotFound || error.code == Io || error.code == Malformed);
}

/// Runs a command. Where a picture went while it ran, once more without it: folders are opened anew and leave out
/// what cannot be read.
qs::Result<void> runWithout(const qs::cli::Command& run)
{
    std::set<std::string> lost;
    for (;;) {
        auto done = run();
        if (done || !isOfPicture(done.error()) || !lost.insert(done.error().where).second)
            return done;
        qs::cli::warn(done.error().text() + ": it was there at first; " + std::to_string(lost.size()) +
                      (lost.size() == 1 ? " picture is" : " pictures are") + " left out, from the start");
    }
}

/// No exception leaves it: what is out of memory or out of threads is one line too.
qs::Result<void> runCommand(const CLI::App& app, const qs::cli::Command& run)
{
    try {
        QS_CHECK(qs::cli::checkFiles(app));
        return runWithout(run);
    } catch (const std::bad_alloc&) {
        return qs::fail(qs::ErrorCode::OutOfMemory, "not enough memory", app.get_name());
    } catch (const std::exception& error) {
        return qs::fail(qs::ErrorCode::Internal, error.what(), app.get_name());
    }
}

} // namespace

int main(int argc, char** argv)
{
    using namespace qs::cli;
    std::signal(SIGXFSZ, SIG_IGN); // a file beyond the limit is an error of writing, not the end of the process
    if (const auto target = qs::kernels::selectTarget(); !target)
        return report(target.error());

    CLI::App app("See, repair and export post-training quantization of vision transformers.", "quantoscope-cli");
    app.set_version_flag("--version", QUANTOSCOPE_VERSION);
    app.require_subcommand(1);
    std::vector<std::pair<CLI::App*, Command>> commands;
    const auto add = [&](const char* name, const char* description, AddCommand addCommand) {
        CLI::App* sub = app.add_subcommand(name, description);
        commands.emplace_back(sub, addCommand(*sub));
    };
    add("inspect", "Sites, roles and blocks of a model", addInspect);
    add("calibrate", "Statistics of the float model on images", addCalibrate);
    add("evaluate", "Accuracy of the float or the quantized model", addEvaluate);
    add("search", "Bits of every weight and activation by greedy mixed precision", addSearch);
    add("hybrid", "Step, granularity and scheme of every layer (Q-HyViT)", addHybrid);
    add("compare", "Many methods on equal terms: one table", addCompare);
    add("export", "Write the quantized model as ONNX", addExport);
    add("report", "HTML report of saved results", addReport);
    add("demo", "The whole road on a built-in demo: calibrate, evaluate, search, export, report", addDemo);

    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        if (error.get_exit_code() == 0)
            return app.exit(error); // --help, --version
        std::fprintf(stderr, "quantoscope-cli: %s (see --help)\n", error.what());
        return 2;
    }
    for (const auto& [sub, run] : commands)
        if (sub->parsed()) {
            if (const auto done = runCommand(*sub, run); !done)
                return report(done.error());
        }
    // A full disk under stdout, a reader that went away: figures that nobody got are no success.
    if (std::fflush(stdout) != 0 || std::ferror(stdout))
        return report({qs::ErrorCode::Io, "cannot write: " + qs::systemReason(errno), "standard output"});
    return 0;
}
