#include "core/exec/losses.h"
#include "core/tasks/bootstrap.h"
#include "core/tasks/ctc.h"
#include "core/tasks/shapes.h"
#include "core/tasks/task_defs.h"

#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <vector>

namespace qs::tasks {

namespace {

struct TextShape {
    std::size_t positions = 0, classes = 0;
    bool byPosition = false; ///< a character a position, up to the end; else CTC
    int special = 0;         ///< the class of the blank, of the end
};

std::optional<TextShape> shapeOf(const graph::OutputSpan& output)
{
    std::size_t first = 0;
    while (output.shape.rank() - first > 2 && output.shape[first] == 1)
        ++first;
    if (output.shape.rank() - first != 2)
        return std::nullopt;
    return TextShape{static_cast<std::size_t>(output.shape[first]),
                     static_cast<std::size_t>(output.shape[first + 1])};
}

/// Classes of characters that one image's scores spell.
std::vector<int> spelled(std::span<const float> row, const TextShape& shape)
{
    return shape.byPosition ? positionDecode(row, shape.classes, shape.special)
                            : ctcDecode(row, shape.classes, shape.special);
}

/// Sums of edits and of characters by image: character error = edits / characters.
struct Edits {
    std::vector<double> edits, characters;
    std::size_t equal = 0;
    void add(std::span<const int> wanted, std::span<const int> found)
    {
        const std::size_t distance = editDistance(wanted, found);
        edits.push_back(static_cast<double>(distance));
        characters.push_back(static_cast<double>(wanted.size()));
        equal += distance == 0 ? 1 : 0;
    }
    double error(std::span<const int> times) const
    {
        double wrong = 0, all = 0;
        for (std::size_t i = 0; i < edits.size(); ++i) {
            const double count = times.empty() ? 1 : times[i];
            wrong += count * edits[i];
            all += count * characters[i];
        }
        return all > 0 ? wrong / all : wrong;
    }
};

class TextMeasurement final : public Measurement {
public:
    TextMeasurement(const graph::OutputSpan& output, const TextShape& shape, std::span<const std::string> characters)
        : m_output(output), m_shape(shape), m_characters(characters)
    {
    }

    Result<void> add(const Truth& truth, std::span<const float> reference, std::span<const float> row) override
    {
        const auto before = spelled(m_output.of(reference), m_shape);
        const auto now = spelled(m_output.of(row), m_shape);
        m_edits.add(before, now);
        const double length = static_cast<double>(std::max<std::size_t>(1, std::max(before.size(), now.size())));
        m_changed.push_back(m_edits.edits.back() / length);
        m_kl.push_back(exec::klByPosition(m_output.of(reference), m_output.of(row), m_shape.positions,
                                          m_shape.classes, m_shape.classes, 1, {}));
        const auto* text = std::get_if<std::string>(&truth);
        if (!text)
            return {};
        if (m_characters.empty())
            return fail(ErrorCode::InvalidArgument,
                        "texts can only be compared where it is known what the classes stand for: --characters FILE");
        const std::vector<int> wanted = codePoints(*text);
        m_truth.add(wanted, codePoints(written(now)));
        m_floatTruth.add(wanted, codePoints(written(before)));
        return {};
    }

    Measured finish() override
    {
        Measured measured;
        const std::size_t images = m_changed.size();
        const auto error = [&measured](const char* key, const char* title, const Edits& edits) {
            const auto value = [&edits](std::span<const int> times) { return edits.error(times); };
            measured.figures.push_back({key, title, value({}), bootstrap(edits.edits.size(), value), "%", false});
        };
        if (const std::size_t texts = m_truth.edits.size(); texts > 0) {
            error("character_error", "character error", m_truth);
            error("float_character_error", "character error of float", m_floatTruth);
            measured.figures.push_back({"right_strings", "right strings",
                                        static_cast<double>(m_truth.equal) / static_cast<double>(texts),
                                        stats::wilson(m_truth.equal, texts), "%", true});
        }
        error("character_error_to_float", "character error to float", m_edits);
        measured.figures.push_back({"equal_strings", "equal strings",
                                    static_cast<double>(m_edits.equal) / static_cast<double>(images),
                                    stats::wilson(m_edits.equal, images), "%", true});
        measured.figures.push_back(
            {"kl_by_position", "KL by position", meanOf(m_kl), meanInterval(m_kl), "nats", false});
        measured.changed = std::move(m_changed);
        return measured;
    }

private:
    std::string written(std::span<const int> classes) const
    {
        std::string text;
        for (const int one : classes)
            text += m_characters[static_cast<std::size_t>(one)];
        return text;
    }

    graph::OutputSpan m_output;
    TextShape m_shape;
    std::span<const std::string> m_characters;
    Edits m_edits, m_truth, m_floatTruth;
    std::vector<double> m_changed, m_kl;
};

class Text final : public Task {
public:
    Text(Outputs outputs, TextShape shape, std::vector<std::string> characters)
        : Task(std::move(outputs)), m_shape(shape), m_characters(std::move(characters))
    {
    }
    std::unique_ptr<Measurement> measure() const override
    {
        return std::make_unique<TextMeasurement>(outputs().layout[0], m_shape, m_characters);
    }
    double loss(std::span<const float> reference, std::span<const float> row,
                std::span<float> gradient) const override
    {
        std::ranges::fill(gradient, 0.0F);
        return exec::klByPosition(reference, row, m_shape.positions, m_shape.classes, m_shape.classes, 1, gradient);
    }
    Reading read(std::span<const float>, std::span<const float> row) const override
    {
        ReadText text;
        for (const int one : spelled(outputs().layout[0].of(row), m_shape)) {
            const auto at = static_cast<std::size_t>(one);
            text.characters.push_back(at < m_characters.size() ? m_characters[at] : "‹" + std::to_string(one) + "›");
        }
        return text;
    }

private:
    TextShape m_shape;
    std::vector<std::string> m_characters;
};

/// Wide lines of scores: a picture of text is wider than high, and there are more classes than features are long.
double fits(const Outputs& outputs)
{
    if (outputs.layout.size() != 1)
        return 0;
    const auto shape = shapeOf(outputs.layout[0]);
    if (!shape || shape->positions < 4 || shape->classes < 10)
        return 0;
    if (nameHas(outputs.layout[0].name, {"hidden", "feature", "embed", "token"}))
        return 0;
    const bool line = outputs.inputWidth >= 2 * outputs.inputHeight;
    if (!line && arePatches(outputs, shape->positions)) // whatever they are called
        return 0.2;
    return line ? 0.9 : nameHas(outputs.layout[0].name, {"logits", "ctc", "softmax"}) ? 0.6 : 0.2;
}

Result<std::shared_ptr<const Task>> make(const Outputs& outputs, const TaskSettings& settings)
{
    auto shape = outputs.layout.size() == 1 ? shapeOf(outputs.layout[0]) : std::nullopt;
    if (!shape || shape->classes < 2)
        return fail(ErrorCode::InvalidArgument, "text needs one output of [batch, positions, classes]; there are " +
                                                    describe(outputs) + ". --output NAME chooses one");
    if (!settings.characters.empty() && settings.characters.size() != shape->classes)
        return fail(ErrorCode::InvalidArgument, "there are " + std::to_string(settings.characters.size()) +
                                                    " characters (the blank among them) for " +
                                                    std::to_string(shape->classes) + " classes of text");
    const auto is = [&](std::string_view name, std::string_view value) {
        const auto found = settings.options.find(name);
        return found != settings.options.end() && found->second == value;
    };
    shape->byPosition = is("reading", "positions");
    // Paddle's, SVTR's and torch's blank is the first class; an end or a blank may be the last.
    shape->special = is("special", "last") ? static_cast<int>(shape->classes) - 1 : 0;
    return std::make_shared<const Text>(outputs, *shape, settings.characters);
}

} // namespace

const TaskDef& textTask()
{
    static constexpr std::array options{
        TaskOption{"reading", "ctc positions",
                   "repeats merged and blanks dropped; or a character a position, up to the end"},
        TaskOption{"special", "first last", "which class is the blank (ctc) or the end (positions)"}};
    static constexpr TaskDef def{
        "text",
        "Text",
        "Scores of characters by position, read by CTC (class 0 is the blank): character "
        "error to float, equal strings, KL by position; character error with texts and --characters.",
        fits,
        make,
        "text",
        options,
        false,
        "characters that differ",
        0,
        "KL by position, nat"};
    return def;
}

} // namespace qs::tasks
