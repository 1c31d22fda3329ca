#include "core/onnx/prepare/check_nodes.h"

#include "core/onnx/file_graph.h"
#include "core/onnx/tensor_reader.h"

#include <algorithm>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

namespace qs::onnx {

namespace pb = quantoscope_onnx;

namespace {

using Type = pb::AttributeProto_AttributeType;

// Names that have one type in all operators of the standard domain, opsets 1 to 28.
constexpr std::string_view kTexts[] = {
    "approximate",  "auto_pad",  "coordinate_transformation_mode", "equation",  "mode",        "nearest_mode",
    "padding_mode", "reduction", "keep_aspect_ratio_policy",       "direction", "value_string"};
constexpr std::string_view kIntegers[] = {"align_corners",
                                          "allowzero",
                                          "antialias",
                                          "axis",
                                          "batch_dims",
                                          "block_size",
                                          "blocksize",
                                          "ceil_mode",
                                          "count_include_pad",
                                          "detect_negative",
                                          "detect_positive",
                                          "dtype",
                                          "end",
                                          "exclude_outside",
                                          "exclusive",
                                          "fmod",
                                          "group",
                                          "interleaved",
                                          "is_causal",
                                          "k",
                                          "keepdims",
                                          "kv_num_heads",
                                          "largest",
                                          "left_window_size",
                                          "new_axis",
                                          "noop_with_empty_axes",
                                          "num_groups",
                                          "num_heads",
                                          "num_outputs",
                                          "output_dtype",
                                          "output_height",
                                          "output_width",
                                          "q_num_heads",
                                          "qk_matmul_output_mode",
                                          "reverse",
                                          "right_window_size",
                                          "rotary_embedding_dim",
                                          "sampling_ratio",
                                          "saturate",
                                          "select_last_index",
                                          "sorted",
                                          "start",
                                          "stash_type",
                                          "storage_order",
                                          "training_mode",
                                          "transA",
                                          "transB",
                                          "upper",
                                          "value_int"};
constexpr std::string_view kReals[] = {
    "alpha", "beta",     "bias",  "cubic_coeff_a", "epsilon", "gamma",       "lambd",         "max",
    "min",   "momentum", "ratio", "scale",         "softcap", "value_float", "spatial_scale", "extrapolation_value"};
constexpr std::string_view kLists[] = {"axes", "dilations", "ends",  "kernel_shape", "output_padding", "output_shape",
                                       "pads", "perm",      "shape", "starts",       "strides",        "value_ints"};
constexpr std::string_view kGraphs[] = {"body", "else_branch", "then_branch"};

template <std::size_t N>
bool isIn(const std::string_view (&names)[N], std::string_view name)
{
    return std::ranges::find(names, name) != std::end(names);
}

bool hasType(std::string_view name, Type type)
{
    if (isIn(kIntegers, name))
        return type == pb::AttributeProto::INT;
    if (isIn(kReals, name))
        return type == pb::AttributeProto::FLOAT;
    if (isIn(kLists, name))
        return type == pb::AttributeProto::INTS;
    if (isIn(kTexts, name))
        return type == pb::AttributeProto::STRING;
    if (isIn(kGraphs, name))
        return type == pb::AttributeProto::GRAPH;
    return true;
}

/// Whether the attribute holds nothing but what its type says; numbers that are 0 may be left out.
bool holdsItsType(const pb::AttributeProto& a)
{
    const bool others = (a.has_f() && a.type() != pb::AttributeProto::FLOAT) ||
                        (a.has_i() && a.type() != pb::AttributeProto::INT) ||
                        (a.has_s() && a.type() != pb::AttributeProto::STRING) ||
                        (a.floats_size() > 0 && a.type() != pb::AttributeProto::FLOATS) ||
                        (a.ints_size() > 0 && a.type() != pb::AttributeProto::INTS);
    return !others && a.has_t() == (a.type() == pb::AttributeProto::TENSOR) &&
           a.has_g() == (a.type() == pb::AttributeProto::GRAPH);
}

using Nodes = google::protobuf::RepeatedPtrField<pb::NodeProto>;

Result<void> checkNodes(const Nodes& nodes, bool inFunction)
{
    for (int n = 0; n < nodes.size(); ++n) {
        const pb::NodeProto& node = nodes.Get(n);
        if (node.output_size() == 0)
            return fail(ErrorCode::Malformed, "has no output", nodeLabel(node, n));
        std::vector<std::string_view> names;
        for (const pb::AttributeProto& a : node.attribute()) {
            const std::string what = "its attribute '" + printable(a.name()) + "' ";
            if (std::ranges::find(names, std::string_view(a.name())) != names.end())
                return fail(ErrorCode::Malformed, what + "is there twice", nodeLabel(node, n));
            names.push_back(a.name());
            if (!a.ref_attr_name().empty()) {
                if (!inFunction)
                    return fail(ErrorCode::Malformed, what + "refers to a function's, and is in none",
                                nodeLabel(node, n));
                continue;
            }
            if (a.type() == pb::AttributeProto::UNDEFINED)
                return fail(ErrorCode::Malformed, what + "does not say its type", nodeLabel(node, n));
            if (!holdsItsType(a) || !hasType(a.name(), a.type()))
                return fail(ErrorCode::Malformed, what + "is of another type than it must be", nodeLabel(node, n));
            if (a.has_g())
                QS_CHECK(checkNodes(a.g().node(), inFunction));
        }
    }
    return {};
}

} // namespace

Result<void> checkFileNodes(const pb::ModelProto& model)
{
    QS_CHECK(checkNodes(model.graph().node(), false));
    for (const pb::FunctionProto& function : model.functions())
        QS_CHECK(checkNodes(function.node(), true));
    std::unordered_set<std::string_view> produced;
    for (int n = 0; n < model.graph().node_size(); ++n)
        for (const std::string& name : model.graph().node(n).output())
            if (!name.empty() && !produced.insert(name).second)
                return fail(ErrorCode::Malformed, "value '" + printable(name) + "' is produced twice",
                            nodeLabel(model.graph().node(n), n));
    return {};
}

} // namespace qs::onnx
