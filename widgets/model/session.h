#pragma once

#include "widgets/model/document.h"
#include "widgets/model/edits.h"
#include "widgets/model/exports.h"
#include "widgets/model/figures.h"
#include "widgets/model/files.h"
#include "widgets/model/folders.h"
#include "widgets/model/jobs.h"
#include "widgets/model/messages.h"
#include "widgets/model/plans.h"
#include "widgets/model/searches.h"
#include "widgets/model/selection.h"
#include "widgets/model/weight_statistics.h"

namespace qs::ui {

/// The rooms of one window and the only way in which panels meet; a room knows those above it. A panel takes the few
/// that it needs, reads the values it shows when the matching signal comes, and calls a command when the user does
/// something. Everything runs on the UI thread and returns at once; long work runs in jobs, whose results arrive as
/// signals.
struct Session {
    explicit Session(JobRunner& runner)
        : jobs(runner), document(messages), selection(document), edits(document, selection, messages),
          weights(document, jobs), plans(document, selection, weights, jobs, messages),
          figures(document, plans, jobs, messages), searches(document, edits, jobs, messages),
          folders(document, jobs, messages),
          files(document, selection, plans, figures, searches, folders, jobs, messages),
          exports(document, plans, figures, jobs, messages)
    {
    }

    Messages messages;
    Jobs jobs;
    Document document;   ///< model, images, recipe, history
    Selection selection; ///< what panels look at
    Edits edits;         ///< of the recipe
    WeightStatistics weights;
    Plans plans;     ///< numbers of the sites
    Figures figures; ///< figures of the whole model
    Searches searches;
    Folders folders; ///< of images
    Files files;
    Exports exports;
};

} // namespace qs::ui
