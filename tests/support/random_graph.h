#pragma once

#include <random>
#include <string>
#include <vector>

namespace qs::test {

/// A random network in text form: maps and tokens, element-wise operators of any two values of one shape, products,
/// convolutions, linear layers, normalizations, softmax; then a classifier. The same for the same seed.
class RandomGraph {
public:
    explicit RandomGraph(unsigned seed) : m_engine(seed)
    {
        m_pool.push_back({"image", "1x4x6x6"});
        const int steps = 4 + pick(12);
        for (int i = 0; i < steps; ++i)
            step();
        const Value last = m_pool.back();
        const std::string flat = add("1x144", "Reshape(" + last.name + ") shape=[1 144]");
        const std::string head = weight("144x5");
        m_body += "logits:1x5 = Linear(" + flat + ", " + head + ")\n";
    }

    std::string text() const { return "input image:1x4x6x6\n" + m_weights + m_body + "output logits\n"; }

private:
    struct Value {
        std::string name, shape;
    };

    int pick(int count) { return std::uniform_int_distribution<int>(0, count - 1)(m_engine); }

    std::string weight(const std::string& shape)
    {
        const std::string name = "w" + std::to_string(m_count++);
        m_weights += name + ":" + shape + " = random(" + std::to_string(m_engine() % 1000000) + ")\n";
        return name;
    }

    std::string add(const std::string& shape, const std::string& expression)
    {
        const std::string name = "v" + std::to_string(m_count++);
        m_body += name + ":" + shape + " = " + expression + "\n";
        if (shape != "1x4x36" && shape != "1x144")
            m_pool.push_back({name, shape});
        return name;
    }

    /// Any value of a shape; nothing where there is none.
    std::string some(const std::string& shape)
    {
        std::vector<std::string> names;
        for (const Value& value : m_pool)
            if (value.shape == shape)
                names.push_back(value.name);
        return names.empty() ? std::string() : names[static_cast<std::size_t>(pick(static_cast<int>(names.size())))];
    }

    void step()
    {
        const Value x = m_pool[static_cast<std::size_t>(pick(static_cast<int>(m_pool.size())))];
        const bool map = x.shape == "1x4x6x6";
        const std::string last = map ? "3" : "2";
        const int width = map ? 6 : 4;
        switch (pick(10)) {
        case 0:
        case 1: {
            constexpr const char* kPairs[] = {"Add", "Sub", "Mul", "Max", "Add"};
            add(x.shape, std::string(kPairs[pick(5)]) + "(" + x.name + ", " + some(x.shape) + ")");
            return;
        }
        case 2: {
            constexpr const char* kSingles[] = {"Sigmoid", "Tanh", "Relu", "Silu"};
            add(x.shape, std::string(kSingles[pick(4)]) + "(" + x.name + ")");
            return;
        }
        case 3:
            add(x.shape, "Gelu(" + x.name + ") approximate=\"none\"");
            return;
        case 4:
            add(x.shape, "Softmax(" + x.name + ") axis=" + last);
            return;
        case 5: {
            const std::string size = std::to_string(width);
            const std::string gamma = pick(3) == 0 ? std::string("_") : weight(size);
            const std::string beta = pick(3) == 0 ? std::string("_") : weight(size);
            add(x.shape,
                "LayerNormalization(" + x.name + ", " + gamma + ", " + beta + ") axis=" + last + " epsilon=1e-5");
            return;
        }
        case 6:
            if (map) // a product of maps, any of them
                add(x.shape, "MatMul(" + x.name + ", " + some(x.shape) + ")");
            else
                add("1x36x4", "Linear(" + x.name + ", " + weight("4x4") + ", " + weight("4") + ")");
            return;
        case 7:
            if (map)
                add(x.shape, "Transpose(" + x.name + ") perm=[0 1 3 2]");
            else
                add("1x4x6x6",
                    "Reshape(" + add("1x4x36", "Transpose(" + x.name + ") perm=[0 2 1]") + ") shape=[1 4 6 6]");
            return;
        case 8:
            if (map)
                add("1x36x4",
                    "Transpose(" + add("1x4x36", "Reshape(" + x.name + ") shape=[1 4 36]") + ") perm=[0 2 1]");
            else
                add("1x36x4", "Linear(" + x.name + ", " + weight("4x4") + ")");
            return;
        default: {
            if (!map)
                return;
            const bool depthwise = pick(2) == 0;
            add(x.shape, "Conv(" + x.name + ", " + weight(depthwise ? "4x1x3x3" : "4x4x3x3") + ", " + weight("4") +
                             ") strides=[1 1] dilations=[1 1] pads=[1 1 1 1] group=" + (depthwise ? "4" : "1"));
            return;
        }
        }
    }

    std::mt19937 m_engine;
    std::vector<Value> m_pool;
    std::string m_weights, m_body;
    int m_count = 0;
};

} // namespace qs::test
