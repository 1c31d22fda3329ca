#pragma once

#include "widgets/frame/panel.h"
#include "widgets/frame/refresher.h"
#include "widgets/model/document.h"
#include "widgets/model/edits.h"
#include "widgets/model/plans.h"
#include "widgets/model/selection.h"
#include "widgets/panels/distribution/distribution_view.h"
#include "widgets/panels/distribution/quantizer_table.h"

namespace qs::ui {

/// Distribution: binds the view of one site to the session's current site.
class DistributionPanel : public DistributionView, public Panel {
    Q_OBJECT
public:
    DistributionPanel(const Document& document, Selection& selection, Edits& edits, Plans& plans, JobRunner& runner,
                      QWidget* parent = nullptr);

    QStringList plotNames() const override;
    QString savePlot(const QString& name, const QString& path) override;
    QString tableCsv() const override { return table().csv(); }

private:
    using Quantized = std::shared_ptr<const stats::Histogram>;
    /// Values of a smoothed site, and what they were made from.
    struct Smoothed {
        std::shared_ptr<const stats::SiteStatistics> original;
        std::shared_ptr<const quant::ChannelTransform> transform; ///< activations
        Tensor weight;                                            ///< of a smoothed input: Ŵ
        std::shared_ptr<const quant::SitePlan> plan;              ///< whose levels are for them
        std::shared_ptr<const stats::SiteStatistics> values;
        bool sameValues(const Smoothed& other) const;
    };
    struct Comparison {
        SiteId site;
        std::shared_ptr<const stats::Calibration> calibration;
        quant::SiteSettings settings; ///< without the quantizer
        quant::ChannelTransform transform;
        std::vector<quant::QuantizerTrial> trials;
        bool sameAs(const Comparison& other) const;
    };
    void refresh();
    void countQuantized(const std::shared_ptr<const quant::SitePlan>& plan);
    std::shared_ptr<const quant::ChannelTransform> transformOf(SiteId id) const;
    void applySmoothing(SitePicture& picture);
    void countSmoothed(const Smoothed& wanted, SiteId id);
    void compare();
    void setRange(SiteId site, quant::Range range);
    /// Where a row of the comparison that is taken for `site` goes: to it, and to all selected sites that it suits.
    std::vector<SiteId> sitesFor(SiteId site, const quant::QuantizerTrial& trial) const;
    void help();

    const Document& m_document;
    Selection& m_selection;
    Edits& m_edits;
    Plans& m_plans;
    Refresher m_refresher{*this, [this] { refresh(); }};
    Job<Quantized> m_count;
    std::shared_ptr<const quant::SitePlan> m_counted; ///< what m_quantized is of
    Quantized m_quantized;
    Job<Smoothed> m_smooth;
    Smoothed m_smoothing; ///< being counted
    Smoothed m_smoothed;  ///< on show
    Job<Comparison> m_compare;
    Comparison m_comparing; ///< being measured
    Comparison m_compared;  ///< on show
};

} // namespace qs::ui
