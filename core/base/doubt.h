#pragma once

#include <map>
#include <string>
#include <string_view>

namespace qs {

/// What a doubt is about.
enum class DoubtKind {
    Classes,       ///< class folders or names that are not the model's classes
    Labels,        ///< a labels file that was read with an assumption, or does not cover the folder
    LabelShift,    ///< labels that fit far better when all are moved by one
    FolderLevel,   ///< images above or below the folder that was named
    SkippedFiles,  ///< files that look like images and are not read
    DamagedImages, ///< images that cannot be decoded
    PixelScale,    ///< mean and deviation for pixels of 0 to 255
    Preprocessing, ///< another usual preprocessing fits clearly better
    Probabilities, ///< outputs that are probabilities, not logits
    Preset,        ///< a preset that does worse than min-max at 8 bits
    Assumption,    ///< what a model's file leaves open and was chosen
};

/// Something that the program knows and that makes a figure doubtful. It stops nothing; whoever shows the figure
/// shows the doubt beside it.
struct Doubt {
    DoubtKind kind = DoubtKind::Classes;
    std::string message;                      ///< one sentence: what was found and what is made of it
    std::string cure;                         ///< what to do about it, in words of the command line; may be empty
    std::map<std::string, double> evidence{}; ///< the figures behind it, by name

    /// "message: cure", one line.
    std::string text() const { return cure.empty() ? message : message + ": " + cure; }
    friend bool operator==(const Doubt&, const Doubt&) = default;
};

/// "classes", "labels", "label-shift", ...: stable names for files.
std::string_view doubtName(DoubtKind kind);

} // namespace qs
