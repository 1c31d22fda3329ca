#pragma once

#include "core/base/context.h"
#include "core/base/error.h"
#include "core/base/tensor.h"
#include "core/exec/image_source.h"
#include "core/exec/program.h"
#include "core/exec/simulation.h"
#include "core/graph/graph.h"
#include "core/graph/sites.h"

#include <cstddef>
#include <memory>
#include <string_view>

namespace qs::search {

/// Logits [images, classes] of one network under many simulations, always on the same images. Everything given must
/// outlive it.
class Evaluator {
public:
    Evaluator(const graph::Graph& graph, const graph::SiteTable& sites, const exec::ImageSource& images,
              std::shared_ptr<exec::WeightCache> weights);

    /// Runs `simulation` and makes it the base: what variants near it have in common with it is kept.
    /// Errors: as compiling and running programs.
    Result<Tensor> rebase(const exec::Simulation& simulation, const Context& context);
    /// A variant of the base. May be called from several threads at once. Errors: as rebase.
    Result<Tensor> run(const exec::Simulation& simulation, const Context& context) const;

private:
    const graph::Graph& m_graph;
    const graph::SiteTable& m_sites;
    const exec::ImageSource& m_images;
    std::shared_ptr<exec::WeightCache> m_weights;
    std::unique_ptr<const exec::Program> m_base; ///< keeps its packed weights in the cache
};

} // namespace qs::search
