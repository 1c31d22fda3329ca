#include "core/images/characters.h"

#include "core/base/file.h"

#include <sstream>

namespace qs::images {

Result<std::vector<std::string>> readCharacters(const std::filesystem::path& path, std::size_t classes)
{
    QS_ASSIGN(const std::string text, readText(path));
    std::vector<std::string> characters;
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) {
        if (line.ends_with('\r'))
            line.pop_back();
        characters.push_back(line);
    }
    if (characters.size() == classes && !characters.empty()) { // the blank is among them
        characters.front().clear();
        return characters;
    }
    characters.insert(characters.begin(), "");
    if (characters.size() + 1 == classes)
        characters.emplace_back(" ");
    return characters;
}

} // namespace qs::images
