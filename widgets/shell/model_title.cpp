#include "widgets/shell/model_title.h"

#include "widgets/model/document.h"

#include <QFileInfo>

#include <algorithm>

namespace qs::ui {

ModelTitle::ModelTitle(const Document& document, QWidget* parent) : QLabel(parent), m_document(document)
{
    setContentsMargins(8, 0, 12, 0);
    setAlignment(Qt::AlignRight | Qt::AlignVCenter);
}

QString ModelTitle::windowTitle() const
{
    const QString path = m_document.path();
    QString title;
    if (!path.isEmpty())
        title = QFileInfo(path).fileName() + QStringLiteral("[*] – ");
    if (const auto& model = m_document.model())
        title += QString::fromStdString(model->info.path.filename().string()) +
                 (path.isEmpty() ? QStringLiteral("[*] – ") : QStringLiteral(" – "));
    return title + QStringLiteral("Quantoscope");
}

void ModelTitle::refresh()
{
    const auto& model = m_document.model();
    if (!model)
        return clear();
    const auto count = [](const auto& images) { return images ? images->size() : std::size_t{0}; };
    const std::size_t all = count(m_document.calibrationImages());
    const std::size_t used = std::min(all, m_document.calibrationCount());
    setText(tr("%1 · %2 calib · %3 test")
                .arg(QString::fromStdString(model->info.path.stem().string()),
                     used == all ? QString::number(all) : tr("%1 of %2").arg(used).arg(all))
                .arg(count(m_document.testImages())));
    setToolTip(tr("%1\n%2 sites, %3 parameters, input %4 × %5 × %6, %7 classes, opset %8")
                   .arg(QString::fromStdString(model->info.path.string()))
                   .arg(model->sites.size())
                   .arg(model->info.parameters)
                   .arg(model->info.channels)
                   .arg(model->info.height)
                   .arg(model->info.width)
                   .arg(model->info.classes)
                   .arg(model->info.opset));
}

} // namespace qs::ui
