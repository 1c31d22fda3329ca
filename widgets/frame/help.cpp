#include "widgets/frame/help.h"

#include <QAction>
#include <QApplication>
#include <QDialog>
#include <QDialogButtonBox>
#include <QFile>
#include <QMenu>
#include <QTextBrowser>
#include <QVBoxLayout>

namespace qs::ui {

namespace {

void showPage(const QString& title, const QString& html, QSize size, QWidget* parent, const QString& anchor = {})
{
    auto* dialog = new QDialog(parent);
    dialog->setAttribute(Qt::WA_DeleteOnClose);
    dialog->setWindowTitle(title);
    dialog->resize(size);
    auto* layout = new QVBoxLayout(dialog);
    auto* browser = new QTextBrowser(dialog);
    browser->setOpenExternalLinks(true);
    browser->document()->setDocumentMargin(14);
    browser->setHtml(html);
    layout->addWidget(browser);
    auto* buttons = new QDialogButtonBox(QDialogButtonBox::Close, dialog);
    QObject::connect(buttons, &QDialogButtonBox::rejected, dialog, &QDialog::close);
    layout->addWidget(buttons);
    dialog->show();
    if (!anchor.isEmpty()) // once it is laid out
        QMetaObject::invokeMethod(
            browser, [browser, anchor] { browser->scrollToAnchor(anchor); }, Qt::QueuedConnection);
}

QString resource(const QString& path)
{
    QFile file(path);
    return file.open(QIODevice::ReadOnly) ? QString::fromUtf8(file.readAll()) : QString();
}

} // namespace

void showMethodsHelp(QWidget* parent, const QString& anchor)
{
    showPage(QObject::tr("Methods"), resource(QStringLiteral(":/help/methods.html")), {760, 640}, parent, anchor);
}

void showShortcuts(const std::vector<QAction*>& actions, QWidget* parent)
{
    QString rows;
    for (const QAction* action : actions) {
        QStringList keys;
        for (const QKeySequence& key : action->shortcuts())
            keys << key.toString(QKeySequence::NativeText);
        if (keys.isEmpty())
            continue;
        QString text = action->text();
        text.remove(QLatin1Char('&'));
        rows += QStringLiteral("<tr><td><b>%1</b>&nbsp;&nbsp;&nbsp;</td><td>%2</td></tr>")
                    .arg(keys.join(QStringLiteral(", ")).toHtmlEscaped(), text.toHtmlEscaped());
    }
    showPage(
        QObject::tr("Keyboard shortcuts"),
        QObject::tr("<h3>Keys</h3><table cellspacing='3'>%1</table>"
                    "<h3>In plots</h3><p>The wheel zooms, dragging pans, a double click shows everything again; the "
                    "pointer reads values; the right button copies and exports.</p>")
            .arg(rows),
        {520, 620}, parent);
}

void showAbout(QWidget* parent)
{
    showPage(
        QObject::tr("About Quantoscope"),
        QObject::tr("<h2>Quantoscope %1</h2><p>See, repair and export post-training quantization of vision "
                    "transformers.</p><p>Free software under the GNU General Public License, version 3 or later; it "
                    "comes with no warranty.</p><p>Built with Qt %2, QCustomPlot, OpenCV, Eigen, Highway, Protocol "
                    "Buffers, JSON for Modern C++, tl::expected and xxHash.</p>")
            .arg(QApplication::applicationVersion(), QString::fromLatin1(qVersion())),
        {460, 320}, parent);
}

} // namespace qs::ui
