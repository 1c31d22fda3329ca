#include "core/report/report.h"
#include "app/cli/common.h"
#include "core/base/file.h"

#include <cstdio>

namespace qs::cli {

Command addReport(CLI::App& app)
{
    struct Options {
        std::string input, output;
    };
    auto options = std::make_shared<Options>();
    app.add_option("input", options->input, "Results or session file (JSON)")->required();
    app.add_option("-o,--out", options->output, "HTML file to write")->required();
    return [options]() -> Result<void> {
        QS_ASSIGN(const auto text, readText(options->input));
        auto html = report::htmlReport(text);
        if (!html) {
            html.error().where = options->input;
            return tl::unexpected(html.error());
        }
        QS_CHECK(writeAtomically(options->output, *html));
        std::printf("%s\n", options->output.c_str());
        return {};
    };
}

} // namespace qs::cli
