#include "widgets/shell/panels.h"

#include "widgets/model/session.h"
#include "widgets/panels/anatomy/anatomy_panel.h"
#include "widgets/panels/bits/bar_edits.h"
#include "widgets/panels/bits/bars_plot.h"
#include "widgets/panels/bits/bits_panel.h"
#include "widgets/panels/comparison/comparison_panel.h"
#include "widgets/panels/distribution/distribution_panel.h"
#include "widgets/panels/error/error_panel.h"
#include "widgets/panels/hybrid/hybrid_panel.h"
#include "widgets/panels/images/images_panel.h"
#include "widgets/panels/layers/layers_panel.h"

#include <array>

namespace qs::ui {

namespace {

/// A panel whose plots and tables can be written: what goes wrong is said.
template <class P>
P* saying(P* panel, Session& s)
{
    QObject::connect(panel, &P::failed, &s.messages, &Messages::failWriting);
    return panel;
}

QWidget* makeLayers(Session& s)
{
    return saying(new LayersPanel(s.document, s.selection, s.edits,
                                  std::make_unique<LayerRows>(s.document, s.plans, s.figures)),
                  s);
}

QWidget* makeDistribution(Session& s)
{
    return saying(new DistributionPanel(s.document, s.selection, s.edits, s.plans, s.jobs.runner()), s);
}

QWidget* makeError(Session& s)
{
    return saying(new ErrorPanel(s.document, s.selection, s.plans, s.figures), s);
}

QWidget* makeBits(Session& s)
{
    auto* panel = saying(new BitsPanel(s.document, s.selection, s.plans, s.searches), s);
    for (BarsPlot* plot : {&panel->weights(), &panel->activations()})
        new BarEdits(*plot, s.document, s.selection, s.edits);
    return panel;
}

QWidget* makeHybrid(Session& s)
{
    return saying(new HybridPanel(s.document, s.selection, s.plans, s.searches), s);
}

QWidget* makeComparison(Session& s)
{
    return new ComparisonPanel(s.document, s.edits, s.plans, std::make_unique<Comparer>(s));
}

QWidget* makeImages(Session& s)
{
    return saying(new ImagesPanel(s.document, s.selection, s.plans, s.figures, s.jobs.runner()), s);
}

QWidget* makeAnatomy(Session& s)
{
    return new AnatomyPanel(s.document, s.selection, s.plans, s.figures);
}

} // namespace

std::span<const PanelFactory> panelFactories()
{
    static const std::array kPanels{
        PanelFactory{"layers", "Layers", PanelArea::Left, &makeLayers},
        PanelFactory{"distribution", "Distribution", PanelArea::Centre, &makeDistribution},
        PanelFactory{"error", "Error", PanelArea::Centre, &makeError},
        PanelFactory{"bits", "Bits", PanelArea::Centre, &makeBits},
        PanelFactory{"hybrid", "Q-HyViT", PanelArea::Centre, &makeHybrid},
        PanelFactory{"comparison", "Comparison", PanelArea::Centre, &makeComparison},
        PanelFactory{"images", "Images", PanelArea::Centre, &makeImages},
        PanelFactory{"anatomy", "Anatomy", PanelArea::Centre, &makeAnatomy},
    };
    return kPanels;
}

} // namespace qs::ui
