#include "widgets/shell/panels.h"

#include "widgets/panels/anatomy/anatomy_panel.h"
#include "widgets/panels/bits/bits_panel.h"
#include "widgets/panels/comparison/comparison_panel.h"
#include "widgets/panels/distribution/distribution_panel.h"
#include "widgets/panels/error/error_panel.h"
#include "widgets/panels/hybrid/hybrid_panel.h"
#include "widgets/panels/images/images_panel.h"
#include "widgets/panels/layers/layers_panel.h"

#include <array>

namespace qs::ui {

std::span<const PanelFactory> panelFactories()
{
    static const std::array kPanels{
        PanelFactory{"layers", "Layers", PanelArea::Left, &LayersPanel::create},
        PanelFactory{"distribution", "Distribution", PanelArea::Centre, &DistributionPanel::create},
        PanelFactory{"error", "Error", PanelArea::Centre, &ErrorPanel::create},
        PanelFactory{"bits", "Bits", PanelArea::Centre, &BitsPanel::create},
        PanelFactory{"hybrid", "Q-HyViT", PanelArea::Centre, &HybridPanel::create},
        PanelFactory{"comparison", "Comparison", PanelArea::Centre, &ComparisonPanel::create},
        PanelFactory{"images", "Images", PanelArea::Centre, &ImagesPanel::create},
        PanelFactory{"anatomy", "Anatomy", PanelArea::Centre, &AnatomyPanel::create},
    };
    return kPanels;
}

} // namespace qs::ui
