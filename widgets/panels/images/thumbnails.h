#pragma once

#include "core/images/folder.h"
#include "core/images/preprocess.h"
#include "widgets/model/job.h"

#include <QCache>
#include <QImage>
#include <QObject>
#include <QPixmap>

#include <deque>
#include <memory>
#include <vector>

namespace qs::ui {

/// Pictures of a folder, decoded by jobs a few at a time, newest wish first; a bounded number is kept.
class Thumbnails : public QObject {
    Q_OBJECT
public:
    static constexpr int kKept = 600; ///< pictures of at most kSide × kSide
    static constexpr int kSide = 128; ///< pixels, of the model's own view of the image
    static constexpr std::size_t kBatch = 8;

    explicit Thumbnails(JobRunner& runner, QObject* parent = nullptr);

    void setFolder(std::shared_ptr<const images::ImageFolder> folder, const images::Preprocess& preprocess);
    /// The picture, or null: then it is on its way, and ready() follows. A file that cannot be read gives a null one
    /// for good.
    QPixmap picture(int image);

signals:
    void ready(int image);

private:
    using Batch = std::vector<std::pair<int, QImage>>;
    void startBatch();

    std::shared_ptr<const images::ImageFolder> m_folder;
    images::Preprocess m_preprocess;
    QCache<int, QPixmap> m_cache;
    std::deque<int> m_wanted;
    Job<Batch> m_job;
};

} // namespace qs::ui
