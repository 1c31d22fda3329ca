// What is doubtful, in the window: each planted thing becomes a strip whose button mends it, right data none, and
// nothing moves when a strip comes or goes.
#include "demo_window.h"

#include "core/quant/guard.h"
#include "widgets/model/doubt_list.h"
#include "widgets/model/site_notes.h"
#include "widgets/shell/actions.h"
#include "widgets/shell/doubts_view.h"

#include <QAction>
#include <QDialog>
#include <QDialogButtonBox>
#include <QPushButton>
#include <QSignalSpy>
#include <QSpinBox>
#include <QToolButton>
#include <QUndoStack>

#include <algorithm>
#include <fstream>

using namespace qs;
using namespace qs::ui;
using namespace qs::test;

namespace {

/// Images 0 to count - 1 of the demo's test images without those of the last class, with all labels one too high.
void copyWithLabelsFromOne(const QString& to, int count)
{
    const QString from = demoFolder() + QStringLiteral("/images/test/");
    std::ifstream labels((from + QStringLiteral("labels.csv")).toStdString());
    std::ofstream moved((to + QStringLiteral("/labels.csv")).toStdString());
    std::string line;
    std::getline(labels, line);
    moved << "file,class_index\n";
    int last = 0;
    std::vector<std::pair<std::string, int>> rows;
    while (std::getline(labels, line)) {
        const auto comma = line.find(',');
        rows.emplace_back(line.substr(0, comma), std::stoi(line.substr(comma + 1)));
        last = std::max(last, rows.back().second);
    }
    for (const auto& [name, label] : rows) {
        if (label == last || count-- <= 0)
            continue;
        const QString file = QString::fromStdString(name);
        QFile::copy(from + file, to + QLatin1Char('/') + file);
        moved << name << ',' << label + 1 << '\n';
    }
}

} // namespace

class DoubtsTest : public QObject {
    Q_OBJECT
private:
    static DoubtsView* view(DemoWindow& demo)
    {
        return demo.window().findChild<DoubtsView*>(QStringLiteral("DoubtsView"));
    }
    static QPushButton* remedy(DemoWindow& demo, const QString& text)
    {
        for (auto* button : view(demo)->findChildren<QPushButton*>())
            if (button->isVisible() && button->text() == text)
                return button;
        return nullptr;
    }

private slots:
    void plantedDoubtsAreStripsThatMoveNothing()
    {
        DemoWindow demo("doubts");
        SessionDocument document = smallDocument();
        auto model = std::make_shared<onnx::Model>(*document.loadedModel);
        model->info.assumed = {
            {DoubtKind::Assumption, "the height and width are symbolic: 8 x 8 assumed", "--input-size", {}}};
        document.loadedModel = model;
        demo.session().files.put(document);
        QVERIFY(view(demo)->isVisible());
        QCOMPARE(view(demo)->texts(),
                 QStringList{QStringLiteral("The height and width are symbolic: 8 x 8 assumed")});
        QVERIFY(remedy(demo, QStringLiteral("Choose…")));

        auto preprocess = demo.session().document.preprocess();
        preprocess.mean = {123.675F, 116.28F, 103.53F};
        preprocess.stddev = {58.395F, 57.12F, 57.375F};
        demo.session().document.setPreprocess(preprocess);
        QCOMPARE(view(demo)->texts().size(), 2);
        QCOMPARE(view(demo)->counter()->text(), QStringLiteral("2 doubts"));
        shoot(demo.window(), QStringLiteral("doubts"));
        remedy(demo, QStringLiteral("Divide by 255"))->click();
        QTRY_COMPARE(view(demo)->texts().size(), 1);
        QVERIFY(std::abs(demo.session().document.preprocess().mean[0] - 0.485F) < 1e-6F);

        QWidget* layers = demo.window().panel(QStringLiteral("layers"));
        const auto place = [&] { return QRect(layers->mapTo(&demo.window(), QPoint()), layers->size()); };
        QTest::qWait(300); // the preprocessing started a calibration, which says that there are no such files
        const QRect before = place();
        view(demo)->findChildren<QToolButton*>().last()->click(); // put away
        QTRY_VERIFY(!view(demo)->isVisible());
        QTest::qWait(100);
        QCOMPARE(place(), before);
        view(demo)->counter()->click();
        QVERIFY(view(demo)->isVisible());
        QTest::qWait(100);
        QCOMPARE(place(), before);
    }

    void labelsFromOneAreMovedBack()
    {
        if (!hasDemo())
            QSKIP("the demo model is not there");
        DemoWindow demo("doubts-labels");
        const QString folder = demo.folder() + QStringLiteral("/from-one");
        QDir().mkpath(folder);
        copyWithLabelsFromOne(folder, 60);
        demo.session().files.openDemo(demoFolder());
        QTRY_VERIFY_WITH_TIMEOUT(demo.ready(), kDemoPatienceMs);
        QVERIFY2(view(demo)->texts().isEmpty(), qPrintable(view(demo)->texts().join(QStringLiteral("; "))));

        demo.session().folders.open(ImagePurpose::Test, folder);
        QTRY_VERIFY_WITH_TIMEOUT(view(demo)->texts().size() == 1, kDemoPatienceMs);
        QVERIFY(view(demo)->texts()[0].contains(QStringLiteral("-1")));
        shoot(demo.window(), QStringLiteral("doubts-labels"));
        QPushButton* button = remedy(demo, QStringLiteral("Move labels by −1"));
        QVERIFY(button);
        button->click();
        QTRY_COMPARE(demo.session().document.labelOffset(), -1);
        QTRY_VERIFY_WITH_TIMEOUT(demo.ready(), kDemoPatienceMs);
        QVERIFY(view(demo)->texts().isEmpty());
        QVERIFY(demo.session().figures.probe()->top1.value() > 0.5);

        demo.session().document.setLabelOffset(1000); // outside the classes: refused, and nothing is changed
        QCOMPARE(demo.session().document.labelOffset(), -1);
        QCOMPARE(demo.session().document.testImages()->size(), std::size_t{60});
        const QString file = demo.folder() + QStringLiteral("/offset.quantoscope");
        demo.session().files.saveSession(file);
        QTRY_COMPARE_WITH_TIMEOUT(demo.session().document.path(), file, kDemoPatienceMs);
        demo.session().files.openDemo(demoFolder());
        QTRY_COMPARE_WITH_TIMEOUT(demo.session().document.labelOffset(), 0, kDemoPatienceMs);
        demo.session().files.openSession(file);
        QTRY_COMPARE_WITH_TIMEOUT(demo.session().document.labelOffset(), -1, kDemoPatienceMs);
    }

    void damagedAndOtherFilesAreCounted()
    {
        if (!hasDemo())
            QSKIP("the demo model is not there");
        DemoWindow demo("doubts-files");
        const QString folder = demo.folder() + QStringLiteral("/damaged");
        QDir().mkpath(folder);
        for (int i = 0; i < 20; ++i) {
            const QString name = QStringLiteral("%1.jpg").arg(i, 4, 10, QLatin1Char('0'));
            QFile::copy(demoFolder() + QStringLiteral("/images/test/") + name, folder + QLatin1Char('/') + name);
        }
        std::ofstream((folder + QStringLiteral("/0005.jpg")).toStdString(), std::ios::trunc) << "no picture";
        std::ofstream((folder + QStringLiteral("/more.gif")).toStdString()) << "GIF89a";
        demo.session().folders.open(ImagePurpose::Test, folder);
        QTRY_VERIFY_WITH_TIMEOUT(view(demo)->texts().size() == 2, kDemoPatienceMs);
        QCOMPARE(demo.session().document.testImages()->size(), std::size_t{19});
        const QString all = view(demo)->texts().join(QLatin1Char('\n'));
        QVERIFY2(all.contains(QStringLiteral("0005.jpg")) && all.contains(QStringLiteral(".gif")), qPrintable(all));
    }

    // B6: a file that went after its folder was opened stopped the calibration.
    void aFileThatGoesIsLeftOut()
    {
        if (!hasDemo())
            QSKIP("the demo model is not there");
        DemoWindow demo("doubts-gone");
        const QString folder = demo.folder() + QStringLiteral("/going");
        QDir().mkpath(folder);
        for (int i = 0; i < 12; ++i) {
            const QString name = QStringLiteral("%1.jpg").arg(i, 4, 10, QLatin1Char('0'));
            QFile::copy(demoFolder() + QStringLiteral("/images/test/") + name, folder + QLatin1Char('/') + name);
        }
        Session& session = demo.session();
        session.files.openDemo(demoFolder());
        QTRY_VERIFY_WITH_TIMEOUT(demo.ready(), kDemoPatienceMs);
        session.folders.open(ImagePurpose::Calibration, folder);
        QTRY_VERIFY_WITH_TIMEOUT(session.document.calibrationImages() &&
                                     session.document.calibrationImages()->size() == 12 && settled(session),
                                 kDemoPatienceMs);
        QSignalSpy notes(&session.messages, &Messages::noticed);
        QVERIFY(QFile::remove(folder + QStringLiteral("/0003.jpg")));
        std::ofstream((folder + QStringLiteral("/0007.jpg")).toStdString(), std::ios::trunc) << "no picture";
        session.plans.calibrate();
        QTRY_VERIFY_WITH_TIMEOUT(session.document.calibrationImages()->size() == 10, kDemoPatienceMs);
        QTRY_VERIFY_WITH_TIMEOUT(session.document.calibration() && session.document.calibration()->images == 10,
                                 kDemoPatienceMs);
        QVERIFY(notes.size() >= 1);
        QVERIFY(notes.front().front().toString().contains(QLatin1String("0003.jpg")));
        QTRY_VERIFY_WITH_TIMEOUT(view(demo)->texts().join(QLatin1Char('\n')).contains(QLatin1String("0007.jpg")),
                                 kDemoPatienceMs);
    }

    void theGuardIsSeenAndCanBeTakenAway()
    {
        if (!hasDemo())
            QSKIP("the demo model is not there");
        DemoWindow demo("doubts-guard");
        demo.session().files.openDemo(demoFolder());
        QTRY_VERIFY_WITH_TIMEOUT(demo.ready(), kDemoPatienceMs);
        QAction* literal = demo.window().action(Command::TakeLiterally);
        QVERIFY(literal);
        QVERIFY(!literal->isChecked());
        demo.session().edits.applyPreset(QStringLiteral("fq-vit"), 4, 4);
        QTRY_VERIFY_WITH_TIMEOUT(demo.ready(), kDemoPatienceMs);
        const auto guarded = [&] {
            std::size_t count = 0;
            for (const graph::Site& site : demo.session().document.sites())
                count += static_cast<std::size_t>(
                    std::ranges::count(siteNotes(demo.session().document, demo.session().plans, site.id),
                                       QStringLiteral("min-max taken"), &NoteText::title));
            return count;
        };
        QVERIFY(demo.session().plans.plan()->guard);
        QCOMPARE(guarded(), demo.session().plans.plan()->guard->replaced());
        literal->trigger();
        QTRY_VERIFY_WITH_TIMEOUT(demo.ready(), kDemoPatienceMs);
        QVERIFY(literal->isChecked());
        QVERIFY(!demo.session().document.recipe().guard);
        QCOMPARE(guarded(), std::size_t{0});
        demo.session().document.history().stack().undo();
        QTRY_VERIFY(!literal->isChecked());
        auto recipe = demo.session().document.recipe();
        recipe.preset = "opt-m-literal";
        demo.session().edits.setRecipe(recipe, QStringLiteral("literal"));
        bool shown = false;
        for (auto* box : demo.window().findChildren<QComboBox*>())
            shown = shown || box->currentData().toString() == QStringLiteral("opt-m");
        QVERIFY(shown);
    }

    void anAssumedSizeCanBeChosen()
    {
        const QString assets = qEnvironmentVariable("QUANTOSCOPE_TEST_ASSETS");
        const QString file = assets + QStringLiteral("/repro/symbolic_height_width/dinov2_silently_224.onnx");
        if (assets.isEmpty() || !QFileInfo::exists(file))
            QSKIP("QUANTOSCOPE_TEST_ASSETS is not set");
        DemoWindow demo("doubts-input");
        demo.session().files.openModel(file);
        QTRY_VERIFY_WITH_TIMEOUT(demo.session().document.model(), kDemoPatienceMs);
        QCOMPARE(demo.session().document.model()->info.height, int64_t{224});
        QVERIFY(!view(demo)->texts().isEmpty());
        auto preprocess = demo.session().document.preprocess();
        preprocess.mean = {0.5F, 0.5F, 0.5F};
        demo.session().document.setPreprocess(preprocess);
        remedy(demo, QStringLiteral("Choose…"))->click();
        QDialog* dialog = nullptr;
        const auto opened = [&] {
            for (auto* found : demo.window().findChildren<QDialog*>())
                if (found->isVisible())
                    dialog = found;
            return dialog != nullptr;
        };
        QTRY_VERIFY(opened());
        const auto offered = [&] {
            return std::ranges::any_of(dialog->findChildren<QPushButton*>(), [](const QPushButton* button) {
                return button->text().contains(QStringLiteral(" × "));
            });
        };
        QTRY_VERIFY_WITH_TIMEOUT(offered(), kDemoPatienceMs);
        shoot(*dialog, QStringLiteral("doubts-input"));
        const auto boxes = dialog->findChildren<QSpinBox*>();
        QCOMPARE(boxes.size(), 2);
        boxes[0]->setValue(112);
        boxes[1]->setValue(168);
        dialog->findChild<QDialogButtonBox*>()->button(QDialogButtonBox::Ok)->click();
        QTRY_COMPARE_WITH_TIMEOUT(demo.session().document.model()->info.height, int64_t{112}, kDemoPatienceMs);
        QCOMPARE(demo.session().document.model()->info.width, int64_t{168});
        QCOMPARE(demo.session().document.preprocess().cropWidth, 168);
        QCOMPARE(demo.session().document.preprocess().mean[0], 0.5F); // the same file is normalised as it was
        QVERIFY(view(demo)->texts().isEmpty());                       // chosen, not assumed
    }

    void anOpenSizeIsAsked()
    {
        const QString assets = qEnvironmentVariable("QUANTOSCOPE_TEST_ASSETS");
        const QString file = assets + QStringLiteral("/repro/symbolic_height_width/hw_symbolic.onnx");
        if (assets.isEmpty() || !QFileInfo::exists(file))
            QSKIP("QUANTOSCOPE_TEST_ASSETS is not set");
        DemoWindow demo("doubts-size");
        demo.session().files.openModel(file);
        QPushButton* size = nullptr;
        const auto asked = [&] {
            for (auto* button : demo.window().findChildren<QPushButton*>())
                if (button->text() == QStringLiteral("64 × 64 px"))
                    size = button;
            return size != nullptr;
        };
        QTRY_VERIFY_WITH_TIMEOUT(asked(), kDemoPatienceMs);
        shoot(demo.window(), QStringLiteral("doubts-size"));
        size->click();
        QTRY_VERIFY_WITH_TIMEOUT(demo.session().document.model(), kDemoPatienceMs);
        QCOMPARE(demo.session().document.model()->info.height, int64_t{64});
        QCOMPARE(demo.session().files.gather().imageSize, (std::optional{onnx::ImageSize{64, 64}}));
    }
};

QTEST_MAIN(DoubtsTest)
#include "doubts_test.moc"
