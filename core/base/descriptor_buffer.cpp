#include "core/base/descriptor_buffer.h"

#include <cerrno>
#include <unistd.h>

namespace qs {

DescriptorBuffer::DescriptorBuffer(int descriptor) : m_descriptor(descriptor)
{
    setp(m_buffer.data(), m_buffer.data() + m_buffer.size());
}

bool DescriptorBuffer::send(const char* data, std::size_t size)
{
    while (size > 0 && m_error == 0) {
        const ssize_t sent = ::write(m_descriptor, data, size);
        if (sent >= 0) {
            data += sent;
            size -= static_cast<std::size_t>(sent);
        } else if (errno != EINTR) {
            m_error = errno;
        }
    }
    return m_error == 0;
}

bool DescriptorBuffer::sendBuffered()
{
    const bool sent = send(pbase(), static_cast<std::size_t>(pptr() - pbase()));
    setp(m_buffer.data(), m_buffer.data() + m_buffer.size());
    return sent;
}

DescriptorBuffer::int_type DescriptorBuffer::overflow(int_type c)
{
    if (!sendBuffered())
        return traits_type::eof();
    if (!traits_type::eq_int_type(c, traits_type::eof()))
        sputc(traits_type::to_char_type(c));
    return traits_type::not_eof(c);
}

int DescriptorBuffer::sync()
{
    return sendBuffered() ? 0 : -1;
}

std::streamsize DescriptorBuffer::xsputn(const char* data, std::streamsize size)
{
    if (size < epptr() - pptr())
        return std::streambuf::xsputn(data, size);
    return sendBuffered() && send(data, static_cast<std::size_t>(size)) ? size : 0;
}

} // namespace qs
