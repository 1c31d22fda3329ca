#pragma once

#include "core/base/context.h"
#include "core/base/error.h"
#include "core/base/tensor.h"
#include "core/exec/image_source.h"
#include "core/exec/incremental.h"
#include "core/exec/program.h"
#include "core/exec/simulation.h"
#include "core/graph/network.h"

#include <cstddef>
#include <memory>
#include <optional>

namespace qs::search {

/// Logits [images, classes] of one network under many simulations, always on the same images; what a simulation has
/// in common with the base, up to its first change, is not computed again. Everything given must outlive it.
class Evaluator {
public:
    /// `checkpointBytes`: for what is kept of the base.
    Evaluator(const graph::Network& network, const exec::ImageSource& images,
              std::shared_ptr<exec::WeightCache> weights, std::size_t checkpointBytes);

    /// Runs `simulation` and makes it the base. Errors: as compiling and running programs.
    Result<Tensor> rebase(const exec::Simulation& simulation, const Context& context);
    /// A variant of the base; rebase comes first. May be called from several threads at once. Errors: as rebase.
    Result<Tensor> run(const exec::Simulation& simulation, const Context& context) const;

    /// Share of a whole run that a variant of the base costs; 0 where it is the base.
    Result<double> costOf(const exec::Simulation& simulation) const;
    /// The same for a change of one site of the base, at most.
    double costOf(SiteId site) const;

private:
    Result<exec::Program> compile(const exec::Simulation& simulation) const;

    graph::Network m_network;
    const exec::ImageSource& m_images;
    std::shared_ptr<exec::WeightCache> m_weights;
    std::size_t m_checkpointBytes = 0;
    std::optional<exec::IncrementalRunner> m_runner;
};

} // namespace qs::search
