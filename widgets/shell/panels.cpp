#include "widgets/shell/panels.h"

#include <array>

namespace qs::ui {

std::span<const PanelFactory> panelFactories()
{
    static const std::array<PanelFactory, 0> kPanels{};
    return kPanels;
}

} // namespace qs::ui
