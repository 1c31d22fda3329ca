#pragma once

#include "core/exec/program.h"

#include <functional>
#include <string_view>

namespace qs::exec {

/// What one run of the graph has to work with. A run is `batch` images.
struct ImageRun {
    std::size_t index = 0; ///< number of the run
    int worker = 0;
    Workspace& workspace;
    ThreadPool* pool = nullptr; ///< for the inside of operators
    float* logits = nullptr;    ///< [batch, classes], to be filled
};

/// The images of a call, run by run.
class ImageRuns {
public:
    ImageRuns(const Program& program, const ImageSource& images, std::size_t first, std::size_t count);

    std::size_t runs() const { return (m_count + m_batch - 1) / m_batch; }
    std::size_t runElements() const { return m_batch * m_imageElements; }
    /// Preprocessed pixels of a run, runElements() floats; the last run is filled up with its last image.
    Result<void> load(std::size_t run, float* dst) const;

    /// Calls `one` for every run: run by run on every thread where there are enough, inside operators otherwise.
    /// `one` returns an error or whether it was not stopped. Workspaces are those of the program.
    /// Errors as runImages; of several failed runs the earliest one's.
    Result<Tensor> forEach(const std::function<Result<bool>(const ImageRun&)>& one, const Context& context,
                           std::string_view stage) const;

private:
    const Program& m_program;
    const ImageSource& m_images;
    std::size_t m_first, m_count, m_batch, m_imageElements, m_classes;
};

/// All images [first, first + count): image by image on every thread where there are enough images and memory, inside
/// operators otherwise. Returns logits [count, classes]. Reports progress as `stage`.
/// Errors: the image's; NotFinite (first image whose logits are NaN or infinite, by name); Cancelled.
Result<Tensor> runImages(const Program& program, const ImageSource& images, std::size_t first, std::size_t count,
                         const Context& context, std::string_view stage, Observer* observer = nullptr);

} // namespace qs::exec
