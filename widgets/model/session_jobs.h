#pragma once

#include "widgets/model/history.h"
#include "widgets/model/plan_warnings.h"
#include "widgets/model/search_feed.h"
#include "widgets/model/session.h"
#include "widgets/model/session_file.h"

#include <QTimer>

namespace qs::ui {

/// An evaluation and the float logits that it needed, kept for the next one on the same images.
struct Evaluated {
    std::shared_ptr<const quant::Evaluation> evaluation;
    std::shared_ptr<const quant::FloatReference> reference;
};

struct SitePreview {
    SiteId site;
    std::shared_ptr<const quant::SitePlan> plan;
};
using Profiles = std::shared_ptr<const std::vector<quant::SiteProfile>>;

/// The jobs of a session and what they share. Only session*.cpp include this.
struct Session::Jobs {
    explicit Jobs(JobRunner& runner)
        : openModel(runner, Lane::Interactive), openCalibrationImages(runner, Lane::Interactive),
          openTestImages(runner, Lane::Interactive), openSession(runner, Lane::Interactive),
          saveSession(runner, Lane::Interactive), report(runner, Lane::Interactive),
          recipeFile(runner, Lane::Interactive), preview(runner, Lane::Interactive),
          resolve(runner, Lane::Interactive), calibrate(runner, Lane::User), evaluate(runner, Lane::User),
          sensitivity(runner, Lane::User), search(runner, Lane::User), hybrid(runner, Lane::User),
          exportModel(runner, Lane::User), probe(runner, Lane::Background), profile(runner, Lane::Background)
    {
    }

    struct Entry {
        JobKind kind;
        JobBase* job;
        const char* title;
    };
    std::vector<Entry> entries; ///< those that the window shows

    Job<std::shared_ptr<const onnx::Model>> openModel;
    Job<std::shared_ptr<const ImageSet>> openCalibrationImages, openTestImages;
    Job<SessionDocument> openSession;
    Job<project::WrittenSession> saveSession;
    Job<bool> report;
    Job<quant::Recipe> recipeFile;
    Job<SitePreview> preview;
    Job<std::shared_ptr<const quant::Plan>> resolve;
    Job<std::shared_ptr<const stats::Calibration>> calibrate;
    Job<Evaluated> evaluate;
    Job<Profiles> sensitivity;
    Job<search::Outcome> search;
    Job<std::shared_ptr<const HybridFound>> hybrid;
    Job<ExportOutcome> exportModel;
    Job<Evaluated> probe;
    Job<Profiles> profile;

    QTimer probeDelay;                      ///< a moving control starts no probe until it rests
    QTimer searchPoll;                      ///< takes new steps of the search
    std::shared_ptr<SearchFeed> searchFeed; ///< of the search that runs

    std::shared_ptr<exec::WeightCache> weights; ///< of the model
    std::shared_ptr<const quant::FloatReference> testReference, probeReference;
    PlanWarnings warnings; ///< said of this model
};

template <class T>
bool Session::succeeded(const Result<T>& result)
{
    if (!result && result.error().code != ErrorCode::Cancelled)
        emit failed(result.error());
    return result.has_value();
}

} // namespace qs::ui
