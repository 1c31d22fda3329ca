#include "widgets/shell/leave_flow.h"

#include "widgets/model/document.h"
#include "widgets/model/files.h"

#include <QMessageBox>

#include <utility>

namespace qs::ui {

LeaveFlow::LeaveFlow(const Document& document, Files& files, AskPath askPath, QWidget* window)
    : QObject(window), m_document(document), m_files(files), m_askPath(std::move(askPath)), m_window(window)
{
    connect(&files, &Files::saveEnded, this, [this](bool written) {
        if (!std::exchange(m_saving, false))
            return; // a save of its own
        if (written && !m_document.modified())
            goOn();
        else
            stay();
    });
}

void LeaveFlow::leave(const QString& question, const QString& more, std::function<void()> then)
{
    stay();
    if (!m_document.modified() || !m_document.model()) {
        then();
        return;
    }
    m_then = std::move(then);
    auto* box = new QMessageBox(QMessageBox::Question, tr("Quantoscope"), question, QMessageBox::NoButton, m_window);
    m_box = box;
    box->setInformativeText(more);
    box->setAttribute(Qt::WA_DeleteOnClose);
    auto* save = box->addButton(tr("&Save"), QMessageBox::AcceptRole);
    auto* discard = box->addButton(tr("&Discard"), QMessageBox::DestructiveRole);
    auto* cancel = box->addButton(tr("&Cancel"), QMessageBox::RejectRole);
    box->setDefaultButton(save);
    box->setEscapeButton(cancel);
    connect(box, &QMessageBox::finished, this, [this, box, save, discard] {
        if (m_box != box)
            return;
        m_box = nullptr;
        const auto* pressed = box->clickedButton();
        if (pressed == discard)
            goOn();
        else if (pressed != save)
            stay();
        else if (const QString path = m_document.path(); !path.isEmpty())
            this->save(path);
        else
            m_askPath([this](const QString& chosen) { this->save(chosen); }, [this] { stay(); });
    });
    box->open();
}

void LeaveFlow::save(const QString& path)
{
    if (!m_then)
        return;
    m_saving = true;
    m_files.saveSession(path);
}

void LeaveFlow::stay()
{
    m_then = nullptr;
    m_saving = false;
    if (QMessageBox* box = std::exchange(m_box, nullptr))
        box->close();
}

void LeaveFlow::goOn()
{
    if (const auto then = std::exchange(m_then, nullptr))
        then();
}

} // namespace qs::ui
