#include "widgets/shell/welcome.h"

#include "core/project/demos.h"

#include <QEvent>
#include <QFileInfo>
#include <QGridLayout>
#include <QLabel>
#include <QPushButton>
#include <QVBoxLayout>

namespace qs::ui {

Welcome::Welcome(QWidget* parent) : QWidget(parent), m_card(new QWidget(this)), m_recent(new QVBoxLayout)
{
    auto* outer = new QVBoxLayout(this);
    outer->addStretch(2);
    outer->addWidget(m_card, 0, Qt::AlignHCenter);
    outer->addStretch(3);

    auto* layout = new QVBoxLayout(m_card);
    m_card->setFixedWidth(560);
    m_card->setObjectName(QStringLiteral("welcomeCard"));
    layout->setContentsMargins(40, 32, 40, 32);
    layout->setSpacing(14);
    auto* logo = new QLabel(m_card);
    logo->setPixmap(QIcon(QStringLiteral(":/icons/quantoscope.svg")).pixmap(64, 64));
    layout->addWidget(logo, 0, Qt::AlignHCenter);
    auto* title = new QLabel(tr("Drop an ONNX model here, or open a demo"), m_card);
    QFont font = title->font();
    font.setPointSizeF(font.pointSizeF() * 1.5);
    title->setFont(font);
    title->setAlignment(Qt::AlignHCenter);
    title->setWordWrap(true);
    layout->addWidget(title);
    auto* text =
        new QLabel(tr("Quantoscope shows where and why quantization hurts a vision transformer, lets you try "
                      "remedies, and exports an int8 model."),
                   m_card);
    text->setWordWrap(true);
    text->setAlignment(Qt::AlignHCenter);
    text->setMinimumHeight(text->heightForWidth(480)); // a centred card does not ask for the height of wrapped text
    layout->addWidget(text);
    auto* buttons = new QGridLayout;
    const auto add = [&](const QString& label, auto pressed) {
        auto* button = new QPushButton(label, m_card);
        button->setMinimumHeight(34);
        connect(button, &QPushButton::clicked, this, pressed);
        buttons->addWidget(button, buttons->count() / 2, buttons->count() % 2);
        return button;
    };
    layout->addSpacing(6);
    for (const project::DemoDef& demo : project::demos()) {
        const QString task = QString::fromUtf8(demo.task.data(), static_cast<qsizetype>(demo.task.size()));
        QPushButton* button = add(tr("Demo: %1").arg(task), [this, task] { emit openDemo(task); });
        button->setDefault(m_demos.empty());
        button->setToolTip(QString::fromUtf8(demo.words.data(), static_cast<qsizetype>(demo.words.size())));
        m_demos.push_back(button);
    }
    add(tr("Open &model…"), &Welcome::openModel);
    add(tr("Open &session…"), &Welcome::openSession);
    layout->addLayout(buttons);
    m_recent->setSpacing(2);
    layout->addLayout(m_recent);
    style();
}

void Welcome::setDemoAvailable(bool available)
{
    for (QWidget* demo : m_demos) {
        demo->setEnabled(available);
        if (!available)
            demo->setToolTip(tr("The demo's files are not where they should be: set QUANTOSCOPE_RESOURCES to the "
                                "folder that holds demo/"));
    }
}

void Welcome::setRecent(const QStringList& files)
{
    while (QLayoutItem* item = m_recent->takeAt(0)) {
        delete item->widget();
        delete item;
    }
    if (files.isEmpty())
        return;
    auto* header = new QLabel(tr("Recent"), m_card);
    header->setForegroundRole(QPalette::PlaceholderText);
    m_recent->addSpacing(8);
    m_recent->addWidget(header);
    for (const QString& file : files.first(std::min<qsizetype>(5, files.size()))) {
        auto* link = new QLabel(QStringLiteral("<a href=\"%1\">%2</a>")
                                    .arg(file.toHtmlEscaped(), QFileInfo(file).fileName().toHtmlEscaped()),
                                m_card);
        link->setToolTip(file);
        link->setTextInteractionFlags(Qt::LinksAccessibleByMouse | Qt::LinksAccessibleByKeyboard);
        connect(link, &QLabel::linkActivated, this, &Welcome::openRecent);
        m_recent->addWidget(link);
    }
}

void Welcome::style()
{
    m_card->setStyleSheet(QStringLiteral("#welcomeCard { background: palette(base); border: 1px solid palette(mid); "
                                         "border-radius: 10px; }"));
}

void Welcome::changeEvent(QEvent* event)
{
    if (event->type() == QEvent::PaletteChange)
        m_card->update();
    QWidget::changeEvent(event);
}

} // namespace qs::ui
