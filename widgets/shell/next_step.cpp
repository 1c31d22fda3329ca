#include "widgets/shell/next_step.h"

#include "widgets/model/follow.h"
#include "widgets/theme/format.h"

#include <QHBoxLayout>
#include <QLabel>
#include <QPushButton>

#include <functional>

namespace qs::ui {

NextStep::NextStep(const Document& document, Plans& plans, QWidget* over)
    : Overlay(over), m_document(document), m_plans(plans), m_text(new QLabel(this)), m_button(new QPushButton(this))
{
    auto* layout = new QHBoxLayout(this);
    layout->setContentsMargins(10, 4, 6, 4);
    m_text->setWordWrap(true);
    layout->addWidget(m_text, 1);
    layout->addWidget(m_button);
    connect(m_button, &QPushButton::clicked, this, [this] {
        if (m_action)
            std::invoke(m_action, this);
    });
    follow(this, &NextStep::refresh)
        .on(document, &Document::modelChanged)
        .on(document, &Document::imagesChanged)
        .on(plans, &Plans::calibrationChanged);
    refresh();
}

QString NextStep::text() const
{
    return m_text->text();
}

void NextStep::refresh()
{
    const Figure<stats::Calibration>& calibration = m_plans.calibration();
    const auto say = [this](const QString& text, const QString& button, void (NextStep::*action)()) {
        m_text->setText(text);
        m_button->setText(button);
        m_action = action;
        setVisible(true);
        place();
    };
    if (!m_document.model()) {
        setVisible(false);
    } else if (!m_document.calibrationImages() && !calibration) {
        say(tr("Ranges come from images: open a folder of typical ones, a few dozen are enough. No labels needed."),
            tr("Open calibration images…"), &NextStep::openCalibrationImages);
    } else if (calibration.running) {
        setVisible(false);
    } else if (!calibration) {
        say(tr("%1 calibration images are ready.").arg(formatCount(m_document.calibrationImages()->size())),
            tr("Calibrate"), &NextStep::calibrate);
    } else if (!calibration.current && m_document.calibrationImages()) {
        say(tr("The calibration is of other images or another preprocessing than those that are set now."),
            tr("Calibrate again"), &NextStep::calibrate);
    } else if (!m_document.testImages()) {
        say(tr("Accuracy needs labelled test images; until then the agreement with float on the calibration images "
               "is "
               "shown."),
            tr("Open test images…"), &NextStep::openTestImages);
    } else {
        setVisible(false);
    }
}

} // namespace qs::ui
