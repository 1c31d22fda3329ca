#include "core/onnx/export_task.h"

namespace qs::onnx {

const graph::Site* ExportTask::changedSite(graph::Use use) const
{
    const SiteId id = model.sites.at(use);
    return id.valid() && (plan[id].quantized() || smoothedExplicitly(model.sites[id])) ? &model.sites[id] : nullptr;
}

const Tensor* ExportTask::replacedConstant(graph::Use use) const
{
    // A float bias may change with the weights, too.
    const auto& constants =
        use.input == 2 && !plan.biases.contains(use.node) ? plan.simulation.constants : plan.smoothed.constants;
    const auto found = constants.find(use);
    return found == constants.end() ? nullptr : &found->second;
}

bool ExportTask::smoothedExplicitly(const graph::Site& site) const
{
    const auto& transform = plan[site.id].transform();
    return transform && transform->target.place == quant::FoldPlace::Explicit;
}

} // namespace qs::onnx
