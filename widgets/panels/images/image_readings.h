#pragma once

#include "widgets/model/job.h"
#include "widgets/panels/images/image_reading.h"

#include <QCache>
#include <QObject>

#include <deque>
#include <memory>

namespace qs::ui {

/// What both networks say of the images that somebody looks at: computed in the background one image at a time, the
/// newest wish first, and dropped with the recipe. A bounded number is kept.
class ImageReadings : public QObject {
    Q_OBJECT
public:
    static constexpr int kKept = 48;

    explicit ImageReadings(JobRunner& runner, QObject* parent = nullptr);

    /// Null networks: nothing is read.
    void setNetworks(std::shared_ptr<ReadingNetworks> networks);
    const std::shared_ptr<ReadingNetworks>& networks() const { return m_networks; }
    /// Null: it is on its way, and ready() follows, or it failed.
    std::shared_ptr<const ImageReading> of(int image);
    QString failure(int image) const { return m_failures.value(image); } ///< why there is none; "": it may come
    bool busy() const { return m_job.running(); }

signals:
    void ready(int image);

private:
    void startNext();

    std::shared_ptr<ReadingNetworks> m_networks;
    QCache<int, std::shared_ptr<const ImageReading>> m_cache;
    QHash<int, QString> m_failures;
    std::deque<int> m_wanted;
    Job<std::shared_ptr<const ImageReading>> m_job;
};

} // namespace qs::ui
