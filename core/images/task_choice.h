#pragma once

#include "core/base/context.h"
#include "core/graph/graph.h"
#include "core/images/truths.h"
#include "core/tasks/task.h"

#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

namespace qs::images {

/// What a person says of a network's task: what the command line's options, the window and a session file hold.
struct TaskChoice {
    std::string name;                     ///< tasks::TaskDef::name; "": guessed from the outputs
    std::filesystem::path characters;     ///< of text, see readCharacters(); empty: none
    std::optional<TruthRequest> truths{}; ///< of the test images; none: the labels of their folder
    std::filesystem::path textFeatures{}; ///< of features: .npy [classes, length] of the classes' texts; empty: none
    std::map<std::string, std::string, std::less<>> options{}; ///< tasks::TaskSettings::options

    friend bool operator==(const TaskChoice&, const TaskChoice&) = default;
};

/// The task of a network's outputs. Errors: those of tasks::makeTask(), and of the file of characters.
Result<tasks::ChosenTask> chooseTask(const graph::Graph& graph, const TaskChoice& choice);

/// Which kind of truths says what is right for a task; nothing: it has no use for any but the labels of the folder.
std::optional<TruthKind> truthKindOf(const tasks::TaskDef& task);

/// The number that labels of images have to be below: the network's classes for classification, nothing else.
std::optional<int64_t> labelClasses(const tasks::TaskDef& task, int64_t networkClasses);

/// Truths of a folder's images that are opened when somebody asks for the first: a window changes the preprocessing
/// at once, and a JSON of boxes takes seconds to read. Safe to call from several threads.
class LateTruths final : public tasks::TruthSource {
public:
    LateTruths(TruthRequest request, ImageFolder folder, const Preprocess& preprocess);
    std::size_t size() const override { return m_folder.entries.size(); }
    Result<tasks::Truth> of(std::size_t image) const override;
    /// Errors: those of openTruths(); all but Cancelled are kept.
    Result<std::shared_ptr<const Truths>> open(const Context& context) const;
    const TruthRequest& request() const { return m_request; }

private:
    TruthRequest m_request;
    ImageFolder m_folder;
    Preprocess m_preprocess;
    mutable std::mutex m_mutex;
    mutable std::optional<Result<std::shared_ptr<const Truths>>> m_opened;
};

} // namespace qs::images
