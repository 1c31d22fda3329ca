#pragma once

#include "widgets/panels/images/reading_picture.h"

#include <QString>

namespace qs::ui {

/// What a side of a reading says in one line: what is read, the classes that are there, the errors of the outputs;
/// difference: "2 of 9 characters". "" for pictures and where there is nothing to say.
QString readingText(const ImageReading& reading, ReadingSide side, const std::vector<std::string>& classNames);
/// The same in rich text, in the colours of the present theme: what differs is marked by colour and by form (lost:
/// struck out; new: underlined).
QString readingHtml(const ImageReading& reading, ReadingSide side, const std::vector<std::string>& classNames);

} // namespace qs::ui
