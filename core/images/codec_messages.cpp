// Two functions of libpng and libjpeg under their own names: the dynamic linker takes the program's before a
// library's, so OpenCV's calls come here. Each calls the library's and puts handlers that are silent in place of
// those that print. Handlers that a caller brings (Qt does) are left.
#include "core/images/codec_messages.h"

#include <iostream>
#include <mutex>
#include <streambuf>

#include <opencv2/core/utils/logger.hpp>

#if QUANTOSCOPE_SHARED_CODECS
#include <dlfcn.h>
#endif

namespace qs::images {

namespace {

std::string& lastMessage()
{
    thread_local std::string message;
    return message;
}

thread_local bool t_silent = false;

/// Passes everything on, but what silent threads write.
class Filter final : public std::streambuf {
public:
    explicit Filter(std::streambuf& to) : m_to(to) {}

private:
    int_type overflow(int_type c) override
    {
        if (t_silent || traits_type::eq_int_type(c, traits_type::eof()))
            return traits_type::not_eof(c);
        return m_to.sputc(traits_type::to_char_type(c));
    }
    std::streamsize xsputn(const char* text, std::streamsize size) override
    {
        return t_silent ? size : m_to.sputn(text, size);
    }
    int sync() override { return t_silent ? 0 : m_to.pubsync(); }

    std::streambuf& m_to;
};

} // namespace

CodecSilence::CodecSilence()
{
    static std::once_flag once;
    std::call_once(once, [] {
        cv::utils::logging::setLogLevel(cv::utils::logging::LOG_LEVEL_SILENT);
        static Filter* const filter = new Filter(*std::cerr.rdbuf()); // as long-lived as the stream
        std::cerr.rdbuf(filter);
    });
    lastMessage().clear();
    t_silent = true;
}

CodecSilence::~CodecSilence()
{
    t_silent = false;
}

const std::string& codecMessage()
{
    return lastMessage();
}

} // namespace qs::images

#if QUANTOSCOPE_SHARED_CODECS

namespace {

using PngHandler = void (*)(void* png, const char* message);

/// The next definition of a function after the program's own.
template <class Function>
Function next(const char* name)
{
    return reinterpret_cast<Function>(dlsym(RTLD_NEXT, name));
}

/// libpng goes back to whoever called it (setjmp); a handler that returned would be followed by the one that prints.
void pngError(void* png, const char* message)
{
    qs::images::lastMessage() = message ? message : "";
    static const auto jump = next<void (*)(void*, int)>("png_longjmp");
    if (jump)
        jump(png, 1);
}

void pngWarning(void*, const char*) {}

/// The beginning of libjpeg's jpeg_error_mgr, which has been so since version 6.
struct JpegHandlers {
    void (*fail)(void* codec);
    void (*emit)(void* codec, int level);
    void (*output)(void* codec);
    void (*format)(void* codec, char* text);
};

/// Called with the first warning of an image; what leads to a codec's handlers is its first member.
void jpegMessage(void* codec)
{
    char text[256] = ""; // JMSG_LENGTH_MAX is 200
    (*static_cast<JpegHandlers**>(codec))->format(codec, text);
    qs::images::lastMessage() = text;
}

} // namespace

extern "C" {

/// libpng 1.6.
void* png_create_read_struct(const char* version, void* data, PngHandler error, PngHandler warn)
{
    static const auto create = next<void* (*)(const char*, void*, PngHandler, PngHandler)>("png_create_read_struct");
    return create ? create(version, data, error ? error : pngError, warn ? warn : pngWarning) : nullptr;
}

/// libjpeg 6.2 and 8, libjpeg-turbo.
JpegHandlers* jpeg_std_error(JpegHandlers* handlers)
{
    static const auto fill = next<JpegHandlers* (*)(JpegHandlers*)>("jpeg_std_error");
    if (fill)
        fill(handlers);
    handlers->output = jpegMessage;
    return handlers;
}
}

#endif
