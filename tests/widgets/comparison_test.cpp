// Methods beside each other, offscreen, on the demo: a comparison is run, stopped, continued and sorted, and a line
// of it is taken as the recipe and undone. With QUANTOSCOPE_SCREENSHOTS set to a folder, pictures are written there.
#include "session_helper.h"

#include "widgets/panels/comparison/comparison_form.h"
#include "widgets/panels/comparison/comparison_panel.h"
#include "widgets/panels/comparison/comparison_table.h"
#include "widgets/session/history.h"
#include "widgets/shell/main_window.h"

#include <QFileInfo>
#include <QHeaderView>
#include <QPushButton>
#include <QSettings>
#include <QTemporaryDir>
#include <QUndoStack>

using namespace qs;
using namespace qs::ui;
using namespace qs::test;

namespace {
const QString kDemo = QStringLiteral(QUANTOSCOPE_SOURCE_RESOURCES) + QStringLiteral("/demo");
}

class ComparisonTest : public QObject {
    Q_OBJECT
    QTemporaryDir m_folder;
    std::unique_ptr<JobRunner> m_runner;
    std::unique_ptr<Session> m_session;
    std::unique_ptr<MainWindow> m_window;
    ComparisonPanel* m_panel = nullptr;

    const std::vector<report::ComparisonRow>& rows() { return m_panel->comparer().table().rows; }

    void grab(const char* name)
    {
        const QString folder = qEnvironmentVariable("QUANTOSCOPE_SCREENSHOTS");
        if (folder.isEmpty())
            return;
        for (const Theme theme : {Theme::Light, Theme::Dark}) {
            applyTheme(theme);
            QTest::qWait(500);
            m_window->grab().save(QStringLiteral("%1/comparison-%2-%3.png")
                                      .arg(folder, QLatin1String(name),
                                           theme == Theme::Light ? QStringLiteral("light") : QStringLiteral("dark")));
        }
    }

private slots:
    void initTestCase()
    {
        if (!QFileInfo::exists(kDemo + QStringLiteral("/demo_vit.onnx")))
            QSKIP("the demo model is not there");
        QCoreApplication::setOrganizationName(QStringLiteral("quantoscope-test"));
        QCoreApplication::setApplicationName(QStringLiteral("comparison"));
        QSettings::setDefaultFormat(QSettings::IniFormat);
        QSettings::setPath(QSettings::IniFormat, QSettings::UserScope, m_folder.path());
        applyTheme(Theme::Light);
        m_runner = std::make_unique<JobRunner>(2);
        m_session = std::make_unique<Session>(*m_runner);
        connect(m_session.get(), &Session::failed, this,
                [](const Error& error) { qWarning("%s", error.text().c_str()); });
        m_window = std::make_unique<MainWindow>(*m_session, kDemo, nullptr);
        m_panel = qobject_cast<ComparisonPanel*>(m_window->panel(QStringLiteral("comparison")));
        QVERIFY(m_panel);
        m_window->resize(1280, 800);
        m_window->show();
        QVERIFY(QTest::qWaitForWindowExposed(m_window.get()));
    }
    void cleanupTestCase()
    {
        m_window.reset();
        m_session.reset();
        m_runner.reset();
    }

    void saysWhatIsMissing()
    {
        QVERIFY(m_panel->reason().contains(QLatin1String("No model")));
        m_session->openDemo(kDemo);
        QTRY_VERIFY_WITH_TIMEOUT(m_session->model() != nullptr, kPatienceMs);
        m_window->showPanel(QStringLiteral("comparison"));
        QVERIFY(!m_panel->form().startButton().isEnabled());
        QTRY_VERIFY_WITH_TIMEOUT(settled(*m_session), 8 * kPatienceMs);
        QTRY_VERIFY(m_panel->form().startButton().isEnabled());
        QVERIFY(m_panel->reason().contains(QLatin1String("press Compare")));
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
        const quant::Recipe before = m_session->recipe();
        emit table.cellDoubleClicked(wanted, 0);
        QVERIFY(m_session->recipe() == *quant::presetRecipe("mptq-vit", 4, 4));
        QVERIFY(m_session->history().state(m_session->history().index()).text.contains(QLatin1String("W4 A4")));
        // The line of the recipe that was there brings it back.
        int present = 0;
        while (!table.at(present)->method.starts_with("Present: "))
            ++present;
        emit table.cellDoubleClicked(present, 0);
        QVERIFY(m_session->recipe() == before);
        m_session->undoStack().undo();
        m_session->undoStack().undo();
        QVERIFY(m_session->recipe() == before);
    }

    void otherImagesDropTheLines()
    {
        QVERIFY(!rows().empty());
        m_session->openTestImages(kDemo + QStringLiteral("/images/calib"));
        QTRY_VERIFY_WITH_TIMEOUT(rows().empty(), kPatienceMs);
        QVERIFY(!m_panel->reason().isEmpty());
    }
};

QTEST_MAIN(ComparisonTest)
#include "comparison_test.moc"
