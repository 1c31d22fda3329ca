#pragma once

#include "core/project/hybrid_found.h"
#include "core/project/kept_comparison.h"
#include "core/search/mixed_precision.h"
#include "widgets/model/hybrid_run.h"
#include "widgets/model/image_set.h"
#include "widgets/model/job.h"
#include "widgets/model/search_feed.h"
#include "widgets/model/search_run.h"

#include <QObject>
#include <QTimer>

#include <memory>
#include <optional>

namespace qs::search {
struct HybridOptions;
}

namespace qs::ui {

using project::KeptComparison;

class Document;
class Edits;
class Jobs;
class Messages;

/// Searches over recipes, and what they found: mixed precision, Q-HyViT, and the lines of the comparison. What a
/// search found says nothing of other images or another calibration, and is dropped with them.
class Searches : public QObject {
    Q_OBJECT
public:
    Searches(Document& document, Edits& edits, Jobs& jobs, Messages& messages, QObject* parent = nullptr);
    ~Searches() override;

    const SearchRun& search() const { return m_search; } ///< the last search of mixed precision
    const HybridRun& hybrid() const { return m_hybrid; } ///< the last search by Q-HyViT's method
    /// Why there can be no such search now; "" where there can.
    QString hybridObstacle() const;
    /// Lines of the comparison of methods on the present test images; null where there are none.
    const std::shared_ptr<const KeptComparison>& comparison() const { return m_comparison; }

    /// Searches bits from the present recipe; its last step becomes one edit, also where it is cancelled, unless the
    /// recipe was edited in the meantime.
    void startSearch(const search::Options& options, SearchImages images);
    /// The recipe after so many steps of the last search as one edit; locked sites keep their bits.
    void loadSearchStep(std::size_t step);
    /// Searches step, granularity and scheme of every site from the present recipe; what it finds becomes one edit,
    /// unless the recipe was edited in the meantime. Cancelled it leaves nothing.
    void startHybrid(const search::HybridOptions& options, SearchImages images);
    /// What the last such search found, as one edit; locked sites keep what they have.
    void applyHybrid();
    void cancelSearch() { m_runSearch.cancel(); }
    void cancelHybrid() { m_runHybrid.cancel(); }
    JobProgress searchProgress() const { return m_runSearch.progress(); }
    JobProgress hybridProgress() const { return m_runHybrid.progress(); }
    /// Takes over what the comparison has so far, for the session file.
    void keepComparison(std::shared_ptr<const KeptComparison> comparison);

    /// Another model was opened, with what its session file kept of searches.
    void replace(std::optional<SearchRun> search, std::shared_ptr<const HybridFound> hybrid,
                 std::shared_ptr<const KeptComparison> comparison);
    void announce();

signals:
    void searchChanged(); ///< new steps, started, finished or dropped
    void hybridChanged(); ///< started, finished or dropped

private:
    std::shared_ptr<const ImageSet> imagesOf(SearchImages which) const;
    project::Origin present() const; ///< of all images that searches may use
    /// Of a search of the present recipe on so many of these.
    project::Origin originOf(const std::shared_ptr<const ImageSet>& images, std::size_t count) const;
    void originChanged();
    void dropSearch();
    void dropHybrid();
    void pollSearch();
    void finishSearch(Result<search::Outcome> result);
    void finishHybrid(Result<std::shared_ptr<const HybridFound>> result);

    Document& m_document;
    Edits& m_edits;
    Messages& m_messages;
    Job<search::Outcome> m_runSearch;
    Job<std::shared_ptr<const HybridFound>> m_runHybrid;
    QTimer m_poll;                      ///< takes new steps of the search
    std::shared_ptr<SearchFeed> m_feed; ///< of the search that runs
    SearchRun m_search;
    HybridRun m_hybrid;
    std::shared_ptr<const KeptComparison> m_comparison;
    project::Origin m_origin; ///< that these belong to
};

} // namespace qs::ui
