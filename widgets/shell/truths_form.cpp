#include "widgets/shell/truths_form.h"

#include "widgets/shell/file_dialogs.h"

#include <QCheckBox>
#include <QDoubleSpinBox>
#include <QFormLayout>
#include <QHBoxLayout>
#include <QLabel>
#include <QLineEdit>
#include <QPushButton>
#include <QSpinBox>

namespace qs::ui {

namespace {

using images::TruthKind;

QString titleOf(TruthKind kind)
{
    switch (kind) {
    case TruthKind::Masks:
        return QObject::tr("&Masks");
    case TruthKind::Boxes:
        return QObject::tr("&Boxes (COCO)");
    case TruthKind::Maps:
        return QObject::tr("&Maps");
    case TruthKind::Text:
        return QObject::tr("Te&xts");
    case TruthKind::ClassSets:
        return QObject::tr("C&lasses");
    case TruthKind::Classes:
        break;
    }
    return {};
}

QString helpOf(TruthKind kind)
{
    for (const images::TruthKindDef& def : images::truthKinds())
        if (def.kind == kind)
            return QString::fromUtf8(def.words.data(), qsizetype(def.words.size()));
    return {};
}

} // namespace

TruthsForm::TruthsForm(const ModelTask& task, QWidget* parent)
    : QWidget(parent), m_choice(task.choice), m_characters(new QLineEdit(this)), m_truths(new QLineEdit(this)),
      m_reduceZero(new QCheckBox(tr("0 is ignored, classes count from 1"), this)), m_ignored(new QSpinBox(this)),
      m_categoryIds(new QCheckBox(tr("classes are the category ids themselves (DETR's 91)"), this)),
      m_scale(new QDoubleSpinBox(this)), m_zeroKnown(new QCheckBox(tr("0 is a value, not unknown"), this))
{
    m_truths->setObjectName(QStringLiteral("truths"));
    m_characters->setObjectName(QStringLiteral("characters"));
    if (task)
        m_kind = images::truthKindOf(*task.chosen.def);
    auto* form = new QFormLayout(this);
    form->setContentsMargins(0, 0, 0, 0);
    if (m_kind) {
        const bool folder = *m_kind == TruthKind::Masks || *m_kind == TruthKind::Maps;
        addPath(*form, titleOf(*m_kind), m_truths, folder, helpOf(*m_kind));
    }
    if (m_choice.truths)
        m_truths->setText(QString::fromStdString(m_choice.truths->path.string()));
    if (m_kind == TruthKind::Text)
        addPath(*form, tr("Cha&racters"), m_characters, false,
                tr("What the classes after the blank stand for, one character a line; texts are compared with it"));
    m_characters->setText(QString::fromStdString(m_choice.characters.string()));
    addReading(*form);
}

void TruthsForm::addPath(QFormLayout& form, const QString& title, QLineEdit* line, bool folder, const QString& tip)
{
    line->setToolTip(tip);
    line->setPlaceholderText(tr("none"));
    line->setClearButtonEnabled(true);
    auto* browse = new QPushButton(tr("Browse…"), this);
    browse->setAccessibleName(tr("Browse for %1").arg(QString(title).remove(QLatin1Char('&'))));
    connect(browse, &QPushButton::clicked, this, [this, line, folder, tip] {
        const auto take = [line](const QString& path) { line->setText(path); };
        if (folder)
            chooseFolder(this, tip, take);
        else
            chooseFile(this, tip, tr("All files (*)"), take);
    });
    auto* row = new QHBoxLayout;
    row->addWidget(line, 1);
    row->addWidget(browse);
    form.addRow(title, row);
    if (auto* label = qobject_cast<QLabel*>(form.labelForField(row)))
        label->setBuddy(line);
}

void TruthsForm::addReading(QFormLayout& form)
{
    const images::TruthOptions options = m_choice.truths ? m_choice.truths->options : images::TruthOptions{};
    m_ignored->setRange(0, 255);
    m_ignored->setValue(options.ignored);
    m_reduceZero->setChecked(options.reduceZero);
    m_categoryIds->setChecked(options.categoryIds);
    m_scale->setRange(0, 1e6);
    m_scale->setDecimals(3);
    m_scale->setSpecialValueText(tr("as in the file"));
    m_scale->setValue(options.scale.value_or(0));
    m_scale->setToolTip(tr("Value of the file per unit, e.g. 256 (KITTI) or 1000 (NYU)"));
    m_zeroKnown->setChecked(!options.zeroUnknown);
    const auto only = [&](TruthKind kind, std::initializer_list<QWidget*> widgets) {
        for (QWidget* widget : widgets)
            widget->setVisible(m_kind == kind);
    };
    only(TruthKind::Masks, {m_reduceZero, m_ignored});
    only(TruthKind::Boxes, {m_categoryIds});
    only(TruthKind::Maps, {m_scale, m_zeroKnown});
    m_truths->setVisible(m_kind.has_value());
    m_characters->setVisible(m_kind == TruthKind::Text);
    if (m_kind == TruthKind::Masks) {
        form.addRow(tr("In masks"), m_reduceZero);
        form.addRow(tr("I&gnored value"), m_ignored);
    } else if (m_kind == TruthKind::Boxes) {
        form.addRow(QString(), m_categoryIds);
    } else if (m_kind == TruthKind::Maps) {
        form.addRow(tr("&Per unit"), m_scale);
        form.addRow(QString(), m_zeroKnown);
    }
}

images::TaskChoice TruthsForm::choice() const
{
    images::TaskChoice choice = m_choice;
    choice.characters.clear();
    choice.truths.reset();
    if (m_kind == TruthKind::Text)
        choice.characters = m_characters->text().trimmed().toStdString();
    if (!m_kind || m_truths->text().trimmed().isEmpty())
        return choice;
    images::TruthRequest truths{*m_kind, m_truths->text().trimmed().toStdString(), {}};
    if (m_choice.truths)
        truths.options = m_choice.truths->options;
    truths.options.reduceZero = m_reduceZero->isChecked();
    truths.options.ignored = m_ignored->value();
    truths.options.categoryIds = m_categoryIds->isChecked();
    truths.options.scale = m_scale->value() > 0 ? std::optional(m_scale->value()) : std::nullopt;
    truths.options.zeroUnknown = !m_zeroKnown->isChecked();
    choice.truths = std::move(truths);
    return choice;
}

} // namespace qs::ui
