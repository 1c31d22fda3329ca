#include "core/kernels/target.h"

#include <benchmark/benchmark.h>
#include <cstdio>

int main(int argc, char** argv)
{
    if (const auto selected = qs::kernels::selectTarget(); !selected) {
        std::fprintf(stderr, "%s\n", selected.error().text().c_str());
        return 2;
    }
    std::printf("target %s\n", qs::kernels::activeTargetName().c_str());
    benchmark::Initialize(&argc, argv);
    if (benchmark::ReportUnrecognizedArguments(argc, argv))
        return 2;
    benchmark::RunSpecifiedBenchmarks();
    return 0;
}
