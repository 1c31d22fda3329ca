#include "app/cli/common.h"

#include <chrono>
#include <cstdio>

namespace qs::cli {

Command addCalibrate(CLI::App& app)
{
    struct Options {
        std::string model, output;
        FolderChoice folder;
        PreprocessOptions preprocess;
        RunOptions run;
    };
    auto options = std::make_shared<Options>();
    app.add_option("model", options->model, "ONNX file")->required();
    app.add_option("--images", options->folder.folder, "Folder of calibration images")->required();
    app.add_option("--count", options->folder.count, "Images to use, spread over the folder (default: all)");
    app.add_option("-o,--output", options->output, "Calibration file to write (.qcal)")->required();
    options->preprocess.addTo(app);
    options->run.addTo(app);
    return [options]() -> Result<void> {
        QS_ASSIGN(const auto model, onnx::importModel(options->model));
        QS_ASSIGN(const auto transform, options->preprocess.resolve(model.info));
        QS_ASSIGN(const auto source, openSource(options->folder, transform));
        std::shared_ptr<const stats::Calibration> calibration;
        const auto begin = std::chrono::steady_clock::now();
        {
            const Run run(options->run);
            QS_ASSIGN(calibration, stats::calibrate(model.graph, model.sites, *source,
                                                    calibrationOptions(model, transform), run.context()));
        }
        const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
        QS_CHECK(stats::saveCalibration(*calibration, options->output));
        std::printf("%s: %zu images, %zu sites, %.1f s, statistics %.1f MB\n", options->output.c_str(),
                    calibration->images, calibration->sites.size(), seconds,
                    static_cast<double>(calibration->peakBytes) * 1e-6);
        return {};
    };
}

} // namespace qs::cli
