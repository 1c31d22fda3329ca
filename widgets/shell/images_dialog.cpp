#include "widgets/shell/images_dialog.h"

#include "widgets/model/document.h"
#include "widgets/model/plans.h"
#include "widgets/shell/truths_form.h"
#include "widgets/theme/format.h"

#include <QCheckBox>
#include <QComboBox>
#include <QDialog>
#include <QDialogButtonBox>
#include <QDoubleSpinBox>
#include <QFormLayout>
#include <QLabel>
#include <QPushButton>
#include <QSpinBox>

#include <array>

namespace qs::ui {

namespace {

class ImagesDialog : public QDialog {
public:
    ImagesDialog(Document& document, Plans& plans, QWidget* parent);

private:
    images::Preprocess read() const;
    void write(const images::Preprocess& preprocess);
    void apply();

    Document& m_document;
    Plans& m_plans;
    QComboBox* m_preset = new QComboBox(this);
    QCheckBox* m_resizes = new QCheckBox(tr("shorter side to"), this);
    QSpinBox* m_resize = new QSpinBox(this);
    QCheckBox* m_squash = new QCheckBox(tr("ignore the aspect ratio"), this);
    QComboBox* m_interpolation = new QComboBox(this);
    QLabel* m_crop = new QLabel(this);
    std::array<QDoubleSpinBox*, 3> m_mean{};
    std::array<QDoubleSpinBox*, 3> m_stddev{};
    QSpinBox* m_count = new QSpinBox(this);
    TruthsForm* m_truths = nullptr; ///< null: labels are all that the task knows
    images::Preprocess m_base;      ///< what the controls do not show comes from here
};

QString folderText(const std::shared_ptr<const ImageSet>& images)
{
    if (!images)
        return QObject::tr("none");
    return QObject::tr("%1 (%2 images)")
        .arg(QString::fromStdString(images->folder.root.string()), formatCount(images->size()));
}

ImagesDialog::ImagesDialog(Document& document, Plans& plans, QWidget* parent)
    : QDialog(parent), m_document(document), m_plans(plans)
{
    setAttribute(Qt::WA_DeleteOnClose);
    setWindowTitle(tr("Images and preprocessing"));
    auto* layout = new QVBoxLayout(this);
    auto* form = new QFormLayout;
    layout->addLayout(form);
    const auto path = [this](const QString& text) {
        auto* label = new QLabel(text, this);
        label->setWordWrap(true);
        label->setTextInteractionFlags(Qt::TextSelectableByMouse);
        return label;
    };
    form->addRow(tr("Calibration"), path(folderText(document.calibrationImages())));
    m_count->setRange(1, 100000);
    m_count->setValue(static_cast<int>(document.calibrationCount()));
    m_count->setSuffix(tr(" images at most"));
    form->addRow(tr("&Use"), m_count);
    form->addRow(tr("Test"), path(folderText(document.testImages())));
    if (document.task() && images::truthKindOf(*document.task().chosen.def)) {
        m_truths = new TruthsForm(document.task(), this);
        form->addRow(tr("What is right"), m_truths);
    }

    m_preset->addItem(tr("choose …"));
    for (const images::PreprocessPreset& preset : images::preprocessPresets()) {
        const auto text = [](std::string_view s) {
            return QString::fromUtf8(s.data(), static_cast<qsizetype>(s.size()));
        };
        m_preset->addItem(text(preset.name), text(preset.name));
        m_preset->setItemData(m_preset->count() - 1, text(preset.description), Qt::ToolTipRole);
    }
    form->addRow(tr("&Preset"), m_preset);
    auto* resize = new QHBoxLayout;
    m_resize->setRange(1, 8192);
    m_resize->setSuffix(tr(" px"));
    resize->addWidget(m_resizes);
    resize->addWidget(m_resize);
    resize->addWidget(m_squash);
    resize->addStretch(1);
    form->addRow(tr("Resize"), resize);
    m_interpolation->addItems({tr("bilinear"), tr("bicubic")});
    form->addRow(tr("&Interpolation"), m_interpolation);
    form->addRow(tr("Centre crop"), m_crop);
    const auto triple = [&](const QString& title, std::array<QDoubleSpinBox*, 3>& boxes, const QString& tip) {
        auto* row = new QHBoxLayout;
        for (QDoubleSpinBox*& box : boxes) {
            box = new QDoubleSpinBox(this);
            box->setDecimals(4);
            box->setRange(-1000, 1000); // a value that is doubtful is shown as it is, and said
            box->setSingleStep(0.01);
            box->setToolTip(tip);
            row->addWidget(box);
        }
        form->addRow(title, row);
    };
    triple(tr("Mean R, G, B"), m_mean, tr("Subtracted from pixels in 0 … 1"));
    triple(tr("Deviation R, G, B"), m_stddev, tr("Pixels are divided by it"));
    auto* note =
        new QLabel(tr("Preprocessing must be what the model was trained with: a wrong one looks like loss by "
                      "quantization. Changing it calibrates again."),
                   this);
    note->setWordWrap(true);
    note->setForegroundRole(QPalette::PlaceholderText);
    layout->addWidget(note);
    auto* buttons =
        new QDialogButtonBox(QDialogButtonBox::Ok | QDialogButtonBox::Apply | QDialogButtonBox::Cancel, this);
    layout->addWidget(buttons);
    connect(buttons, &QDialogButtonBox::accepted, this, [this] {
        apply();
        accept();
    });
    connect(buttons->button(QDialogButtonBox::Apply), &QPushButton::clicked, this, [this] { apply(); });
    connect(buttons, &QDialogButtonBox::rejected, this, &QDialog::reject);
    connect(m_resizes, &QCheckBox::toggled, m_resize, &QWidget::setEnabled);
    connect(m_resizes, &QCheckBox::toggled, m_squash, &QWidget::setEnabled);
    connect(m_preset, &QComboBox::activated, this, [this] {
        if (const auto found = images::preprocessPreset(m_preset->currentData().toString().toStdString(),
                                                        m_base.cropHeight, m_base.cropWidth))
            write(*found);
    });
    write(document.preprocess());
}

void ImagesDialog::write(const images::Preprocess& p)
{
    m_base = p;
    m_resizes->setText(p.to == images::ResizeTo::Shorter  ? tr("shorter side to")
                       : p.to == images::ResizeTo::Longer ? tr("longer side to")
                                                          : tr("into a box of"));
    m_resizes->setChecked(p.resize.has_value());
    m_resize->setEnabled(p.resize.has_value());
    m_squash->setEnabled(p.resize.has_value());
    m_resize->setValue(p.resize.value_or(p.cropHeight));
    m_squash->setChecked(p.squash);
    m_interpolation->setCurrentIndex(p.interpolation == images::Interpolation::Bicubic ? 1 : 0);
    m_crop->setText(tr("%1 × %2 px, the model's input").arg(p.cropWidth).arg(p.cropHeight));
    for (std::size_t i = 0; i < 3; ++i) {
        m_mean[i]->setValue(p.mean[i]);
        m_stddev[i]->setValue(p.stddev[i]);
    }
}

images::Preprocess ImagesDialog::read() const
{
    images::Preprocess p = m_base;
    p.resize = m_resizes->isChecked() ? std::optional(m_resize->value()) : std::nullopt;
    p.squash = m_squash->isChecked() && m_resizes->isChecked();
    p.interpolation =
        m_interpolation->currentIndex() == 1 ? images::Interpolation::Bicubic : images::Interpolation::Bilinear;
    const auto take = [](float& value, const QDoubleSpinBox* box) {
        if (std::abs(box->value() - static_cast<double>(value)) > 5e-5) // untouched boxes keep every digit
            value = static_cast<float>(box->value());
    };
    for (std::size_t i = 0; i < 3; ++i) {
        take(p.mean[i], m_mean[i]);
        take(p.stddev[i], m_stddev[i]);
        p.stddev[i] = std::max(p.stddev[i], 1e-4F);
    }
    return p;
}

void ImagesDialog::apply()
{
    const std::size_t count = static_cast<std::size_t>(m_count->value());
    const bool recount = count != m_document.calibrationCount();
    const images::Preprocess preprocess = read();
    const bool again = preprocess != m_document.preprocess();
    if (m_truths)
        m_document.setTask(m_truths->choice());
    m_document.setCalibrationCount(count);
    m_document.setPreprocess(preprocess); // calibrates
    if (recount && !again && m_document.calibrationImages())
        m_plans.calibrate();
}

} // namespace

void showImagesDialog(Document& document, Plans& plans, QWidget* parent)
{
    auto* dialog = new ImagesDialog(document, plans, parent);
    dialog->show();
}

} // namespace qs::ui
