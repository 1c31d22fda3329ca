#pragma once

#include "core/base/tensor.h"
#include "core/exec/op.h"
#include "core/exec/program.h"

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

namespace qs::exec {

/// Where an array lies while a program runs: in the caller's input, in the arena, or in a constant; and how.
struct Operand {
    enum class Kind : uint8_t { None, Input, Arena, Constant };
    Kind kind = Kind::None;
    DType dtype = DType::Float32;
    int buffer = -1;      ///< Arena: which of the planned buffers
    int64_t offset = 0;   ///< elements from the start of the buffer, the input or the constant
    std::size_t base = 0; ///< Arena: bytes from the start of the arena; known after planning
    Shape shape;
    Shape strides; ///< elements
    Tensor constant;

    bool present() const { return kind != Kind::None; }
    bool contiguous() const;
    bool sameView(const Operand& other) const;
    /// The same view, of a constant with the same bytes if it is one.
    bool sameAs(const Operand& other) const;
    std::string text() const;
};

/// What a step needs to run.
struct RunState {
    std::byte* arena = nullptr;
    const float* input = nullptr;
    std::byte* scratch = nullptr; ///< 64-byte aligned: shared part of the step, then one part a worker
    ThreadPool* pool = nullptr;
    Observer* observer = nullptr;
    std::size_t runIndex = 0;
    int worker = 0;

    const void* address(const Operand& operand) const;
    template <class T>
    const T* read(const Operand& operand) const
    {
        return static_cast<const T*>(address(operand));
    }
    template <class T>
    T* write(const Operand& operand) const
    {
        assert(operand.kind == Operand::Kind::Arena);
        return static_cast<T*>(const_cast<void*>(address(operand)));
    }
    ConstView view(const Operand& operand) const;
};

/// When a step reads an operand, beside when it writes its first output. Whoever plans memory asks for it; steps say
/// it of every operand, and tests/exec/access_test.cpp holds them to it.
enum class Access : uint8_t {
    Anywhere,   ///< an element may be read after any element of the output was written: their memory must be apart
    BeforeWrite ///< no element is read after the output's element at the same place was written (same shape and
                ///< strides): the output may take over the memory
};

/// One operation of a compiled program. Immutable while running; several threads run it on their own arenas.
class Step {
public:
    virtual ~Step() = default;
    virtual void run(const RunState& state) const = 0;
    virtual std::string text() const = 0;
    /// Scratch memory: once for the step, and for every worker of the pool. Multiples of 64.
    virtual std::size_t sharedScratchBytes() const { return 0; }
    virtual std::size_t workerScratchBytes() const { return 0; }
    /// About how long it takes, in the time of one multiplication and addition of a product.
    virtual double work() const;
    /// Whether it computes the same from the same memory as a step of another program of the same graph: equal
    /// operands and constants, the same maps.
    bool sameAs(const Step& other) const;

    std::vector<Operand> reads;
    std::vector<Operand> writes;
    /// By number of read; missing: Anywhere.
    std::vector<Access> access;
    Access accessOf(std::size_t read) const { return read < access.size() ? access[read] : Access::Anywhere; }

protected:
    /// Says that operand `read` is Access::BeforeWrite.
    void readsBeforeWriting(std::size_t read);

    /// What sameAs compares besides operands: constants that are not among them, and the map.
    std::vector<Tensor> m_constants;
    std::shared_ptr<const ElementMap> m_map;
};

/// Rounds up to the alignment of buffers.
constexpr std::size_t alignUp(std::size_t bytes)
{
    return (bytes + 63) / 64 * 64;
}

/// Any operator through its OpDef.
std::unique_ptr<Step> makeGenericStep(const OpDef& op, const graph::Node& node, std::vector<Operand> inputs,
                                      std::vector<Operand> outputs);
/// dst (contiguous) = src (any strides).
std::unique_ptr<Step> makeCopyStep(Operand src, Operand dst);
/// What happens to a value where a site sits: copied to dst if it is not there yet, shown to the observer, mapped.
struct SiteAction {
    SiteId id;
    std::string name;
    graph::ChannelLayout layout;
    std::shared_ptr<const ElementMap> map; ///< null: only observed
    bool observed = false;
};
std::unique_ptr<Step> makeSiteStep(SiteAction action, Operand src, Operand dst);

} // namespace qs::exec
