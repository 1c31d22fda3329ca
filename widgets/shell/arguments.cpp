#include "widgets/shell/arguments.h"

#include <string_view>

namespace qs::ui {

Arguments::Arguments(int argc, char** argv)
{
    for (int i = 0; i < argc; ++i) {
        const std::string_view word = argv[i];
        if (i > 0 && i + 1 < argc && (word == "--session" || word == "-session"))
            m_words.push_back("--session=" + std::string(argv[++i]));
        else
            m_words.emplace_back(word);
    }
    for (std::string& word : m_words)
        m_values.push_back(word.data());
    m_count = static_cast<int>(m_values.size());
    m_values.push_back(nullptr);
}

} // namespace qs::ui
