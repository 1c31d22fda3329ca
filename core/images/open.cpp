#include "core/images/open.h"

namespace qs::images {

Result<ImageFolder> openFor(const FolderRequest& request, const Context& context)
{
    QS_ASSIGN(ImageFolder folder, openFolder(request.root, request.options));
    if (request.classes) {
        QS_ASSIGN(folder, fitLabels(std::move(folder), *request.classes, request.labelOffset));
    }
    return withoutDamaged(std::move(folder), request.damaged, context);
}

} // namespace qs::images
