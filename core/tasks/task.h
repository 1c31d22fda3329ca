#pragma once

#include "core/base/doubt.h"
#include "core/base/error.h"
#include "core/graph/graph.h"
#include "core/graph/outputs.h"
#include "core/tasks/figure.h"
#include "core/tasks/reading.h"
#include "core/tasks/truth.h"

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace qs::tasks {

/// What a task knows of the network.
struct Outputs {
    std::vector<graph::OutputSpan> layout;   ///< of a row, see graph::outputLayout
    int64_t inputHeight = 0, inputWidth = 0; ///< of the images that the network takes, pixels
    /// The network chooses by its own scores what stands at which place of its outputs (top-k of queries): another
    /// network may have the same in another order.
    bool placesChosen = false;
};
Outputs outputsOf(const graph::Graph& graph);
/// Whether it gathers values at places that depend on the image.
bool choosesPlaces(const graph::Graph& graph);

/// One evaluation under way: images are added one by one, in their order, on one thread. Nothing of an image is kept
/// but what its figures need (counts, errors, codes of features), so memory does not grow with pictures.
class Measurement {
public:
    virtual ~Measurement() = default;
    /// reference, row: outputs of the float and of the quantized network. Errors: InvalidArgument (a truth of another
    /// kind, a class outside the outputs).
    virtual Result<void> add(const Truth& truth, std::span<const float> reference, std::span<const float> row) = 0;
    virtual Measured finish() = 0;
};

/// What a network's outputs are for: what is measured of them, and the loss that searches make small. Immutable.
class Task {
public:
    explicit Task(Outputs outputs) : m_outputs(std::move(outputs)) {}
    virtual ~Task() = default;

    virtual std::unique_ptr<Measurement> measure() const = 0;
    /// Loss of one image's outputs against the float network's; 0 where both are equal. `gradient` (empty, or of the
    /// row's size): filled with dL/drow.
    virtual double loss(std::span<const float> reference, std::span<const float> row,
                        std::span<float> gradient) const = 0;
    /// Classes that truths may name, where the outputs tell: others are an error of the file.
    virtual std::optional<int64_t> classes() const { return std::nullopt; }
    /// What one image's outputs say, as people look at it; nothing where they are only numbers. reference: the float
    /// network's outputs of the image, which alone tell some forms (of detectors).
    virtual Reading read(std::span<const float> /*reference*/, std::span<const float> /*row*/) const { return {}; }
    /// What was taken for granted of the outputs and how to say it otherwise; looks at outputs of the float network.
    virtual std::vector<Doubt> assumed(std::span<const float> /*row*/) const { return {}; }

    const Outputs& outputs() const { return m_outputs; }

private:
    Outputs m_outputs;
};

/// What a network's file does not say and a task may need.
struct TaskSettings {
    /// Of text: what each class stands for, UTF-8; class 0 is the blank. Empty: texts are compared as class numbers
    /// with the float network's, and with no truth.
    std::vector<std::string> characters;
    /// Of features: a vector for each class, of the features' length (what a text encoder makes of the classes'
    /// names): an image's class is the one of the largest cosine (zero-shot). Empty: none.
    std::vector<std::vector<float>> textFeatures{};
    /// What is said otherwise of how the outputs are to be read, by TaskOption::name.
    std::map<std::string, std::string, std::less<>> options{};
};

/// One thing that may be said of how a task's outputs are to be read.
struct TaskOption {
    std::string_view name;   ///< "boxes"
    std::string_view values; ///< all that there are, with blanks between: "centre corners"
    std::string_view words;  ///< what they mean
};

/// One line of the list of tasks.
struct TaskDef {
    std::string_view name;  ///< of files and of --task: "segmentation"
    std::string_view title; ///< "Segmentation"
    std::string_view words; ///< one sentence: outputs, figures, labels
    /// How well such outputs fit, by their shapes and names: 0 not at all (make would refuse) … 1 surely.
    double (*fits)(const Outputs& outputs);
    /// Errors: InvalidArgument, which says the shapes that would do.
    Result<std::shared_ptr<const Task>> (*make)(const Outputs& outputs, const TaskSettings& settings);
    std::string_view truths = "";          ///< images::TruthKindDef::name of what is right; "": nothing can be
    std::span<const TaskOption> options{}; ///< that the settings may hold; what is left open is guessed
    /// Outputs are the scores of one class: accuracy, agreement and KL are what counts.
    bool ofClasses = false;
    std::string_view changed; ///< what Measured::changed is the share or the size of: "pixels of another class"
    /// From which value (above it) an image counts as changed where nobody says another.
    double changedFrom = 0;
    std::string_view loss; ///< what Task::loss is, with its unit: "pixel KL to float, nat"
};
std::span<const TaskDef> allTasks(); ///< of equally fitting ones the first is taken
const TaskDef* findTask(std::string_view name);

/// The task that fits best; there is always one ("tensors").
const TaskDef& guessTask(const Outputs& outputs);
/// A task of certain outputs, and the line of the list that it came from.
struct ChosenTask {
    const TaskDef* def = nullptr;
    std::shared_ptr<const Task> task; ///< null: none was chosen
    bool guessed = false;
    std::string reading{}; ///< hash of the settings; "" where nothing was said
};
/// By name, or the guessed one where `name` is empty. Errors: InvalidArgument (no such task: those that there are;
/// an option that it does not have, or a value; outputs that it cannot be).
Result<ChosenTask> makeTask(std::string_view name, const Outputs& outputs, const TaskSettings& settings = {});

} // namespace qs::tasks
