#include "widgets/history/history_panel.h"

#include "widgets/history/history_model.h"
#include "widgets/model/document.h"
#include "widgets/model/figures.h"
#include "widgets/model/follow.h"
#include "widgets/model/history.h"

#include <QHeaderView>
#include <QLabel>
#include <QTableView>
#include <QVBoxLayout>

namespace qs::ui {

namespace {
constexpr int kMostLines = 4; ///< of an entry; the tooltip has all of it
}

HistoryPanel::HistoryPanel(Document& document, const Figures& figures, QWidget* parent)
    : QWidget(parent), m_document(document), m_figures(figures), m_model(new HistoryModel(document, figures, this)),
      m_view(new QTableView(this))
{
    auto* layout = new QVBoxLayout(this);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->setSpacing(0);
    layout->addWidget(m_view);
    m_legend = new QLabel(this);
    m_legend->setForegroundRole(QPalette::PlaceholderText);
    m_legend->setContentsMargins(6, 2, 6, 3);
    m_legend->setSizePolicy(QSizePolicy::Ignored, QSizePolicy::Preferred);
    layout->addWidget(m_legend);

    setFocusProxy(m_view);
    m_view->setModel(m_model);
    m_view->setSelectionBehavior(QAbstractItemView::SelectRows);
    m_view->setSelectionMode(QAbstractItemView::SingleSelection);
    m_view->setEditTriggers(QAbstractItemView::NoEditTriggers);
    m_view->setShowGrid(false);
    m_view->setAlternatingRowColors(true);
    m_view->setFrameShape(QFrame::NoFrame);
    m_view->setWordWrap(true); // an entry is read whole
    m_view->setTextElideMode(Qt::ElideRight);
    m_view->setTabKeyNavigation(false);
    m_view->verticalHeader()->hide();
    m_view->verticalHeader()->setMinimumSectionSize(m_view->fontMetrics().height() + 6);
    m_view->verticalHeader()->setMaximumSectionSize(kMostLines * m_view->fontMetrics().height() + 6);
    m_view->verticalHeader()->setSectionResizeMode(QHeaderView::ResizeToContents);
    m_view->horizontalHeader()->setHighlightSections(false);
    m_view->horizontalHeader()->setSectionResizeMode(QHeaderView::ResizeToContents);
    m_view->horizontalHeader()->setSectionResizeMode(HistoryModel::Change, QHeaderView::Stretch);
    m_view->horizontalHeader()->setMinimumSectionSize(40);
    const auto jump = [this](const QModelIndex& index) { m_document.history().jumpTo(index.row()); };
    connect(m_view, &QTableView::clicked, this, jump);
    connect(m_view, &QTableView::activated, this, jump);
    connect(&document, &Document::historyChanged, this, &HistoryPanel::follow);
    connect(&document, &Document::modelChanged, this, &HistoryPanel::follow);
    ui::follow(this, &HistoryPanel::sayBasis)
        .on(document, &Document::modelChanged)
        .on(document, &Document::imagesChanged);
    sayBasis();
    follow();
}

/// What the figures stand on.
void HistoryPanel::sayBasis()
{
    const auto& images = m_document.probeImages();
    const std::size_t probed = images ? std::min(Figures::kProbeImages, images->size()) : 0;
    m_legend->setText(probed == 0               ? QString()
                      : m_document.testImages() ? tr("* on %1 images; else all %2").arg(probed).arg(images->size())
                                                : tr("* on %1 calibration images").arg(probed));
    m_legend->setToolTip(m_legend->text());
}

void HistoryPanel::follow()
{
    const QModelIndex present = m_model->index(m_document.history().index(), 0);
    if (!present.isValid())
        return;
    m_view->setCurrentIndex(present);
    m_view->scrollTo(present);
}

QString HistoryPanel::tableCsv() const
{
    if (m_model->rowCount() == 0)
        return {};
    QString csv = QStringLiteral("state,change,images,full_test_set,top1,float_top1,agreement,mean_weight_bits,"
                                 "mean_activation_bits,model_bytes,headline,value,low,high\n");
    const History& history = m_document.history();
    for (int i = 0; i < history.size(); ++i) {
        const HistoryState& state = history.state(i);
        const auto [e, full] = m_figures.ofState(state.key);
        QString text = state.text;
        csv += QStringLiteral("%1,\"%2\"").arg(i).arg(text.replace(u'"', QStringLiteral("\"\"")));
        if (e) {
            const auto figure = [](const std::optional<double>& f) {
                return f ? QString::number(*f, 'g', 8) : QString();
            };
            const tasks::Figure* headline = e->headline();
            const auto bound = [&](double stats::Interval::*which) {
                return headline && headline->interval ? QString::number((*headline->interval).*which, 'g', 8)
                                                      : QString();
            };
            csv += QStringLiteral(",%1,%2,%3,%4,%5,%6,%7,%8")
                       .arg(e->images)
                       .arg(full ? 1 : 0)
                       .arg(figure(e->top1), figure(e->floatTop1), e->scores ? figure(e->agreement) : QString(),
                            figure(e->meanWeightBits), figure(e->meanActivationBits))
                       .arg(e->modelBytes);
            csv += QStringLiteral(",%1,%2,%3,%4")
                       .arg(headline ? QString::fromStdString(headline->key) : QString(),
                            headline ? figure(headline->value) : QString(), bound(&stats::Interval::low),
                            bound(&stats::Interval::high));
        } else {
            csv += QStringLiteral(",,,,,,,,,,,,");
        }
        csv += u'\n';
    }
    return csv;
}

} // namespace qs::ui
