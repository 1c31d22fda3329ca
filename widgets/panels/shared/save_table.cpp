#include "widgets/panels/shared/save_table.h"

#include <QFileDialog>
#include <QSaveFile>

#include <utility>

namespace qs::ui {

void saveTable(QWidget* parent, const QString& title, const QString& name, std::function<QString()> csv,
               std::function<void(const QString&)> failed)
{
    auto* dialog = new QFileDialog(parent->window(), title, QString(), QObject::tr("Table (*.csv)"));
    dialog->setAttribute(Qt::WA_DeleteOnClose);
    dialog->setAcceptMode(QFileDialog::AcceptSave);
    dialog->setDefaultSuffix(QStringLiteral("csv"));
    dialog->selectFile(name);
    QObject::connect(dialog, &QFileDialog::fileSelected, parent,
                     [csv = std::move(csv), failed = std::move(failed)](const QString& path) {
                         QSaveFile file(path);
                         if (!file.open(QIODevice::WriteOnly) || file.write(csv().toUtf8()) < 0 || !file.commit())
                             failed(QObject::tr("%1: cannot be written (%2)").arg(path, file.errorString()));
                     });
    dialog->open();
}

} // namespace qs::ui
