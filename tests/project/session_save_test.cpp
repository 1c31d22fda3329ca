// Saving never writes over a calibration that is not the session's own.
#include "core/stats/calibration_file.h"
#include "tests/project/sample_session.h"

#include "core/base/file.h"

#include <fstream>

using namespace qs;
using namespace qs::project;
using namespace qs::test;

namespace {

stats::Calibration calibrationOf(std::size_t images)
{
    stats::Calibration calibration;
    calibration.modelHash = "m";
    calibration.images = images;
    calibration.logits = Tensor(DType::Float32, {1, 1});
    return calibration;
}

void write(const std::filesystem::path& path, const std::string& text)
{
    std::ofstream(path) << text;
}

WrittenSession saved(const stats::Calibration* calibration, const std::filesystem::path& path)
{
    auto written = writeSession(sampleSession(), calibration, path);
    EXPECT_TRUE(written) << written.error().text();
    return written ? *written : WrittenSession{};
}

std::size_t imagesOf(const std::filesystem::path& session)
{
    const auto file = readSession(session);
    EXPECT_TRUE(file) << file.error().text();
    const auto calibration = stats::loadCalibration(file->calibrationFile);
    EXPECT_TRUE(calibration) << calibration.error().text();
    return calibration ? (*calibration)->images : 0;
}

} // namespace

TEST(SessionSave, WritesBesideAndOverItsOwn)
{
    const TempDir folder;
    const auto path = folder / "deit.quantoscope";
    const auto first = calibrationOf(1), second = calibrationOf(2);
    EXPECT_EQ(saved(&first, path).calibrationFile, folder / "deit.qcal");
    EXPECT_EQ(imagesOf(path), 1U);
    const auto again = saved(&second, path);
    EXPECT_EQ(again.calibrationFile, folder / "deit.qcal"); // its own
    EXPECT_TRUE(again.notes.empty());
    EXPECT_EQ(imagesOf(path), 2U);
}

TEST(SessionSave, LeavesACalibrationOfAnotherAlone)
{
    const TempDir folder;
    const auto path = folder / "deit.quantoscope";
    write(folder / "deit.qcal", "made by the command line");
    const auto mine = calibrationOf(3);
    const auto first = saved(&mine, path);
    EXPECT_EQ(first.calibrationFile, folder / "deit.session.qcal");
    ASSERT_EQ(first.notes.size(), 1U);
    EXPECT_NE(first.notes[0].find("deit.qcal is not this session's"), std::string::npos) << first.notes[0];
    EXPECT_NE(first.notes[0].find("deit.session.qcal"), std::string::npos);
    EXPECT_EQ(*readText(folder / "deit.qcal"), "made by the command line");
    EXPECT_EQ(imagesOf(path), 3U);
    // Saved again it keeps its place; when that is written over by somebody else it takes the next.
    EXPECT_EQ(saved(&mine, path).calibrationFile, folder / "deit.session.qcal");
    write(folder / "deit.session.qcal", "another");
    EXPECT_EQ(saved(&mine, path).calibrationFile, folder / "deit.session-2.qcal");
    EXPECT_EQ(*readText(folder / "deit.session.qcal"), "another");
    EXPECT_EQ(imagesOf(path), 3U);
}

TEST(SessionSave, ItsOwnThatTheCommandLineWroteOverIsNotItsOwnAnyMore)
{
    const TempDir folder;
    const auto path = folder / "deit.quantoscope";
    const auto mine = calibrationOf(1), theirs = calibrationOf(7);
    saved(&mine, path);
    ASSERT_TRUE(stats::saveCalibration(theirs, folder / "deit.qcal"));
    EXPECT_EQ(saved(&mine, path).calibrationFile, folder / "deit.session.qcal");
    EXPECT_EQ((*stats::loadCalibration(folder / "deit.qcal"))->images, 7U);
}

TEST(SessionSave, AFileOfVersion1DoesNotOwnWhatLiesBeside)
{
    const TempDir folder;
    const auto path = folder / "deit.quantoscope";
    const auto mine = calibrationOf(1);
    SessionFile old = sampleSession();
    old.calibrationFile = folder / "deit.qcal";
    write(path, sessionToJson(old, folder.path())); // names it, without a hash
    write(folder / "deit.qcal", "who knows whose");
    saved(&mine, path);
    EXPECT_EQ(*readText(folder / "deit.qcal"), "who knows whose");
}

TEST(SessionSave, WithoutACalibrationTheNamedOneStaysNamed)
{
    const TempDir folder;
    SessionFile session = sampleSession();
    session.calibrationFile = folder / "elsewhere.qcal";
    ASSERT_TRUE(stats::saveCalibration(calibrationOf(5), session.calibrationFile));
    ASSERT_TRUE(writeSession(session, nullptr, folder / "s.quantoscope"));
    EXPECT_EQ(imagesOf(folder / "s.quantoscope"), 5U);
    EXPECT_FALSE(writeSession(session, nullptr, folder / "no such folder" / "s.quantoscope"));
}
