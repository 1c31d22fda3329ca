// The window on networks that are no classifiers: what they are for, what their images show, what is kept of it.
#include "session_helper.h"

#include "tests/support/image_files.h"
#include "tests/support/temp_dir.h"
#include "widgets/frame/job_strip.h"
#include "widgets/frame/status_figures.h"
#include "widgets/history/history_model.h"
#include "widgets/panels/images/changes_pane.h"
#include "widgets/panels/images/classes_pane.h"
#include "widgets/panels/images/images_panel.h"
#include "widgets/panels/images/reading_detail.h"
#include "widgets/panels/images/reading_words.h"
#include "widgets/theme/colours.h"

#include <QAbstractItemModelTester>
#include <QDoubleSpinBox>
#include <QTableView>

using namespace qs;
using namespace qs::ui;
using namespace qs::test;

namespace {

// Of images of 16 × 16 pixels: scores of four classes and a value for each pixel, a vector, boxes.
constexpr const char* kNetwork = "input x:1x3x16x16\n"
                                 "w:4x3x3x3 = random(1)\n"
                                 "v:1x4x1x1 = random(2)\n"
                                 "e:20x3x4x4 = random(3)\n"
                                 "f:9x3x4x4 = random(4)\n"
                                 "scores:1x4x16x16 = Conv(x, w) pads=[1 1 1 1]\n"
                                 "hot:1x4x16x16 = Relu(scores)\n"
                                 "depth:1x1x16x16 = Conv(hot, v)\n"
                                 "patches:1x20x4x4 = Conv(x, e) strides=[4 4]\n"
                                 "cells:1x20x16 = Reshape(patches) shape=[1 20 16]\n"
                                 "embedding:1x16x20 = Transpose(cells) perm=[0 2 1]\n"
                                 "queries:1x9x4x4 = Conv(x, f) strides=[4 4]\n"
                                 "flat:1x9x16 = Reshape(queries) shape=[1 9 16]\n"
                                 "all:1x16x9 = Transpose(flat) perm=[0 2 1]\n"
                                 "logits:1x16x5 = Slice(all) starts=[0] ends=[5] axes=[2]\n"
                                 "corners:1x16x4 = Slice(all) starts=[5] ends=[9] axes=[2]\n"
                                 "pred_boxes:1x16x4 = Sigmoid(corners)\n";
constexpr const char* kText = "input x:1x3x8x64\n"
                              "w:12x3x8x8 = random(1)\n"
                              "y:1x12x1x8 = Conv(x, w) strides=[8 8]\n"
                              "z:1x12x8 = Reshape(y) shape=[1 12 8]\n"
                              "ctc:1x8x12 = Transpose(z) perm=[0 2 1]\n";

SessionDocument documentOf(const std::string& text)
{
    SessionDocument document = smallDocument();
    auto graph = graph::parse(text);
    Q_ASSERT_X(graph, "parse", graph ? "" : graph.error().text().c_str());
    auto sites = graph::findSites(*graph);
    onnx::ModelInfo info;
    info.path = "/made/up/dense.onnx";
    info.hash = "dense";
    info.height = text.starts_with("input x:1x3x8") ? 8 : 16;
    info.width = info.height == 8 ? 64 : 16;
    document.loadedModel =
        std::make_shared<const onnx::Model>(onnx::Model{std::move(*graph), std::move(sites), std::move(info)});
    document.modelHash = "dense";
    document.preprocess.cropHeight = static_cast<int>(document.loadedModel->info.height);
    document.preprocess.cropWidth = static_cast<int>(document.loadedModel->info.width);
    document.loadedTestImages = madeUpImages(30, 2);
    document.states.clear();
    document.states.push_back({"start", *quant::presetRecipe("minmax", 3, 3), {}, {}});
    return document;
}

std::size_t kindOf(const ImagesPanel& panel)
{
    auto& shown = const_cast<ImagesPanel&>(panel).changes().detail().content();
    return shown.reading ? shown.reading->now.index() : std::variant_npos;
}

} // namespace

class TasksTest : public QObject {
    Q_OBJECT
private:
    JobRunner m_runner{2};
    std::unique_ptr<Session> m_session;

    void open(SessionDocument document)
    {
        m_session = std::make_unique<Session>(m_runner);
        m_session->files.put(std::move(document));
        m_session->plans.calibrate();
        QS_SETTLE(*m_session);
    }
    std::string headline() const { return m_session->figures.probe()->headline()->key; }

private slots:
    void cleanup()
    {
        m_session.reset();
        m_runner.waitForDone(kPatienceMs);
    }

    void imagesShowWhatTheTaskSays_data()
    {
        QTest::addColumn<QString>("outputs");
        QTest::addColumn<QString>("task");
        QTest::addColumn<int>("kind");
        const auto kind = [](const tasks::Reading& reading) { return static_cast<int>(reading.index()); };
        QTest::newRow("segmentation") << "output scores\n"
                                      << "segmentation" << kind(tasks::ClassMap{});
        QTest::newRow("dense") << "output depth\n"
                               << "dense" << kind(tasks::ValueMap{});
        QTest::newRow("features") << "output embedding\n"
                                  << "features" << kind(tasks::FeatureVector{});
        QTest::newRow("detection") << "output logits\noutput pred_boxes\n"
                                   << "detection" << kind(tasks::FoundBoxes{});
        QTest::newRow("text") << "output ctc\n"
                              << "text" << kind(tasks::ReadText{});
        QTest::newRow("tensors") << "output depth\noutput scores\n"
                                 << "tensors" << kind(tasks::Reading{});
    }
    void imagesShowWhatTheTaskSays()
    {
        QFETCH(QString, outputs);
        QFETCH(QString, task);
        QFETCH(int, kind);
        open(documentOf((task == QLatin1String("text") ? kText : kNetwork) + outputs.toStdString()));
        QCOMPARE(QString::fromStdString(m_session->figures.probe()->task), task);
        ImagesPanel panel(m_session->document, m_session->selection, m_session->plans, m_session->figures, m_runner);
        const QAbstractItemModelTester tester(&panel.changes().model());
        panel.resize(700, 600);
        panel.show();
        QVERIFY(!panel.showsClasses());
        ChangesModel& model = panel.changes().model();
        QCOMPARE(model.rowCount(), 30);
        // What changed most comes first and is shown large, by the task's own measure.
        const auto& results = m_session->figures.probe()->results;
        const auto most = std::ranges::max_element(results, {}, &quant::ImageResult::changed);
        QTRY_VERIFY(m_session->selection.image() >= 0);
        QCOMPARE(results[static_cast<std::size_t>(m_session->selection.image())].changed, most->changed);
        QTRY_COMPARE_WITH_TIMEOUT(static_cast<int>(kindOf(panel)), kind, kPatienceMs);
        const std::shared_ptr<const ImageReading> reading = panel.changes().detail().content().reading;
        QCOMPARE(reading->before.index(), reading->now.index());
        QVERIFY(!reading->outputs.empty() && std::isfinite(reading->outputs.front().sqnrDb));
        // The threshold moves what counts as changed.
        auto* threshold = panel.findChild<QDoubleSpinBox*>(QStringLiteral("changedFrom"));
        threshold->setValue(0);
        const auto above = [&results](double least) {
            return std::ranges::count_if(results, [least](const auto& one) { return one.changed > least; });
        };
        QVERIFY2(panel.changes().counts().startsWith(QString::number(above(0))),
                 qPrintable(panel.changes().counts()));
        threshold->setValue(100);
        QVERIFY(panel.changes().counts().startsWith(QString::number(above(1))));
        // Pictures of every row, in both themes; a repaint is made of what is there.
        for (const Theme theme : {Theme::Dark, Theme::Light}) {
            applyTheme(theme);
            QTest::qWait(20);
            QVERIFY(!panel.grab().isNull());
        }
        QVERIFY(panel.tableCsv().count(u'\n') == 31);
        m_session->edits.applyPreset(QStringLiteral("minmax"), 8, 8);
        QS_SETTLE(*m_session);
        QTRY_VERIFY_WITH_TIMEOUT(panel.changes().detail().content().reading &&
                                     panel.changes().detail().content().reading != reading,
                                 kPatienceMs);
    }

    // The pictures say what the numbers say.
    void picturesShowTheDifference()
    {
        ImageReading reading;
        reading.inputHeight = reading.inputWidth = 2;
        reading.photo = QImage(2, 2, QImage::Format_RGB888);
        reading.photo.fill(Qt::gray);
        reading.before = tasks::ClassMap{2, 2, {0, 1, 2, 3}};
        reading.now = tasks::ClassMap{2, 2, {0, 1, 2, 0}};
        const auto at = [&](ReadingSide side, int x, int y) {
            return readingPicture(reading, side, {2, 2}, 1, {}).pixelColor(x, y);
        };
        QCOMPARE(at(ReadingSide::Float, 0, 0), at(ReadingSide::Quantized, 0, 0));
        QCOMPARE(at(ReadingSide::Float, 0, 0), at(ReadingSide::Quantized, 1, 1)); // the class is the colour
        QVERIFY(at(ReadingSide::Float, 1, 1) != at(ReadingSide::Quantized, 1, 1));
        QCOMPARE(at(ReadingSide::Difference, 0, 0), at(ReadingSide::Difference, 1, 0)); // nothing there
        QVERIFY(at(ReadingSide::Difference, 1, 1) != at(ReadingSide::Difference, 0, 0));
        QCOMPARE(differenceLegend(reading), QStringLiteral("25.0 % of the pixels"));

        reading.before = tasks::ValueMap{1, 2, {0, 4}};
        reading.now = tasks::ValueMap{1, 2, {1, 4}};
        QCOMPARE(at(ReadingSide::Float, 0, 0).rgb(), magnitudeColour(0).rgb());
        QCOMPARE(at(ReadingSide::Float, 1, 0).rgb(), magnitudeColour(1).rgb());
        QCOMPARE(at(ReadingSide::Difference, 0, 0).rgb(), signedColour(1).rgb());
        QCOMPARE(at(ReadingSide::Difference, 1, 0).rgb(), signedColour(0).rgb());
        QVERIFY(differenceLegend(reading).startsWith(QStringLiteral("±1 ")));
        // Of another size, or not known: said by nothing, not by a crash.
        reading.now = tasks::ValueMap{2, 1, {std::numeric_limits<float>::quiet_NaN(), INFINITY}};
        for (const ReadingSide side : {ReadingSide::Float, ReadingSide::Quantized, ReadingSide::Difference})
            QVERIFY(!readingPicture(reading, side, {5, 3}, 2, {}).isNull());

        reading.before = tasks::ReadText{{"a", "b"}};
        reading.now = tasks::ReadText{{"a", "<"}};
        QCOMPARE(readingText(reading, ReadingSide::Difference, {}), QStringLiteral("1 of 2 characters"));
        QVERIFY(readingHtml(reading, ReadingSide::Difference, {}).contains(QStringLiteral("&lt;")));
    }

    void anotherTaskIsAnotherFigure()
    {
        open(documentOf(std::string(kNetwork) + "output scores\n"));
        QCOMPARE(headline(), std::string("miou_to_float"));
        QVERIFY(taskReason(m_session->document.task()).startsWith(QStringLiteral("Guessed")));
        const HistoryModel history(m_session->document, m_session->figures);
        const auto heading = [&history] {
            return history.headerData(HistoryModel::Headline, Qt::Horizontal, Qt::DisplayRole).toString();
        };
        QCOMPARE(heading(), QStringLiteral("mIoU to float"));
        const StatusFigures status(m_session->document, m_session->plans, m_session->figures, m_session->jobs);
        QVERIFY2(status.text().contains(QStringLiteral("mIoU to float")), qPrintable(status.text()));
        images::TaskChoice choice;
        choice.name = "tensors";
        m_session->document.setTask(choice);
        QVERIFY(!m_session->figures.probe().current);
        QS_SETTLE(*m_session);
        QCOMPARE(headline(), std::string("relative_error"));
        QCOMPARE(heading(), QStringLiteral("relative error"));
        QVERIFY(m_session->document.modified());
        // What the outputs cannot be is said and changes nothing.
        QSignalSpy failures(&m_session->messages, &Messages::failed);
        choice.name = "detection";
        m_session->document.setTask(choice);
        QCOMPARE(failures.size(), 1);
        QVERIFY(m_session->document.task().is("tensors"));
        // And back to the guess.
        m_session->document.setTask({});
        QS_SETTLE(*m_session);
        QCOMPARE(headline(), std::string("miou_to_float"));
    }

    void truthsMakeTheHeadlineAndAreKept()
    {
        const TempDir folder;
        std::string texts;
        for (int i = 0; i < 12; ++i) {
            const std::string name = std::to_string(i) + ".ppm";
            folder.write("images/" + name, plainPpm(64, 8, static_cast<uint8_t>(20 * i), 90, 200));
            texts += name + "\tab\n";
        }
        images::TaskChoice choice;
        choice.characters = folder.write("keys.txt", "a\nb\nc\nd\ne\nf\ng\nh\ni\nj\nk\n");
        choice.truths = images::TruthRequest{images::TruthKind::Text, folder.write("texts.txt", texts), {}};
        SessionDocument document = documentOf(std::string(kText) + "output ctc\n");
        document.loadedTestImages =
            *readImageSet(folder / "images", {document.preprocess, std::nullopt, 0, false, {}}, {});
        open(std::move(document));
        QCOMPARE(headline(), std::string("character_error_to_float"));
        m_session->document.setTask(choice);
        QS_SETTLE(*m_session);
        QCOMPARE(headline(), std::string("character_error"));
        const SessionDocument kept = m_session->files.gather();
        QCOMPARE(kept.task.characters, choice.characters);
        QVERIFY(kept.task == choice);
        // Another preprocessing takes the truths with it.
        images::Preprocess other = m_session->document.preprocess();
        other.mean = {0.5F, 0.5F, 0.5F};
        m_session->document.setPreprocess(other);
        QS_SETTLE(*m_session);
        QCOMPARE(headline(), std::string("character_error"));
        // Files that are not there are said with their name; the figures of before do not stay as if they were
        // current.
        QSignalSpy failures(&m_session->messages, &Messages::failed);
        choice.truths->path = folder / "nowhere.txt";
        m_session->document.setTask(choice);
        QTRY_VERIFY_WITH_TIMEOUT(failures.size() > 0 && m_session->jobs.list().empty(), kPatienceMs);
        QVERIFY(!m_session->figures.probe().current);
    }

    // "Calibrating – calibrating"
    void aJobIsNotSaidTwice()
    {
        SessionDocument document = smallDocument(200 * kSlowdown);
        m_session = std::make_unique<Session>(m_runner);
        m_session->files.put(std::move(document));
        JobStrip strip(m_session->jobs);
        m_session->plans.calibrate();
        QTRY_VERIFY_WITH_TIMEOUT(strip.text().contains(QStringLiteral("of")), kPatienceMs);
        QCOMPARE(strip.text().count(QStringLiteral("calibrating"), Qt::CaseInsensitive), 1);
    }
};

QTEST_MAIN(TasksTest)
#include "tasks_test.moc"
