#include "widgets/panels/shared/role_colour.h"

#include "widgets/theme/colours.h"

#include <QCoreApplication>

#include <array>

namespace qs::ui {

RoleGroup roleGroup(graph::Role role)
{
    using graph::Role;
    switch (role) {
    case Role::Qkv:
    case Role::Query:
    case Role::Key:
    case Role::Value:
        return RoleGroup::Projections;
    case Role::QueryOperand:
    case Role::KeyOperand:
        return RoleGroup::Scores;
    case Role::SoftmaxOutput:
        return RoleGroup::Softmax;
    case Role::ValueOperand:
        return RoleGroup::Values;
    case Role::Proj:
        return RoleGroup::Proj;
    case Role::Fc1:
        return RoleGroup::Fc1;
    case Role::Fc2:
        return RoleGroup::Fc2;
    default:
        return RoleGroup::Others;
    }
}

QString roleGroupTitle(RoleGroup group)
{
    const auto tr = [](const char* text) { return QCoreApplication::translate("RoleGroup", text); };
    switch (group) {
    case RoleGroup::Projections:
        return tr("q, k, v");
    case RoleGroup::Scores:
        return tr("Q·Kᵀ");
    case RoleGroup::Softmax:
        return tr("softmax");
    case RoleGroup::Values:
        return tr("A·V value");
    case RoleGroup::Proj:
        return tr("proj");
    case RoleGroup::Fc1:
        return tr("fc1");
    case RoleGroup::Fc2:
        return tr("fc2");
    case RoleGroup::Others:
        break;
    }
    return tr("others");
}

QColor roleColour(RoleGroup group)
{
    static constexpr std::array<QRgb, kRoleGroups> kLight{0x0072b2, 0x2f93c4, 0xb8790a, 0x9c8a00,
                                                          0x00875f, 0xb54f8e, 0xd55e00, 0x767e89};
    static constexpr std::array<QRgb, kRoleGroups> kDark{0x4a9fe0, 0x7fcdf2, 0xe69f00, 0xe8dc4e,
                                                         0x2fbf94, 0xdd8fbd, 0xf27a33, 0x99a1ab};
    return QColor((colours().dark ? kDark : kLight)[static_cast<std::size_t>(group)]);
}

} // namespace qs::ui
