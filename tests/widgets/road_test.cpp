// The whole road in the window, offscreen: open the demo, calibrate, select, change bits, evaluate, undo, redo, save
// and reopen, export, check the file. And the frame: actions, strips, themes, drops.
#include "session_helper.h"

#include "core/onnx/import.h"
#include "widgets/frame/panel.h"
#include "widgets/frame/status_figures.h"
#include "widgets/history/history_panel.h"
#include "widgets/model/autosave.h"
#include "widgets/model/history.h"
#include "widgets/shell/actions.h"
#include "widgets/shell/main_window.h"
#include "widgets/shell/message_strip.h"
#include "widgets/theme/colours.h"

#include <QAbstractItemModelTester>
#include <QAction>
#include <QApplication>
#include <QComboBox>
#include <QDialog>
#include <QElapsedTimer>
#include <QFileInfo>
#include <QLabel>
#include <QLineEdit>
#include <QPushButton>
#include <QTableView>
#include <QTableWidget>
#include <QTemporaryDir>
#include <QUndoStack>

#include <ctime>

using namespace qs;
using namespace qs::ui;
using namespace qs::test;

namespace {

QString demoFolder()
{
    for (const QString& place :
         {qEnvironmentVariable("QUANTOSCOPE_RESOURCES"), QStringLiteral(QUANTOSCOPE_SOURCE_RESOURCES)})
        if (!place.isEmpty() && QFileInfo::exists(place + QStringLiteral("/demo/demo_vit.onnx")))
            return place + QStringLiteral("/demo");
    return {};
}

/// The most work that the UI thread did between two turns of its event loop: its own CPU time, so that a busy machine
/// does not count.
class Stall : public QObject {
public:
    Stall()
    {
        m_timer.callOnTimeout(this, [this] {
            const double now = cpuMs();
            m_longestMs = std::max(m_longestMs, now - m_last);
            m_last = now;
        });
        m_timer.start(0);
    }
    /// Since the last call.
    double take() { return std::exchange(m_longestMs, 0); }

private:
    static double cpuMs()
    {
        timespec t{};
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
        return static_cast<double>(t.tv_sec) * 1e3 + static_cast<double>(t.tv_nsec) / 1e6;
    }
    QTimer m_timer;
    double m_last = cpuMs();
    double m_longestMs = 0;
};

} // namespace

class RoadTest : public QObject {
    Q_OBJECT
    QTemporaryDir m_folder;
    std::unique_ptr<JobRunner> m_runner;
    std::unique_ptr<Session> m_session;
    std::unique_ptr<MainWindow> m_window;

    void trigger(Command command)
    {
        QAction* action = m_window->action(command);
        QVERIFY(action);
        QVERIFY2(action->isEnabled(), qPrintable(action->text()));
        action->trigger();
    }
    void grab(const char* name)
    {
        if (const QString folder = qEnvironmentVariable("QUANTOSCOPE_SCREENSHOTS"); !folder.isEmpty())
            m_window->grab().save(folder + QLatin1Char('/') + QLatin1String(name) + QStringLiteral(".png"));
    }

private slots:
    void initTestCase()
    {
        QCoreApplication::setOrganizationName(QStringLiteral("quantoscope-test"));
        QCoreApplication::setApplicationName(QStringLiteral("road"));
        QSettings::setDefaultFormat(QSettings::IniFormat);
        QSettings::setPath(QSettings::IniFormat, QSettings::UserScope, m_folder.path());
    }
    void init()
    {
        m_runner = std::make_unique<JobRunner>(2);
        m_session = std::make_unique<Session>(*m_runner);
        m_window = std::make_unique<MainWindow>(*m_session, demoFolder(), nullptr);
        m_window->resize(1280, 800);
        m_window->show();
        QVERIFY(QTest::qWaitForWindowExposed(m_window.get()));
    }
    void cleanup()
    {
        m_window.reset();
        m_session.reset();
        m_runner.reset();
    }

    void anEmptyWindowSaysWhatToDo()
    {
        const auto labels = m_window->findChildren<QLabel*>();
        QVERIFY(std::ranges::any_of(labels, [](const QLabel* l) {
            return l->isVisible() && l->text().contains(QStringLiteral("Drop an ONNX model here"));
        }));
        for (int command = 0; command < static_cast<int>(Command::BitsOfSites); ++command)
            QVERIFY2(m_window->action(static_cast<Command>(command)), qPrintable(QString::number(command)));
        for (int bits = 2; bits <= 8; ++bits)
            QVERIFY(m_window->action(bitsCommand(bits)));
        QVERIFY(!m_window->action(bitsCommand(9)));
        QVERIFY(!m_window->action(Command::Evaluate)->isEnabled());
        QVERIFY(!m_window->action(Command::ExportModel)->isEnabled());
        QVERIFY(m_window->action(Command::OpenModel)->isEnabled());
        for (QAction* action : m_window->allActions()) // no two actions share a key
            for (const QAction* other : m_window->allActions())
                QVERIFY2(action == other || action->shortcut().isEmpty() || action->shortcut() != other->shortcut(),
                         qPrintable(action->text()));
    }

    void errorsStayInTheStrip()
    {
        m_window->openPaths({QStringLiteral("/nowhere/model.onnx")});
        QTRY_COMPARE_WITH_TIMEOUT(m_window->messages().rows(), 1, kPatienceMs);
        QVERIFY(m_window->messages().texts().first().contains(QStringLiteral("/nowhere/model.onnx")));
        m_window->openPaths({QStringLiteral("/nowhere/model.onnx")}); // said again: still one row
        QTRY_VERIFY_WITH_TIMEOUT(m_session->jobs.list().empty(), kPatienceMs);
        QCOMPARE(m_window->messages().rows(), 1);
        m_window->openPaths({QStringLiteral("/nowhere/notes.txt")});
        QCOMPARE(m_window->messages().rows(), 2);
        grab("errors");
        QVERIFY(!m_session->document.model());
    }

    void keysEditTheSelection()
    {
        m_session->files.put(smallDocument());
        m_session->plans.calibrate();
        QS_SETTLE(*m_session);
        m_session->selection.select(sitesNamed(*m_session, "fc2.input").front());
        m_window->activateWindow();
        QVERIFY(QTest::qWaitForWindowActive(m_window.get()));
        m_window->setFocus();
        QTest::keyClick(m_window.get(), Qt::Key_4);
        QCOMPARE(m_session->document.settings(m_session->selection.current()).bits, 4);
        QTest::keyClick(m_window.get(), Qt::Key_0);
        QVERIFY(m_session->document.settings(m_session->selection.current()).isFloat());
        QTest::keyClick(m_window.get(), Qt::Key_Z, Qt::ControlModifier);
        QCOMPARE(m_session->document.settings(m_session->selection.current()).bits, 4);
        QTest::keyClick(m_window.get(), Qt::Key_Z, Qt::ControlModifier | Qt::ShiftModifier);
        QVERIFY(m_session->document.settings(m_session->selection.current()).isFloat());
        QTest::keyClick(m_window.get(), Qt::Key_L);
        QVERIFY(m_session->document.locked(m_session->selection.current()));
        QTest::keyClick(m_window.get(), Qt::Key_Space);
        QVERIFY(m_session->selection.showBefore());
        QS_SETTLE(*m_session);
    }

    void historyModelIsAProperModel()
    {
        auto* view = m_window->panel(QStringLiteral("history"))->findChild<QTableView*>();
        QAbstractItemModelTester tester(view->model(), QAbstractItemModelTester::FailureReportingMode::QtTest);
        m_session->files.put(smallDocument());
        m_session->plans.calibrate();
        QS_SETTLE(*m_session);
        for (int bits = 2; bits < 6; ++bits)
            m_session->edits.applyPreset(QStringLiteral("minmax"), bits, bits);
        QS_SETTLE(*m_session);
        QCOMPARE(view->model()->rowCount(), 5);
        QCOMPARE(view->currentIndex().row(), 4);
        emit view->clicked(view->model()->index(2, 0));
        QCOMPARE(m_session->document.history().index(), 2);
        m_session->edits.applyPreset(QStringLiteral("percentile"), 8, 8); // what was undone is gone
        QCOMPARE(view->model()->rowCount(), 4);
        const QString csv = dynamic_cast<Panel*>(m_window->panel(QStringLiteral("history")))->tableCsv();
        QCOMPARE(csv.count(u'\n'), 5);
        QS_SETTLE(*m_session);
    }

    void mixedSelectionReadsMixed()
    {
        m_session->files.put(smallDocument());
        const auto fc = sitesNamed(*m_session, "fc");
        m_session->edits.editSites(std::vector<SiteId>{fc[0]}, bitsPatch(4));
        m_session->selection.select(fc);
        auto* bits = m_window->panel(QStringLiteral("recipe"))->findChild<QComboBox*>(QStringLiteral("bits"));
        QCOMPARE(bits->currentText(), QStringLiteral("mixed"));
        bits->setCurrentIndex(bits->findData(6));
        emit bits->activated(bits->currentIndex());
        for (const SiteId id : fc)
            QCOMPARE(m_session->document.settings(id).bits, 6);
        QCOMPARE(bits->currentText(), QStringLiteral("6"));
        QCOMPARE(bits->findText(QStringLiteral("mixed")), -1);
    }

    void theWholeRoad()
    {
        if (demoFolder().isEmpty())
            QSKIP("the demo's model is not in resources/demo");
        Stall stall;
        QStringList failures;
        connect(&m_session->messages, &Messages::failed, this,
                [&failures](const Error& e) { failures << QString::fromStdString(e.text()); });
        const auto say = [&stall](const char* what) {
            qInfo("%s: at most %.1f ms of work at once", what, stall.take());
        };
        trigger(Command::OpenDemo); // opens and calibrates
        QTRY_VERIFY_WITH_TIMEOUT(m_session->document.model() != nullptr, kPatienceMs);
        QTRY_VERIFY_WITH_TIMEOUT(settled(*m_session), 4 * kPatienceMs);
        qInfo().noquote() << m_window->messages().texts().join(u'\n');
        QVERIFY2(failures.isEmpty(), qPrintable(failures.join(u'\n')));
        QVERIFY(m_session->plans.calibration()->images >= 32);
        say("open, calibrate, probe");
        grab("demo");
        trigger(Command::Calibrate);
        QTRY_VERIFY_WITH_TIMEOUT(settled(*m_session), 4 * kPatienceMs);

        // Select a layer and change its bits: new numbers for it, then for the model.
        const auto layer = sitesNamed(*m_session, "fc2");
        QVERIFY(!layer.empty());
        m_session->selection.select(layer);
        const double sqnr = m_session->plans.sitePlan(layer.front())->error.sqnrDb;
        QElapsedTimer clock;
        qint64 previewMs = -1;
        connect(&m_session->plans, &Plans::sitesChanged, this,
                [&] { previewMs = previewMs < 0 ? clock.elapsed() : previewMs; });
        stall.take();
        clock.start();
        trigger(bitsCommand(4));
        QTRY_VERIFY_WITH_TIMEOUT(m_session->plans.sitePlanCurrent(layer.front()), kPatienceMs);
        qInfo("numbers of the site after %lld ms", static_cast<long long>(previewMs));
        QVERIFY(m_session->plans.sitePlan(layer.front())->error.sqnrDb < sqnr);
        QTRY_VERIFY_WITH_TIMEOUT(settled(*m_session), 4 * kPatienceMs);

        say("edit");
        trigger(Command::Evaluate);
        QTRY_VERIFY_WITH_TIMEOUT(m_session->figures.evaluation().current, 4 * kPatienceMs);
        const double edited = *m_session->figures.evaluation()->top1;
        QCOMPARE(m_session->figures.evaluation()->images, m_session->document.testImages()->size());
        QVERIFY(*m_session->figures.evaluation()->floatTop1 >= edited - 0.02);
        const auto* status = m_window->findChild<StatusFigures*>();
        QVERIFY2(status->text().startsWith(QStringLiteral("top-1 ")), qPrintable(status->text()));

        m_session->document.history().stack().undo();
        QCOMPARE(m_session->document.settings(layer.front()).bits, 8);
        QVERIFY(!m_session->figures.evaluation().current); // never evaluated: greyed
        m_session->document.history().stack().redo();
        QVERIFY(m_session->figures.evaluation().current); // known: at once
        QTRY_VERIFY_WITH_TIMEOUT(settled(*m_session), 4 * kPatienceMs);
        grab("edited");

        stall.take();
        // Save, and open in another window.
        const QString file = m_folder.filePath(QStringLiteral("road.quantoscope"));
        m_session->files.saveSession(file);
        QTRY_VERIFY_WITH_TIMEOUT(!m_session->document.modified(), kPatienceMs);
        {
            Session other(*m_runner);
            QStringList errors;
            connect(&other.messages, &Messages::failed, this,
                    [&](const Error& e) { errors << QString::fromStdString(e.text()); });
            other.files.openSession(file);
            QTRY_VERIFY_WITH_TIMEOUT(other.plans.plan().current || !errors.isEmpty(), 4 * kPatienceMs);
            QVERIFY2(errors.isEmpty(), qPrintable(errors.join(u'\n')));
            QVERIFY(other.document.recipe() == m_session->document.recipe());
            QVERIFY(other.plans.calibration().value != nullptr);
            QCOMPARE(other.document.history().size(), m_session->document.history().size());
            QCOMPARE(other.selection.sites(), m_session->selection.sites());
            QCOMPARE(*other.figures.evaluation()->top1, edited);
            QCOMPARE(other.plans.sitePlan(layer.front())->error.sqnrDb,
                     m_session->plans.sitePlan(layer.front())->error.sqnrDb);
            QCOMPARE(other.document.preprocess(), m_session->document.preprocess());
            QTRY_VERIFY_WITH_TIMEOUT(other.jobs.list().empty(), 4 * kPatienceMs);
        }

        // Export and look at the file.
        const QString onnx = m_folder.filePath(QStringLiteral("road.onnx"));
        trigger(Command::ExportModel);
        auto* dialog = m_window->findChild<QDialog*>();
        QVERIFY(dialog && dialog->isVisible());
        dialog->findChild<QLineEdit*>()->setText(onnx);
        std::optional<ExportOutcome> outcome;
        connect(&m_session->exports, &Exports::exported, this, [&](const ExportOutcome& o) { outcome = o; });
        for (QPushButton* button : dialog->findChildren<QPushButton*>())
            if (button->text().contains(QStringLiteral("Write")))
                button->click();
        QTRY_VERIFY_WITH_TIMEOUT(outcome.has_value() || !failures.isEmpty(), 4 * kPatienceMs);
        QVERIFY2(outcome.has_value(), qPrintable(failures.join(u'\n')));
        QVERIFY(outcome->verification.has_value());
        QVERIFY(outcome->verification->passed);
        QVERIFY(dialog->findChild<QTableWidget*>()->rowCount() > 10);
        if (const QString folder = qEnvironmentVariable("QUANTOSCOPE_SCREENSHOTS"); !folder.isEmpty())
            dialog->grab().save(folder + QStringLiteral("/export.png"));
        const auto again = qs::onnx::importModel(onnx.toStdString());
        QVERIFY2(again, again ? "" : again.error().text().c_str());
        QCOMPARE(again->info.classes, m_session->document.model()->info.classes);
        say("export");
    }

    void aSiteOfDeitTinyIsRedrawnAtOnce()
    {
        const QString assets = qEnvironmentVariable("QUANTOSCOPE_TEST_ASSETS");
        if (assets.isEmpty())
            QSKIP("QUANTOSCOPE_TEST_ASSETS is not set");
        m_session->document.setCalibrationCount(8);
        m_session->folders.open(ImagePurpose::Calibration, assets + QStringLiteral("/images/imagenet-calib"));
        QTRY_VERIFY_WITH_TIMEOUT(m_session->document.calibrationImages() != nullptr, kPatienceMs);
        m_session->files.openModel(assets + QStringLiteral("/models/deit_tiny_patch16_224.onnx"));
        QTRY_VERIFY_WITH_TIMEOUT(settled(*m_session), 8 * kPatienceMs);
        QElapsedTimer clock;
        qint64 shownMs = -1;
        const auto shown = [&] { shownMs = shownMs < 0 ? clock.elapsed() : shownMs; };
        connect(&m_session->plans, &Plans::sitesChanged, this, shown);
        connect(&m_session->plans, &Plans::planChanged, this, shown);
        quant::SitePatch mse;
        mse.estimator.emplace();
        mse.estimator->kind = quant::EstimatorKind::Mse;
        for (const char* name :
             {"blocks.3.fc2.input", "blocks.3.fc2.weight", "blocks.3.av.softmax", "blocks.3.qkv.weight"})
            for (const quant::SitePatch& patch : {bitsPatch(4), mse}) {
                const auto sites = sitesNamed(*m_session, name);
                QVERIFY2(!sites.empty(), name);
                m_session->selection.select(sites.front());
                QTest::qWait(50);
                shownMs = -1;
                clock.start();
                m_session->edits.editSelection(patch);
                QTRY_VERIFY_WITH_TIMEOUT(shownMs >= 0, kPatienceMs);
                qInfo("%s, %s: %lld ms", name, patch.bits ? "bits" : "MSE", static_cast<long long>(shownMs));
                QTRY_VERIFY_WITH_TIMEOUT(m_session->plans.plan().current, kPatienceMs);
            }
        m_session->jobs.cancelAll();
    }

    void bothThemesHaveReadableText()
    {
        const auto contrast = [](const QColor& a, const QColor& b) {
            const auto luminance = [](const QColor& c) {
                const auto linear = [](double v) {
                    return v <= 0.03928 ? v / 12.92 : std::pow((v + 0.055) / 1.055, 2.4);
                };
                return 0.2126 * linear(c.redF()) + 0.7152 * linear(c.greenF()) + 0.0722 * linear(c.blueF());
            };
            const double x = luminance(a), y = luminance(b);
            return (std::max(x, y) + 0.05) / (std::min(x, y) + 0.05);
        };
        for (const Theme theme : {Theme::Light, Theme::Dark}) {
            applyTheme(theme);
            const QPalette p = QApplication::palette();
            const Colours& c = colours();
            for (const QColor& background : {p.color(QPalette::Window), p.color(QPalette::Base)}) {
                for (const QColor& text : {p.color(QPalette::WindowText), p.color(QPalette::PlaceholderText), c.good,
                                           c.warning, c.bad, c.stale, c.plotText})
                    QVERIFY2(contrast(text, background) >= 4.5,
                             qPrintable(text.name() + QStringLiteral(" on ") + background.name()));
                for (const QColor& mark : {c.before, c.after, c.histogram, c.grid, c.clip, c.weight, c.activation,
                                           c.rounding, c.clipping, c.isolated, c.accumulated, c.selection})
                    QVERIFY2(contrast(mark, p.color(QPalette::Base)) >= 3, qPrintable(mark.name()));
            }
            QVERIFY(contrast(p.color(QPalette::HighlightedText), p.color(QPalette::Highlight)) >= 4.5);
        }
        applyTheme(Theme::System);
    }
};

QTEST_MAIN(RoadTest)
#include "road_test.moc"
