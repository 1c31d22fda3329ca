#include "widgets/shell/input_dialog.h"

#include "widgets/model/document.h"
#include "widgets/model/files.h"
#include "widgets/model/job.h"
#include "widgets/model/text.h"

#include <QDialog>
#include <QDialogButtonBox>
#include <QFormLayout>
#include <QHBoxLayout>
#include <QLabel>
#include <QListWidget>
#include <QPushButton>
#include <QSpinBox>

#include <algorithm>

namespace qs::ui {

namespace {

constexpr int kLargest = 4096; ///< px

class InputDialog : public QDialog {
public:
    InputDialog(std::shared_ptr<const onnx::Model> model, Files& files, JobRunner& runner, QWidget* parent);

private:
    void offer(const std::vector<onnx::ImageSize>& sizes);
    void listOutputs();
    std::vector<std::string> checkedOutputs() const;
    void apply();

    Files& m_files;
    std::shared_ptr<const onnx::Model> m_model;
    QSpinBox* m_height = new QSpinBox(this);
    QSpinBox* m_width = new QSpinBox(this);
    QHBoxLayout* m_sizes = new QHBoxLayout;
    QListWidget* m_outputs = new QListWidget(this); ///< checked: those that count
    QPushButton* m_open = nullptr;
    Job<std::vector<onnx::ImageSize>> m_fitting;
};

InputDialog::InputDialog(std::shared_ptr<const onnx::Model> model, Files& files, JobRunner& runner, QWidget* parent)
    : QDialog(parent), m_files(files), m_model(std::move(model)), m_fitting(runner, Lane::Background)
{
    setAttribute(Qt::WA_DeleteOnClose);
    setWindowTitle(tr("What the model's file leaves open"));
    auto* layout = new QVBoxLayout(this);
    for (const Doubt& assumed : m_model->info.assumed) {
        auto* label = new QLabel(sentence(assumed.message), this);
        label->setWordWrap(true);
        layout->addWidget(label);
    }
    auto* form = new QFormLayout;
    layout->addLayout(form);
    for (const auto& [box, value] : {std::pair{m_height, m_model->info.height}, {m_width, m_model->info.width}}) {
        box->setRange(1, kLargest);
        box->setValue(static_cast<int>(value));
        box->setSuffix(tr(" px"));
    }
    form->addRow(tr("&Height"), m_height);
    form->addRow(tr("&Width"), m_width);
    m_sizes->addWidget(new QLabel(tr("looking…"), this));
    m_sizes->addStretch(1);
    form->addRow(tr("Sizes that fit"), m_sizes);
    listOutputs();
    form->addRow(tr("&Outputs that count"), m_outputs);
    auto* buttons = new QDialogButtonBox(QDialogButtonBox::Ok | QDialogButtonBox::Cancel, this);
    m_open = buttons->button(QDialogButtonBox::Ok);
    m_open->setText(tr("Open"));
    layout->addWidget(buttons);
    connect(buttons, &QDialogButtonBox::accepted, this, [this] {
        apply();
        accept();
    });
    connect(buttons, &QDialogButtonBox::rejected, this, &QDialog::reject);
    m_fitting.start([path = m_model->info.path, options = m_model->info.options](const Context&)
                        -> Result<std::vector<onnx::ImageSize>> { return onnx::fittingSizes(path, options); },
                    [this](Result<std::vector<onnx::ImageSize>> found) {
                        offer(found ? *found : std::vector<onnx::ImageSize>{});
                    });
}

void InputDialog::offer(const std::vector<onnx::ImageSize>& sizes)
{
    while (QLayoutItem* item = m_sizes->takeAt(0)) {
        delete item->widget();
        delete item;
    }
    if (sizes.empty())
        m_sizes->addWidget(new QLabel(tr("none is left open"), this));
    for (const onnx::ImageSize& size : sizes) {
        auto* button = new QPushButton(QStringLiteral("%1 × %2").arg(size.height).arg(size.width), this);
        connect(button, &QPushButton::clicked, this, [this, size] {
            m_height->setValue(static_cast<int>(size.height));
            m_width->setValue(static_cast<int>(size.width));
        });
        m_sizes->addWidget(button);
    }
    m_sizes->addStretch(1);
    m_height->setEnabled(!sizes.empty());
    m_width->setEnabled(!sizes.empty());
}

void InputDialog::listOutputs()
{
    const onnx::ModelInfo& info = m_model->info;
    for (const onnx::OutputInfo& output : info.outputs) {
        auto* item = new QListWidgetItem(QStringLiteral("%1   %2, %3")
                                             .arg(QString::fromStdString(output.name),
                                                  QString::fromStdString(output.shape.text()),
                                                  QString::fromStdString(output.meaning)),
                                         m_outputs);
        item->setData(Qt::UserRole, QString::fromStdString(output.name));
        item->setFlags(output.dtype == DType::Float32 ? Qt::ItemIsEnabled | Qt::ItemIsUserCheckable
                                                      : Qt::NoItemFlags);
        const bool counts = std::ranges::find(info.counted, output.name) != info.counted.end();
        item->setCheckState(counts ? Qt::Checked : Qt::Unchecked);
    }
    m_outputs->setEnabled(m_outputs->count() > 1);
    m_outputs->setMaximumHeight(8 * m_outputs->sizeHintForRow(0));
    connect(m_outputs, &QListWidget::itemChanged, this, [this] { m_open->setEnabled(!checkedOutputs().empty()); });
}

std::vector<std::string> InputDialog::checkedOutputs() const
{
    std::vector<std::string> names;
    for (int i = 0; i < m_outputs->count(); ++i)
        if (m_outputs->item(i)->checkState() == Qt::Checked)
            names.push_back(m_outputs->item(i)->data(Qt::UserRole).toString().toStdString());
    return names;
}

void InputDialog::apply()
{
    onnx::ImportOptions options = m_model->info.options;
    if (m_height->isEnabled())
        options.imageSize = onnx::ImageSize{m_height->value(), m_width->value()};
    if (m_outputs->isEnabled())
        options.outputs = checkedOutputs();
    m_files.openModel(QString::fromStdString(m_model->info.path.string()), options);
}

} // namespace

void showInputDialog(const Document& document, Files& files, JobRunner& runner, QWidget* parent)
{
    if (document.model())
        (new InputDialog(document.model(), files, runner, parent))->show();
}

} // namespace qs::ui
