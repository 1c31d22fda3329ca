#include "widgets/frame/csv.h"

#include "core/base/csv.h"

namespace qs::ui {

QString csvLine(const QStringList& cells)
{
    std::vector<std::string> texts;
    for (const QString& cell : cells)
        texts.push_back(cell.toStdString());
    return QString::fromStdString(qs::csvLine(texts));
}

QString csvNumber(double value)
{
    return QString::fromStdString(qs::csvNumber(value));
}

} // namespace qs::ui
