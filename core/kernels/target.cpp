#include "core/kernels/target.h"

#include "core/kernels/integer_kernel.h"

#include <algorithm>
#include <cctype>
#include <cstdlib>

#include <hwy/highway.h>

#if HWY_ARCH_X86
#include <cpuid.h>
#endif

namespace qs::kernels {

namespace {

constexpr int64_t kScalarTargets = HWY_SCALAR | HWY_EMU128;

/// An instruction set for everything, and one for products of integers.
struct Target {
    std::string name;
    int64_t highway = 0;
    const IntegerKernel* integers = nullptr; ///< null: this machine does not have it
};

std::string nameOf(int64_t target)
{
    if (target & kScalarTargets)
        return "scalar";
    std::string name = hwy::TargetName(target);
    std::transform(name.begin(), name.end(), name.begin(), [](unsigned char c) { return std::tolower(c); });
    return name;
}

/// Dot products of bytes, by what the processor says; whether the system keeps the registers is Highway's to check
/// (it lists AVX2 and AVX-512 only then), and of tiles amxIntegers().
struct ByteProducts {
    bool avxVnni = false;
    bool avx512Vnni = false;
    bool amx = false;
};

ByteProducts byteProducts()
{
    ByteProducts has;
#if HWY_ARCH_X86
    unsigned eax = 0, ebx = 0, ecx = 0, edx = 0;
    if (__get_cpuid_count(7, 0, &eax, &ebx, &ecx, &edx)) {
        has.avx512Vnni = (ecx >> 11 & 1U) != 0;
        has.amx = (edx >> 24 & 1U) != 0 && (edx >> 25 & 1U) != 0; // tiles, and their products of bytes
    }
    if (__get_cpuid_count(7, 1, &eax, &ebx, &ecx, &edx))
        has.avxVnni = (eax >> 4 & 1U) != 0;
#endif
    return has;
}

/// Targets of one Highway target that differ in integer products, best first.
std::vector<Target> targetsOf(int64_t highway, bool runsHere)
{
    const std::string name = nameOf(highway);
    const auto only = [runsHere](bool has, const IntegerKernel* (*ask)()) {
        return runsHere && has ? ask() : nullptr;
    };
    const ByteProducts has = byteProducts();
    const auto orScalar = [runsHere](const IntegerKernel* kernel) {
        return kernel || !runsHere ? kernel : scalarIntegers();
    };
#if HWY_ARCH_X86
    if (highway <= HWY_AVX3) // and the better ones that newer versions of Highway know
        return {{"amx", highway, only(has.amx, amxIntegers)},
                {"avx512_vnni", highway, only(has.avx512Vnni, avx512VnniIntegers)},
                {name, highway, orScalar(only(true, avx2Integers))}};
    if (highway == HWY_AVX2)
        return {{"avx_vnni", highway, only(has.avxVnni, avxVnniIntegers)},
                {name, highway, orScalar(only(true, avx2Integers))}};
#endif
    return {{name, highway, orScalar(only((highway & kScalarTargets) == 0, neonIntegers))}};
}

/// What this build has, best first: all of it, or what runs here, before any choice of ours.
std::vector<Target> findTargets(bool all)
{
    std::vector<int64_t> supported = hwy::SupportedAndGeneratedTargets();
    std::vector<Target> targets;
    for (int bit = 0; bit < 63; ++bit) {
        const int64_t highway = int64_t{1} << bit;
        const bool runsHere = std::find(supported.begin(), supported.end(), highway) != supported.end();
        if (runsHere || (all && (HWY_TARGETS & highway)))
            for (Target& target : targetsOf(highway, runsHere))
                if ((all || target.integers) &&
                    std::ranges::find(targets, target.name, &Target::name) == targets.end())
                    targets.push_back(std::move(target));
    }
    return targets;
}

const std::vector<Target>& supportedTargets()
{
    static const std::vector<Target> targets = findTargets(false);
    return targets;
}

const Target*& chosenTarget()
{
    static const Target* target = nullptr;
    return target;
}

const Target& activeTarget()
{
    return chosenTarget() ? *chosenTarget() : supportedTargets().front();
}

} // namespace

Result<void> selectTarget()
{
    const char* wanted = std::getenv("QUANTOSCOPE_TARGET");
    return selectTarget(wanted ? wanted : "");
}

Result<void> selectTarget(std::string_view name)
{
    const auto& supported = supportedTargets(); // before Highway is told to forget some
    const auto choose = [](const Target* target) {
        chosenTarget() = target;
        hwy::SetSupportedTargetsForTest(target ? target->highway : 0);
        hwy::GetChosenTarget().Update(hwy::SupportedTargets());
    };
    if (name.empty()) {
        choose(nullptr);
        return {};
    }
    for (const Target& target : supported)
        if (target.name == name) {
            choose(&target);
            return {};
        }
    std::string names;
    for (const std::string& available : availableTargets())
        names += (names.empty() ? "" : ", ") + available;
    for (const Target& target : findTargets(true))
        if (target.name == name)
            return fail(ErrorCode::Unsupported,
                        "this machine cannot run the instruction set \"" + std::string(name) + "\"; it has " + names,
                        "QUANTOSCOPE_TARGET");
    return fail(ErrorCode::InvalidArgument,
                "unknown instruction set \"" + std::string(name) + "\"; known here: " + names, "QUANTOSCOPE_TARGET");
}

std::string activeTargetName()
{
    return activeTarget().name;
}

std::vector<std::string> availableTargets()
{
    std::vector<std::string> names;
    for (const Target& target : supportedTargets())
        names.push_back(target.name);
    return names;
}

bool targetHasFma()
{
    return (activeTarget().highway & (HWY_SCALAR | HWY_EMU128 | HWY_SSSE3 | HWY_SSE4)) == 0;
}

const IntegerKernel& activeIntegerKernel()
{
    return *activeTarget().integers;
}

} // namespace qs::kernels
