#pragma once

#include "widgets/frame/panel.h"

#include <span>

namespace qs::ui {

/// All panels of the window, in the order of their tabs. To add one, write it in a folder of its own and add one line
/// to panels.cpp.
std::span<const PanelFactory> panelFactories();

} // namespace qs::ui
