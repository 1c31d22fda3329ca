#include "widgets/panels/hybrid/hybrid_form.h"

#include <QCheckBox>
#include <QDoubleSpinBox>
#include <QHBoxLayout>
#include <QLabel>
#include <QPushButton>
#include <QSpinBox>
#include <QStackedWidget>
#include <QVBoxLayout>

#include <algorithm>

namespace qs::ui {

namespace {

QString paragraph(const QString& text)
{
    return QStringLiteral("<p>%1</p>").arg(text);
}

QDoubleSpinBox* factorBox(const QString& name)
{
    auto* box = new QDoubleSpinBox;
    box->setRange(0.01, 10);
    box->setDecimals(2);
    box->setSingleStep(0.05);
    box->setAccessibleName(name);
    box->setToolTip(paragraph(HybridForm::tr("Candidates are the step Δ₀ of the whole range times factors from α to "
                                             "β (0.01 and 1.2 in the paper's code).")));
    return box;
}

} // namespace

HybridForm::HybridForm(QWidget* parent)
    : QWidget(parent),
      m_images(new SearchImagesBox(
          tr("the grids"), tr("Images that errors are measured on, spread over the folder (32 in the paper)"))),
      m_candidates(new QSpinBox), m_low(factorBox(tr("Smallest factor"))), m_high(factorBox(tr("Largest factor"))),
      m_rounds(new QSpinBox), m_granularity(new QCheckBox(tr("granularity"))), m_scheme(new QCheckBox(tr("scheme"))),
      m_bridges(new QCheckBox(tr("bridge blocks"))), m_importance(new QCheckBox(tr("gradients"))),
      m_channels(new QCheckBox(tr("channel-wise activations"))), m_whole(new QCheckBox(tr("whole curves"))),
      m_search(new QPushButton(tr("Search"))), m_apply(new QPushButton(tr("Apply"))),
      m_help(new QPushButton(tr("What is this?"))), m_pages(new QStackedWidget),
      m_progress(new SearchProgress(tr("Stop (Esc): nothing is kept, the recipe stays as it is"))), m_note(new QLabel)
{
    buildSettings();
    layOut();
    setOptions({});
    connect(m_search, &QPushButton::clicked, this, [this] { emit startWished(options(), images()); });
    connect(m_apply, &QPushButton::clicked, this, &HybridForm::applyWished);
    connect(&m_progress->cancelButton(), &QPushButton::clicked, this, &HybridForm::cancelWished);
    connect(m_help, &QPushButton::clicked, this, &HybridForm::helpWished);
    connect(m_granularity, &QCheckBox::toggled, this, &HybridForm::updateEnabled);
    updateEnabled();
}

void HybridForm::buildSettings()
{
    m_candidates->setRange(1, 1000);
    m_candidates->setAccessibleName(tr("Candidates"));
    m_candidates->setToolTip(paragraph(tr("How many steps are tried for each granularity and scheme: more are finer, "
                                          "and slower.")));
    m_rounds->setRange(1, 10);
    m_rounds->setAccessibleName(tr("Rounds"));
    m_rounds->setToolTip(paragraph(tr("A round goes through all layers once; it ends early where nothing changes.")));
    m_granularity->setToolTip(paragraph(tr("Tries one scale for the tensor and one for each channel; else the "
                                           "recipe's is kept.")));
    m_scheme->setToolTip(paragraph(tr("Tries symmetric and asymmetric codes; else the recipe's are kept.")));
    m_bridges->setToolTip(paragraph(tr("Layers of a bridge block are judged by the error at the block's output; else "
                                       "every layer by its own.")));
    m_importance->setToolTip(paragraph(tr("Errors are weighted by the squared gradient of the KL divergence at each "
                                          "element; else all elements count alike.")));
    m_channels->setToolTip(paragraph(tr("Activations may have a scale for each channel: better at low bits, but no "
                                        "integer kernel of ONNX Runtime takes them. Without it activations keep one "
                                        "scale, and weights are searched all the same.")));
    m_whole->setToolTip(paragraph(tr("Every candidate sees all images: exact curves, the same choices, several times "
                                     "as slow. Else candidates that cannot win any more end early, and their part of "
                                     "a curve is an estimate.")));
    m_search->setToolTip(paragraph(tr("Step, granularity and scheme of every unlocked site, from the present recipe "
                                      "(Q-HyViT, arXiv 2303.12557). What is found becomes one edit.")));
    m_apply->setToolTip(paragraph(tr("Loads what the last search found, as one edit")));
    m_note->setWordWrap(true);
    m_note->setForegroundRole(QPalette::PlaceholderText);
    m_note->setSizePolicy(QSizePolicy::Ignored, QSizePolicy::Preferred);
}

void HybridForm::layOut()
{
    auto* rows = new QVBoxLayout(this);
    rows->setContentsMargins(0, 0, 0, 0);
    rows->setSpacing(4);
    const auto line = [rows](std::initializer_list<QWidget*> widgets) {
        auto* row = new QHBoxLayout;
        row->setSpacing(5);
        for (QWidget* widget : widgets)
            row->addWidget(widget);
        row->addStretch(1);
        rows->addLayout(row);
    };
    line({m_images, m_candidates, new QLabel(tr("steps from")), m_low, new QLabel(tr("to")), m_high,
          new QLabel(tr("Δ₀,")), m_rounds, new QLabel(tr("rounds"))});
    line({new QLabel(tr("Search also")), m_granularity, m_scheme, m_channels});
    auto* idle = new QWidget;
    auto* buttons = new QHBoxLayout(idle);
    buttons->setContentsMargins(0, 0, 0, 0);
    buttons->addWidget(new QLabel(tr("Judge by")));
    buttons->addWidget(m_bridges);
    buttons->addWidget(m_importance);
    buttons->addSpacing(8);
    buttons->addWidget(m_whole);
    buttons->addStretch(1);
    for (QPushButton* button : {m_help, m_apply, m_search})
        buttons->addWidget(button);
    m_pages->addWidget(idle);
    m_pages->addWidget(m_progress);
    m_pages->setSizePolicy(QSizePolicy::Preferred, QSizePolicy::Maximum);
    rows->addWidget(m_pages);
    rows->addWidget(m_note);
    setFocusProxy(m_images);
}

search::HybridOptions HybridForm::options() const
{
    search::HybridOptions options;
    options.images = m_images->count();
    options.grid.count = m_candidates->value();
    options.grid.low = std::min(m_low->value(), m_high->value());
    options.grid.high = std::max(m_high->value(), options.grid.low + 0.01);
    options.grid.rounds = m_rounds->value();
    options.granularity = m_granularity->isChecked();
    options.scheme = m_scheme->isChecked();
    options.channelActivations = m_channels->isChecked();
    options.importance = m_importance->isChecked();
    options.bridges = m_bridges->isChecked();
    options.wholeCurves = m_whole->isChecked();
    return options;
}

void HybridForm::setOptions(const search::HybridOptions& options)
{
    m_images->setCount(options.images);
    m_candidates->setValue(options.grid.count);
    m_low->setValue(options.grid.low);
    m_high->setValue(options.grid.high);
    m_rounds->setValue(options.grid.rounds);
    m_granularity->setChecked(options.granularity);
    m_scheme->setChecked(options.scheme);
    m_channels->setChecked(options.channelActivations);
    m_importance->setChecked(options.importance);
    m_bridges->setChecked(options.bridges);
    m_whole->setChecked(options.wholeCurves);
}

SearchImages HybridForm::images() const
{
    return m_images->which();
}

void HybridForm::setObstacle(const QString& reason)
{
    m_obstacle = reason;
    updateEnabled();
}

void HybridForm::setImages(std::size_t calibration, std::size_t test)
{
    m_images->setImages(calibration, test);
}

void HybridForm::setBridges(std::size_t bridges)
{
    m_hasBridges = bridges > 0;
    m_bridges->setText(bridges > 1    ? tr("%1 bridge blocks").arg(bridges)
                       : bridges == 1 ? tr("1 bridge block")
                                      : tr("bridge blocks (none here)"));
    updateEnabled();
}

void HybridForm::setApplicable(bool on)
{
    m_applicable = on;
    updateEnabled();
}

void HybridForm::showProgress(const QString& text, const QString& time, double fraction)
{
    m_progress->tell(text, time, fraction);
}

void HybridForm::setRunning(bool running)
{
    m_running = running;
    m_pages->setCurrentIndex(running ? 1 : 0);
    updateEnabled();
}

QString HybridForm::note() const
{
    return m_note->text();
}

void HybridForm::setNote(const QString& text)
{
    m_found = text;
    updateEnabled();
}

void HybridForm::updateEnabled()
{
    for (QWidget* widget : std::initializer_list<QWidget*>{m_images, m_candidates, m_low, m_high, m_rounds,
                                                           m_granularity, m_scheme, m_importance, m_whole})
        widget->setEnabled(!m_running);
    m_bridges->setEnabled(m_hasBridges && !m_running);
    m_channels->setEnabled(m_granularity->isChecked() && !m_running);
    m_search->setEnabled(m_obstacle.isEmpty() && !m_running);
    m_apply->setEnabled(m_applicable && !m_running);
    m_note->setText(m_obstacle.isEmpty() || m_running ? m_found : m_obstacle);
    m_note->setVisible(!m_note->text().isEmpty());
}

} // namespace qs::ui
