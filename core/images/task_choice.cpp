#include "core/images/task_choice.h"

#include "core/base/npy.h"
#include "core/images/characters.h"

#include <utility>
#include <vector>

namespace qs::images {

namespace {

/// A vector a class. Errors: those of readNpy; ShapeMismatch.
Result<std::vector<std::vector<float>>> readTextFeatures(const std::filesystem::path& path)
{
    QS_ASSIGN(const Tensor table, readNpy(path));
    if (table.dtype() != DType::Float32 || table.shape().rank() != 2 || table.elements() == 0)
        return fail(ErrorCode::ShapeMismatch, "must be floats [classes, features], is " + table.shape().text(),
                    path.string());
    std::vector<std::vector<float>> rows;
    const auto length = static_cast<std::size_t>(table.shape()[1]);
    for (std::size_t first = 0; first < table.floats().size(); first += length)
        rows.emplace_back(table.floats().begin() + static_cast<std::ptrdiff_t>(first),
                          table.floats().begin() + static_cast<std::ptrdiff_t>(first + length));
    return rows;
}

} // namespace

Result<tasks::ChosenTask> chooseTask(const graph::Graph& graph, const TaskChoice& choice)
{
    const tasks::Outputs outputs = tasks::outputsOf(graph);
    tasks::TaskSettings settings;
    if (!choice.characters.empty()) {
        const Shape& shape = outputs.layout.front().shape;
        const int64_t classes = shape.rank() > 0 ? shape[shape.rank() - 1] : 0;
        QS_ASSIGN(settings.characters, readCharacters(choice.characters, static_cast<std::size_t>(classes)));
    }
    if (!choice.textFeatures.empty()) {
        QS_ASSIGN(settings.textFeatures, readTextFeatures(choice.textFeatures));
    }
    settings.options = choice.options;
    auto chosen = tasks::makeTask(choice.name, outputs, settings);
    if (!chosen && chosen.error().where.empty() && !choice.characters.empty())
        chosen.error().where = choice.characters.string();
    return chosen;
}

std::optional<TruthKind> truthKindOf(const tasks::TaskDef& task)
{
    for (const TruthKindDef& kind : truthKinds())
        if (kind.name == task.truths && kind.kind != TruthKind::Classes)
            return kind.kind;
    return std::nullopt;
}

std::optional<int64_t> labelClasses(const tasks::TaskDef& task, int64_t networkClasses)
{
    return task.ofClasses ? std::optional(networkClasses) : std::nullopt;
}

LateTruths::LateTruths(TruthRequest request, ImageFolder folder, const Preprocess& preprocess)
    : m_request(std::move(request)), m_folder(std::move(folder)), m_preprocess(preprocess)
{
}

Result<std::shared_ptr<const Truths>> LateTruths::open(const Context& context) const
{
    const std::lock_guard lock(m_mutex);
    if (m_opened)
        return *m_opened;
    auto opened = openTruths(m_request, m_folder, m_preprocess, context);
    if (!opened && opened.error().code == ErrorCode::Cancelled)
        return tl::unexpected(opened.error());
    if (opened)
        m_opened.emplace(std::make_shared<const Truths>(std::move(*opened)));
    else
        m_opened.emplace(tl::unexpected(std::move(opened.error())));
    return *m_opened;
}

Result<tasks::Truth> LateTruths::of(std::size_t image) const
{
    QS_ASSIGN(const std::shared_ptr<const Truths> opened, open(Context{}));
    return opened->source->of(image);
}

} // namespace qs::images
