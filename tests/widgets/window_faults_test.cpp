// Faults of the window that did the wrong thing in silence, each as a case that failed before (their names are those
// of the review of the window).
#include "demo_window.h"

#include "widgets/frame/panel.h"
#include "widgets/frame/status_figures.h"
#include "widgets/model/autosave.h"
#include "widgets/panels/comparison/comparer.h"
#include "widgets/panels/comparison/comparison_form.h"
#include "widgets/panels/comparison/comparison_panel.h"
#include "widgets/panels/comparison/comparison_table.h"
#include "widgets/panels/distribution/distribution_panel.h"
#include "widgets/panels/distribution/histogram_plot.h"
#include "widgets/panels/distribution/ribbon_plot.h"
#include "widgets/panels/error/error_panel.h"
#include "widgets/panels/images/classes_pane.h"
#include "widgets/panels/images/images_panel.h"
#include "widgets/panels/layers/layers_panel.h"
#include "widgets/panels/layers/site_row.h"
#include "widgets/shell/actions.h"
#include "widgets/shell/preset_box.h"
#include "widgets/theme/format.h"

#include "core/onnx/export.h"
#include "core/quant/accuracy.h"
#include "core/quant/preset_edits.h"
#include "core/quant/recipe_json.h"

#include <QAbstractButton>
#include <QDialog>
#include <QHeaderView>
#include <QLabel>
#include <QMenu>
#include <QMenuBar>
#include <QTableView>
#include <QTextDocumentFragment>

#include <algorithm>
#include <map>

using namespace qs;
using namespace qs::ui;
using namespace qs::test;

namespace {

/// Pixels of a saved picture that have a hue: grid, frame and text are grey.
int colouredPixels(const QString& path)
{
    const QImage image(path);
    int count = 0;
    for (int y = 0; y < image.height(); ++y)
        for (int x = 0; x < image.width(); ++x)
            count += image.pixelColor(x, y).saturation() > 80 && image.pixelColor(x, y).value() > 60;
    return count;
}

QString plain(const QLabel& label)
{
    return QTextDocumentFragment::fromHtml(label.text()).toPlainText();
}

} // namespace

class WindowFaultsTest : public QObject {
    Q_OBJECT
private:
    std::unique_ptr<DemoWindow> m_demo;
    Session& session() { return m_demo->session(); }
    MainWindow& window() { return m_demo->window(); }
    void calibrateAgain()
    {
        session().plans.calibrate();
        QTRY_VERIFY_WITH_TIMEOUT(session().plans.calibration().current && !session().plans.calibration().running,
                                 kDemoPatienceMs);
        QS_READY(*m_demo);
    }
    void preset(const char* name, int w, int a)
    {
        session().edits.applyPreset(QLatin1String(name), w, a);
        QS_READY(*m_demo);
    }

private slots:
    void initTestCase()
    {
        if (!hasDemo())
            QSKIP("the demo model is not there");
        m_demo = std::make_unique<DemoWindow>("window-faults");
        window().openDemo();
        QS_READY(*m_demo);
    }

    void cleanupTestCase() { m_demo.reset(); }

    // B3: a plot, or a table, of a tab that was never shown was empty.
    void plotsOfATabThatWasNeverShownAreDrawn()
    {
        auto* error = m_demo->panel<ErrorPanel>("error");
        auto* images = m_demo->panel<ImagesPanel>("images");
        QVERIFY(error && images && !error->isVisible() && !images->isVisible());
        QTRY_VERIFY_WITH_TIMEOUT(session().figures.profile().current, kDemoPatienceMs);
        for (const QString& name : error->plotNames()) {
            const QString file = m_demo->folder() + QStringLiteral("/plot.png");
            QCOMPARE(error->savePlot(name, file), QString());
            QVERIFY2(colouredPixels(file) > 500, qPrintable(QString::number(colouredPixels(file))));
            QVERIFY(QImage(file).width() >= 1000);
        }
        QVERIFY(error->tableCsv().count(u'\n') > 10);
        QCOMPARE(images->tableCsv().count(u'\n'),
                 static_cast<qsizetype>(session().document.testImages()->size()) + 1);
        // Nothing to draw is said, not drawn.
        auto* bits = m_demo->panel<Panel>("bits");
        const QString nothing = m_demo->folder() + QStringLiteral("/nothing.png");
        QVERIFY(bits->savePlot(bits->plotNames().front(), nothing).contains(QLatin1String("No search yet")));
        QVERIFY(!QFileInfo::exists(nothing));
    }

    // B1: Ctrl+A selected, and edits changed, what the filter hides.
    void selectAllIsOfTheSitesThatAreShown()
    {
        auto* layers = m_demo->panel<LayersPanel>("layers");
        layers->setFilter(QStringLiteral("role:fc2 kind:activation"));
        const auto shown = layers->visibleSites();
        QVERIFY(shown.size() > 2 && shown.size() < session().document.sites().size() / 4);
        window().action(Command::SelectAll)->trigger();
        auto sorted = shown;
        std::ranges::sort(sorted);
        QCOMPARE(session().selection.sites(), sorted);
        // A selection that the filter hides is said, since an edit changes it; without the filter it is marked.
        layers->setFilter(QStringLiteral("role:fc2 kind:activation block:0"));
        QVERIFY(layers->counts().contains(
            QStringLiteral("%1 selected, %2 of them hidden").arg(shown.size()).arg(shown.size() - 1)));
        layers->setFilter({});
        QCOMPARE(layers->table().selectionModel()->selectedRows().size(), static_cast<qsizetype>(shown.size()));
        // A filter that shows nothing selects nothing else.
        layers->setFilter(QStringLiteral("no-such-site"));
        window().action(Command::SelectAll)->trigger();
        QCOMPARE(session().selection.sites(), sorted);
        layers->setFilter({});
        // Without a filter: all that the coverage has.
        window().action(Command::SelectAll)->trigger();
        QVERIFY(std::ranges::all_of(session().selection.sites(), [this](SiteId id) {
            return session().document.sites()[id].coverage == graph::Coverage::MatMul;
        }));
        QVERIFY(session().selection.sites().size() > shown.size());
    }

    // B4: "before" was the last step of the mouse.
    void beforeIsTheStartOfADrag()
    {
        preset("mptq-vit", 4, 4);
        const SiteId site = siteWith(session(), graph::Role::Fc1, 0);
        session().selection.select(site);
        const auto* numbers = m_demo->control<QLabel>("numbers");
        const auto sqnr = [&] { return QString::number(session().plans.sitePlan(site)->error.sqnrDb, 'f', 1); };
        const auto drag = [&](double alpha, int gesture) {
            quant::SitePatch patch;
            patch.smoothing = session().document.settings(site).smoothing;
            patch.smoothing->alpha = alpha;
            session().edits.editSites(std::vector{site}, patch, gesture);
            QTRY_VERIFY_WITH_TIMEOUT(session().plans.plan().current, kDemoPatienceMs);
        };
        drag(0.2, session().edits.newGesture());
        const QString start = sqnr();
        const int gesture = session().edits.newGesture();
        for (const double alpha : {0.35, 0.5, 0.65, 0.8})
            drag(alpha, gesture);
        QVERIFY(sqnr() != start);
        QVERIFY2(plain(*numbers).simplified().contains(QStringLiteral("SQNR %1 → %2 dB").arg(start, sqnr())),
                 qPrintable(plain(*numbers)));
        // A drag back to where it began is no step, and nothing changed.
        const int states = session().document.history().size();
        const QString end = sqnr();
        const int there = session().edits.newGesture();
        drag(0.3, there);
        drag(0.8, there);
        QCOMPARE(session().document.history().size(), states);
        QVERIFY2(plain(*numbers).simplified().contains(QStringLiteral("SQNR %1 → %1 dB").arg(end)),
                 qPrintable(plain(*numbers)));
        // Undo compares with what was undone.
        session().document.history().stack().undo();
        QTRY_VERIFY_WITH_TIMEOUT(session().plans.plan().current, kDemoPatienceMs);
        QVERIFY2(plain(*numbers).simplified().contains(QStringLiteral("SQNR %1 → %2 dB").arg(end, start)),
                 qPrintable(plain(*numbers)));
        session().document.history().stack().redo();
    }

    // B14: the colour of a change stayed that of the other theme.
    void coloursOfNumbersFollowTheTheme()
    {
        QTRY_VERIFY_WITH_TIMEOUT(session().plans.plan().current, kDemoPatienceMs);
        const auto* numbers = m_demo->control<QLabel>("numbers");
        const auto tinted = [&] {
            return numbers->text().contains(colours().good.name()) || numbers->text().contains(colours().bad.name());
        };
        QVERIFY2(tinted(), qPrintable(numbers->text()));
        const QString light = numbers->text();
        applyTheme(Theme::Dark);
        QTRY_VERIFY(numbers->text() != light);
        QVERIFY(tinted());
        applyTheme(Theme::Light);
        QTRY_COMPARE(numbers->text(), light);
    }

    // B13: a clip limit outside of the axis could not be grabbed; limits were missing from the ranges.
    void clipLimitsAreInsideTheAxes()
    {
        auto* panel = m_demo->panel<DistributionPanel>("distribution");
        window().showPanel(QStringLiteral("distribution"));
        const SiteId site = siteWith(session(), graph::Role::Fc1, 0);
        session().selection.select(site);
        for (const double alpha : {0.9, 0.5, 0.1, 0.8}) {
            quant::SitePatch patch;
            patch.smoothing = session().document.settings(site).smoothing;
            patch.smoothing->alpha = alpha;
            session().edits.editSites(std::vector{site}, patch);
            QTRY_VERIFY_WITH_TIMEOUT(session().plans.plan().current, kDemoPatienceMs);
            QTRY_VERIFY(panel->histogram().grid() == &session().plans.sitePlan(site)->grid);
            const auto limits = *panel->histogram().limits();
            const QCPRange axis = panel->histogram().xAxis->range();
            QVERIFY2(axis.contains(limits.low) && axis.contains(limits.high),
                     qPrintable(QStringLiteral("α %1: %2 … %3 in %4 … %5")
                                    .arg(alpha)
                                    .arg(limits.low)
                                    .arg(limits.high)
                                    .arg(axis.lower)
                                    .arg(axis.upper)));
        }
        // A wide range by hand: both plots have it.
        quant::SitePatch wide;
        wide.estimator = quant::Estimator{quant::EstimatorKind::Manual};
        wide.estimator->low = -400;
        wide.estimator->high = 400;
        session().edits.editSites(std::vector{site}, wide);
        QTRY_VERIFY_WITH_TIMEOUT(session().plans.plan().current, kDemoPatienceMs);
        QTRY_VERIFY(panel->histogram().xAxis->range().contains(399));
        QTRY_VERIFY(panel->ribbon().yAxis->range().contains(399) && panel->ribbon().yAxis->range().contains(-399));
        session().document.history().stack().undo();
    }

    // B9: other bits wiped what was changed by hand, and the box went on to name the preset.
    void otherBitsKeepWhatWasChangedByHand()
    {
        preset("mptq-vit", 4, 4);
        auto* box = window().findChild<PresetBox*>();
        const auto boxes = box->findChildren<QComboBox*>();
        QCOMPARE(boxes.size(), 3);
        QCOMPARE(boxes[0]->currentText(), QStringLiteral("MPTQ-ViT"));
        const SiteId site = siteWith(session(), graph::Role::Fc1, 1);
        session().edits.editSites(std::vector{site}, bitsPatch(7));
        QCOMPARE(boxes[0]->currentText(), QStringLiteral("MPTQ-ViT, edited"));
        QSignalSpy notes(&session().messages, &Messages::noticed);
        choose(boxes[1], 6);
        QCOMPARE(session().document.recipe().weight.bits, 6);
        QCOMPARE(session().document.settings(site).bits, 7);
        QCOMPARE(boxes[0]->currentText(), QStringLiteral("MPTQ-ViT, edited"));
        QCOMPARE(notes.size(), 1);
        QVERIFY(notes[0][0].toString().contains(QLatin1String("1 site")));
        // The preset itself takes everything back.
        emit boxes[0]->activated(boxes[0]->currentIndex());
        QCOMPARE(boxes[0]->currentText(), QStringLiteral("MPTQ-ViT"));
        QCOMPARE(session().document.settings(site).bits, 4);
        QS_READY(*m_demo);
    }

    // Other rules that give every site what it has left the plan "of an older recipe" for ever.
    void aRecipeOfTheSameNumbersIsResolved()
    {
        preset("mptq-vit", 4, 4);
        quant::Recipe recipe = session().document.recipe();
        const SiteId site = siteWith(session(), graph::Role::Fc1, 1);
        recipe.overrides[session().document.sites()[site].name] =
            quant::wholePatch(session().document.settings(site));
        session().edits.setRecipe(recipe, QStringLiteral("the same by hand"));
        session().document.history().stack().undo();
        session().document.history().stack().redo();
        QS_READY(*m_demo);
        QCOMPARE(session().plans.plan()->recipe, session().document.recipe());
        recipe.guard = !recipe.guard;
        session().edits.setRecipe(recipe, QStringLiteral("literally"));
        QTRY_VERIFY_WITH_TIMEOUT(session().plans.plan()->recipe == session().document.recipe(), kDemoPatienceMs);
        QS_READY(*m_demo);
    }

    // B12: Alt+Q opened a field of the recipe instead of the menu; Alt+1 raised Layers without the keys.
    void everyMnemonicIsForOneThing()
    {
        for (const graph::Role role : {graph::Role::Fc1, graph::Role::Proj, graph::Role::SoftmaxOutput})
            for (const graph::SiteKind kind : {graph::SiteKind::Activation, graph::SiteKind::Weight}) {
                const SiteId site = siteWith(session(), role, 1, kind);
                if (!site.valid())
                    continue;
                session().selection.select(site);
                std::map<QString, QStringList> uses;
                const auto add = [&uses](const QString& text) {
                    const QString key = QKeySequence::mnemonic(text).toString();
                    if (!key.isEmpty())
                        uses[key] << text;
                };
                for (const QAction* menu : window().menuBar()->actions())
                    add(menu->text());
                for (const QLabel* label : window().findChildren<QLabel*>())
                    if (label->buddy() && label->isVisibleTo(&window()))
                        add(label->text());
                for (const QAbstractButton* button : window().findChildren<QAbstractButton*>())
                    if (button->isVisibleTo(&window()))
                        add(button->text());
                QVERIFY(uses.size() > 15);
                for (const auto& [key, texts] : uses)
                    QVERIFY2(texts.size() == 1, qPrintable(key + QStringLiteral(": ") + texts.join(u'|')));
            }
    }

    void raisingAPanelGivesItTheKeys()
    {
        window().activateWindow();
        for (const QString& id : window().panelIds()) {
            window().showPanel(id);
            QWidget* focus = QApplication::focusWidget();
            QVERIFY2(focus && window().panel(id)->isAncestorOf(focus), qPrintable(id));
        }
        window().showPanel(QStringLiteral("layers"));
        QCOMPARE(QApplication::focusWidget(), &m_demo->panel<LayersPanel>("layers")->table());
    }

    // B7: a class without a name in the labels had none at all.
    void everyClassHasAName()
    {
        auto set = std::make_shared<ImageSet>(*session().document.testImages());
        set->folder.classNames.assign(8, {});
        set->folder.classNames[3] = "kite";
        JobRunner runner(1);
        Session other(runner);
        SessionDocument document = smallDocument();
        document.loadedTestImages = set;
        other.files.put(std::move(document));
        ImagesPanel images(other.document, other.selection, other.plans, other.figures, other.jobs.runner());
        ClassesPane& panel = images.classes();
        QVERIFY(panel.model().rowCount() > 0);
        for (const ImageRow& row : panel.model().rows())
            if (row.label) {
                const QString wanted =
                    *row.label == 3 ? QStringLiteral("kite") : QStringLiteral("class %1").arg(*row.label);
                QCOMPARE(row.labelName, wanted);
            }
        // Names of a file of the user's come before them.
        QTemporaryDir folder;
        QFile list(folder.filePath(QStringLiteral("names.txt")));
        QVERIFY(list.open(QIODevice::WriteOnly));
        list.write("ant\nbee\ncow\ndog\nelk\n");
        list.close();
        other.files.loadClassNames(list.fileName());
        images.show();
        QTRY_COMPARE(panel.model().rows()[1].labelName, QStringLiteral("bee"));
        other.files.loadClassNames(QStringLiteral("/no/such/list.txt")); // and stay
        QCOMPARE(other.document.classNames().size(), std::size_t{5});
        runner.waitForDone(kPatienceMs);
    }

    // N1, N5: "±0.0" read as an error of zero; the size was of a file that is not written.
    void theStatusSaysIntervalsAndTheFilesSize()
    {
        preset("mptq-vit", 4, 4);
        auto* status = window().findChild<StatusFigures*>();
        QTRY_VERIFY_WITH_TIMEOUT(status->text().contains(QLatin1String("on disk")), kDemoPatienceMs);
        QVERIFY2(status->text().contains(QLatin1String(" points")), qPrintable(status->text()));
        QVERIFY(!status->text().contains(QChar(0x00B1)));
        const auto interval = *quant::top1Interval(*session().figures.probe());
        QVERIFY(status->text().contains(QStringLiteral("(%1)").arg(formatShares(interval.low, interval.high))));
        const QString file = m_demo->folder() + QStringLiteral("/written.onnx");
        QVERIFY(onnx::exportModel(*session().document.model(), *session().plans.plan(), file.toStdString(), {}));
        QVERIFY(status->text().contains(
            sizeText(static_cast<std::size_t>(QFileInfo(file).size()), session().plans.plan()->modelBytes)));
        const History& history = session().document.history();
        QVERIFY(accuracyText(*session().figures.probe()).contains(QLatin1String("points")) && history.size() > 1);
    }

    // N2: figures of the calibration images were not called so.
    void figuresOfCalibrationImagesAreCalledSo()
    {
        JobRunner runner(2);
        {
            Session other(runner);
            StatusFigures status(other.document, other.plans, other.figures, other.jobs);
            SessionDocument document = smallDocument();
            document.loadedTestImages.reset();
            other.files.put(std::move(document));
            other.plans.calibrate();
            QTRY_VERIFY_WITH_TIMEOUT(other.figures.probe().current, kPatienceMs);
            QTRY_VERIFY2(status.text().contains(QLatin1String("top-1 on calibration images")),
                         qPrintable(status.text()));
            QVERIFY(status.basis().contains(QLatin1String("16 calibration images")));
        }
        QVERIFY(runner.waitForDone(kPatienceMs));
    }

    // N6: "256 calib" where 32 are used.
    void theCornerSaysHowManyImagesAreUsed()
    {
        const auto* corner = qobject_cast<QLabel*>(window().menuBar()->cornerWidget());
        const std::size_t all = session().document.calibrationImages()->size();
        const std::size_t before = session().document.calibrationCount();
        session().document.setCalibrationCount(5);
        QTRY_VERIFY2(corner->text().contains(QStringLiteral("5 of %1 calib").arg(all)), qPrintable(corner->text()));
        session().document.setCalibrationCount(before);
        calibrateAgain();
    }

    // N10: the best of lines that differ by chance was marked.
    void onlyWhatIsClearlyBestIsMarked()
    {
        report::Comparison table;
        table.images = 1000;
        for (const double top1 : {0.981, 0.972, 0.80}) {
            report::ComparisonRow row;
            row.key = row.method = std::to_string(top1);
            row.top1 = top1;
            row.labelled = 1000;
            row.agreement = top1;
            table.rows.push_back(row);
        }
        const auto marked = [](const report::Comparison& comparison) {
            ComparisonTable view;
            view.setComparison(comparison);
            int bold = 0;
            for (int row = 0; row < view.rowCount(); ++row)
                bold += view.item(row, ComparisonTable::kTop1)->font().bold();
            return bold;
        };
        QCOMPARE(marked(table), 0);
        table.rows[1].top1 = 0.90;
        QCOMPARE(marked(table), 1);
        table.images = table.rows[0].labelled = table.rows[1].labelled = table.rows[2].labelled = 50; // fewer: noise
        QCOMPARE(marked(table), 0);
    }

    // B16: a session came back in another order.
    void aSessionKeepsItsSortOrder()
    {
        auto* layers = m_demo->panel<LayersPanel>("layers");
        layers->table().sortByColumn(static_cast<int>(SiteColumn::Sqnr), Qt::DescendingOrder);
        const auto order = layers->visibleSites();
        const QString file = m_demo->folder() + QStringLiteral("/sorted.quantoscope");
        session().files.saveSession(file);
        QTRY_COMPARE_WITH_TIMEOUT(session().document.path(), file, kDemoPatienceMs);
        window().action(Command::SaveSession)->trigger(); // as the window does it: with what it looks like
        QTRY_VERIFY_WITH_TIMEOUT(!session().jobs.running(JobKind::SaveSession), kDemoPatienceMs);
        layers->table().sortByColumn(static_cast<int>(SiteColumn::Site), Qt::AscendingOrder);
        QVERIFY(layers->visibleSites() != order);
        QSignalSpy opened(&session().document, &Document::modelChanged);
        session().files.openSession(file);
        QTRY_COMPARE_WITH_TIMEOUT(opened.size(), 1, kDemoPatienceMs);
        QCOMPARE(layers->table().horizontalHeader()->sortIndicatorSection(), static_cast<int>(SiteColumn::Sqnr));
        QTRY_VERIFY_WITH_TIMEOUT(layers->visibleSites() == order, kDemoPatienceMs);
        QS_READY(*m_demo);
    }

    // B16: and without its name, so that Save asked for one.
    void aRecoveredSessionKeepsItsName()
    {
        QVERIFY(!session().document.path().isEmpty());
        QTemporaryDir folder;
        Autosave autosave(session(), folder.path(), 3600000);
        session().edits.editSites(std::vector{siteWith(session(), graph::Role::Fc2, 0)}, bitsPatch(5));
        QSignalSpy saved(&autosave, &Autosave::saved);
        autosave.save();
        QTRY_COMPARE_WITH_TIMEOUT(saved.size(), 1, kDemoPatienceMs);
        const QStringList files = QDir(folder.path()).entryList({QStringLiteral("*.quantoscope")});
        QCOMPARE(files.size(), 1);
        JobRunner runner(1);
        {
            Session other(runner);
            other.files.recover(folder.filePath(files.front()));
            QTRY_VERIFY_WITH_TIMEOUT(other.document.model() != nullptr, kDemoPatienceMs);
            QCOMPARE(other.document.path(), session().document.path());
            QVERIFY(other.document.modified());
        }
        QVERIFY(runner.waitForDone(kDemoPatienceMs));
        autosave.finish();
        session().document.history().stack().undo();
        QS_READY(*m_demo);
    }

    // N8: "channel" of what are key tokens and dimensions of heads.
    void axesAreNamedByWhatTheyAre()
    {
        window().showPanel(QStringLiteral("distribution"));
        auto* panel = m_demo->panel<DistributionPanel>("distribution");
        for (const auto& [role, name] : {std::pair{graph::Role::SoftmaxOutput, "key token"},
                                         {graph::Role::QueryOperand, "head dimension"},
                                         {graph::Role::KeyOperand, "head dimension"},
                                         {graph::Role::ValueOperand, "key token"},
                                         {graph::Role::Fc1, "channel"}}) {
            session().selection.select(siteWith(session(), role, 1));
            QTRY_COMPARE_WITH_TIMEOUT(panel->ribbon().xAxis->label(), QLatin1String(name), kPatienceMs);
        }
        session().selection.select(siteWith(session(), graph::Role::Fc1, 1, graph::SiteKind::Weight));
        QTRY_COMPARE_WITH_TIMEOUT(panel->ribbon().xAxis->label(), QStringLiteral("output channel"), kPatienceMs);
    }

    // N9: shares of different signals were added up.
    void sharesOfSeveralLayersAreNotSummed()
    {
        window().showPanel(QStringLiteral("error"));
        auto* panel = m_demo->panel<ErrorPanel>("error");
        session().selection.select(
            std::vector{siteWith(session(), graph::Role::Fc1, 0), siteWith(session(), graph::Role::Fc1, 1)});
        QTRY_VERIFY(panel->hoverText().contains(QLatin1String("2 layers, the most of each")));
    }

    void theModelsInputCanBeChosenAtAnyTime()
    {
        window().action(Command::InputAndOutput)->trigger();
        QDialog* dialog = nullptr;
        for (QDialog* one : window().findChildren<QDialog*>())
            if (one->isVisible())
                dialog = one;
        QVERIFY(dialog);
        QVERIFY(dialog->windowTitle().contains(QLatin1String("leaves open")));
        dialog->reject();
    }

    // A8: two lines of the same words loaded the recipe of the second.
    void linesOfTheSameWordsKeepTheirRecipes()
    {
        auto* panel = m_demo->panel<ComparisonPanel>("comparison");
        ComparisonWish present;
        present.present = true;
        const std::vector<SiteId> first{siteWith(session(), graph::Role::Fc1, 0)};
        const std::vector<SiteId> second{siteWith(session(), graph::Role::Fc1, 1)};
        std::vector<quant::Recipe> recipes;
        for (const auto& sites : {first, second}) {
            quant::Recipe recipe =
                quant::edited(session().document.recipe(), session().document.sites(), sites, bitsPatch(3));
            session().edits.setRecipe(recipe, QStringLiteral("2 sites: 3 bits")); // as the history has it
            recipes.push_back(session().document.recipe());
            QTRY_VERIFY_WITH_TIMEOUT(session().plans.plan().current, kDemoPatienceMs);
            emit panel->form().startWished(present);
            QTRY_VERIFY_WITH_TIMEOUT(!panel->comparer().running(), kDemoPatienceMs);
        }
        const auto& rows = panel->comparer().table().rows;
        QCOMPARE(rows.size(), std::size_t{2});
        QVERIFY(rows[0].method != rows[1].method);
        const SiteId locked = siteWith(session(), graph::Role::Fc2, 2);
        session().edits.setLocked(std::vector{locked}, true);
        for (std::size_t i = 0; i < 2; ++i) {
            emit panel->table().loadWished(rows[1 - i]); // the last comparison's lines stand first
            QVERIFY(session().document.locked(locked));  // and the present locks stay
            quant::Recipe loaded = session().document.recipe();
            loaded.locked.clear();
            loaded.overrides.erase(session().document.sites()[locked].name);
            QCOMPARE(quant::recipeToJson(loaded), quant::recipeToJson(recipes[i]));
        }
        QS_READY(*m_demo);
    }
};

QTEST_MAIN(WindowFaultsTest)
#include "window_faults_test.moc"
