#pragma once

#include "core/quant/clip_preview.h"
#include "widgets/panels/distribution/site_picture.h"

#include <QWidget>

class QCheckBox;
class QLabel;
class QTabBar;

namespace qs::quant {
struct QuantizerTrial;
}

namespace qs::ui {

class EmptyState;
class HistogramPlot;
class Plot;
class QuantizerTable;
class RibbonPlot;

/// Title, figures, histogram, ribbon and comparison of quantizers of one site: shows values, says what the user
/// wishes.
class DistributionView : public QWidget {
    Q_OBJECT
public:
    explicit DistributionView(QWidget* parent = nullptr);

    void setPicture(const SitePicture& picture);
    void setLogAxis(bool on);
    void setBefore(bool on);
    /// In place of the plots; button "": none. Pressing it emits helpWished.
    void showReason(const QString& text, const QString& button = {});

    HistogramPlot& histogram() { return *m_histogram; }
    RibbonPlot& ribbon() { return *m_ribbon; }
    QuantizerTable& table() { return *m_table; }
    const QuantizerTable& table() const { return *m_table; }
    /// Whether the comparison of quantizers is on show.
    bool comparing() const;
    void setComparing(bool on);
    /// Whether values are tinted by what noise does to them, where there is noise.
    bool showsNoiseGain() const;
    void setNoiseGain(bool on);
    QString noiseText() const; ///< plain text of the line below the figures; "" without one
    QString figures() const;   ///< plain text
    QString reason() const;

signals:
    void rangeWished(qs::SiteId site, qs::quant::Range range);
    void quantizerWished(qs::SiteId site, const qs::quant::QuantizerTrial& trial);
    void comparisonWished(); ///< it was shown, or hidden
    void logAxisWished(bool on);
    void beforeWished(bool on);
    void helpWished();
    void failed(const QString& text);

protected:
    void changeEvent(QEvent* event) override;

private:
    void showFigures();
    void showNoise();
    void showPreview(const quant::ClipPreview& preview, quant::Range range);
    void sayHover(const QString& text);

    SitePicture m_picture;
    EmptyState* m_empty;
    QLabel* m_title;
    QLabel* m_figures;
    QLabel* m_hover;
    QCheckBox* m_log;
    QCheckBox* m_before;
    QCheckBox* m_sorted;
    QCheckBox* m_gain;
    QLabel* m_noise;
    HistogramPlot* m_histogram;
    RibbonPlot* m_ribbon;
    QTabBar* m_tabs;
    QuantizerTable* m_table;
};

} // namespace qs::ui
