#include "widgets/shell/command_palette.h"

#include <QAction>
#include <QDialog>
#include <QKeyEvent>
#include <QLineEdit>
#include <QListWidget>
#include <QMenu>
#include <QPointer>
#include <QVBoxLayout>

namespace qs::ui {

namespace {

QString plain(QString text)
{
    return text.remove(QLatin1Char('&'));
}

class Palette : public QDialog {
public:
    Palette(const std::vector<QAction*>& actions, QWidget* parent) : QDialog(parent, Qt::Popup)
    {
        setAttribute(Qt::WA_DeleteOnClose);
        auto* layout = new QVBoxLayout(this);
        layout->setContentsMargins(6, 6, 6, 6);
        m_filter->setPlaceholderText(QObject::tr("Type what to do"));
        layout->addWidget(m_filter);
        layout->addWidget(m_list);
        m_list->setFrameShape(QFrame::NoFrame);
        for (QAction* action : actions) {
            const QString keys = action->shortcut().toString(QKeySequence::NativeText);
            auto* item = new QListWidgetItem(
                action->icon(), plain(action->text()) + (keys.isEmpty() ? QString() : QStringLiteral("    ") + keys),
                m_list);
            if (!action->isEnabled())
                item->setFlags(Qt::NoItemFlags);
            m_actions.emplace_back(action);
        }
        connect(m_filter, &QLineEdit::textChanged, this, [this] { narrow(); });
        connect(m_list, &QListWidget::itemClicked, this, [this] { run(); });
        m_filter->installEventFilter(this);
        resize(440, 380);
        narrow();
        m_filter->setFocus();
    }

protected:
    bool eventFilter(QObject* watched, QEvent* event) override
    {
        if (watched == m_filter && event->type() == QEvent::KeyPress) {
            const int key = static_cast<QKeyEvent*>(event)->key();
            if (key == Qt::Key_Return || key == Qt::Key_Enter) {
                run();
                return true;
            }
            if (key == Qt::Key_Down || key == Qt::Key_Up) {
                move(key == Qt::Key_Down ? 1 : -1);
                return true;
            }
        }
        return QDialog::eventFilter(watched, event);
    }

private:
    bool usable(int row) const
    {
        return !m_list->isRowHidden(row) && (m_list->item(row)->flags() & Qt::ItemIsEnabled);
    }
    void narrow()
    {
        const QStringList words = m_filter->text().split(QLatin1Char(' '), Qt::SkipEmptyParts);
        for (int row = 0; row < m_list->count(); ++row) {
            const QString text = m_list->item(row)->text();
            m_list->setRowHidden(row, !std::ranges::all_of(words, [&](const QString& word) {
                                     return text.contains(word, Qt::CaseInsensitive);
                                 }));
        }
        m_list->setCurrentRow(-1);
        move(1);
    }
    void move(int step)
    {
        for (int row = m_list->currentRow() + step; row >= 0 && row < m_list->count(); row += step)
            if (usable(row)) {
                m_list->setCurrentRow(row);
                return;
            }
    }
    void run()
    {
        const int row = m_list->currentRow();
        if (row < 0 || !usable(row))
            return;
        const QPointer<QAction> action = m_actions[static_cast<std::size_t>(row)];
        close();
        if (action)
            action->trigger();
    }

    QLineEdit* m_filter = new QLineEdit(this);
    QListWidget* m_list = new QListWidget(this);
    std::vector<QPointer<QAction>> m_actions;
};

} // namespace

void showCommandPalette(const std::vector<QAction*>& actions, QWidget* parent)
{
    auto* palette = new Palette(actions, parent);
    const QPoint top = parent->mapToGlobal(QPoint((parent->width() - palette->width()) / 2, 60));
    palette->QWidget::move(top);
    palette->show();
}

} // namespace qs::ui
