#pragma once

#include "core/onnx/export.h"
#include "core/onnx/export_file.h"

namespace qs::onnx {

/// What all parts of an export work on: the file under edit, and what has to be put into it. References: it lives as
/// long as these.
struct ExportTask {
    ExportFile& file;
    const Model& model;
    const quant::Plan& plan;
    const ExportOptions& options;

    /// The site of a use where the file must have something else there: quantized, or smoothed by an operation. Null
    /// where it has none.
    const graph::Site* changedSite(graph::Use use) const;
    /// Whether smoothing or noise of the site is an operation of its own, folded nowhere.
    bool smoothedExplicitly(const graph::Site& site) const;
    /// The constant that smoothing, noise or bias correction puts in place of the one that the use reads; null where
    /// there is none.
    const Tensor* replacedConstant(graph::Use use) const;
};

} // namespace qs::onnx
