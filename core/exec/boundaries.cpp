#include "core/exec/boundaries.h"

#include <algorithm>
#include <iterator>
#include <set>

namespace qs::exec {

bool alive(const Program::Impl& program, int buffer, std::size_t step)
{
    const Buffer& b = program.buffers[static_cast<std::size_t>(buffer)];
    const auto at = static_cast<int64_t>(step);
    return b.firstStep >= 0 && b.firstStep < at && b.lastStep >= at;
}

Boundary boundaryBefore(const Program::Impl& program, std::size_t step)
{
    Boundary boundary;
    boundary.step = step;
    for (std::size_t i = 0; i < program.buffers.size(); ++i)
        if (const auto number = static_cast<int>(i); alive(program, number, step)) {
            boundary.buffers.push_back({number, program.buffers[i].sizeBytes, boundary.sizeBytes});
            boundary.sizeBytes += alignUp(program.buffers[i].sizeBytes);
        }
    return boundary;
}

bool holds(const Boundary& boundary, const Program::Impl& program)
{
    for (std::size_t i = 0; i < program.buffers.size(); ++i)
        if (const auto number = static_cast<int>(i); alive(program, number, boundary.step)) {
            const auto kept = std::ranges::find(boundary.buffers, number, &KeptBuffer::buffer);
            if (kept == boundary.buffers.end() || kept->sizeBytes != program.buffers[i].sizeBytes)
                return false;
        }
    return true;
}

std::size_t firstDifference(const Program::Impl& a, const Program::Impl& b)
{
    const std::size_t common = std::min(a.steps.size(), b.steps.size());
    for (std::size_t s = 0; s < common; ++s)
        if (!a.steps[s]->sameAs(*b.steps[s]))
            return s;
    return common;
}

bool samePrograms(const Program::Impl& a, const Program::Impl& b)
{
    return a.steps.size() == b.steps.size() && firstDifference(a, b) == a.steps.size() &&
           std::ranges::equal(a.outputs, b.outputs,
                              [](const Operand& one, const Operand& other) { return one.sameAs(other); });
}

bool readsInput(const Program::Impl& program, std::size_t step)
{
    const auto isInput = [](const Operand& o) { return o.kind == Operand::Kind::Input; };
    for (std::size_t s = step; s < program.steps.size(); ++s)
        if (std::ranges::any_of(program.steps[s]->reads, isInput))
            return true;
    return std::ranges::any_of(program.outputs, isInput);
}

std::vector<double> workBefore(const Program::Impl& program)
{
    std::vector<double> work{0};
    for (const auto& step : program.steps)
        work.push_back(work.back() + step->work());
    return work;
}

std::vector<std::size_t> chooseBoundaries(const Program::Impl& program, std::size_t runs, std::size_t budgetBytes)
{
    constexpr double kLeastGain = 0.002;
    const std::size_t steps = program.steps.size();
    const std::vector<double> work = workBefore(program);
    std::vector<std::size_t> sitesBefore(steps + 2, 0);
    for (const std::size_t s : program.stepOfSite)
        ++sitesBefore[std::min(s, steps) + 1];
    for (std::size_t s = 1; s < sitesBefore.size(); ++s)
        sitesBefore[s] += sitesBefore[s - 1];
    std::vector<std::size_t> bytes(steps, 0);
    for (std::size_t s = 1; s < steps; ++s)
        bytes[s] = std::max<std::size_t>(1, boundaryBefore(program, s).sizeBytes) * runs;

    std::set<std::size_t> chosen{0, steps};
    const double least = kLeastGain * work.back() * static_cast<double>(program.stepOfSite.size());
    for (;;) {
        std::size_t best = 0;
        double bestScore = 0;
        for (std::size_t s = 1; s < steps; ++s) {
            if (bytes[s] > budgetBytes)
                continue;
            const auto next = chosen.lower_bound(s);
            const double saved = work[s] - work[*std::prev(next)];
            const double gain = saved * static_cast<double>(sitesBefore[*next] - sitesBefore[s]);
            if (*next == s || gain < least || gain <= 0)
                continue;
            if (const double score = gain / static_cast<double>(bytes[s]); score > bestScore) {
                best = s;
                bestScore = score;
            }
        }
        if (best == 0)
            break;
        chosen.insert(best);
        budgetBytes -= bytes[best];
    }
    chosen.erase(0);
    chosen.erase(steps);
    return {chosen.begin(), chosen.end()};
}

} // namespace qs::exec
