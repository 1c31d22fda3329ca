#include "app/cli/common.h"
#include "core/base/file.h"
#include "core/base/json_reader.h"
#include "core/base/write_file.h"
#include "core/project/session_report.h"
#include "core/report/html.h"
#include "core/report/results.h"

#include <cstdio>
#include <filesystem>

namespace qs::cli {

namespace {

/// Of a session, of results or of one evaluation, by what the file says it is.
Result<std::string> pageOf(const std::string& text, const std::filesystem::path& path)
{
    QS_ASSIGN(const JsonReader file, JsonReader::parse(text));
    if (!file.isObject() || !file["format"].isText() || file["format"].text() != project::SessionFile::kFormat)
        return report::htmlReport(file);
    std::error_code ignored;
    QS_ASSIGN(const project::SessionFile session,
              project::sessionFromJson(text, std::filesystem::absolute(path, ignored).parent_path()));
    return project::sessionReport(session);
}

/// A file that nobody named is not overwritten.
Result<std::filesystem::path> outputOf(const std::filesystem::path& input, const std::string& named)
{
    if (!named.empty())
        return named;
    std::filesystem::path beside = input;
    beside.replace_extension(".html");
    std::error_code ignored;
    if (std::filesystem::exists(beside, ignored))
        return fail(ErrorCode::InvalidArgument, "exists already: name the file to write with --out", beside.string());
    return beside;
}

} // namespace

Command addReport(CLI::App& app)
{
    struct Options {
        std::string input, output;
    };
    auto options = std::make_shared<Options>();
    app.add_option("input", options->input, "Results or session file (JSON)")->required();
    app.add_option("-o,--out", options->output, "HTML file to write (default: beside the input, with its name)");
    return [options]() -> Result<void> {
        QS_ASSIGN(const std::filesystem::path output, outputOf(options->input, options->output));
        QS_ASSIGN(const std::string text, readText(options->input));
        auto html = pageOf(text, options->input);
        if (!html)
            return tl::unexpected(inFile(std::move(html.error()), options->input));
        QS_CHECK(writeAtomically(output, *html));
        std::printf("%s\n", output.c_str());
        return {};
    };
}

} // namespace qs::cli
