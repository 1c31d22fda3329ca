// float_logits MODEL INPUT LOGITS [THREADS [SECONDS]]
// Runs every image of INPUT (raw float32, as many images as there are) and writes the logits (raw float32). With
// SECONDS, then runs on the same images for so long and prints one line: images, seconds, median of the time of one
// pass.
#include "core/exec/program.h"
#include "core/exec/run_images.h"
#include "core/onnx/import.h"

#include "raw_images.h"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <fstream>
#include <vector>

namespace {

using namespace qs;

int failWith(const Error& error)
{
    std::fprintf(stderr, "%s\n", error.text().c_str());
    return 2;
}

} // namespace

int main(int count, char** arguments)
{
    if (count < 4)
        return 2;
    auto model = onnx::importModel(arguments[1]);
    if (!model)
        return failWith(model.error());
    auto program = exec::Program::compile(*model);
    if (!program)
        return failWith(program.error());
    if (std::getenv("FLOAT_LOGITS_DUMP"))
        std::fputs(program->dump().c_str(), stderr);
    const judge::RawImages images(judge::readFloats(arguments[2]),
                                  static_cast<std::size_t>(program->inputElements() / program->batch()));

    ThreadPool pool(count > 4 ? std::atoi(arguments[4]) : 1);
    Context context;
    context.pool = &pool;
    const auto logits = exec::runImages(*program, images, 0, images.size(), context, "running");
    if (!logits)
        return failWith(logits.error());
    std::ofstream out(arguments[3], std::ios::binary);
    out.write(reinterpret_cast<const char*>(logits->bytes()), static_cast<std::streamsize>(logits->sizeBytes()));
    if (count <= 5)
        return 0;

    using Clock = std::chrono::steady_clock;
    const auto start = Clock::now();
    const auto elapsed = [](Clock::time_point since) {
        return std::chrono::duration<double>(Clock::now() - since).count();
    };
    std::vector<double> times;
    const std::clock_t cpuStart = std::clock();
    while (elapsed(start) < std::atof(arguments[5]) || times.size() < 3) {
        const auto before = Clock::now();
        (void)exec::runImages(*program, images, 0, images.size(), context, "running");
        times.push_back(elapsed(before));
    }
    std::nth_element(times.begin(), times.begin() + times.size() / 2, times.end());
    const double cpu =
        static_cast<double>(std::clock() - cpuStart) / CLOCKS_PER_SEC / static_cast<double>(times.size());
    std::printf("%zu images, of one pass: cpu %.6f s, median %.6f s\n", images.size(), cpu, times[times.size() / 2]);
    return 0;
}
