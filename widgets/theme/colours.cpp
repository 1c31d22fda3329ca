#include "widgets/theme/colours.h"

#include "widgets/theme/style.h"

#include <QApplication>

#include <algorithm>
#include <array>
#include <cmath>

namespace qs::ui {

namespace {

Colours lightColours()
{
    Colours c;
    c.dark = false;
    c.plotBackground = QColor(0xff, 0xff, 0xff);
    c.plotText = QColor(0x3b, 0x42, 0x4c);
    c.plotGrid = QColor(0xe3, 0xe6, 0xea);
    c.plotFrame = QColor(0x8b, 0x93, 0x9e);
    c.before = QColor(0x8d, 0x95, 0xa0);
    c.after = QColor(0x1f, 0x6f, 0xb4);
    c.histogram = QColor(0x1f, 0x6f, 0xb4);
    c.grid = QColor(0xb0, 0x7a, 0x00);
    c.clip = QColor(0xc8, 0x3c, 0x0a);
    c.weight = QColor(0x8a, 0x4f, 0xa8);
    c.activation = QColor(0x00, 0x80, 0x75);
    c.rounding = QColor(0x1f, 0x6f, 0xb4);
    c.clipping = QColor(0xc8, 0x3c, 0x0a);
    c.isolated = QColor(0x1f, 0x6f, 0xb4);
    c.accumulated = QColor(0xb0, 0x46, 0x7e);
    c.bridge = QColor(0x8a, 0x3a, 0x7a);
    c.perTensor = QColor(0x1f, 0x6f, 0xb4);
    c.perChannel = QColor(0xa8, 0x5c, 0x00);
    c.selection = QColor(0x11, 0x18, 0x22);
    c.good = QColor(0x1d, 0x7d, 0x46);
    c.warning = QColor(0x95, 0x62, 0x00);
    c.bad = QColor(0xb8, 0x2d, 0x1c);
    c.stale = QColor(0x64, 0x6c, 0x77);
    return c;
}

Colours darkColours()
{
    Colours c;
    c.dark = true;
    c.plotBackground = QColor(0x17, 0x1a, 0x1f);
    c.plotText = QColor(0xc4, 0xca, 0xd2);
    c.plotGrid = QColor(0x2d, 0x32, 0x39);
    c.plotFrame = QColor(0x6d, 0x75, 0x80);
    c.before = QColor(0x8d, 0x95, 0xa0);
    c.after = QColor(0x5b, 0xa8, 0xec);
    c.histogram = QColor(0x5b, 0xa8, 0xec);
    c.grid = QColor(0xe2, 0xb3, 0x3c);
    c.clip = QColor(0xff, 0x7b, 0x4a);
    c.weight = QColor(0xc9, 0x93, 0xe6);
    c.activation = QColor(0x3f, 0xc4, 0xb5);
    c.rounding = QColor(0x5b, 0xa8, 0xec);
    c.clipping = QColor(0xff, 0x7b, 0x4a);
    c.isolated = QColor(0x5b, 0xa8, 0xec);
    c.accumulated = QColor(0xee, 0x82, 0xb9);
    c.bridge = QColor(0xf0, 0x8c, 0xd6);
    c.perTensor = QColor(0x5b, 0xa8, 0xec);
    c.perChannel = QColor(0xf0, 0xa8, 0x4a);
    c.selection = QColor(0xf4, 0xf6, 0xf8);
    c.good = QColor(0x5f, 0xcb, 0x8b);
    c.warning = QColor(0xe6, 0xb4, 0x4c);
    c.bad = QColor(0xff, 0x84, 0x74);
    c.stale = QColor(0x8b, 0x92, 0x9c);
    return c;
}

struct State {
    Colours colours = lightColours();
    Theme theme = Theme::System;
    QPalette desktop; ///< as it was before the first applyTheme
    bool started = false;
};

State& state()
{
    static State s;
    return s;
}

QPalette makePalette(QColor window, QColor base, QColor alternate, QColor button, QColor text, QColor muted,
                     QColor highlight, QColor highlightedText, QColor link, QColor tip)
{
    QPalette p(button, window);
    p.setColor(QPalette::Window, window);
    p.setColor(QPalette::WindowText, text);
    p.setColor(QPalette::Base, base);
    p.setColor(QPalette::AlternateBase, alternate);
    p.setColor(QPalette::Text, text);
    p.setColor(QPalette::Button, button);
    p.setColor(QPalette::ButtonText, text);
    p.setColor(QPalette::BrightText, Qt::white);
    p.setColor(QPalette::PlaceholderText, muted);
    p.setColor(QPalette::Highlight, highlight);
    p.setColor(QPalette::HighlightedText, highlightedText);
    p.setColor(QPalette::Link, link);
    p.setColor(QPalette::LinkVisited, link);
    p.setColor(QPalette::ToolTipBase, tip);
    p.setColor(QPalette::ToolTipText, text);
    for (const QPalette::ColorRole role : {QPalette::WindowText, QPalette::Text, QPalette::ButtonText})
        p.setColor(QPalette::Disabled, role, muted);
    p.setColor(QPalette::Disabled, QPalette::Highlight, muted);
    return p;
}

template <std::size_t N>
QColor interpolate(const std::array<QRgb, N>& stops, double t)
{
    const double at = std::clamp(std::isnan(t) ? 0.0 : t, 0.0, 1.0) * (N - 1);
    const auto i = std::min(static_cast<std::size_t>(at), N - 2);
    const double f = at - static_cast<double>(i);
    const auto mix = [f](int a, int b) { return static_cast<int>(std::lround(a + f * (b - a))); };
    return QColor(mix(qRed(stops[i]), qRed(stops[i + 1])), mix(qGreen(stops[i]), qGreen(stops[i + 1])),
                  mix(qBlue(stops[i]), qBlue(stops[i + 1])));
}

} // namespace

const Colours& colours()
{
    return state().colours;
}
Theme currentTheme()
{
    return state().theme;
}

QPalette lightPalette()
{
    return makePalette(QColor(0xf2, 0xf4, 0xf6), QColor(0xff, 0xff, 0xff), QColor(0xf6, 0xf8, 0xfa),
                       QColor(0xe9, 0xec, 0xef), QColor(0x1b, 0x20, 0x27), QColor(0x60, 0x68, 0x73),
                       QColor(0x1f, 0x6f, 0xb4), QColor(0xff, 0xff, 0xff), QColor(0x17, 0x5f, 0x9e),
                       QColor(0xff, 0xff, 0xff));
}

QPalette darkPalette()
{
    return makePalette(QColor(0x21, 0x25, 0x2b), QColor(0x17, 0x1a, 0x1f), QColor(0x1d, 0x21, 0x27),
                       QColor(0x2c, 0x31, 0x38), QColor(0xe4, 0xe7, 0xeb), QColor(0x90, 0x97, 0xa1),
                       QColor(0x2f, 0x6c, 0xa8), QColor(0xff, 0xff, 0xff), QColor(0x7a, 0xb8, 0xf0),
                       QColor(0x2c, 0x31, 0x38));
}

void applyTheme(Theme theme)
{
    State& s = state();
    if (!s.started) {
        s.desktop = QApplication::palette();
        s.started = true;
        QApplication::setStyle(new Style);
    }
    s.theme = theme;
    const bool dark =
        theme == Theme::Dark || (theme == Theme::System && s.desktop.color(QPalette::Window).lightness() < 128);
    s.colours = dark ? darkColours() : lightColours();
    QApplication::setPalette(dark ? darkPalette() : lightPalette());
}

QColor magnitudeColour(double t)
{
    // Cividis (Nuñez, Anderton, Renslow 2018) at ten equal steps.
    static constexpr std::array<QRgb, 10> kStops{0xff00224e, 0xff123570, 0xff3b496c, 0xff575d6d, 0xff707173,
                                                 0xff8a8678, 0xffa59c74, 0xffc3b369, 0xffe1cc55, 0xfffee838};
    return interpolate(kStops, t);
}

QColor signedColour(double t)
{
    static constexpr std::array<QRgb, 5> kLight{0xff1f5fa8, 0xff8fb8de, 0xfff1f2f3, 0xfff0b27a, 0xffc25a00};
    static constexpr std::array<QRgb, 5> kDark{0xff6db4f5, 0xff3a688f, 0xff30353c, 0xff93602f, 0xfff59b45};
    return interpolate(colours().dark ? kDark : kLight, (t + 1) / 2);
}

} // namespace qs::ui
