// Faults of the window that did the wrong thing in silence, each as a case that failed before (their names are those
// of the review of the window).
#include "demo_window.h"

#include "widgets/frame/panel.h"
#include "widgets/panels/comparison/comparer.h"
#include "widgets/panels/comparison/comparison_form.h"
#include "widgets/panels/comparison/comparison_panel.h"
#include "widgets/panels/comparison/comparison_table.h"
#include "widgets/panels/distribution/distribution_panel.h"
#include "widgets/panels/distribution/histogram_plot.h"
#include "widgets/panels/distribution/ribbon_plot.h"
#include "widgets/panels/error/error_panel.h"
#include "widgets/panels/images/images_panel.h"
#include "widgets/panels/layers/layers_panel.h"
#include "widgets/shell/message_strip.h"
#include "widgets/shell/preset_box.h"

#include "core/quant/preset_edits.h"

#include <QAbstractButton>
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
    void preset(const char* name, int w, int a)
    {
        session().applyPreset(QLatin1String(name), w, a);
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
        QTRY_VERIFY_WITH_TIMEOUT(session().profile().current, kDemoPatienceMs);
        for (const QString& name : error->plotNames()) {
            const QString file = m_demo->folder() + QStringLiteral("/plot.png");
            QCOMPARE(error->savePlot(name, file), QString());
            QVERIFY2(colouredPixels(file) > 500, qPrintable(QString::number(colouredPixels(file))));
            QVERIFY(QImage(file).width() >= 1000);
        }
        QVERIFY(error->tableCsv().count(u'\n') > 10);
        QCOMPARE(images->tableCsv().count(u'\n'), static_cast<qsizetype>(session().testImages()->size()) + 1);
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
        QVERIFY(shown.size() > 2 && shown.size() < session().sites().size() / 4);
        window().action(QStringLiteral("Select all sites shown"))->trigger();
        auto sorted = shown;
        std::ranges::sort(sorted);
        QCOMPARE(session().selection(), sorted);
        // A selection that the filter hides is said, since an edit changes it; without the filter it is marked.
        layers->setFilter(QStringLiteral("role:fc2 kind:activation block:0"));
        QVERIFY(layers->counts().contains(
            QStringLiteral("%1 selected, %2 of them hidden").arg(shown.size()).arg(shown.size() - 1)));
        layers->setFilter({});
        QCOMPARE(layers->table().selectionModel()->selectedRows().size(), static_cast<qsizetype>(shown.size()));
        // A filter that shows nothing selects nothing else.
        layers->setFilter(QStringLiteral("no-such-site"));
        window().action(QStringLiteral("Select all sites shown"))->trigger();
        QCOMPARE(session().selection(), sorted);
        layers->setFilter({});
        // Without a filter: all that the coverage has.
        window().action(QStringLiteral("Select all sites shown"))->trigger();
        QVERIFY(std::ranges::all_of(session().selection(), [this](SiteId id) {
            return session().sites()[id].coverage == graph::Coverage::MatMul;
        }));
        QVERIFY(session().selection().size() > shown.size());
    }

    // B4: "before" was the last step of the mouse.
    void beforeIsTheStartOfADrag()
    {
        preset("mptq-vit", 4, 4);
        const SiteId site = siteWith(session(), graph::Role::Fc1, 0);
        session().select(site);
        const auto* numbers = m_demo->control<QLabel>("numbers");
        const auto sqnr = [&] { return QString::number(session().sitePlan(site)->error.sqnrDb, 'f', 1); };
        const auto drag = [&](double alpha, int gesture) {
            quant::SitePatch patch;
            patch.smoothing = session().settings(site).smoothing;
            patch.smoothing->alpha = alpha;
            session().editSites(std::vector{site}, patch, gesture);
            QTRY_VERIFY_WITH_TIMEOUT(session().plan().current, kDemoPatienceMs);
        };
        drag(0.2, session().newGesture());
        const QString start = sqnr();
        const int gesture = session().newGesture();
        for (const double alpha : {0.35, 0.5, 0.65, 0.8})
            drag(alpha, gesture);
        QVERIFY(sqnr() != start);
        QVERIFY2(plain(*numbers).simplified().contains(QStringLiteral("SQNR %1 → %2 dB").arg(start, sqnr())),
                 qPrintable(plain(*numbers)));
        // A drag back to where it began is no step, and nothing changed.
        const int states = session().history().size();
        const QString end = sqnr();
        const int there = session().newGesture();
        drag(0.3, there);
        drag(0.8, there);
        QCOMPARE(session().history().size(), states);
        QVERIFY2(plain(*numbers).simplified().contains(QStringLiteral("SQNR %1 → %1 dB").arg(end)),
                 qPrintable(plain(*numbers)));
        // Undo compares with what was undone.
        session().undoStack().undo();
        QTRY_VERIFY_WITH_TIMEOUT(session().plan().current, kDemoPatienceMs);
        QVERIFY2(plain(*numbers).simplified().contains(QStringLiteral("SQNR %1 → %2 dB").arg(end, start)),
                 qPrintable(plain(*numbers)));
        session().undoStack().redo();
    }

    // B14: the colour of a change stayed that of the other theme.
    void coloursOfNumbersFollowTheTheme()
    {
        QTRY_VERIFY_WITH_TIMEOUT(session().plan().current, kDemoPatienceMs);
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
        session().select(site);
        for (const double alpha : {0.9, 0.5, 0.1, 0.8}) {
            quant::SitePatch patch;
            patch.smoothing = session().settings(site).smoothing;
            patch.smoothing->alpha = alpha;
            session().editSites(std::vector{site}, patch);
            QTRY_VERIFY_WITH_TIMEOUT(session().plan().current, kDemoPatienceMs);
            QTRY_VERIFY(panel->histogram().grid() == &session().sitePlan(site)->grid);
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
        session().editSites(std::vector{site}, wide);
        QTRY_VERIFY_WITH_TIMEOUT(session().plan().current, kDemoPatienceMs);
        QTRY_VERIFY(panel->histogram().xAxis->range().contains(399));
        QTRY_VERIFY(panel->ribbon().yAxis->range().contains(399) && panel->ribbon().yAxis->range().contains(-399));
        session().undoStack().undo();
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
        session().editSites(std::vector{site}, bitsPatch(7));
        QCOMPARE(boxes[0]->currentText(), QStringLiteral("MPTQ-ViT, edited"));
        QSignalSpy notes(&session(), &Session::noticed);
        choose(boxes[1], 6);
        QCOMPARE(session().recipe().weight.bits, 6);
        QCOMPARE(session().settings(site).bits, 7);
        QCOMPARE(boxes[0]->currentText(), QStringLiteral("MPTQ-ViT, edited"));
        QCOMPARE(notes.size(), 1);
        QVERIFY(notes[0][0].toString().contains(QLatin1String("1 site")));
        // The preset itself takes everything back.
        emit boxes[0]->activated(boxes[0]->currentIndex());
        QCOMPARE(boxes[0]->currentText(), QStringLiteral("MPTQ-ViT"));
        QCOMPARE(session().settings(site).bits, 4);
        QS_READY(*m_demo);
    }

    // Other rules that give every site what it has left the plan "of an older recipe" for ever.
    void aRecipeOfTheSameNumbersIsResolved()
    {
        preset("mptq-vit", 4, 4);
        quant::Recipe recipe = session().recipe();
        const SiteId site = siteWith(session(), graph::Role::Fc1, 1);
        recipe.overrides[session().sites()[site].name] = quant::wholePatch(session().settings(site));
        session().setRecipe(recipe, QStringLiteral("the same by hand"));
        session().undoStack().undo();
        session().undoStack().redo();
        QS_READY(*m_demo);
        QCOMPARE(session().plan()->recipe, session().recipe());
        recipe.guard = !recipe.guard;
        session().setRecipe(recipe, QStringLiteral("literally"));
        QTRY_VERIFY_WITH_TIMEOUT(session().plan()->recipe == session().recipe(), kDemoPatienceMs);
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
                session().select(site);
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
        auto set = std::make_shared<ImageSet>(*session().testImages());
        set->folder.classNames.assign(8, {});
        set->folder.classNames[3] = "kite";
        JobRunner runner(1);
        Session other(runner);
        SessionDocument document = smallDocument();
        document.loadedTestImages = set;
        other.restore(std::move(document));
        ImagesPanel panel(other);
        QVERIFY(panel.model().rowCount() > 0);
        for (const ImageRow& row : panel.model().rows())
            if (row.label) {
                const QString wanted =
                    *row.label == 3 ? QStringLiteral("kite") : QStringLiteral("class %1").arg(*row.label);
                QCOMPARE(row.labelName, wanted);
            }
        runner.waitForDone(kPatienceMs);
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
            quant::Recipe recipe = quant::edited(session().recipe(), session().sites(), sites, bitsPatch(3));
            session().setRecipe(recipe, QStringLiteral("2 sites: 3 bits")); // as the history has it
            recipes.push_back(session().recipe());
            QTRY_VERIFY_WITH_TIMEOUT(session().plan().current, kDemoPatienceMs);
            emit panel->form().startWished(present);
            QTRY_VERIFY_WITH_TIMEOUT(!panel->comparer().running(), kDemoPatienceMs);
        }
        const auto& rows = panel->comparer().table().rows;
        QCOMPARE(rows.size(), std::size_t{2});
        QVERIFY(rows[0].method != rows[1].method);
        const SiteId locked = siteWith(session(), graph::Role::Fc2, 2);
        session().setLocked(std::vector{locked}, true);
        for (std::size_t i = 0; i < 2; ++i) {
            emit panel->table().loadWished(rows[1 - i]); // the last comparison's lines stand first
            QVERIFY(session().locked(locked));           // and the present locks stay
            quant::Recipe loaded = session().recipe();
            loaded.locked.clear();
            loaded.overrides.erase(session().sites()[locked].name);
            QCOMPARE(quant::recipeToJson(loaded), quant::recipeToJson(recipes[i]));
        }
        QS_READY(*m_demo);
    }
};

QTEST_MAIN(WindowFaultsTest)
#include "window_faults_test.moc"
