#include "widgets/recipe/notes_label.h"

#include "widgets/frame/help.h"
#include "widgets/model/site_notes.h"
#include "widgets/theme/colours.h"

#include <QEvent>

namespace qs::ui {

namespace {

QString paragraph(const QColor& colour, const QString& text, const QString& help)
{
    return QStringLiteral("<p style='margin-top:3px;margin-bottom:3px'><span style='color:%1'>■</span> %2 "
                          "<a href='%3'>%4</a></p>")
        .arg(colour.name(), text.toHtmlEscaped(), help, NotesLabel::tr("More"));
}

} // namespace

NotesLabel::NotesLabel(const Document& document, const Selection& selection, const Plans& plans, QWidget* parent)
    : QLabel(parent), m_document(document), m_selection(selection), m_plans(plans)
{
    setObjectName(QStringLiteral("notes"));
    setTextFormat(Qt::RichText);
    setWordWrap(true);
    setSizePolicy(QSizePolicy::Ignored, QSizePolicy::Preferred);
    setTextInteractionFlags(Qt::LinksAccessibleByMouse | Qt::LinksAccessibleByKeyboard);
    connect(this, &QLabel::linkActivated, this, [this](const QString& anchor) { showMethodsHelp(window(), anchor); });
}

void NotesLabel::refresh()
{
    const SiteId id = m_selection.current();
    QString text, tip;
    if (id.valid()) {
        for (const NoteText& note : siteNotes(m_document, m_plans, id)) {
            text += paragraph(note.severe ? colours().bad : colours().warning, note.text, note.help);
            tip += QStringLiteral("<p>%1</p>").arg(note.remedy);
        }
        if (const int bridge = m_document.sites()[id].bridge; bridge >= 0) {
            text += paragraph(colours().bridge, bridgeText(m_document.sites(), bridge), QStringLiteral("bridges"));
            tip += QStringLiteral("<p>%1</p>").arg(bridgeHelp(m_document.sites(), bridge).toHtmlEscaped());
        }
    }
    setText(text);
    setToolTip(tip);
    setVisible(!text.isEmpty());
}

void NotesLabel::changeEvent(QEvent* event)
{
    QLabel::changeEvent(event);
    if (event->type() == QEvent::PaletteChange)
        refresh();
}

} // namespace qs::ui
