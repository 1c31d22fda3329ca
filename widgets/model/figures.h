#pragma once

#include "core/quant/profiles.h"
#include "widgets/model/evaluated.h"
#include "widgets/model/figure.h"
#include "widgets/model/history.h"
#include "widgets/model/job.h"

#include <QObject>
#include <QTimer>

#include <memory>
#include <string>
#include <vector>

namespace qs::ui {

class Document;
class Jobs;
class Messages;
class Plans;

/// Figures of the whole model under the present recipe. The probe and the profile follow every plan by themselves, in
/// the background; the evaluation and the sensitivities are asked for. Each is kept with what it was computed from,
/// in the history too, so that coming back to a recipe brings its figures back.
class Figures : public QObject {
    Q_OBJECT
public:
    using Profiles = std::vector<quant::SiteProfile>;
    static constexpr std::size_t kProbeImages = 64;
    static constexpr std::size_t kProfileImages = 8;

    Figures(Document& document, const Plans& plans, Jobs& jobs, Messages& messages, QObject* parent = nullptr);
    ~Figures() override;

    Figure<quant::Evaluation> evaluation() const; ///< of all test images
    Figure<quant::Evaluation> probe() const;      ///< of the first kProbeImages
    /// Freshest figures of the whole model: the evaluation if it is current, else the probe if it is, else whichever
    /// exists (evaluation first), greyed.
    Figure<quant::Evaluation> best() const;
    Figure<Profiles> profile() const;     ///< accumulatedSqnrDb
    Figure<Profiles> sensitivity() const; ///< sensitivityKl and sensitivitySqnrDb
    /// Errors of one site in such a table; null where it has none.
    static const quant::SiteProfile* find(const Figure<Profiles>& table, SiteId site);

    /// What is known, and still true, of a recipe of the history: its evaluation (`full`), else its probe, else null.
    struct OfState {
        std::shared_ptr<const quant::Evaluation> value;
        bool full = false;
    };
    OfState ofState(const std::string& recipeKey) const;

    void evaluate();
    void measureSensitivity();
    /// Another model was opened: ends what runs, and takes what the document's history knows.
    void restart();
    void announce();

signals:
    void evaluationChanged(); ///< value, current or running
    void probeChanged();
    void profileChanged();
    void sensitivityChanged();

private:
    struct Reference {
        std::shared_ptr<const ImageSet> images;
        std::shared_ptr<const quant::FloatReference> value;
        std::shared_ptr<const quant::FloatReference> of(const std::shared_ptr<const ImageSet>& wanted) const
        {
            return images == wanted ? value : nullptr;
        }
    };

    project::Origin now(const project::Origin& origin) const; ///< with the present recipe
    void originsChanged();
    void recipeChanged();
    void planChanged();
    void startProbe();
    void startProfile();
    void cancelAll();
    void recall();
    /// Into the history, beside what it knows of the same recipe.
    template <class T>
    void record(const project::Kept<T>& kept, project::Kept<T> StateFigures::*place);

    Document& m_document;
    const Plans& m_plans;
    Messages& m_messages;
    Job<Evaluated> m_evaluate, m_runProbe;
    Job<std::shared_ptr<const Profiles>> m_measure, m_runProfile;
    QTimer m_probeDelay; ///< a moving control starts no probe until it rests

    project::Kept<quant::Evaluation> m_evaluation, m_probe;
    project::Kept<Profiles> m_profile, m_sensitivity;
    project::Origin m_evaluationOrigin, m_probeOrigin, m_profileOrigin; ///< of the present images, but for the recipe
    std::string m_seenKey;                                              ///< of the recipe at the last change
    Reference m_testReference, m_probeReference;
    std::shared_ptr<exec::WeightCache> m_weights; ///< of the model
};

} // namespace qs::ui
