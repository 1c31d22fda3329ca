#include "widgets/shell/file_dialogs.h"

#include <QFileDialog>
#include <QFileInfo>
#include <QSettings>

namespace qs::ui {

namespace {

const QString kFolderKey = QStringLiteral("recent/folder");

QFileDialog* makeDialog(QWidget* parent, const QString& title, QFileDialog::FileMode mode)
{
    auto* dialog = new QFileDialog(parent, title, QSettings().value(kFolderKey).toString());
    dialog->setAttribute(Qt::WA_DeleteOnClose);
    dialog->setFileMode(mode);
    return dialog;
}

void open(QFileDialog* dialog, const Chosen& chosen, const std::function<void()>& none = {})
{
    if (none)
        QObject::connect(dialog, &QFileDialog::rejected, dialog, none);
    QObject::connect(dialog, &QFileDialog::fileSelected, dialog, [chosen](const QString& path) {
        QSettings().setValue(kFolderKey, QFileInfo(path).absolutePath());
        chosen(path);
    });
    dialog->open();
}

} // namespace

void chooseFile(QWidget* window, const QString& title, const QString& filter, Chosen chosen)
{
    QFileDialog* dialog = makeDialog(window, title, QFileDialog::ExistingFile);
    dialog->setNameFilters({filter, QObject::tr("All files (*)")});
    open(dialog, chosen);
}

void chooseFolder(QWidget* window, const QString& title, Chosen chosen)
{
    QFileDialog* dialog = makeDialog(window, title, QFileDialog::Directory);
    dialog->setOption(QFileDialog::ShowDirsOnly);
    open(dialog, chosen);
}

void chooseNewFile(QWidget* window, const QString& title, const QString& filter, const QString& suggestion,
                   Chosen chosen, std::function<void()> none)
{
    QFileDialog* dialog = makeDialog(window, title, QFileDialog::AnyFile);
    dialog->setAcceptMode(QFileDialog::AcceptSave);
    dialog->setNameFilters(filter.split(QStringLiteral(";;")));
    dialog->setDefaultSuffix(QFileInfo(suggestion).suffix());
    dialog->selectFile(suggestion);
    open(dialog, chosen, none);
}

} // namespace qs::ui
