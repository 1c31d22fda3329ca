// The map of blocks and roles, and the table of images.
#include "widgets/panels/anatomy/anatomy_view.h"
#include "widgets/panels/images/images_model.h"
#include "widgets/panels/images/images_view.h"

#include <QAbstractItemModelTester>
#include <QSignalSpy>
#include <QTest>

#include <cmath>

using namespace qs;
using namespace qs::ui;

namespace {

AnatomySite site(std::size_t id, graph::Role role, int block, double sqnrDb, double kurtosis)
{
    AnatomySite s;
    s.id = SiteId(id);
    s.name = QStringLiteral("site%1").arg(id);
    s.role = role;
    s.block = block;
    s.values.fill(AnatomySite::kNone);
    s.values[static_cast<std::size_t>(AnatomyColour::Sqnr)] = sqnrDb;
    s.values[static_cast<std::size_t>(AnatomyColour::Kurtosis)] = kurtosis;
    return s;
}

ImageRow image(const char* name, int label, int floatTop, int quantizedTop)
{
    ImageRow row;
    row.name = QString::fromLatin1(name);
    row.label = label;
    row.labelName = QStringLiteral("class %1").arg(label);
    row.floatTop = {{floatTop, QStringLiteral("f%1").arg(floatTop), 0.9}};
    row.quantizedTop = {{quantizedTop, QStringLiteral("q%1").arg(quantizedTop), 0.6}};
    return row;
}

} // namespace

class PanelsMapTest : public QObject {
    Q_OBJECT
private slots:
    void rectanglesSelectWhatTheyTouch()
    {
        AnatomyMap map;
        map.resize(600, 300);
        std::vector<AnatomySite> sites;
        for (std::size_t block = 0; block < 4; ++block)
            for (std::size_t line = 0; line < 2; ++line)
                sites.push_back(site(2 * block + line, line == 0 ? graph::Role::Fc1 : graph::Role::Fc2,
                                     static_cast<int>(block), 20.0 + static_cast<double>(block), 1));
        map.setSites(sites);
        const QRect first = map.cellOf(SiteId(std::size_t{0}));
        const QRect third = map.cellOf(SiteId(std::size_t{5})); // block 2, second line
        QVERIFY(!first.isEmpty() && !third.isEmpty());
        QCOMPARE(map.sitesIn(QRect(first.center(), third.center())).size(), std::size_t{6});
        QCOMPARE(map.sitesIn(QRect(third.center(), QSize(1, 1))), std::vector<SiteId>{SiteId(std::size_t{5})});
        QVERIFY(map.sitesIn(QRect(-50, -50, 10, 10)).empty());
        QVERIFY(map.cellOf(SiteId(std::size_t{99})).isNull());

        QSignalSpy wished(&map, &AnatomyMap::selectWished);
        QTest::mousePress(&map, Qt::LeftButton, {}, first.center());
        QTest::mouseRelease(&map, Qt::LeftButton, Qt::ControlModifier, third.center());
        QCOMPARE(wished.size(), 1);
        QCOMPARE(wished[0][0].value<std::vector<SiteId>>().size(), std::size_t{6});
        QVERIFY(wished[0][1].toBool());
    }

    void cellsOfBridgeBlocksAreMarked()
    {
        AnatomyMap map;
        map.resize(600, 300);
        std::vector<AnatomySite> sites{site(0, graph::Role::Fc1, 0, 10, 0), site(1, graph::Role::Conv, 1, 20, 0),
                                       site(2, graph::Role::Conv, 1, 30, 0)};
        sites[2].bridge = 4; // one of two sites of its cell
        map.setSites(sites);
        const auto centre = [&map](std::size_t id) { return QRectF(map.cellOf(SiteId(id))).center(); };
        QCOMPARE(map.bridgeAt(centre(0)), -1);
        QCOMPARE(map.bridgeAt(centre(1)), 4);
        QCOMPARE(map.bridgeAt({-5, -5}), -1);
        const QImage marked = map.grab().toImage();
        sites[2].bridge = -1;
        map.setSites(sites);
        QVERIFY(map.grab().toImage() != marked);
    }

    void darkIsAlwaysTheWorst()
    {
        AnatomyMap map;
        map.setSites({site(0, graph::Role::Fc1, 0, 10, 50), site(1, graph::Role::Fc1, 1, 40, 0)});
        QCOMPARE(map.shade(10), 0.0);
        QCOMPARE(map.shade(40), 1.0);
        QCOMPARE(map.shade(std::numeric_limits<double>::infinity()), 1.0);
        QCOMPARE(map.legend().first, QStringLiteral("10.0 dB"));
        map.setColour(AnatomyColour::Kurtosis);
        QCOMPARE(map.shade(50), 0.0);
        QCOMPARE(map.shade(0), 1.0);
        map.setColour(AnatomyColour::OutputError); // nothing known
        QVERIFY(map.legend().first.isEmpty());
    }

    void judgesImages()
    {
        ImagesModel model;
        const QAbstractItemModelTester tester(&model, QAbstractItemModelTester::FailureReportingMode::QtTest);
        ImageRow unknown;
        unknown.name = QStringLiteral("e.png");
        model.setRows({image("a.png", 1, 1, 1), image("b.png", 1, 1, 2), image("c.png", 2, 1, 2),
                       image("d.png", 3, 1, 1), unknown},
                      true);
        QStringList verdicts;
        for (int row = 0; row < model.rowCount(); ++row)
            verdicts << model.index(row, static_cast<int>(ImageColumn::Verdict)).data().toString();
        QCOMPARE(verdicts.join(QLatin1Char('|')), QStringLiteral("✓|✗ lost|✓ gained|✗ wrong|"));
        QCOMPARE(model.csv().split(QLatin1Char('\n'))[2], QStringLiteral("b.png,1,1,0.9,2,0.6,1"));
        QCOMPARE(model.csv().split(QLatin1Char('\n'))[5], QStringLiteral("e.png,,,,,,"));
    }

    void filtersImages()
    {
        ImagesView view;
        view.setRows(
            {image("a.png", 1, 1, 1), image("b.png", 1, 1, 2), image("c.png", 2, 1, 2), image("d.png", 3, 1, 1)},
            true, QStringLiteral("of 4 evaluated"));
        QCOMPARE(view.counts(), QStringLiteral("4 of 4 · 2 flipped, 1 lost of 4 evaluated"));
        view.setFilter(ImageFilter::Flipped);
        QCOMPARE(view.shownImages(), 2);
        view.setFilter(ImageFilter::Wrong);
        QCOMPARE(view.shownImages(), 2);
        view.setFilter(ImageFilter::Lost);
        QCOMPARE(view.shownImages(), 1);
    }

    void aMissingPictureIsAskedForAndShownWhenItComes()
    {
        ImagesModel model;
        model.setRows({image("a.png", 1, 1, 1)}, true);
        int asked = 0;
        QPixmap ready;
        model.setPictures([&](int) {
            ++asked;
            return ready;
        });
        const QModelIndex place = model.index(0, static_cast<int>(ImageColumn::Picture));
        QVERIFY(place.data(Qt::DecorationRole).value<QPixmap>().isNull());
        ready = QPixmap(8, 8);
        QSignalSpy changed(&model, &QAbstractItemModel::dataChanged);
        model.pictureReady(0);
        model.pictureReady(7); // of a folder that is gone
        QCOMPARE(changed.size(), 1);
        QVERIFY(!place.data(Qt::DecorationRole).value<QPixmap>().isNull());
        QCOMPARE(asked, 2);
    }
};

QTEST_MAIN(PanelsMapTest)
#include "panels_map_test.moc"
