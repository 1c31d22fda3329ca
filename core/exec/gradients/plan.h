#pragma once

#include "core/exec/gradients/backward.h"
#include "core/exec/simulation.h"
#include "core/graph/network.h"
#include "core/graph/outputs.h"

#include <cstddef>
#include <memory>
#include <vector>

namespace qs::exec {

/// What an input of a node reads: a constant, or a slot (nothing: the optional input is absent).
struct Source {
    Tensor constant;
    int slot = -1;  ///< a value, or a value behind its quantizer
    TensorId value; ///< to which the gradient goes; invalid where there is none
    SiteId site;    ///< the quantizer in between; invalid: none
};

/// One node, everything about it decided.
struct NodePlan {
    graph::Node node; ///< with the absent inputs that the simulation fills in
    const OpDef* op = nullptr;
    std::vector<Source> sources;
    std::vector<ValueInfo> in;
    std::vector<ValueInfo> out;
    std::size_t scratchBytes = 0;
    const BackwardDef* backward = nullptr; ///< null: it is not on the way
    std::vector<uint8_t> wanted;           ///< by input
    /// Slots that nothing needs after the node: on the way forward, and on the way back.
    std::vector<int> releaseForward;
    std::vector<int> releaseBackward;
};

/// A quantizer behind a value.
struct MappedSlot {
    int slot = -1;
    std::shared_ptr<const ElementMap> map;
    graph::ChannelLayout layout;
};

/// An output of the graph, behind its quantizer where it has one.
struct ResultSlot {
    TensorId value;
    int slot = -1;
    SiteId site; ///< of the quantizer
};

/// The way forward and back. Slots: first one for each value (by TensorId), then one for each quantizer that is read.
struct GradientPlan {
    std::vector<NodePlan> nodes;                 ///< those that the outputs need, in order
    std::vector<std::vector<MappedSlot>> mapped; ///< by TensorId
    std::vector<Shape> shapes;                   ///< by TensorId
    std::size_t slots = 0;
    TensorId input;
    std::vector<ResultSlot> results;       ///< one an output of the graph
    std::vector<graph::OutputSpan> layout; ///< of the outputs in a row
    std::vector<TensorId> wanted;
    std::vector<std::shared_ptr<const ElementMap>> maps; ///< by SiteId
    std::vector<graph::ChannelLayout> layouts;           ///< by SiteId
};

/// Errors: as GradientProgram::compile.
Result<GradientPlan> planGradient(const graph::Network& network, const Simulation& simulation,
                                  std::vector<TensorId> wanted);

} // namespace qs::exec
