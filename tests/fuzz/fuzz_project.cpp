#include "core/graph/find_sites.h"
#include "core/graph/sites.h"
#include "core/project/hybrid_file.h"
#include "core/project/search_file.h"
#include "core/project/session_file.h"
#include "core/project/session_report.h"
#include "core/report/comparison.h"
#include "core/report/html.h"
#include "core/report/results.h"
#include "tests/support/small_vit.h"

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string_view>

namespace {

/// An error is one line.
void check(const qs::Error& error)
{
    const std::string text = error.text();
    if (!error.message.empty() && text.find('\n') == std::string::npos)
        return;
    std::fprintf(stderr, "not one line: %s\n", text.c_str());
    std::abort();
}

/// A search of either kind that is read is written to a text that is read to the same.
template <class Read, class Write>
void checkSearch(std::string_view text, const Read& read, const Write& write)
{
    const auto found = read(text);
    if (!found)
        return check(found.error());
    const std::string written = write(*found);
    const auto again = read(written);
    if (again && write(*again) == written)
        return;
    std::fprintf(stderr, "another search after a round trip: %s\n", again ? "" : again.error().text().c_str());
    std::abort();
}

} // namespace

/// Any text as a session, as results, as a comparison and as a search: a value, or an error of one line. A session
/// that is read is written to a file that is read to the same, and has a page or the error that it has no figures.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, std::size_t size)
{
    using namespace qs;
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    if (const auto page = report::htmlReport(text); !page)
        check(page.error());
    if (const auto comparison = report::comparisonFromJson(text); !comparison)
        check(comparison.error());
    static const qs::graph::SiteTable sites = graph::findSites(*graph::parse(test::kSmallVit));
    checkSearch(
        text, [](std::string_view json) { return project::searchFromJson(json, sites); },
        [](const project::SearchRun& run) { return project::searchToJson(run, sites); });
    checkSearch(
        text, [](std::string_view json) { return project::hybridFromJson(json, sites); },
        [](const auto& found) { return project::hybridToJson(*found, sites); });
    const auto session = project::sessionFromJson(text, "/made/up");
    if (!session) {
        check(session.error());
        return 0;
    }
    const std::string written = project::sessionToJson(*session, "/made/up");
    const auto again = project::sessionFromJson(written, "/made/up");
    if (!again || project::sessionToJson(*again, "/made/up") != written) {
        std::fprintf(stderr, "another session after a round trip: %s\n", again ? "" : again.error().text().c_str());
        std::abort();
    }
    auto shown = *session;
    shown.model.clear(); // reads no files
    if (const auto page = project::sessionReport(shown); !page)
        check(page.error());
    return 0;
}
