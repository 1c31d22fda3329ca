#include "core/onnx/file_quantization.h"

#include "core/onnx/file_recipe.h"

#include <algorithm>

namespace qs::onnx {

namespace pb = quantoscope_onnx;

namespace {

using Kind = FileQuantizer::Kind;

/// "12 activations (uint8, dynamic range)".
std::string countText(const std::vector<FileQuantizer>& quantizers, bool weights)
{
    std::map<std::string, int> kinds;
    int count = 0;
    for (const FileQuantizer& q : quantizers) {
        if (q.kind == Kind::Bias || (q.kind == Kind::Weight) != weights)
            continue;
        ++count;
        std::string kind = q.type ? fileTypeName(q.type) : "uint" + std::to_string(q.bits);
        if (q.kind == Kind::Dynamic)
            kind += ", range at run time";
        else if (q.block > 0)
            kind += " in blocks of " + std::to_string(q.block);
        else if (q.scale.size() > 1)
            kind += " by channel";
        ++kinds[kind];
    }
    std::string text = std::to_string(count) + (weights ? " weight" : " activation") + (count == 1 ? "" : "s");
    const char* before = " (";
    for (const auto& [kind, number] : kinds) {
        text += before + (kinds.size() > 1 ? std::to_string(number) + " " : std::string()) + kind;
        before = "; ";
    }
    return count > 0 ? text + ")" : text;
}

std::string formOf(const std::vector<FileQuantizer>& quantizers, const std::map<std::string, int>& replaced)
{
    const bool activations = std::ranges::any_of(
        quantizers, [](const FileQuantizer& q) { return q.kind == Kind::Activation || q.kind == Kind::Dynamic; });
    if (!activations)
        return "weights only";
    if (std::ranges::any_of(quantizers, [](const FileQuantizer& q) { return q.kind == Kind::Dynamic; }))
        return "dynamic";
    return std::ranges::any_of(replaced, [](const auto& entry) { return entry.first != "com.microsoft:MatMulNBits"; })
               ? "QOperator"
               : "QDQ";
}

} // namespace

FileQuantization describeQuantization(const std::vector<FileQuantizer>& quantizers,
                                      const std::map<std::string, int>& replaced, const graph::Network& network,
                                      const pb::GraphProto& file, bool floatNetwork)
{
    FileQuantization result;
    result.form = formOf(quantizers, replaced);
    result.summary = countText(quantizers, false) + ", " + countText(quantizers, true);
    if (floatNetwork)
        writeFileRecipe(quantizers, network, file, result);
    return result;
}

} // namespace qs::onnx
