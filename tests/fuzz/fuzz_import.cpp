#include "core/onnx/import.h"

#include <cstdint>
#include <cstdio>
#include <cstdlib>

namespace {

void import(std::span<const std::byte> bytes, const qs::onnx::ImportOptions& options)
{
    const auto model = qs::onnx::importModel(bytes, {}, options);
    if (!model) {
        const std::string text = model.error().text();
        if (text.empty() || text.find('\n') != std::string::npos) {
            std::fprintf(stderr, "not one line: %s\n", text.c_str());
            std::abort();
        }
        return;
    }
    for (const qs::graph::Site& site : model->sites) {
        if (site.name.empty() || site.elements() != site.shape.elements()) {
            std::fprintf(stderr, "bad site: %s\n", site.name.c_str());
            std::abort();
        }
    }
}

} // namespace

/// Any bytes: a model, or an error of one line. A model that loads has sites that point into its graph. Quantized
/// files as they compute, and as the float network behind them.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, std::size_t size)
{
    const auto bytes = std::as_bytes(std::span(data, size));
    import(bytes, {});
    import(bytes, {.floatNetwork = true});
    return 0;
}
