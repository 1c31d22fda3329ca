#include "widgets/frame/panel.h"

namespace qs::ui {

QString Panel::savePlot(const QString&, const QString&)
{
    return QStringLiteral("this panel has no plots");
}

} // namespace qs::ui
