#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace qs::report {

// Pieces of an HTML page without scripts or outside files.

std::string escape(std::string_view text);

struct Column {
    std::string title;
    bool numeric;
};
/// <table> and its first row; the caller ends the table.
std::string tableHead(const std::vector<Column>& columns);
std::string cell(const std::string& text, bool numeric = false);

/// A whole page around `body`, light and dark; `title` is escaped already.
std::string page(const std::string& title, const std::string& body);

} // namespace qs::report
