#pragma once

#include "quantoscope_onnx.pb.h"

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <random>
#include <string>
#include <vector>

namespace qs::test {

/// Builds small ONNX files node by node.
class OnnxBuilder {
public:
    using Ints = std::vector<int64_t>;

    explicit OnnxBuilder(int64_t opset, uint32_t seed = 7) : m_random(seed)
    {
        m_model.set_ir_version(7);
        m_model.set_producer_name("test");
        m_model.add_opset_import()->set_version(opset);
        m_model.mutable_graph()->set_name("graph");
    }

    quantoscope_onnx::ModelProto& model() { return m_model; }

    /// -1: a dynamic size.
    void input(const std::string& name, const Ints& dims)
    {
        describe(*m_model.mutable_graph()->add_input(), name, dims);
    }
    void output(const std::string& name, const Ints& dims)
    {
        describe(*m_model.mutable_graph()->add_output(), name, dims);
    }

    std::string floats(const std::string& name, const Ints& dims, const std::vector<float>& values)
    {
        quantoscope_onnx::TensorProto& tensor = *m_model.mutable_graph()->add_initializer();
        tensor.set_name(name);
        tensor.set_data_type(quantoscope_onnx::TensorProto::FLOAT);
        for (const int64_t d : dims)
            tensor.add_dims(d);
        tensor.set_raw_data(values.data(), values.size() * sizeof(float));
        return name;
    }
    std::string random(const std::string& name, const Ints& dims, float deviation)
    {
        std::size_t count = 1;
        for (const int64_t d : dims)
            count *= static_cast<std::size_t>(d);
        std::normal_distribution<float> normal(0, deviation);
        std::vector<float> values(count);
        for (float& value : values)
            value = normal(m_random);
        return floats(name, dims, values);
    }
    std::string scalar(const std::string& name, float value) { return floats(name, {}, {value}); }
    std::string ints(const std::string& name, const Ints& values)
    {
        quantoscope_onnx::TensorProto& tensor = *m_model.mutable_graph()->add_initializer();
        tensor.set_name(name);
        tensor.set_data_type(quantoscope_onnx::TensorProto::INT64);
        tensor.add_dims(static_cast<int64_t>(values.size()));
        tensor.set_raw_data(values.data(), values.size() * sizeof(int64_t));
        return name;
    }

    /// A node named as its output; returns the output's name.
    std::string node(const std::string& op, const std::vector<std::string>& inputs, const std::string& output)
    {
        quantoscope_onnx::NodeProto& node = *m_model.mutable_graph()->add_node();
        node.set_op_type(op);
        node.set_name("node/" + output);
        for (const std::string& input : inputs)
            node.add_input(input);
        node.add_output(output);
        return output;
    }
    OnnxBuilder& with(const std::string& name, int64_t value)
    {
        quantoscope_onnx::AttributeProto& a = lastAttribute(name, quantoscope_onnx::AttributeProto::INT);
        a.set_i(value);
        return *this;
    }
    OnnxBuilder& with(const std::string& name, float value)
    {
        quantoscope_onnx::AttributeProto& a = lastAttribute(name, quantoscope_onnx::AttributeProto::FLOAT);
        a.set_f(value);
        return *this;
    }
    OnnxBuilder& with(const std::string& name, const Ints& values)
    {
        quantoscope_onnx::AttributeProto& a = lastAttribute(name, quantoscope_onnx::AttributeProto::INTS);
        for (const int64_t value : values)
            a.add_ints(value);
        return *this;
    }

    std::filesystem::path write(const std::filesystem::path& path) const
    {
        std::ofstream out(path, std::ios::binary);
        m_model.SerializeToOstream(&out);
        return path;
    }

private:
    quantoscope_onnx::AttributeProto& lastAttribute(const std::string& name,
                                                    quantoscope_onnx::AttributeProto_AttributeType type)
    {
        quantoscope_onnx::GraphProto& graph = *m_model.mutable_graph();
        quantoscope_onnx::AttributeProto& a = *graph.mutable_node(graph.node_size() - 1)->add_attribute();
        a.set_name(name);
        a.set_type(type);
        return a;
    }
    static void describe(quantoscope_onnx::ValueInfoProto& value, const std::string& name, const Ints& dims)
    {
        value.set_name(name);
        auto& type = *value.mutable_type()->mutable_tensor_type();
        type.set_elem_type(quantoscope_onnx::TensorProto::FLOAT);
        for (const int64_t d : dims) {
            auto& dim = *type.mutable_shape()->add_dim();
            if (d >= 0)
                dim.set_dim_value(d);
            else
                dim.set_dim_param("N");
        }
    }

    quantoscope_onnx::ModelProto m_model;
    std::mt19937 m_random;
};

} // namespace qs::test
