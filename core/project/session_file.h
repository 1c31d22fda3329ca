#pragma once

#include "core/base/error.h"
#include "core/images/preprocess.h"
#include "core/images/task_choice.h"
#include "core/onnx/import_options.h"
#include "core/project/kept_comparison.h"
#include "core/project/provenance.h"
#include "core/quant/evaluate.h"
#include "core/quant/recipe.h"
#include "core/stats/calibration.h"

#include <cstddef>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace qs::project {

/// One state of the history: what was done to get here, the recipe it gave, and the figures that are known of it.
struct State {
    std::string text; ///< "blocks.3.fc2.input: 4 bits", UTF-8
    quant::Recipe recipe;
    Kept<quant::Evaluation> probe;      ///< on the first images only; without results of single images
    Kept<quant::Evaluation> evaluation; ///< on all test images; likewise
};

/// What quantizing this site alone costs, see quant::sensitivities.
struct SiteSensitivity {
    std::string site;  ///< name
    double kl = 0;     ///< nats
    double sqnrDb = 0; ///< of the logits, dB
    friend bool operator==(const SiteSensitivity&, const SiteSensitivity&) = default;
};

/// What a session file says. It holds what was chosen and what was computed, and names the model, the images and the
/// calibration without containing them; every figure carries what it was computed from (provenance.h), so a reader
/// can tell what is still true of the files as they are now.
///
/// The file is JSON, UTF-8, {"format": "quantoscope-session", "version": 2, ...}. A path is {"path": absolute,
/// "relative": to the session's folder}; the relative one wins where it leads to something, so that a folder with
/// model, images and session can move. Fractions lie in [0, 1], sizes are bytes, times seconds, losses nats.
///
/// Version 1 (no origins) is read as well: its figures have an unknown origin, so they are shown as not current; its
/// calibration tells its own origin. What later versions add is refused, not guessed.
struct SessionFile {
    static constexpr int kVersion = 2;
    static constexpr std::string_view kFormat = "quantoscope-session";

    /// Where the session was saved, in a copy of it that lies elsewhere (autosave); empty: nowhere yet.
    std::filesystem::path savedAs;
    std::filesystem::path model;              ///< empty: no model was open
    std::string modelHash;                    ///< of the file when it was opened
    std::optional<onnx::ImageSize> imageSize; ///< chosen where the model leaves it open
    std::vector<std::string> outputs;         ///< chosen of the model's; none: as the importer does

    std::filesystem::path calibrationFolder, testFolder; ///< of images; empty: none
    images::Preprocess preprocess;
    std::size_t calibrationCount = 256;  ///< images that are used at most
    int labelOffset = 0;                 ///< added to the labels of all images
    std::vector<std::string> classNames; ///< read from a list of them; empty: those of the image folders
    images::TaskChoice task;             ///< and the truths of the test images

    std::filesystem::path calibrationFile; ///< .qcal; empty: not calibrated
    std::string calibrationHash;           ///< contentHash of that file when it was written; "": not known

    std::vector<State> states;                        ///< at least one
    int index = 0;                                    ///< of the present state
    std::vector<std::string> selection;               ///< names of sites
    Kept<std::vector<SiteSensitivity>> sensitivity;   ///< of the recipe in its origin
    std::shared_ptr<const KeptComparison> comparison; ///< null: none
    std::string search;                               ///< JSON of search_file.h; "": none
    std::string hybrid;                               ///< JSON of hybrid_file.h; "": none
    std::string window;                               ///< layout of the window: text that nobody else looks at
    std::vector<std::string> warnings; ///< of reading: what could not be read, and the rest is worth opening without
};

/// The text of the file. folder: where it will lie.
std::string sessionToJson(const SessionFile& session, const std::filesystem::path& folder);
/// Nothing that the file names is opened. Lines of a comparison that cannot be read become a warning: they can be
/// made again.
/// Errors: Malformed (not a session), those of JsonReader with the place, Unsupported (a later version), those of
/// recipes and preprocessing.
Result<SessionFile> sessionFromJson(std::string_view json, const std::filesystem::path& folder);

/// The same from a file; its name comes before the place. Errors: Io, NotFound and the above.
Result<SessionFile> readSession(const std::filesystem::path& path);

/// What writeSession() wrote beside the session.
struct WrittenSession {
    std::filesystem::path calibrationFile; ///< empty: none
    std::vector<std::string> notes;        ///< what the user should know: the calibration has an unexpected name
};

/// Writes the session and, where `calibration` is not null, its calibration, both atomically, the session last.
///
/// The calibration goes to <name>.qcal beside the session if there is none, or if it is the session's own: the
/// session file at `path` names it and its content is still what the session wrote. Any other file of that name (made
/// by the command line, or another session's) is left alone: the calibration goes to the first of
/// <name>.session.qcal, <name>.session-2.qcal, ... for which that holds, the session names it, and a note says so.
/// Where `calibration` is null `session.calibrationFile` is named as it is.
/// Errors: Io with the file.
Result<WrittenSession> writeSession(const SessionFile& session, const stats::Calibration* calibration,
                                    const std::filesystem::path& path);

} // namespace qs::project
