#include "core/project/provenance.h"
#include "core/quant/recipe_json.h"

#include "core/base/file.h"
#include "core/project/task_choice_json.h"
#include "core/stats/image_names.h"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace qs::project {

bool sameOrigin(const Origin& a, const Origin& b)
{
    return a.known() && b.known() && a == b;
}

std::vector<std::string> differences(const Origin& then, const Origin& now)
{
    if (!then.known() || !now.known())
        return {"unknown"};
    std::vector<std::string> found;
    const auto compare = [&](const std::string& a, const std::string& b, const char* what) {
        if (a != b)
            found.emplace_back(what);
    };
    compare(then.model, now.model, "the model");
    if (then.count != now.count) // names of fewer images are other names
        found.push_back(std::to_string(then.count) + " images instead of " + std::to_string(now.count));
    else
        compare(then.images, now.images, "the images");
    if (then.count == now.count && then.images == now.images)
        compare(then.labels, now.labels, "their labels");
    compare(then.task, now.task, "the task");
    compare(then.preprocess, now.preprocess, "the preprocessing");
    compare(then.calibration, now.calibration, "the calibration");
    compare(then.recipe, now.recipe, "the recipe");
    return found;
}

std::string keyOf(const Origin& origin)
{
    std::string all;
    for (const std::string* part :
         {&origin.model, &origin.images, &origin.labels, &origin.preprocess, &origin.calibration, &origin.recipe})
        all += *part + '\n';
    if (!origin.task.empty()) // keys of before know of none
        all += origin.task + '\n';
    return contentHash(all + std::to_string(origin.count));
}

std::string recipeKey(const quant::Recipe& recipe)
{
    quant::Recipe numbers = recipe;
    numbers.locked.clear();
    numbers.preset.clear();
    return contentHash(quant::recipeToJson(numbers));
}

std::string preprocessKey(const images::Preprocess& preprocess)
{
    return contentHash(nlohmann::json(preprocess).dump());
}

std::string taskKey(const images::TaskChoice& choice, std::string_view guessed)
{
    const bool asGuessed = choice.name.empty() || choice.name == guessed;
    if (asGuessed && choice.characters.empty() && !choice.truths)
        return {};
    const auto ofFile = [](const std::filesystem::path& path) {
        std::error_code error;
        const auto size = std::filesystem::is_directory(path, error) ? 0 : std::filesystem::file_size(path, error);
        const auto time = std::filesystem::last_write_time(path, error).time_since_epoch().count();
        return path.filename().string() + '\n' + std::to_string(size) + '\n' + std::to_string(time) + '\n';
    };
    std::string all = asGuessed ? std::string(guessed) : choice.name;
    if (!choice.characters.empty())
        all += "\ncharacters " + ofFile(choice.characters);
    if (choice.truths)
        all += "\ntruths " + readingJson(*choice.truths).dump() + ofFile(choice.truths->path);
    return contentHash(all);
}

std::string imagesKey(const exec::ImageSource& images, std::size_t count)
{
    return stats::hashOfNames(images, count);
}

std::string labelsKey(const exec::ImageSource& images, std::size_t count)
{
    std::string labels;
    for (std::size_t i = 0; i < std::min(count, images.size()); ++i) {
        const std::optional<int> label = images.label(i);
        labels += (label ? std::to_string(*label) : "-") + '\n';
    }
    return contentHash(labels);
}

Origin originOf(const stats::Calibration& calibration)
{
    if (calibration.preprocess.empty())
        return {};
    Origin origin;
    origin.model = calibration.modelHash;
    origin.images = calibration.imagesHash;
    origin.preprocess = contentHash(calibration.preprocess);
    origin.count = calibration.images;
    return origin;
}

Origin calibrationOrigin(const std::string& modelHash, const images::Preprocess& preprocess,
                         const exec::ImageSource& images, std::size_t count)
{
    Origin origin;
    origin.model = modelHash;
    origin.count = std::min(count, images.size());
    origin.images = imagesKey(images, origin.count);
    origin.preprocess = preprocessKey(preprocess);
    return origin;
}

Origin figureOrigin(const std::string& modelHash, const images::Preprocess& preprocess,
                    const exec::ImageSource& images, std::size_t count, bool labelled, const Origin& calibration,
                    const quant::Recipe& recipe)
{
    Origin origin = calibrationOrigin(modelHash, preprocess, images, count);
    if (labelled)
        origin.labels = labelsKey(images, origin.count);
    origin.calibration = keyOf(calibration);
    origin.recipe = recipeKey(recipe);
    return origin;
}

} // namespace qs::project
