#pragma once

#include <string>

namespace qs {

/// A number for people by a printf format of one double ("%.1f", "%+.2f", "%10.4g"). What reads as zero has no sign:
/// -0.04 by "%.1f" is "0.0". Numbers of more than 60 characters are written by "%.3g", never cut.
std::string numberText(double value, const char* format);

} // namespace qs
