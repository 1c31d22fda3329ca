#pragma once

#include <string>

namespace qs::images {

/// While it lives, what codecs of OpenCV say on this thread goes nowhere. libpng and libjpeg write to the standard
/// error of the process where whoever uses them gives them no handlers, and OpenCV gives them none;
/// codec_messages.cpp does. OpenCV itself writes to std::cerr, which passes on what other threads write, and to its
/// log, which is switched off.
class CodecSilence {
public:
    CodecSilence(); ///< codecMessage() forgets what was said before
    ~CodecSilence();
    CodecSilence(const CodecSilence&) = delete;
    CodecSilence& operator=(const CodecSilence&) = delete;
};

/// What libpng said of why it gave up, or libjpeg of data that it had to fill in, last on this thread since: "IDAT:
/// CRC error", "Premature end of JPEG file"; empty: nothing.
const std::string& codecMessage();

} // namespace qs::images
