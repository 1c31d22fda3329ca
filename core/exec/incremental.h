#pragma once

#include "core/base/context.h"
#include "core/base/error.h"
#include "core/base/tensor.h"
#include "core/exec/image_source.h"
#include "core/exec/program.h"
#include "core/graph/sites.h"

#include <cstddef>
#include <memory>
#include <string_view>

namespace qs::exec {

/// Evaluates many variants of one network on the same images. A base program runs once; what later steps need is kept
/// at some boundaries between its steps, for every image. A variant, the same graph compiled with another simulation,
/// then starts at the last boundary before the first step in which it differs from the base.
///
/// Logits are equal, bit by bit, to those of runImages with the variant, for any number of threads and any budget.
/// A change at a site taken at random costs a little more than half of a full run.
///
/// How to use it in a search:
///   Program::Options options{weightCache, {}};
///   auto base = Program::compile(network, plan->simulation, options);
///   auto runner = IncrementalRunner::create(*base, images, count, {}, context, stage);
///   for every candidate: Program::compile(network, candidatePlan->simulation, options), runner->run(...)
///   the one that is taken: runner->rebase(...)
/// Compiling with a shared WeightCache packs only weights whose tensors are new (DeiT-Tiny: 0.5 ms a variant). Steps
/// are the same where their maps are the same objects and their constants have the same bytes: take what did not
/// change from the base's plan, as resolve() with `previous` does.
class IncrementalRunner {
public:
    ~IncrementalRunner();
    IncrementalRunner(IncrementalRunner&&) noexcept;
    IncrementalRunner& operator=(IncrementalRunner&&) noexcept;

    struct Options {
        std::size_t budgetBytes = std::size_t{512} << 20; ///< for what is kept of all images together
    };
    /// Runs `base` on images [0, count). Boundaries are chosen so that the steps where maps and weights are wait for
    /// as little work as the budget allows; the images themselves are kept if they fit, else loaded again where
    /// needed (`images` must live as long as the runner).
    /// Errors: as runImages; InvalidArgument for a program of Execution::Reference.
    static Result<IncrementalRunner> create(const Program& base, const ImageSource& images, std::size_t count,
                                            const Options& options, const Context& context, std::string_view stage);

    const Program& base() const;
    /// Of the base, [count, classes].
    const Tensor& logits() const;
    std::size_t count() const;
    std::size_t keptBytes() const;
    std::size_t boundaries() const;

    /// Logits [count, classes] of a variant: a program of the same graph and sites. May be called from several
    /// threads at once, but not during rebase. Errors: as runImages; InvalidArgument (a program of a network of
    /// another size).
    Result<Tensor> run(const Program& variant, const Context& context, std::string_view stage) const;
    /// Makes `variant` the base: what is kept behind its first change is computed again (the cost of a run). After an
    /// error the base is what it was.
    Result<void> rebase(const Program& variant, const Context& context, std::string_view stage);

    /// Share of a full run's work, in (0, 1], that a change of the site's numbers costs at most (by counted
    /// operations, not by time).
    double costOf(SiteId site) const;
    /// The same for a variant; 0 where it does not differ.
    double costOf(const Program& variant) const;

private:
    struct Impl;
    explicit IncrementalRunner(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> m_impl;
};

} // namespace qs::exec
