// Hybrid networks in the window, offscreen, on MobileViT-XXS where QUANTOSCOPE_TEST_ASSETS has it: bridge blocks and
// warnings are shown, Q-HyViT's search is run, cancelled, applied and undone, and a session keeps it. With
// QUANTOSCOPE_SCREENSHOTS set to a folder, pictures are written there, light and dark.
#include "demo_window.h"

#include "core/project/hybrid_found.h"
#include "widgets/model/site_notes.h"
#include "widgets/panels/anatomy/anatomy_panel.h"
#include "widgets/panels/hybrid/candidates_plot.h"
#include "widgets/panels/hybrid/choices_model.h"
#include "widgets/panels/hybrid/hybrid_form.h"
#include "widgets/panels/hybrid/hybrid_panel.h"
#include "widgets/panels/layers/layers_panel.h"
#include "widgets/recipe/notes_label.h"
#include "widgets/shell/message_strip.h"
#include "widgets/theme/colours.h"

#include <QLabel>
#include <QLineEdit>
#include <QPushButton>
#include <QTableView>
#include <QTextBrowser>
#include <QUndoStack>

#include <ctime>

using namespace qs;
using namespace qs::ui;
using namespace qs::test;

namespace {

constexpr std::size_t kImages = 2;
constexpr int kCandidates = 5;

double threadMs()
{
    timespec time{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return 1e3 * static_cast<double>(time.tv_sec) + 1e-6 * static_cast<double>(time.tv_nsec);
}

search::HybridOptions fewCandidates()
{
    search::HybridOptions options;
    options.images = kImages;
    options.grid = {0.6, 1.1, kCandidates, 1, false};
    return options;
}

// Minutes of work: a search that no machine ends before it is cancelled.
search::HybridOptions manyCandidates()
{
    search::HybridOptions options;
    options.images = 16;
    options.grid = {0.6, 1.1, 400, 3, false};
    options.wholeCurves = true;
    return options;
}

} // namespace

class HybridTest : public QObject {
    Q_OBJECT
    std::unique_ptr<DemoWindow> m_demo;
    Session* m_session = nullptr;
    HybridPanel* m_panel = nullptr;
    quant::Recipe m_start;

    HybridForm& form() { return m_panel->form(); }
    const HybridRun& run() { return m_session->searches.hybrid(); }
    NotesLabel* notes() { return m_demo->control<NotesLabel>("notes"); }
    void search(const search::HybridOptions& options = fewCandidates())
    {
        m_demo->window().showPanel(QStringLiteral("hybrid"));
        QTRY_VERIFY(form().searchButton().isEnabled());
        form().setOptions(options);
        QTest::mouseClick(&form().searchButton(), Qt::LeftButton);
        QVERIFY(m_session->jobs.running(JobKind::Hybrid));
        QVERIFY(run().running);
        QVERIFY(form().cancelButton().isVisible());
    }
    std::string csv() { return search::choicesToCsv(m_session->document.sites(), run().found->result); }

private slots:
    void initTestCase()
    {
        const QString assets = qEnvironmentVariable("QUANTOSCOPE_TEST_ASSETS");
        const QString model = assets + QStringLiteral("/models/mobilevit_xxs_cifar10_64.onnx");
        if (assets.isEmpty() || !QFileInfo::exists(model))
            QSKIP("QUANTOSCOPE_TEST_ASSETS has no MobileViT");
        m_demo = std::make_unique<DemoWindow>("hybrid");
        m_session = &m_demo->session();
        m_panel = m_demo->panel<HybridPanel>("hybrid");
        QVERIFY(m_panel);
        QVERIFY(m_panel->reason().contains(QLatin1String("No model")));
        m_session->document.setCalibrationCount(16);
        m_session->folders.open(ImagePurpose::Calibration, assets + QStringLiteral("/images/cifar10-calib"));
        m_session->folders.open(ImagePurpose::Test, assets + QStringLiteral("/images/cifar10-test"));
        QTRY_VERIFY_WITH_TIMEOUT(m_session->document.calibrationImages() && m_session->document.testImages(),
                                 kPatienceMs);
        m_session->files.openModel(model);
        QS_READY(*m_demo);
        m_start = m_session->document.recipe();
    }
    void cleanupTestCase() { m_demo.reset(); }

    void bridgeBlocksAreMarked()
    {
        QCOMPARE(m_session->document.sites().bridges().size(), std::size_t{3});
        auto* layers = m_demo->panel<LayersPanel>("layers");
        QTRY_COMPARE(layers->model().rows().size(), m_session->document.sites().size());
        layers->setFilter(QStringLiteral("is:bridge"));
        std::vector<SiteId> expected;
        for (const graph::Site& site : m_session->document.sites())
            if (site.bridge >= 0)
                expected.push_back(site.id);
        QVERIFY(!expected.empty());
        QVERIFY(layers->visibleSites() == expected);
        layers->setFilter(QStringLiteral("bridge:1"));
        QVERIFY(layers->visibleSites() == m_session->document.sites().ofBridge(1));
        layers->setFilter({});
        const SiteId site = m_session->document.sites().ofBridge(1).front();
        const int row = layers->model().rowOf(site);
        const QModelIndex cell = layers->model().index(row, static_cast<int>(SiteColumn::Bridge));
        QCOMPARE(cell.data().toString(), QStringLiteral("1"));
        QVERIFY(cell.data(Qt::ToolTipRole).toString().contains(QLatin1String("becomes that of tokens")));

        m_demo->window().showPanel(QStringLiteral("anatomy"));
        auto* anatomy = m_demo->panel<AnatomyPanel>("anatomy");
        for (const SiteId id : expected)
            if (m_session->document.sites()[id].coverage == graph::Coverage::MatMul) // the map shows no others here
                QCOMPARE(anatomy->map().bridgeAt(QRectF(anatomy->map().cellOf(id)).center()),
                         m_session->document.sites()[id].bridge);
        QCOMPARE(anatomy->map().bridgeAt(
                     QRectF(anatomy->map().cellOf(m_session->document.sites().find("head.input"))).center()),
                 -1);
        m_session->selection.select(site);
        QVERIFY2(notes()->text().contains(QLatin1String("Bridge block 1")), qPrintable(notes()->text()));
        shoot(m_demo->window(), QStringLiteral("hybrid-1-bridges"));
    }

    void warningsFollowTheSettings()
    {
        // Where channels have ranges without 0, scales of their own overflow.
        SiteId site;
        quant::SitePatch patch;
        patch.scheme = quant::Scheme::Asymmetric;
        patch.granularity = quant::Granularity::Channel;
        patch.zeroPoint = quant::ZeroPoint::ZeroInRange;
        for (const graph::Site& candidate : m_session->document.sites()) {
            quant::SiteSettings settings = m_session->document.settings(candidate.id);
            patch.applyTo(settings);
            const auto* statistics = m_session->plans.statistics(candidate.id);
            if (!site.valid() && statistics && !quant::notesOf(settings, *statistics).empty())
                site = candidate.id;
        }
        QVERIFY(site.valid());
        m_session->selection.select(site);
        m_session->edits.editSelection(patch);
        QVERIFY2(notes()->text().contains(QLatin1String("widened to contain 0")), qPrintable(notes()->text()));
        auto* rule = m_demo->control<QComboBox>("zeroPoint");
        QVERIFY(rule->isVisibleTo(&m_demo->window()));
        choose(rule, static_cast<int>(quant::ZeroPoint::Clamped));
        QVERIFY(m_session->document.settings(site).zeroPoint == quant::ZeroPoint::Clamped);
        QVERIFY(m_session->document.history()
                    .state(m_session->document.history().index())
                    .text.contains(QLatin1String("clamped")));
        QVERIFY2(notes()->text().contains(QLatin1String("does not cover")), qPrintable(notes()->text()));
        auto* layers = m_demo->panel<LayersPanel>("layers");
        const int row = layers->model().rowOf(site);
        QTRY_VERIFY(layers->model().rows()[static_cast<std::size_t>(row)].severe);
        const QModelIndex cell = layers->model().index(row, static_cast<int>(SiteColumn::Warning));
        QVERIFY(cell.data().toString().contains(QLatin1String("clamped")));
        QCOMPARE(cell.data(Qt::ForegroundRole).value<QColor>(), colours().bad);
        layers->setFilter(QStringLiteral("is:warned"));
        const auto visible = layers->visibleSites();
        QVERIFY(std::ranges::find(visible, site) != visible.end());
        shoot(m_demo->window(), QStringLiteral("hybrid-2-warnings"));
        layers->setFilter({});
        // The link opens the page.
        emit notes()->linkActivated(QStringLiteral("overflow"));
        QVERIFY(!m_demo->window().findChildren<QTextBrowser*>().isEmpty());
        for (QTextBrowser* page : m_demo->window().findChildren<QTextBrowser*>()) {
            QVERIFY(page->toPlainText().contains(QLatin1String("Zero-point overflow")));
            page->window()->close();
        }
        patch.scheme = quant::Scheme::Symmetric;
        m_session->edits.editSelection(patch);
        QVERIFY(!notes()->text().contains(QLatin1String("zero point")));
        QVERIFY(!rule->isVisibleTo(&m_demo->window()));
        while (m_session->document.history().index() > 0)
            m_session->document.history().stack().undo();
        QVERIFY(m_session->document.recipe() == m_start);
        QS_READY(*m_demo);
    }

    void aCancelledSearchLeavesNothing()
    {
        m_demo->window().showPanel(QStringLiteral("hybrid"));
        QTRY_VERIFY(form().searchButton().isEnabled());
        QVERIFY(!form().applyButton().isEnabled());
        QVERIFY(m_panel->foundReason().contains(QLatin1String("No search yet")));
        const int states = m_session->document.history().size();
        search(manyCandidates());
        QTest::qWait(100);
        QVERIFY2(run().running, "too fast to be cancelled");
        QTest::mouseClick(&form().cancelButton(), Qt::LeftButton);
        QVERIFY(!run().running && run().cancelled && !run().found);
        QVERIFY(!m_session->jobs.running(JobKind::Hybrid));
        QCOMPARE(m_session->document.history().size(), states);
        QVERIFY(m_session->document.recipe() == m_start);
        QTRY_VERIFY2(form().note().contains(QLatin1String("nothing was kept")), qPrintable(form().note()));
    }

    void aSearchIsOneEdit()
    {
        const int states = m_session->document.history().index() + 1; // what was undone is dropped
        const uint64_t others = m_session->document.revision().others;
        search();
        // The longest time that the UI thread computes at once.
        double longest = 0;
        double last = threadMs();
        QTimer tick;
        connect(&tick, &QTimer::timeout, &tick, [&] {
            const double now = threadMs();
            longest = std::max(longest, now - last);
            last = now;
        });
        tick.start(0);
        QTRY_VERIFY_WITH_TIMEOUT(!run().running, kDemoPatienceMs);
        tick.stop();
        qInfo("longest time in the UI thread: %.1f ms", longest);
        QVERIFY2(run().found, qPrintable(m_demo->window().messages().texts().join(u'\n')));
        QVERIFY(m_session->document.revision().others != others); // minutes of search ask to be saved
        QVERIFY(!run().cancelled);
        QVERIFY(m_session->document.recipe() == run().found->result.recipe);
        QCOMPARE(m_session->document.history().size(), states + 1);
        const QString entry = m_session->document.history().state(states).text;
        QVERIFY2(entry.startsWith(QLatin1String("Q-HyViT: ")), qPrintable(entry));
        QTRY_COMPARE(m_panel->choices().rowCount(), static_cast<int>(run().found->result.choices.size()));
        QTRY_VERIFY(!form().applyButton().isEnabled());
        QS_READY(*m_demo);
    }

    void itSaysWhatWasChosenAndWhy()
    {
        const project::HybridFound& found = *run().found;
        const auto changed = std::ranges::find_if(found.result.choices, [](const auto& choice) {
            return choice.changed && choice.bridge >= 0 && choice.curves.size() == 4;
        });
        QVERIFY(changed != found.result.choices.end());
        m_session->selection.select(changed->site);
        QCOMPARE(m_panel->plot().curves(), 4);
        QVERIFY2(m_panel->why().contains(QLatin1String("the smallest of all candidates")),
                 qPrintable(m_panel->why()));
        QVERIFY(m_panel->why().contains(QStringLiteral("bridge block %1").arg(changed->bridge)));
        const auto mark = m_panel->plot().chosenPixel();
        QVERIFY(mark.has_value());
        QTest::qWait(50); // laid out
        const QString there = m_panel->plot().describe(*m_panel->plot().chosenPixel());
        QVERIFY2(there.contains(QString::number(changed->factor, 'f', 3)), qPrintable(there));
        // The chosen error is the smallest of all curves.
        double smallest = std::numeric_limits<double>::infinity();
        for (const search::HybridCurve& curve : changed->curves)
            smallest = std::min(smallest, curve.errors[project::bestOf(curve)]);
        QCOMPARE(changed->after, smallest);
        QVERIFY(m_panel->plot().csv().count(u'\n') == 1 + 4 * kCandidates);
        // A row selects the site everywhere.
        const QModelIndex other = m_panel->table().model()->index(5, 0);
        m_panel->table().setCurrentIndex(other);
        QCOMPARE(QString::fromStdString(m_session->document.sites()[m_session->selection.current()].name),
                 other.data().toString());
        m_session->selection.select(changed->site);
        shoot(m_demo->window(), QStringLiteral("hybrid-3-found"));
    }

    void itIsUndoneAndAppliedAgain()
    {
        m_session->document.history().stack().undo();
        QVERIFY(m_session->document.recipe() == m_start);
        QTRY_VERIFY(form().applyButton().isEnabled());
        QTest::mouseClick(&form().applyButton(), Qt::LeftButton);
        QVERIFY(m_session->document.recipe() == run().found->result.recipe);
        m_session->document.history().stack().undo();
        // A locked site keeps what it has.
        const SiteId site = std::ranges::find_if(run().found->result.choices, &search::HybridChoice::changed)->site;
        m_session->edits.setLocked(std::vector{site}, true);
        m_session->searches.applyHybrid();
        QVERIFY(m_session->document.settings(site) == quant::settingsOf(m_start, m_session->document.sites()[site]));
        m_session->document.history().jumpTo(0);
        QVERIFY(m_session->document.recipe() == m_start);
    }

    void theSameSearchFindsTheSame()
    {
        const std::string first = csv();
        QVERIFY(m_session->document.recipe() == m_start);
        QTRY_VERIFY(form().searchButton().isEnabled());
        search();
        QTRY_VERIFY_WITH_TIMEOUT(!run().running, kDemoPatienceMs);
        QCOMPARE(csv(), first);
    }

    void wholeCurvesChooseTheSame()
    {
        const std::string first = csv();
        m_session->document.history().jumpTo(0);
        QTRY_VERIFY(form().searchButton().isEnabled());
        search::HybridOptions options = fewCandidates();
        options.wholeCurves = true;
        form().setOptions(options);
        QVERIFY(form().options().wholeCurves);
        QTest::mouseClick(&form().searchButton(), Qt::LeftButton);
        QTRY_VERIFY_WITH_TIMEOUT(!run().running, kDemoPatienceMs);
        QCOMPARE(csv(), first);
        m_session->document.history().jumpTo(0);
    }

    void anotherMethodIsNoStart()
    {
        m_session->edits.applyPreset(QStringLiteral("sq-b"), 8, 8);
        QTRY_VERIFY(!form().searchButton().isEnabled());
        QVERIFY2(form().note().contains(QLatin1String("smoothing or noise")), qPrintable(form().note()));
        m_session->document.history().stack().undo();
        QTRY_VERIFY(form().searchButton().isEnabled());
        QS_READY(*m_demo);
    }

    void aSessionKeepsIt()
    {
        const QString path = m_demo->folder() + QStringLiteral("/hybrid.quantoscope");
        QSignalSpy saved(&m_session->document, &Document::fileChanged);
        m_session->files.saveSession(path);
        QTRY_VERIFY_WITH_TIMEOUT(!m_session->document.modified(), kPatienceMs);
        qInfo("session file: %lld kB", static_cast<long long>(QFileInfo(path).size() / 1000));
        JobRunner runner(1);
        Session other(runner);
        QSignalSpy failed(&other.messages, &Messages::failed);
        other.files.openSession(path);
        QTRY_VERIFY_WITH_TIMEOUT(other.document.model() != nullptr, kPatienceMs);
        QVERIFY(failed.isEmpty());
        QVERIFY(other.searches.hybrid().found);
        QCOMPARE(search::choicesToCsv(other.document.sites(), other.searches.hybrid().found->result), csv());
        QVERIFY(other.searches.hybrid().found->start == run().found->start);
        QVERIFY(other.searches.hybrid().found->result.recipe == run().found->result.recipe);
        QCOMPARE(other.searches.hybrid().found->options.images, kImages);
        for (std::size_t i = 0; i < run().found->result.choices.size(); ++i) {
            const auto& a = run().found->result.choices[i].curves;
            const auto& b = other.searches.hybrid().found->result.choices[i].curves;
            QCOMPARE(a.size(), b.size());
            for (std::size_t c = 0; c < a.size(); ++c)
                for (std::size_t k = 0; k < a[c].errors.size(); ++k)
                    QVERIFY(std::abs(a[c].errors[k] - b[c].errors[k]) <= 1e-5 * a[c].errors[k]);
        }
        other.jobs.cancelAll();
        // Another calibration says nothing of it.
        m_session->document.setCalibrationCount(m_session->document.calibrationImages()->size() / 2);
        m_session->plans.calibrate();
        QTRY_VERIFY_WITH_TIMEOUT(!run().found, kDemoPatienceMs);
    }
};

QTEST_MAIN(HybridTest)
#include "hybrid_test.moc"
