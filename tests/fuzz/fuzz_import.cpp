#include "core/onnx/import.h"

#include <cstdint>
#include <cstdio>
#include <cstdlib>

/// Any bytes: a model, or an error of one line. A model that loads has sites that point into its graph.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, std::size_t size)
{
    const auto model = qs::onnx::importModel(std::as_bytes(std::span(data, size)));
    if (!model) {
        const std::string text = model.error().text();
        if (text.empty() || text.find('\n') != std::string::npos) {
            std::fprintf(stderr, "not one line: %s\n", text.c_str());
            std::abort();
        }
        return 0;
    }
    for (const qs::graph::Site& site : model->sites) {
        if (site.name.empty() || site.elements() != site.shape.elements()) {
            std::fprintf(stderr, "bad site: %s\n", site.name.c_str());
            std::abort();
        }
    }
    return 0;
}
