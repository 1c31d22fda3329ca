#include "core/base/file.h"
#include "core/base/output_files.h"
#include "core/base/write_file.h"
#include "core/project/session_file.h"
#include "core/stats/calibration_file.h"

namespace qs::project {

namespace {

namespace fs = std::filesystem;

/// "" where it cannot be read.
std::string hashOf(const fs::path& path)
{
    const auto file = FileBytes::read(path);
    return file ? contentHash(file->bytes()) : std::string();
}

bool sameFile(const fs::path& a, const fs::path& b)
{
    std::error_code ignored;
    return fs::absolute(a, ignored).lexically_normal() == fs::absolute(b, ignored).lexically_normal();
}

fs::path beside(const fs::path& session, const std::string& suffix)
{
    fs::path name = session.stem();
    name += suffix;
    return session.parent_path() / name;
}

/// A name for the calibration under which nothing is lost that this session did not write.
fs::path nameOfCalibration(const fs::path& session)
{
    const auto before = readSession(session); // most often there is none, or one of ours
    for (int i = 0;; ++i) {
        const fs::path name = beside(session, i == 0   ? ".qcal"
                                              : i == 1 ? ".session.qcal"
                                                       : ".session-" + std::to_string(i) + ".qcal");
        std::error_code ignored;
        if (!fs::exists(fs::symlink_status(name, ignored)))
            return name;
        const std::string there = hashOf(name);
        if (before && sameFile(before->calibrationFile, name) && !there.empty() && there == before->calibrationHash)
            return name;
    }
}

} // namespace

Result<WrittenSession> writeSession(const SessionFile& session, const stats::Calibration* calibration,
                                    const fs::path& path)
{
    QS_ASSIGN(const OutputFiles outputs, OutputFiles::check({{"session", path}}));
    const NamedFile model[] = {{"its model", session.model}};
    QS_CHECK(outputs.spare(model));
    SessionFile written = session;
    WrittenSession outcome;
    if (calibration) {
        written.calibrationFile = nameOfCalibration(path);
        QS_CHECK(stats::saveCalibration(*calibration, written.calibrationFile));
        written.calibrationHash = hashOf(written.calibrationFile);
        if (const fs::path usual = beside(path, ".qcal"); written.calibrationFile != usual)
            outcome.notes.push_back(usual.filename().string() +
                                    " is not this session's and was left as it is; the "
                                    "session's calibration is in " +
                                    written.calibrationFile.filename().string());
    } else if (!written.calibrationFile.empty()) {
        written.calibrationHash = hashOf(written.calibrationFile);
    }
    outcome.calibrationFile = written.calibrationFile;
    std::error_code ignored;
    QS_CHECK(writeAtomically(path, sessionToJson(written, fs::absolute(path, ignored).parent_path())));
    return outcome;
}

} // namespace qs::project
