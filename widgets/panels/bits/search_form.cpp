#include "widgets/panels/bits/search_form.h"

#include "widgets/model/model_task.h"
#include "widgets/theme/format.h"

#include <QCheckBox>
#include <QComboBox>
#include <QDoubleSpinBox>
#include <QHBoxLayout>
#include <QLabel>
#include <QPushButton>
#include <QSignalBlocker>
#include <QSpinBox>
#include <QStackedWidget>
#include <QVBoxLayout>

#include <algorithm>
#include <cmath>

namespace qs::ui {

namespace {

constexpr int kButtons = 28; ///< frame and arrows of a spin box, pixels

QDoubleSpinBox* bitsBox()
{
    auto* box = new QDoubleSpinBox;
    box->setRange(2, 8);
    box->setDecimals(2);
    box->setSingleStep(0.25);
    box->setValue(5);
    box->setSuffix(QObject::tr(" bit"));
    return box;
}

template <class Enum>
void addChoice(QComboBox* box, Enum value, const QString& title, const QString& help)
{
    box->addItem(title, static_cast<int>(value));
    box->setItemData(box->count() - 1, QStringLiteral("<p>%1</p>").arg(help), Qt::ToolTipRole);
}

/// The box says what its choice is.
void followTip(QComboBox* box)
{
    const auto tell = [box] { box->setToolTip(box->currentData(Qt::ToolTipRole).toString()); };
    QObject::connect(box, &QComboBox::currentIndexChanged, box, tell);
    tell();
}

} // namespace

SearchForm::SearchForm(QWidget* parent)
    : QWidget(parent), m_weights(new QCheckBox(tr("weights"))), m_weightBits(bitsBox()),
      m_activations(new QCheckBox(tr("activations"))), m_activationBits(bitsBox()),
      m_bytes(new QCheckBox(tr("size"))), m_megabytes(new QDoubleSpinBox), m_bops(new QCheckBox(tr("BOPs"))),
      m_gigabops(new QDoubleSpinBox), m_mode(new QComboBox), m_performance(new QComboBox),
      m_images(new SearchImagesBox(tr("the bits"), tr("Images that losses are measured on, spread over the folder"))),
      m_minBits(new QSpinBox), m_search(new QPushButton(tr("Search"))),
      m_continue(new QPushButton(tr("Continue from here"))), m_pages(new QStackedWidget),
      m_progress(new SearchProgress(tr("Stop and keep what was found (Esc)")))
{
    m_weights->setChecked(true);
    m_activations->setChecked(true);
    m_weights->setToolTip(tr("<p>Budget: mean bits of the weights, over their elements</p>"));
    m_activations->setToolTip(tr("<p>Budget: mean bits of the activations, over their elements</p>"));
    m_bytes->setToolTip(tr("<p>Budget: bytes of the weights with their scales, of the whole model</p>"));
    m_weightBits->setAccessibleName(tr("Mean bits of the weights"));
    m_activationBits->setAccessibleName(tr("Mean bits of the activations"));
    m_megabytes->setAccessibleName(tr("Size of the model"));
    m_megabytes->setRange(0.001, 100000);
    m_megabytes->setDecimals(3);
    m_megabytes->setSuffix(tr(" MB"));
    m_megabytes->setStepType(QAbstractSpinBox::AdaptiveDecimalStepType);
    m_bops->setToolTip(
        tr("<p>Budget: bit operations of one image, the sum of multiply-accumulates × bits of the weights "
           "× bits of the activations</p>"));
    m_gigabops->setAccessibleName(tr("Bit operations of one image, in billions"));
    m_gigabops->setRange(0.001, 1e7);
    m_gigabops->setDecimals(2);
    m_gigabops->setSuffix(tr(" G"));
    m_gigabops->setStepType(QAbstractSpinBox::AdaptiveDecimalStepType);

    addChoice(m_mode, search::Mode::Table, tr("table"),
              tr("Table: every unit is measured alone, all others in float, at a few bit widths; those between are "
                 "interpolated, and losses are added up. The fastest; takes losses for independent of each other."));
    addChoice(
        m_mode, search::Mode::Lazy, tr("lazy"),
        tr("Lazy: starts from the table; the best candidate is measured again, in the network as it is then and "
           "some bits down, until it stays the best."));
    addChoice(m_mode, search::Mode::Exact, tr("exact"),
              tr("Exact: every candidate of every step is measured in the network as it is then: units × steps "
                 "evaluations. The slowest."));
    m_mode->setAccessibleName(tr("How losses are known"));
    followTip(m_mode);
    addChoice(m_performance, search::Performance::KlDivergence, tr("KL"),
              tr("Mean KL(softmax(float) ‖ softmax(quantized)) of the images, nat; needs no labels."));
    addChoice(m_performance, search::Performance::Top1, tr("top-1"),
              tr("Share of wrong top-1 of labelled images. Coarse with few images: KL tells steps apart that top-1 "
                 "does not."));
    m_performance->setAccessibleName(tr("What a step loses"));
    followTip(m_performance);
    m_images->setCount(64);
    m_minBits->setRange(2, 8);
    m_minBits->setValue(3);
    m_minBits->setSuffix(tr(" bit"));
    m_minBits->setAccessibleName(tr("Smallest bits"));
    m_minBits->setToolTip(tr("<p>No site is lowered below</p>"));
    m_search->setToolTip(tr("<p>Greedy mixed precision (after MPTQ-ViT, arXiv 2401.14895; the score is a "
                            "reconstruction): from 8 bits, always lowers the site that loses the least per cost "
                            "saved, until the budget is met. Locked sites are left alone.</p>"));
    m_continue->setToolTip(
        tr("<p>Searches on from the bits as they are now, edited or loaded, instead of from 8</p>"));

    auto* rows = new QVBoxLayout(this);
    rows->setContentsMargins(0, 0, 0, 0);
    rows->setSpacing(4);
    // Beside each other on the smallest screen.
    for (QDoubleSpinBox* box : {m_weightBits, m_activationBits, m_gigabops})
        box->setMaximumWidth(fontMetrics().horizontalAdvance(QStringLiteral("0000.00 G")) + kButtons);
    m_megabytes->setMaximumWidth(fontMetrics().horizontalAdvance(QStringLiteral("000.000 MB")) + kButtons);
    auto* budget = new QHBoxLayout;
    budget->setSpacing(4);
    budget->addWidget(new QLabel(tr("Budget")));
    for (QWidget* widget : std::initializer_list<QWidget*>{m_weights, m_weightBits, m_activations, m_activationBits,
                                                           m_bytes, m_megabytes, m_bops, m_gigabops})
        budget->addWidget(widget);
    budget->addStretch(1);
    rows->addLayout(budget);

    auto* idle = new QWidget;
    auto* settings = new QHBoxLayout(idle);
    settings->setContentsMargins(0, 0, 0, 0);
    for (QWidget* widget : std::initializer_list<QWidget*>{m_mode, m_performance, new QLabel(tr("on")), m_images,
                                                           new QLabel(tr("≥")), m_minBits})
        settings->addWidget(widget);
    settings->addStretch(1);
    auto* buttons = new QHBoxLayout;
    buttons->addWidget(m_search);
    buttons->addWidget(m_continue);
    settings->addLayout(buttons);
    m_pages->addWidget(idle);
    m_pages->addWidget(m_progress);
    m_pages->setSizePolicy(QSizePolicy::Preferred, QSizePolicy::Maximum);
    rows->addWidget(m_pages);
    setFocusProxy(m_weightBits);

    for (QCheckBox* box : {m_weights, m_activations, m_bytes, m_bops})
        connect(box, &QCheckBox::toggled, this, &SearchForm::updateEnabled);
    connect(m_search, &QPushButton::clicked, this, [this] { start(false); });
    connect(m_continue, &QPushButton::clicked, this, [this] { start(true); });
    connect(&m_progress->cancelButton(), &QPushButton::clicked, this, &SearchForm::cancelWished);
    updateEnabled();
}

search::Options SearchForm::options() const
{
    search::Options options;
    if (m_weights->isChecked())
        options.budget.meanWeightBits = m_weightBits->value();
    if (m_activations->isChecked())
        options.budget.meanActivationBits = m_activationBits->value();
    if (m_bytes->isChecked())
        options.budget.modelBytes = static_cast<std::size_t>(std::llround(m_megabytes->value() * 1e6));
    if (m_bops->isChecked())
        options.budget.bops = m_gigabops->value() * 1e9;
    options.mode = static_cast<search::Mode>(m_mode->currentData().toInt());
    options.performance = static_cast<search::Performance>(m_performance->currentData().toInt());
    options.images = m_images->count();
    options.minBits = m_minBits->value();
    return options;
}

void SearchForm::setOptions(const search::Options& options)
{
    m_weights->setChecked(options.budget.meanWeightBits.has_value());
    m_activations->setChecked(options.budget.meanActivationBits.has_value());
    m_bytes->setChecked(options.budget.modelBytes.has_value());
    m_bops->setChecked(options.budget.bops.has_value());
    m_weightBits->setValue(options.budget.meanWeightBits.value_or(m_weightBits->value()));
    m_activationBits->setValue(options.budget.meanActivationBits.value_or(m_activationBits->value()));
    if (options.budget.modelBytes)
        m_megabytes->setValue(static_cast<double>(*options.budget.modelBytes) * 1e-6);
    if (options.budget.bops)
        m_gigabops->setValue(*options.budget.bops * 1e-9);
    m_mode->setCurrentIndex(m_mode->findData(static_cast<int>(options.mode)));
    m_performance->setCurrentIndex(m_performance->findData(static_cast<int>(options.performance)));
    m_images->setCount(options.images);
    m_minBits->setValue(options.minBits);
}

SearchImages SearchForm::images() const
{
    return m_images->which();
}

void SearchForm::setObstacle(const QString& reason)
{
    m_obstacle = reason;
    updateEnabled();
}

void SearchForm::setImages(std::size_t calibration, std::size_t test)
{
    m_images->setImages(calibration, test);
}

void SearchForm::setCosts(std::size_t bytes, double bops)
{
    m_gigabops->setToolTip(
        tr("<p>In 10⁹ bit operations; the present allocation has %1 G</p>").arg(bops * 1e-9, 0, 'f', 2));
    if (!m_bops->isChecked() && !m_gigabops->hasFocus())
        m_gigabops->setValue(bops * 0.75e-9);
    m_megabytes->setToolTip(tr("<p>The present allocation has %1</p>").arg(formatBytes(bytes)));
    if (!m_bytes->isChecked() && !m_megabytes->hasFocus())
        m_megabytes->setValue(static_cast<double>(bytes) * 0.75e-6);
}

void SearchForm::showProgress(const QString& text, const QString& time, double fraction)
{
    m_progress->tell(text, time, fraction);
}

void SearchForm::setTask(const tasks::ChosenTask& task)
{
    const bool classes = !task.def || task.def->name == "classification";
    const int loss = m_performance->findData(static_cast<int>(search::Performance::KlDivergence));
    m_performance->setItemText(loss, classes ? tr("KL") : tr("loss"));
    m_performance->setItemData(
        loss,
        classes ? tr("Mean KL(softmax(float) ‖ softmax(quantized)) of the images, nat; needs "
                     "no labels.")
                : tr("Mean loss of the task against the float network: %1; needs no labels.").arg(lossTitle(task)),
        Qt::ToolTipRole);
    if (!classes)
        m_performance->setCurrentIndex(loss);
    m_performance->setEnabled(classes);
}

void SearchForm::setRunning(bool running)
{
    m_running = running;
    m_pages->setCurrentIndex(running ? 1 : 0);
    updateEnabled();
}

void SearchForm::start(bool fromRecipe)
{
    search::Options wished = options();
    wished.fromRecipe = fromRecipe;
    emit startWished(wished, images());
}

void SearchForm::updateEnabled()
{
    const bool budget =
        m_weights->isChecked() || m_activations->isChecked() || m_bytes->isChecked() || m_bops->isChecked();
    for (QPushButton* button : {m_search, m_continue})
        button->setEnabled(m_obstacle.isEmpty() && budget && !m_running);
    const std::pair<QCheckBox*, QDoubleSpinBox*> pairs[] = {
        {m_weights, m_weightBits}, {m_activations, m_activationBits}, {m_bytes, m_megabytes}, {m_bops, m_gigabops}};
    for (const auto& [box, value] : pairs) {
        box->setEnabled(!m_running);
        value->setEnabled(box->isChecked() && !m_running);
    }
}

} // namespace qs::ui
