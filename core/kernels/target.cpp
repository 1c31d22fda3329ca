#include "core/kernels/target.h"

#include <algorithm>
#include <cctype>
#include <cstdlib>

#include <hwy/highway.h>

namespace qs::kernels {

namespace {

constexpr int64_t kScalarTargets = HWY_SCALAR | HWY_EMU128;

std::string nameOf(int64_t target)
{
    if (target & kScalarTargets)
        return "scalar";
    std::string name = hwy::TargetName(target);
    std::transform(name.begin(), name.end(), name.begin(), [](unsigned char c) { return std::tolower(c); });
    return name;
}

/// Highway's own list, before any choice of ours, best first.
const std::vector<int64_t>& supportedTargets()
{
    static const std::vector<int64_t> targets = hwy::SupportedAndGeneratedTargets();
    return targets;
}

int64_t& chosenTarget()
{
    static int64_t target = 0;
    return target;
}

int64_t activeTarget()
{
    return chosenTarget() ? chosenTarget() : supportedTargets().front();
}

} // namespace

Result<void> selectTarget()
{
    const char* wanted = std::getenv("QUANTOSCOPE_TARGET");
    return selectTarget(wanted ? wanted : "");
}

Result<void> selectTarget(std::string_view name)
{
    const auto& supported = supportedTargets();
    if (name.empty()) {
        chosenTarget() = 0;
        hwy::SetSupportedTargetsForTest(0);
        hwy::GetChosenTarget().Update(hwy::SupportedTargets());
        return {};
    }
    for (int64_t target : supported)
        if (nameOf(target) == name) {
            chosenTarget() = target;
            hwy::SetSupportedTargetsForTest(target);
            hwy::GetChosenTarget().Update(hwy::SupportedTargets());
            return {};
        }
    std::string names;
    for (const std::string& available : availableTargets())
        names += (names.empty() ? "" : ", ") + available;
    for (int bit = 0; bit < 63; ++bit) {
        const int64_t target = int64_t{1} << bit;
        if ((HWY_TARGETS & target) && nameOf(target) == name)
            return fail(ErrorCode::Unsupported,
                        "this machine cannot run the instruction set \"" + std::string(name) + "\"; it has " + names,
                        "QUANTOSCOPE_TARGET");
    }
    return fail(ErrorCode::InvalidArgument,
                "unknown instruction set \"" + std::string(name) + "\"; known here: " + names, "QUANTOSCOPE_TARGET");
}

std::string activeTargetName()
{
    return nameOf(activeTarget());
}

std::vector<std::string> availableTargets()
{
    std::vector<std::string> names;
    for (int64_t target : supportedTargets())
        names.push_back(nameOf(target));
    return names;
}

bool targetHasFma()
{
    return (activeTarget() & (HWY_SCALAR | HWY_EMU128 | HWY_SSSE3 | HWY_SSE4)) == 0;
}

} // namespace qs::kernels
