#pragma once

#include "widgets/model/job.h"
#include "widgets/panels/images/image_reading.h"

#include <QObject>

#include <memory>
#include <vector>

namespace qs::ui {

/// Which images are nearest to which by cosine of their features, in both networks: of the first kImages of a set, in
/// the background.
class Neighbours : public QObject {
    Q_OBJECT
public:
    static constexpr std::size_t kImages = 64;
    static constexpr std::size_t kNearest = 5;
    struct Lists {
        std::vector<std::size_t> before, now; ///< nearest first
    };

    explicit Neighbours(JobRunner& runner, QObject* parent = nullptr);

    void setNetworks(std::shared_ptr<ReadingNetworks> networks);
    /// Null: on its way, and ready() follows, or the image is not among the first.
    const Lists* of(int image);
    bool reaches(int image) const; ///< the image is among the first

signals:
    void ready();

private:
    std::shared_ptr<ReadingNetworks> m_networks;
    std::shared_ptr<const std::vector<Lists>> m_lists;
    bool m_tried = false;
    Job<std::shared_ptr<const std::vector<Lists>>> m_job;
};

} // namespace qs::ui
