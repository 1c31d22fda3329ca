#pragma once

#include "core/base/context.h"
#include "core/base/error.h"
#include "core/exec/image_source.h"
#include "core/exec/simulation.h"
#include "core/graph/network.h"
#include "core/stats/calibration.h"

#include <memory>
#include <span>

namespace qs::stats {

/// A calibration with the importances of outputs, for the Hessian-guided metric: the mean of (dL/dy)², L a loss of
/// the network, over all rows of all images by output of a linear layer, over all numbers of all images by slice
/// (head) of a product. Divided by one number so that their mean over the network is 1. PTQ4ViT weighs every row by
/// itself; but what matters may be few rows (in the last block the class token alone), which a sample of rows does
/// not have: on DeiT-Tiny at W4A4 weights by row had 51 % where no weights have 63 %.
///
/// quantized == null: the float network's own. The loss of an image is -log softmax(logits)_k for a class k drawn
/// from
///   the network's own softmax, so that the mean of (dL/dy)² is the diagonal of the curvature of KL(float ||
///   quantized) where nothing is quantized yet (Fisher information); it does not depend on bits. The draw depends on
///   the calibration's seed alone. One class an image: the mean over rows is what the searches use.
/// quantized: L = KL(softmax(float) || softmax(quantized)) of that network, its quantizers passed straight through,
/// as
///   Q-HyViT takes it.
/// PTQ4ViT's released code takes the KL of the float network to itself, whose derivative is 0 but for rounding.
/// images: those of the calibration. Memory: the gradients of one run a thread. Errors: InvalidArgument (other
/// images; a loss without any derivative), and those of exec::GradientProgram and exec::lossGradients (Unsupported
/// where an operator has no derivative). Source: PTQ4ViT, arXiv 2111.12293; Q-HyViT, arXiv 2303.12557; diagonal
/// Fisher information as curvature: Martens, arXiv 1412.1193.
Result<std::shared_ptr<const Calibration>> withImportances(const Calibration& calibration,
                                                           const graph::Network& network,
                                                           const exec::ImageSource& images,
                                                           const exec::Simulation* quantized, const Context& context);

/// [outputs] of a linear layer, [slices] of the sample of a product; empty where the calibration has none.
std::span<const float> importanceOf(const Calibration& calibration, NodeId node);

} // namespace qs::stats
