#pragma once

#include "core/report/comparison.h"
#include "widgets/model/session.h"

#include <QObject>
#include <QTimer>

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace qs::ui {

/// What the user wants beside each other: every preset at all bits and coverages, and the recipe as it is.
struct ComparisonWish {
    std::vector<std::string> presets;
    std::vector<std::pair<int, int>> bits; ///< of weights, of activations
    std::vector<graph::Coverage> coverages;
    bool present = true; ///< the present recipe, as it is
};

/// Runs comparisons on the test images and keeps their lines: a line that is there is not made again, so a comparison
/// that was cancelled goes on where it stopped. The session keeps them, also in its file; another model or other test
/// images end the comparison and drop its lines.
class Comparer : public QObject {
    Q_OBJECT
public:
    explicit Comparer(Session& session, QObject* parent = nullptr);

    const report::Comparison& table() const { return m_kept->table; }
    /// The recipe of a line that is of no preset; null where it is not known.
    const quant::Recipe* recipe(const std::string& method) const;
    bool running() const { return m_job.running(); }
    JobProgress progress() const { return m_job.progress(); }
    std::size_t wanted() const { return m_wanted; } ///< lines of the last start, those that were there included

    /// What the line of the present recipe is called: "Present: ..." with the last entry of the history.
    std::string presentTitle() const;
    /// Errors are the session's failed().
    void start(const ComparisonWish& wish);
    void cancel() { m_job.cancel(); }
    void clear(); ///< ends the comparison and drops the lines

signals:
    void changed(); ///< new lines, started, ended, dropped

private:
    /// Lines on their way from the job's thread.
    struct Feed {
        std::mutex mutex;
        std::optional<report::Comparison> fresh;
    };
    void poll();
    void keep(report::Comparison table);
    /// What the session keeps now: nothing, or the lines of a session file.
    void adopt();

    Session& m_session;
    Job<report::Comparison> m_job;
    QTimer m_poll;
    std::shared_ptr<Feed> m_feed;
    std::shared_ptr<const KeptComparison> m_kept = std::make_shared<const KeptComparison>();
    std::map<std::string, quant::Recipe> m_recipes; ///< of the present recipe, at each start
    std::shared_ptr<const ImageSet> m_images;
    std::size_t m_wanted = 0;
};

} // namespace qs::ui
