#pragma once

#include "core/graph/sites.h"

#include <QColor>
#include <QString>

namespace qs::ui {

/// Roles in groups that eight colours can tell apart, also without full colour vision (after Okabe and Ito, darkened
/// or lightened to 3:1 on the background of plots).
enum class RoleGroup { Projections, Scores, Softmax, Values, Proj, Fc1, Fc2, Others };
constexpr int kRoleGroups = 8;

RoleGroup roleGroup(graph::Role role);
QString roleGroupTitle(RoleGroup group); ///< "q, k, v"
QColor roleColour(RoleGroup group);      ///< in the present theme

} // namespace qs::ui
