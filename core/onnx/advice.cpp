#include "core/onnx/advice.h"

namespace qs::onnx {

namespace {

struct Advice {
    std::string_view domain; ///< its beginning
    std::string_view op;     ///< its beginning; "": any
    std::string_view text;
};

constexpr std::string_view kRandom =
    "random numbers differ in every run: export in evaluation mode (model.eval(), no dropout or sampling)";
constexpr std::string_view kLoops =
    "loops run as often as the image decides: export with fixed sizes, so that they are unrolled";
constexpr std::string_view kSequences =
    "lists of tensors have no fixed size: export with fixed sizes, or only the network before its post-processing";
constexpr std::string_view kRecurrent = "recurrent networks are not computed: export the network before them";
constexpr std::string_view kDecided =
    "how many results it has depends on the image: export the network before its post-processing";
constexpr std::string_view kBoxes =
    "cuts out boxes that the network itself has found: export the network before it (its features, boxes and scores)";
constexpr std::string_view kBits =
    "works on the bits of whole numbers: export with the masks or hashes that it makes as constants, or the network "
    "behind it";
constexpr std::string_view kText = "works on text: export the image network alone";
constexpr std::string_view kTraining = "is of training: export in evaluation mode, without the loss";

constexpr Advice kAdvice[] = {
    {"com.microsoft.nchwc", "",
     "ONNX Runtime saved the file with optimisation level 'all': save it with level 'basic', or export again"},
    {"ai.onnx.ml", "", "is no neural network operator: export the network alone"},
    {"ai.onnx.preview.training", "", kTraining},
    {"", "Bernoulli", kRandom},
    {"", "Multinomial", kRandom},
    {"", "Random", kRandom},
    {"", "Loop", kLoops},
    {"", "Scan", kLoops},
    {"", "Sequence", kSequences},
    {"", "SplitToSequence", kSequences},
    {"", "ConcatFromSequence", kSequences},
    {"", "Optional", kSequences},
    {"", "LSTM", kRecurrent},
    {"", "GRU", kRecurrent},
    {"", "RNN", kRecurrent},
    {"", "NonMaxSuppression", kDecided},
    {"", "NonZero", kDecided},
    {"", "Unique", kDecided},
    {"", "Compress", kDecided},
    {"", "RoiAlign", kBoxes},
    {"", "MaxRoiPool", kBoxes},
    {"", "Bitwise", kBits},
    {"", "BitShift", kBits},
    {"", "MaxUnpool", "puts values where an earlier pooling found them: export the network before it"},
    {"", "DeformConv", "reads where the image decides: export the network without its deformable convolutions"},
    {"", "String", kText},
    {"", "RegexFullMatch", kText},
    {"", "TfIdfVectorizer", kText},
    {"", "NegativeLogLikelihoodLoss", kTraining},
    {"", "SoftmaxCrossEntropyLoss", kTraining},
    {"", "ImageDecoder", "decodes image files: images are read and given as numbers; export what follows it"},
    {"com.microsoft", "",
     "one of ONNX Runtime's own: save the file with optimisation level 'basic', or export again"},
};

} // namespace

std::string adviceFor(std::string_view domain, std::string_view op)
{
    if (domain == "ai.onnx")
        domain = "";
    for (const Advice& advice : kAdvice)
        if (advice.domain.empty() ? domain.empty() && op.starts_with(advice.op) : domain.starts_with(advice.domain))
            return std::string(advice.text);
    return {};
}

} // namespace qs::onnx
