#include "widgets/panels/shared/search_parts.h"

#include <QComboBox>
#include <QHBoxLayout>
#include <QLabel>
#include <QProgressBar>
#include <QPushButton>
#include <QSpinBox>

#include <algorithm>

namespace qs::ui {

SearchImagesBox::SearchImagesBox(const QString& fits, const QString& countHelp, QWidget* parent)
    : QWidget(parent), m_count(new QSpinBox), m_which(new QComboBox)
{
    m_count->setRange(1, 100000);
    m_count->setAccessibleName(tr("Number of images"));
    m_count->setToolTip(QStringLiteral("<p>%1</p>").arg(countHelp));
    const auto add = [this](SearchImages which, const QString& title, const QString& help) {
        m_which->addItem(title, static_cast<int>(which));
        m_which->setItemData(m_which->count() - 1, QStringLiteral("<p>%1</p>").arg(help), Qt::ToolTipRole);
    };
    add(SearchImages::Calibration, tr("calibration images"),
        tr("The search fits %1 to the images it measures on: on calibration images the figures of the test images "
           "stay "
           "honest.")
            .arg(fits));
    add(SearchImages::Test, tr("test images"),
        tr("The search fits %1 to the images it measures on: figures on test images are too good then.").arg(fits));
    m_which->setAccessibleName(tr("Images to measure on"));
    const auto tell = [this] { m_which->setToolTip(m_which->currentData(Qt::ToolTipRole).toString()); };
    connect(m_which, &QComboBox::currentIndexChanged, this, tell);
    tell();
    auto* row = new QHBoxLayout(this);
    row->setContentsMargins(0, 0, 0, 0);
    row->addWidget(m_count);
    row->addWidget(m_which);
    setFocusProxy(m_count);
}

std::size_t SearchImagesBox::count() const
{
    return static_cast<std::size_t>(m_count->value());
}

void SearchImagesBox::setCount(std::size_t count)
{
    m_count->setValue(static_cast<int>(count));
}

SearchImages SearchImagesBox::which() const
{
    return static_cast<SearchImages>(m_which->currentData().toInt());
}

void SearchImagesBox::setImages(std::size_t calibration, std::size_t test)
{
    if (calibration == 0 && test > 0)
        m_which->setCurrentIndex(1);
    m_which->setEnabled(calibration > 0 && test > 0);
    m_count->setMaximum(static_cast<int>(std::max<std::size_t>(1, std::max(calibration, test))));
}

SearchProgress::SearchProgress(const QString& cancelHelp, QWidget* parent)
    : QWidget(parent), m_what(new QLabel), m_bar(new QProgressBar), m_cancel(new QPushButton(tr("Cancel")))
{
    m_cancel->setToolTip(cancelHelp);
    m_bar->setRange(0, 1000);
    m_bar->setTextVisible(false);
    m_bar->setMaximumHeight(12);
    m_what->setSizePolicy(QSizePolicy::Ignored, QSizePolicy::Preferred);
    auto* row = new QHBoxLayout(this);
    row->setContentsMargins(0, 0, 0, 0);
    row->addWidget(m_what, 3);
    row->addWidget(m_bar, 2);
    row->addWidget(m_cancel);
}

void SearchProgress::tell(const QString& text, const QString& time, double fraction)
{
    m_what->setText(QStringLiteral("%1 · %2").arg(text, time));
    m_what->setToolTip(m_what->text());
    m_bar->setRange(0, fraction < 0 ? 0 : 1000);
    m_bar->setValue(static_cast<int>(1000 * std::max(fraction, 0.0)));
}

} // namespace qs::ui
