#pragma once

#include <QColor>
#include <QPalette>

#include <vector>

namespace qs::ui {

/// The colours of one theme. The same colour means the same thing in every panel. Text on base reaches 4.5:1, marks
/// 3:1.
struct Colours {
    bool dark = false;

    // plots
    QColor plotBackground; ///< QPalette::Base
    QColor plotText;       ///< axes, tick labels
    QColor plotGrid;       ///< grid lines
    QColor plotFrame;

    // meanings
    QColor before;             ///< the float network, the state before a change
    QColor after;              ///< the quantized network, the state after a change
    QColor histogram;          ///< values of a site
    QColor grid;               ///< quantization levels
    QColor clip;               ///< clip limits and what lies outside
    QColor weight;             ///< weight sites
    QColor activation;         ///< activation sites
    QColor rounding;           ///< share of the error that is rounding
    QColor clipping;           ///< share of the error that is clipping
    QColor isolated;           ///< isolated error
    QColor accumulated;        ///< accumulated error
    QColor bridge;             ///< bridge blocks of hybrid networks
    QColor perTensor;          ///< one scale for all channels
    QColor perChannel;         ///< a scale for each
    QColor selection;          ///< the selected site in plots
    QColor good, warning, bad; ///< judgements: small, noticeable, large loss
    QColor stale;              ///< text and marks of values of an older recipe
};

/// The colours of the present theme. Panels read them when they paint and when QEvent::PaletteChange comes.
const Colours& colours();

/// Sequential map for magnitudes, t in [0, 1]: cividis, readable with any colour vision.
QColor magnitudeColour(double t);
/// Diverging map for signed change, t in [-1, 1]: blue (negative), neutral, orange (positive).
QColor signedColour(double t);

enum class Theme { System, Light, Dark };
/// Fusion style with the palette of the theme; System follows the desktop's palette.
void applyTheme(Theme theme);
Theme currentTheme();

QPalette lightPalette();
QPalette darkPalette();

} // namespace qs::ui
