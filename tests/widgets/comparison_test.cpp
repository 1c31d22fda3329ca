// Methods beside each other, offscreen, on the demo: a comparison is run, stopped, continued and sorted, and a line
// of it is taken as the recipe and undone. With QUANTOSCOPE_SCREENSHOTS set to a folder, pictures are written there.
#include "demo_window.h"

#include "core/quant/presets.h"
#include "widgets/panels/comparison/comparison_form.h"
#include "widgets/panels/comparison/comparison_panel.h"
#include "widgets/panels/comparison/comparison_table.h"

#include <QHeaderView>
#include <QPushButton>
#include <QUndoStack>

using namespace qs;
using namespace qs::ui;
using namespace qs::test;

class ComparisonTest : public QObject {
    Q_OBJECT
    std::unique_ptr<DemoWindow> m_demo;
    Session* m_session = nullptr;
    MainWindow* m_window = nullptr;
    ComparisonPanel* m_panel = nullptr;

    const std::vector<report::ComparisonRow>& rows() { return m_panel->comparer().table().rows; }

    void grab(const char* name) { shoot(*m_window, QStringLiteral("comparison-") + QLatin1String(name)); }

private slots:
    void initTestCase()
    {
        if (!hasDemo())
            QSKIP("the demo model is not there");
        m_demo = std::make_unique<DemoWindow>("comparison");
        m_session = &m_demo->session();
        m_window = &m_demo->window();
        connect(&m_session->messages, &Messages::failed, this,
                [](const Error& error) { qWarning("%s", error.text().c_str()); });
        m_panel = m_demo->panel<ComparisonPanel>("comparison");
        QVERIFY(m_panel);
        QVERIFY(QTest::qWaitForWindowExposed(m_window));
    }
    void cleanupTestCase() { m_demo.reset(); }

    void saysWhatIsMissing()
    {
        QVERIFY(m_panel->reason().contains(QLatin1String("No model")));
        m_session->files.openDemo(demoFolder());
        QTRY_VERIFY_WITH_TIMEOUT(m_session->document.model() != nullptr, kPatienceMs);
        m_window->showPanel(QStringLiteral("comparison"));
        QVERIFY(!m_panel->form().startButton().isEnabled());
        QTRY_VERIFY_WITH_TIMEOUT(settled(*m_session), 8 * kPatienceMs);
        QTRY_VERIFY(m_panel->form().startButton().isEnabled());
        QVERIFY(m_panel->reason().contains(QLatin1String("press Compare")));
        // All presets, but no search unless it is asked for.
        QCOMPARE(m_panel->form().wish().presets.size(), quant::presets().size());
        m_panel->form().setPresets({"minmax", "q-hyvit"});
        QVERIFY((m_panel->form().wish().presets == std::vector<std::string>{"minmax", "q-hyvit"}));
        m_panel->form().setPresets({});
        m_panel->form().setBits({});
        QVERIFY(m_panel->form().startButton().isEnabled()); // the present recipe alone
        grab("0-before");
    }

    void runsStopsAndGoesOn()
    {
        const std::vector<std::pair<int, int>> bits{{4, 4}, {8, 8}};
        m_panel->form().setPresets({"minmax", "mptq-vit"});
        m_panel->form().setBits(bits);
        QTest::mouseClick(&m_panel->form().startButton(), Qt::LeftButton);
        QVERIFY(m_panel->comparer().running());
        QVERIFY(m_panel->form().cancelButton().isVisible());
        QCOMPARE(m_panel->comparer().wanted(), std::size_t(5));
        QTRY_VERIFY_WITH_TIMEOUT(!rows().empty(), 8 * kPatienceMs);
        grab("1-running");
        QTest::mouseClick(&m_panel->form().cancelButton(), Qt::LeftButton);
        QTRY_VERIFY(!m_panel->form().cancelButton().isVisible());
        QVERIFY(!m_panel->comparer().running());
        const auto stopped = rows();
        QVERIFY(!stopped.empty() && stopped.size() < 5);
        QCOMPARE(m_panel->form().startButton().text(), QStringLiteral("Continue"));

        QTest::mouseClick(&m_panel->form().startButton(), Qt::LeftButton);
        QTRY_VERIFY_WITH_TIMEOUT(!m_panel->comparer().running() && rows().size() == 5, 16 * kPatienceMs);
        for (std::size_t i = 0; i < stopped.size(); ++i)
            QVERIFY(rows()[i] == stopped[i]); // not made again: the same times
        QTRY_COMPARE(m_panel->form().startButton().text(), QStringLiteral("Compare"));
        QCOMPARE(m_panel->table().rowCount(), 5);
        QVERIFY(m_panel->reason().isEmpty());
        QCOMPARE(m_panel->tableCsv().count(u'\n'), 6);
        // At 4 bits the difference is large.
        QCOMPARE(rows()[0].method, std::string("minmax"));
        QCOMPARE(rows()[1].method, std::string("mptq-vit"));
        QVERIFY(*rows()[1].top1 > *rows()[0].top1 + 0.2);
        grab("2-done");
    }

    void sortsByNumbersAndTakesALine()
    {
        ComparisonTable& table = m_panel->table();
        table.sortByColumn(ComparisonTable::kKl, Qt::DescendingOrder);
        for (int row = 1; row < table.rowCount(); ++row)
            QVERIFY(table.at(row - 1)->klDivergence >= table.at(row)->klDivergence);
        int wanted = 0;
        while (table.at(wanted)->method != "mptq-vit" || table.at(wanted)->weightBits != 4)
            ++wanted;
        const quant::Recipe before = m_session->document.recipe();
        emit table.cellDoubleClicked(wanted, 0);
        QVERIFY(m_session->document.recipe() == *quant::presetRecipe("mptq-vit", 4, 4));
        QVERIFY(m_session->document.history()
                    .state(m_session->document.history().index())
                    .text.contains(QLatin1String("W4 A4")));
        // The line of the recipe that was there brings it back.
        int present = 0;
        while (!table.at(present)->method.starts_with("Present: "))
            ++present;
        emit table.cellDoubleClicked(present, 0);
        QVERIFY(m_session->document.recipe() == before);
        m_session->document.history().stack().undo();
        m_session->document.history().stack().undo();
        QVERIFY(m_session->document.recipe() == before);
    }

    void takesWhatASearchFoundButForLockedSites()
    {
        const std::shared_ptr<const KeptComparison> before = m_session->searches.comparison();
        auto kept = std::make_shared<KeptComparison>(*before);
        report::ComparisonRow& row = kept->table.rows[0];
        row.method = "q-hyvit";
        row.weightBits = row.activationBits = 4;
        row.found = *quant::presetRecipe("minmax", 4, 4);
        const SiteId locked = siteWith(*m_session, graph::Role::Fc1, 0);
        row.found->overrides[m_session->document.sites()[locked].name].bits = 3;
        const quant::Recipe start = m_session->document.recipe();
        m_session->edits.setLocked(std::vector{locked}, true);
        const quant::SiteSettings own = m_session->document.settings(locked);
        m_panel->table().setComparison(kept->table);
        int found = 0;
        while (m_panel->table().at(found)->method != "q-hyvit")
            ++found;
        emit m_panel->table().cellDoubleClicked(found, 0);
        QVERIFY(m_session->document.settings(locked) == own);
        QCOMPARE(m_session->document.recipe().weight.bits, 4);
        QVERIFY(m_session->document.recipe().locked.size() == 1);
        QCOMPARE(m_session->document.history().state(m_session->document.history().index()).text,
                 QStringLiteral("q-hyvit, W4 A4"));
        m_session->document.history().stack().undo();
        m_session->document.history().stack().undo();
        QVERIFY(m_session->document.recipe() == start);
        m_panel->table().setComparison(before->table);
    }

    void fitsThePanel()
    {
        ComparisonTable& table = m_panel->table();
        QVERIFY(table.isVisible());
        const report::Comparison lines = m_panel->comparer().table();
        report::Comparison wide = lines; // every column shown, with a failure
        wide.rows[0].coverage = graph::Coverage::Full;
        wide.rows[1].failure = "the calibration has no statistics of this site: blocks.0.fc1.input";
        for (const report::Comparison& comparison : {wide, lines}) {
            table.setComparison(comparison);
            QVERIFY2(table.horizontalHeader()->length() <= table.viewport()->width(),
                     qPrintable(QStringLiteral("%1 of %2 pixels")
                                    .arg(table.horizontalHeader()->length())
                                    .arg(table.viewport()->width())));
            QVERIFY(table.columnWidth(ComparisonTable::kMethod) >= 100);
        }
        QVERIFY(m_window->width() <= 1280);
    }

    void escapeStops()
    {
        const auto before = rows();
        m_panel->form().setBits({{6, 6}, {3, 3}});
        QTest::mouseClick(&m_panel->form().startButton(), Qt::LeftButton);
        QVERIFY(m_panel->comparer().running());
        QVERIFY(m_session->jobs.running(JobKind::Compare));
        QTest::keyClick(m_window, Qt::Key_Escape);
        QTRY_VERIFY(!m_panel->comparer().running());
        QVERIFY(!m_session->jobs.running(JobKind::Compare));
        QVERIFY(rows().size() >= before.size() && rows().size() < before.size() + 5);
        for (const report::ComparisonRow& row : before)
            QVERIFY(std::ranges::count(rows(), row) == 1);
    }

    void linesSurviveTheSessionFile()
    {
        const report::Comparison before = m_panel->comparer().table();
        const quant::Recipe recipe = m_session->document.recipe();
        const QString path = m_demo->folder() + QStringLiteral("/lines.quantoscope");
        m_session->files.saveSession(path);
        QTRY_VERIFY_WITH_TIMEOUT(!m_session->document.modified() && m_session->document.path() == path, kPatienceMs);
        m_panel->form().clearButton().click();
        QVERIFY(rows().empty() && m_session->document.modified());
        m_session->files.openSession(path);
        QTRY_VERIFY_WITH_TIMEOUT(!rows().empty(), kPatienceMs);
        QVERIFY(m_panel->comparer().table() == before);
        QCOMPARE(m_panel->table().rowCount(), static_cast<int>(before.rows.size()));
        QTRY_VERIFY_WITH_TIMEOUT(settled(*m_session), 8 * kPatienceMs);
        // The lines are not made again, and the recipe of the line that is of no preset is known.
        m_panel->form().setPresets({"minmax", "mptq-vit"});
        m_panel->form().setBits({{4, 4}, {8, 8}});
        QTest::mouseClick(&m_panel->form().startButton(), Qt::LeftButton);
        QTRY_VERIFY_WITH_TIMEOUT(!m_panel->comparer().running(), 8 * kPatienceMs);
        for (const report::ComparisonRow& row : before.rows)
            QVERIFY(std::ranges::count(rows(), row) == 1);
        m_session->edits.applyPreset(QStringLiteral("percentile"), 4, 4);
        int present = 0;
        while (!m_panel->table().at(present)->method.starts_with("Present: "))
            ++present;
        emit m_panel->table().cellDoubleClicked(present, 0);
        QVERIFY(m_session->document.recipe() == recipe);
        QTRY_VERIFY_WITH_TIMEOUT(settled(*m_session), 8 * kPatienceMs);
        grab("3-opened");
    }

    void otherImagesDropTheLines()
    {
        QVERIFY(!rows().empty());
        m_session->folders.open(ImagePurpose::Test, demoFolder() + QStringLiteral("/images/calib"));
        QTRY_VERIFY_WITH_TIMEOUT(rows().empty(), kPatienceMs);
        QVERIFY(!m_panel->reason().isEmpty());
    }
};

QTEST_MAIN(ComparisonTest)
#include "comparison_test.moc"
