#include "widgets/model/image_set.h"

#include "core/images/open.h"

namespace qs::ui {

Result<std::shared_ptr<const ImageSet>> readImageSet(const std::filesystem::path& root, const ImageUse& use,
                                                     const Context& context)
{
    images::FolderRequest request;
    request.root = root;
    request.options.forCalibration = use.forCalibration;
    QS_ASSIGN(images::ImageFolder found, images::openFor(request, context));
    ImageSet set;
    set.found = std::make_shared<const images::ImageFolder>(std::move(found));
    return refit(set, use);
}

Result<std::shared_ptr<const ImageSet>> refit(const ImageSet& images, const ImageUse& use)
{
    ImageSet set = images;
    if (set.found)
        set.folder = *set.found;
    if (set.found && use.classes) {
        auto fitted = images::fitLabels(set.folder, *use.classes, use.labelOffset);
        if (!fitted && use.forCalibration) // labels are not needed
            fitted = images::fitLabels(set.folder, 0);
        QS_CHECK(fitted);
        set.folder = std::move(*fitted);
    }
    set.preprocess = use.preprocess;
    set.truths =
        use.truths ? std::make_shared<const images::LateTruths>(*use.truths, set.folder, set.preprocess) : nullptr;
    if (set.found || !set.source)
        set.source = images::makeSource(set.folder, set.preprocess);
    return std::make_shared<const ImageSet>(std::move(set));
}

std::shared_ptr<const ImageSet> prepared(const ImageSet& images, const images::Preprocess& preprocess)
{
    ImageSet set = images;
    set.preprocess = preprocess;
    set.source = images::makeSource(set.folder, preprocess);
    if (set.truths)
        set.truths = std::make_shared<const images::LateTruths>(set.truths->request(), set.folder, preprocess);
    return std::make_shared<const ImageSet>(std::move(set));
}

} // namespace qs::ui
