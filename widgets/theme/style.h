#pragma once

#include <QProxyStyle>

namespace qs::ui {

/// Fusion, with the frames of check boxes and radio buttons in a colour that stands out from any ground: Fusion takes
/// a darker shade of the window, which nobody sees in a dark theme.
class Style : public QProxyStyle {
    Q_OBJECT
public:
    Style();
    void drawPrimitive(PrimitiveElement element, const QStyleOption* option, QPainter* painter,
                       const QWidget* widget = nullptr) const override;
};

} // namespace qs::ui
