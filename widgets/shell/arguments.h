#pragma once

#include <string>
#include <vector>

namespace qs::ui {

/// Arguments of the program as Qt may have them: "--session FILE" becomes "--session=FILE". Qt takes the two words
/// for an option of its own (the session manager's, X11) and removes them before the program sees them.
class Arguments {
public:
    Arguments(int argc, char** argv);
    /// For QApplication, which keeps both as long as it lives.
    int& count() { return m_count; }
    char** values() { return m_values.data(); }

private:
    std::vector<std::string> m_words;
    std::vector<char*> m_values; ///< ends with null
    int m_count = 0;
};

} // namespace qs::ui
