#include "widgets/panels/comparison/comparison_form.h"

#include "core/quant/presets.h"
#include "widgets/model/text.h"
#include "widgets/theme/format.h"

#include <QCheckBox>
#include <QComboBox>
#include <QHBoxLayout>
#include <QLabel>
#include <QMenu>
#include <QProgressBar>
#include <QPushButton>
#include <QStackedWidget>
#include <QToolButton>
#include <QVBoxLayout>

#include <algorithm>
#include <array>

namespace qs::ui {

namespace {

constexpr std::array<std::pair<int, int>, 4> kBits{{{4, 4}, {6, 6}, {8, 8}, {4, 8}}};

QString textOf(std::string_view text)
{
    return QString::fromUtf8(text.data(), qsizetype(text.size()));
}

/// A menu that stays open while its entries are checked.
class CheckMenu final : public QMenu {
protected:
    void mouseReleaseEvent(QMouseEvent* event) override
    {
        if (QAction* action = activeAction(); action && action->isCheckable())
            action->trigger();
        else
            QMenu::mouseReleaseEvent(event);
    }
};

} // namespace

ComparisonForm::ComparisonForm(QWidget* parent)
    : QWidget(parent), m_names(report::comparedMethods()), m_methods(new QToolButton), m_menu(new CheckMenu),
      m_coverage(new QComboBox), m_present(new QCheckBox(tr("present recipe"))), m_images(new QLabel),
      m_pages(new QStackedWidget), m_start(new QPushButton), m_clear(new QPushButton(tr("Clear"))),
      m_bar(new QProgressBar), m_what(new QLabel), m_cancel(new QPushButton(tr("Cancel")))
{
    m_menu->setParent(m_methods, m_menu->windowFlags());
    m_menu->setToolTipsVisible(true);
    for (const quant::Preset& preset : m_names) {
        if (m_presets.size() == quant::presets().size())
            m_menu->addSeparator(); // searches follow: minutes, not seconds
        QAction* action = m_menu->addAction(textOf(preset.title));
        action->setCheckable(true);
        action->setChecked(m_presets.size() < quant::presets().size());
        action->setToolTip(textOf(preset.description));
        connect(action, &QAction::toggled, this, &ComparisonForm::updateEnabled);
        m_presets.push_back(action);
    }
    m_methods->setMenu(m_menu);
    m_methods->setPopupMode(QToolButton::InstantPopup);
    m_methods->setToolButtonStyle(Qt::ToolButtonTextOnly);
    m_methods->setToolTip(tr("Presets to compare, and searches by Q-HyViT's method on the calibration images"));

    auto* rows = new QVBoxLayout(this);
    rows->setContentsMargins(0, 0, 0, 0);
    rows->setSpacing(4);
    auto* what = new QHBoxLayout;
    what->addWidget(m_methods);
    what->addWidget(new QLabel(tr("at")));
    for (const auto& [weights, activations] : kBits) {
        auto* box = new QCheckBox(QStringLiteral("W%1A%2").arg(weights).arg(activations));
        box->setToolTip(tr("Weights of %1 bits, activations of %2").arg(weights).arg(activations));
        box->setChecked(weights == activations);
        connect(box, &QCheckBox::toggled, this, &ComparisonForm::updateEnabled);
        what->addWidget(box);
        m_bits.push_back(box);
    }
    m_coverage->addItem(coverageTitle(graph::Coverage::MatMul));
    m_coverage->addItem(coverageTitle(graph::Coverage::Full));
    m_coverage->addItem(tr("both"));
    m_coverage->setAccessibleName(tr("Coverage"));
    m_coverage->setToolTip(tr("Coverage: which sites are quantized. Figures of different coverages do not compare."));
    what->addWidget(m_coverage);
    what->addWidget(m_present);
    m_present->setChecked(true);
    m_present->setToolTip(tr("The recipe as it is now, with all its edits, as one more line"));
    what->addStretch(1);
    rows->addLayout(what);

    auto* idle = new QWidget;
    auto* buttons = new QHBoxLayout(idle);
    buttons->setContentsMargins(0, 0, 0, 0);
    buttons->addWidget(m_images, 1);
    buttons->addWidget(m_start);
    buttons->addWidget(m_clear);
    m_clear->setToolTip(tr("Drop all lines"));
    m_images->setForegroundRole(QPalette::PlaceholderText);
    m_images->setSizePolicy(QSizePolicy::Ignored, QSizePolicy::Preferred);
    auto* busy = new QWidget;
    auto* progress = new QHBoxLayout(busy);
    progress->setContentsMargins(0, 0, 0, 0);
    progress->addWidget(m_what, 3);
    progress->addWidget(m_bar, 2);
    progress->addWidget(m_cancel);
    m_bar->setRange(0, 1000);
    m_bar->setTextVisible(false);
    m_bar->setMaximumHeight(12);
    m_what->setSizePolicy(QSizePolicy::Ignored, QSizePolicy::Preferred);
    m_cancel->setToolTip(tr("Stop (Esc); finished lines stay, and Continue goes on from there"));
    m_pages->addWidget(idle);
    m_pages->addWidget(busy);
    m_pages->setSizePolicy(QSizePolicy::Preferred, QSizePolicy::Maximum);
    rows->addWidget(m_pages);

    connect(m_coverage, &QComboBox::currentIndexChanged, this, &ComparisonForm::updateEnabled);
    connect(m_present, &QCheckBox::toggled, this, &ComparisonForm::updateEnabled);
    connect(m_start, &QPushButton::clicked, this, [this] { emit startWished(wish()); });
    connect(m_cancel, &QPushButton::clicked, this, &ComparisonForm::cancelWished);
    connect(m_clear, &QPushButton::clicked, this, &ComparisonForm::clearWished);
    updateEnabled();
}

ComparisonWish ComparisonForm::wish() const
{
    ComparisonWish wish;
    for (std::size_t i = 0; i < m_presets.size(); ++i)
        if (m_presets[i]->isChecked())
            wish.presets.emplace_back(m_names[i].name);
    for (std::size_t i = 0; i < m_bits.size(); ++i)
        if (m_bits[i]->isChecked())
            wish.bits.push_back(kBits[i]);
    if (m_coverage->currentIndex() != 1)
        wish.coverages.push_back(graph::Coverage::MatMul);
    if (m_coverage->currentIndex() != 0)
        wish.coverages.push_back(graph::Coverage::Full);
    wish.present = m_present->isChecked();
    return wish;
}

void ComparisonForm::setPresets(const std::vector<std::string>& names)
{
    for (std::size_t i = 0; i < m_presets.size(); ++i)
        m_presets[i]->setChecked(std::ranges::find(names, m_names[i].name) != names.end());
}

void ComparisonForm::setBits(const std::vector<std::pair<int, int>>& bits)
{
    for (std::size_t i = 0; i < m_bits.size(); ++i)
        m_bits[i]->setChecked(std::ranges::find(bits, kBits[i]) != bits.end());
}

void ComparisonForm::setObstacle(const QString& reason)
{
    m_obstacle = reason;
    updateEnabled();
}

void ComparisonForm::setImages(std::size_t images)
{
    m_images->setText(images ? tr("on all %1 test images").arg(formatCount(images)) : QString());
}

void ComparisonForm::setRunning(bool running)
{
    m_running = running;
    updateEnabled();
}

void ComparisonForm::setHasLines(bool lines, bool unfinished)
{
    m_lines = lines;
    m_unfinished = unfinished;
    updateEnabled();
}

void ComparisonForm::showProgress(const QString& text, double fraction)
{
    m_what->setText(text);
    m_bar->setRange(0, fraction < 0 ? 0 : 1000);
    m_bar->setValue(static_cast<int>(fraction * 1000));
}

void ComparisonForm::updateEnabled()
{
    const ComparisonWish wished = wish();
    const std::size_t lines =
        wished.presets.size() * wished.bits.size() * wished.coverages.size() + (wished.present ? 1 : 0);
    m_methods->setText(tr("Methods: %1").arg(wished.presets.size()));
    m_start->setText(m_unfinished ? tr("Continue") : tr("Compare"));
    m_start->setEnabled(m_obstacle.isEmpty() && lines > 0);
    m_start->setToolTip(!m_obstacle.isEmpty() ? m_obstacle
                        : lines == 0          ? tr("Choose something to compare first.")
                                              : tr("Lines: %1; those that are there already are kept").arg(lines));
    m_clear->setEnabled(m_lines);
    m_pages->setCurrentIndex(m_running ? 1 : 0);
    for (QWidget* widget : std::initializer_list<QWidget*>{m_methods, m_coverage, m_present})
        widget->setEnabled(!m_running);
    for (QCheckBox* box : m_bits)
        box->setEnabled(!m_running);
}

} // namespace qs::ui
