#pragma once

#include <array>
#include <streambuf>

namespace qs {

/// A stream's way to a file descriptor, which stays the caller's. Writes only.
class DescriptorBuffer final : public std::streambuf {
public:
    explicit DescriptorBuffer(int descriptor);
    /// errno of the write that failed; 0: none did.
    int error() const { return m_error; }

protected:
    int_type overflow(int_type c) override;
    int sync() override;
    std::streamsize xsputn(const char* data, std::streamsize size) override;

private:
    bool send(const char* data, std::size_t size);
    bool sendBuffered();
    int m_descriptor;
    int m_error = 0;
    std::array<char, 1 << 16> m_buffer;
};

} // namespace qs
