// operator_times MODEL INPUT OUTPUT
// Runs INPUT (raw float32) once on one thread and writes OUTPUT. Then, for each number of seconds that it reads from
// standard input, runs for so long (three times at least) and prints the least processor time of one run in
// microseconds.
#include "core/exec/program.h"
#include "core/onnx/import.h"

#include "tests/judge/raw_images.h"

#include <algorithm>
#include <cstdio>
#include <ctime>
#include <fstream>
#include <iostream>
#include <limits>
#include <vector>

namespace {

double processorMicroseconds()
{
    timespec now{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return static_cast<double>(now.tv_sec) * 1e6 + static_cast<double>(now.tv_nsec) * 1e-3;
}

int failWith(const qs::Error& error)
{
    std::fprintf(stderr, "%s\n", error.text().c_str());
    return 2;
}

} // namespace

int main(int count, char** arguments)
{
    using namespace qs;
    if (count < 4)
        return 2;
    const auto model = onnx::importModel(arguments[1]);
    if (!model)
        return failWith(model.error());
    const auto program = exec::Program::compile(*model);
    if (!program)
        return failWith(program.error());
    std::vector<float> input = judge::readFloats(arguments[2]);
    input.resize(static_cast<std::size_t>(program->inputElements()));
    std::vector<float> output(static_cast<std::size_t>(program->outputElements()));
    exec::Workspace workspace;
    exec::run(*program, workspace, input.data(), output.data());
    std::ofstream(arguments[3], std::ios::binary)
        .write(reinterpret_cast<const char*>(output.data()),
               static_cast<std::streamsize>(output.size() * sizeof(float)));
    std::puts(program->dump().c_str());
    std::puts("ready");
    std::fflush(stdout);
    for (double seconds = 0; std::cin >> seconds;) {
        double least = std::numeric_limits<double>::infinity();
        const double start = processorMicroseconds();
        double before = start;
        for (int i = 0; i < 3 || before - start < seconds * 1e6; ++i) {
            exec::run(*program, workspace, input.data(), output.data());
            const double now = processorMicroseconds();
            least = std::min(least, now - before);
            before = now;
        }
        std::printf("%.3f\n", least);
        std::fflush(stdout);
    }
    return 0;
}
