#include "core/base/doubt.h"

namespace qs {

std::string_view doubtName(DoubtKind kind)
{
    switch (kind) {
    case DoubtKind::Classes:
        return "classes";
    case DoubtKind::Labels:
        return "labels";
    case DoubtKind::LabelShift:
        return "label-shift";
    case DoubtKind::FolderLevel:
        return "folder-level";
    case DoubtKind::SkippedFiles:
        return "skipped-files";
    case DoubtKind::DamagedImages:
        return "damaged-images";
    case DoubtKind::PixelScale:
        return "pixel-scale";
    case DoubtKind::Preprocessing:
        return "preprocessing";
    case DoubtKind::Probabilities:
        return "probabilities";
    case DoubtKind::Preset:
        return "preset";
    case DoubtKind::Assumption:
        return "assumption";
    }
    return "";
}

} // namespace qs
