#include "widgets/shell/export_dialog.h"

#include "widgets/model/text.h"
#include "widgets/theme/colours.h"
#include "widgets/theme/format.h"

#include <QCheckBox>
#include <QComboBox>
#include <QDialogButtonBox>
#include <QFileDialog>
#include <QFormLayout>
#include <QHeaderView>
#include <QLabel>
#include <QLineEdit>
#include <QPushButton>
#include <QTableWidget>

namespace qs::ui {

ExportDialog::ExportDialog(const Document& document, const Plans& plans, Exports& exports, Jobs& jobs,
                           QWidget* parent)
    : QDialog(parent), m_document(document), m_plans(plans), m_exports(exports), m_jobs(jobs),
      m_path(new QLineEdit(this)), m_opset(new QComboBox(this)),
      m_unsigned(new QCheckBox(tr("Weights as uint8 with zero point 128"), this)),
      m_runtime(new QCheckBox(tr("Check it in ONNX Runtime too"), this)), m_summary(new QLabel(this)),
      m_verification(new QLabel(this)), m_warnings(new QLabel(this)), m_table(new QTableWidget(0, 4, this))
{
    setWindowTitle(tr("Export the quantized ONNX model"));
    resize(760, 560);
    auto* layout = new QVBoxLayout(this);
    auto* form = new QFormLayout;
    auto* path = new QHBoxLayout;
    auto* browse = new QPushButton(tr("&Browse…"), this);
    path->addWidget(m_path, 1);
    path->addWidget(browse);
    auto* file = new QLabel(tr("&File"), this);
    file->setBuddy(m_path);
    form->addRow(file, path);
    m_opset->addItem(tr("17 – every runtime of the last years"), 17);
    m_opset->addItem(tr("21 – stores weights of 4 bits and fewer as int4"), 21);
    form->addRow(tr("&Opset"), m_opset);
    form->addRow(QString(), m_unsigned);
    auto* why =
        new QLabel(tr("The same values. Exact on x86 CPUs without VNNI, where ONNX Runtime's product of unsigned and "
                      "signed bytes can saturate; slower on CPUs with VNNI."),
                   this);
    why->setWordWrap(true);
    why->setMinimumWidth(600); // or it asks for the height of a narrow column
    why->setForegroundRole(QPalette::PlaceholderText);
    form->addRow(QString(), why);
    m_runtime->setToolTip(
        tr("Runs the written file on the same images. Needs a Python with onnxruntime: the one that the environment "
           "variable QUANTOSCOPE_PYTHON names, or python3."));
    form->addRow(QString(), m_runtime);
    layout->addLayout(form);
    m_warnings->setVisible(false);
    for (QLabel* label : {m_summary, m_verification, m_warnings}) {
        label->setWordWrap(true);
        label->setTextInteractionFlags(Qt::TextSelectableByMouse);
        layout->addWidget(label);
    }
    m_table->setHorizontalHeaderLabels({tr("Node"), tr("Operator"), tr("Runs in"), tr("Why")});
    m_table->setEditTriggers(QAbstractItemView::NoEditTriggers);
    m_table->setSelectionBehavior(QAbstractItemView::SelectRows);
    m_table->setAlternatingRowColors(true);
    m_table->setShowGrid(false);
    m_table->verticalHeader()->hide();
    m_table->verticalHeader()->setDefaultSectionSize(fontMetrics().height() + 6);
    m_table->setWordWrap(false);
    m_table->horizontalHeader()->setStretchLastSection(true);
    m_table->horizontalHeader()->setHighlightSections(false);
    layout->addWidget(m_table, 1);
    auto* buttons = new QDialogButtonBox(QDialogButtonBox::Close, this);
    m_write = buttons->addButton(tr("&Write the file"), QDialogButtonBox::ActionRole);
    m_write->setDefault(true);
    layout->addWidget(buttons);

    connect(buttons, &QDialogButtonBox::rejected, this, &QDialog::close);
    connect(m_write, &QPushButton::clicked, this, &ExportDialog::start);
    connect(browse, &QPushButton::clicked, this, [this] {
        auto* dialog =
            new QFileDialog(this, tr("Export the quantized ONNX model"), m_path->text(), tr("ONNX models (*.onnx)"));
        dialog->setAttribute(Qt::WA_DeleteOnClose);
        dialog->setAcceptMode(QFileDialog::AcceptSave);
        dialog->setDefaultSuffix(QStringLiteral("onnx"));
        dialog->selectFile(m_path->text());
        connect(dialog, &QFileDialog::fileSelected, m_path, &QLineEdit::setText);
        dialog->open();
    });
    connect(&exports, &Exports::exported, this, &ExportDialog::report);
    connect(&jobs, &Jobs::started, this, &ExportDialog::refreshRunning);
    connect(&jobs, &Jobs::finished, this, &ExportDialog::refreshRunning);
    connect(&plans, &Plans::planChanged, this, &ExportDialog::refreshRunning);
}

void ExportDialog::prepare()
{
    if (m_path->text().isEmpty() && m_document.model()) {
        const std::filesystem::path& model = m_document.model()->info.path;
        m_path->setText(
            QDir::home().filePath(QString::fromStdString(model.stem().string()) + QStringLiteral("_q.onnx")));
    }
    refreshRunning();
}

void ExportDialog::start()
{
    onnx::ExportOptions options;
    options.opset = m_opset->currentData().toInt();
    options.unsignedWeights = m_unsigned->isChecked();
    m_table->setRowCount(0);
    m_summary->setText(tr("Writing …"));
    m_verification->clear();
    m_warnings->setVisible(false);
    m_exports.exportModel(m_path->text(), options, m_runtime->isChecked());
}

void ExportDialog::refreshRunning()
{
    const bool running = m_jobs.running(JobKind::Export);
    m_write->setEnabled(!running && m_plans.plan().current);
    m_runtime->setEnabled(m_document.probeImages() != nullptr); // there is nothing to run it on
    if (!running && m_summary->text() == tr("Writing …"))
        m_summary->setText(tr("Nothing was written."));
}

void ExportDialog::report(const ExportOutcome& outcome)
{
    const onnx::ExportReport& written = outcome.report;
    m_summary->setText(
        tr("<b>Written:</b> %1 – %2, opset %3. %4 of the multiply-accumulates run in int8.")
            .arg(QString::fromStdString(written.path.string()).toHtmlEscaped(), formatBytes(written.fileBytes))
            .arg(written.opset)
            .arg(formatPercent(written.int8MacShare())));
    QString check;
    QColor colour = palette().color(QPalette::WindowText);
    if (outcome.verification) {
        const onnx::VerifyReport& v = *outcome.verification;
        colour = v.passed ? colours().good : colours().bad;
        check =
            tr("%1 Loaded again and run on %2 images: the same top-1 as predicted on %3, %4, %5 weight tensors equal "
               "bit by bit.")
                .arg(v.passed ? tr("✓ Checked.") : tr("✗ The check failed."))
                .arg(v.images)
                .arg(formatPercent(v.top1Agreement),
                     v.maxLogitDifference == 0
                         ? tr("logits equal")
                         : tr("logits at most %1 of the largest apart").arg(formatNumber(v.maxLogitDifference)))
                .arg(v.weightsCompared);
        for (const onnx::Opinion& opinion : v.opinions)
            check += u'\n' + sentence(opinion.text());
    } else if (outcome.verificationError) {
        colour = colours().bad;
        check = tr("✗ The check failed: %1").arg(QString::fromStdString(outcome.verificationError->text()));
    } else {
        check = tr("Not checked: there are no images to run it on.");
    }
    QPalette tinted = palette();
    tinted.setColor(QPalette::WindowText, colour);
    m_verification->setPalette(tinted);
    m_verification->setText(check);
    QStringList warnings;
    for (const std::string& warning : written.warnings)
        warnings << QString::fromStdString(warning);
    m_warnings->setText(warnings.join(u'\n'));
    m_warnings->setVisible(!warnings.isEmpty());

    int row = 0;
    for (const onnx::NodePrecision& node : written.nodes) {
        if (node.precision == onnx::Precision::Moves) // reshapes and the like compute nothing
            continue;
        m_table->setRowCount(row + 1);
        const auto put = [&](int column, const QString& text) {
            auto* item = new QTableWidgetItem(text);
            item->setToolTip(column == 0 ? QString::fromStdString(node.node) : text);
            m_table->setItem(row, column, item);
            return item;
        };
        put(0, QString::fromStdString(node.layer.empty() ? node.node : node.layer));
        put(1, QString::fromStdString(node.op));
        if (node.precision == onnx::Precision::Int8)
            put(2, tr("int8"))->setForeground(colours().good);
        else
            put(2, tr("float"))->setForeground(colours().warning);
        put(3, QString::fromStdString(node.reason));
        ++row;
    }
    m_table->resizeColumnToContents(0);
    m_table->resizeColumnToContents(1);
    m_table->resizeColumnToContents(2);
}

} // namespace qs::ui
