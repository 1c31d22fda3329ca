// The table of sites: its model, filter, order, wishes, and what it copies.
#include "widgets/panels/layers/layers_view.h"
#include "widgets/panels/layers/site_columns.h"
#include "widgets/panels/layers/site_filter.h"
#include "widgets/panels/layers/sites_model.h"

#include <QAbstractItemModelTester>
#include <QScrollBar>
#include <QSignalSpy>
#include <QTableView>
#include <QTest>

#include <algorithm>
#include <cmath>
#include <limits>

using namespace qs;
using namespace qs::ui;

Q_DECLARE_METATYPE(qs::SiteId)

namespace {

SiteRow row(std::size_t id, const char* name, graph::SiteKind kind, graph::Role role, int block, int bits,
            double sqnrDb)
{
    SiteRow r;
    r.id = SiteId(id);
    r.name = QString::fromLatin1(name);
    r.kind = kind;
    r.role = role;
    r.block = block;
    r.shape = QStringLiteral("1×197×192");
    r.current = true;
    r.bits = bits;
    r.scheme = QStringLiteral("asymmetric");
    r.granularity = QStringLiteral("per tensor");
    r.estimator = QStringLiteral("min–max");
    r.low = -1.5;
    r.high = 2.5;
    r.sqnrDb = sqnrDb;
    r.clippedShare = 0.0123;
    r.outputError = 0.031;
    return r;
}

std::vector<SiteRow> fiveSites()
{
    using graph::Role;
    using graph::SiteKind;
    std::vector<SiteRow> rows{
        row(0, "patch-embed.input", SiteKind::Activation, Role::PatchEmbed, -1, 8, 41.0),
        row(1, "blocks.0.fc2.input", SiteKind::Activation, Role::Fc2, 0, 4, 17.2),
        row(2, "blocks.0.fc2.weight", SiteKind::Weight, Role::Fc2, 0, 4, 20.3),
        row(3, "blocks.1.softmax.output", SiteKind::Activation, Role::SoftmaxOutput, 1, 8,
            std::numeric_limits<double>::infinity()),
        row(4, "head.input", SiteKind::Activation, Role::Head, -2, 32, std::numeric_limits<double>::quiet_NaN()),
    };
    rows[2].sizeShare = 0.5;
    rows[3].locked = true;
    rows[4].covered = false;
    rows[4].low = rows[4].high = rows[4].clippedShare = rows[4].outputError = SiteRow::kNone;
    return rows;
}

QString dump(const QAbstractItemModel& model, std::initializer_list<SiteColumn> columns)
{
    QString text;
    for (int r = 0; r < model.rowCount(); ++r) {
        QStringList cells;
        for (const SiteColumn c : columns)
            cells << model.index(r, static_cast<int>(c)).data().toString();
        text += cells.join(QLatin1Char('|')) + QLatin1Char('\n');
    }
    return text;
}

std::vector<std::size_t> matching(const char* filter)
{
    std::vector<std::size_t> found;
    const SiteFilter f = SiteFilter::parse(QString::fromUtf8(filter));
    for (const SiteRow& r : fiveSites())
        if (f.matches(r))
            found.push_back(r.id.index());
    return found;
}

using Ids = std::vector<std::size_t>;

} // namespace

class PanelsLayersTest : public QObject {
    Q_OBJECT
private slots:
    void modelKeepsTheRulesOfModels()
    {
        SitesModel model;
        const QAbstractItemModelTester tester(&model, QAbstractItemModelTester::FailureReportingMode::QtTest);
        SitesProxy proxy;
        const QAbstractItemModelTester proxyTester(&proxy, QAbstractItemModelTester::FailureReportingMode::QtTest);
        proxy.setSourceModel(&model);
        model.setRows(fiveSites());
        proxy.setFilter(SiteFilter::parse(QStringLiteral("fc2")));
        proxy.sort(static_cast<int>(SiteColumn::Sqnr));
        auto changed = fiveSites();
        changed[1].sqnrDb = 33;
        model.setRows(changed);
        model.setRows({});
        model.setRows(fiveSites());
        QCOMPARE(proxy.rowCount(), 2);
    }

    void showsNumbersAsPeopleReadThem()
    {
        SitesModel model;
        model.setRows(fiveSites());
        QCOMPARE(dump(model, {SiteColumn::Site, SiteColumn::Bits, SiteColumn::Sqnr, SiteColumn::OutputError,
                              SiteColumn::Clipped, SiteColumn::Range, SiteColumn::Block, SiteColumn::SizeShare}),
                 QStringLiteral("patch-embed.input|8|41.0|3.1|1.2|−1.5 … 2.5|stem|–\n"
                                "blocks.0.fc2.input|4|17.2|3.1|1.2|−1.5 … 2.5|0|–\n"
                                "blocks.0.fc2.weight|4|20.3|3.1|1.2|−1.5 … 2.5|0|50.0\n"
                                "blocks.1.softmax.output|8|exact|3.1|1.2|−1.5 … 2.5|1|–\n"
                                "head.input|float|–|–|–|–|head|–\n"));
    }

    void everyColumnHasAUnitOrAWordAndADefinition()
    {
        SitesModel model;
        for (int c = 0; c < model.columnCount(); ++c) {
            QVERIFY(!model.headerData(c, Qt::Horizontal).toString().isEmpty());
            QVERIFY(!model.headerData(c, Qt::Horizontal, Qt::ToolTipRole).toString().isEmpty());
            QVERIFY(!columnInfo(static_cast<SiteColumn>(c)).key.isEmpty());
        }
    }

    void oneChangeIsOneSignal()
    {
        SitesModel model;
        model.setRows(fiveSites());
        QSignalSpy changed(&model, &QAbstractItemModel::dataChanged);
        QSignalSpy reset(&model, &QAbstractItemModel::modelReset);
        model.setRows(fiveSites());
        QCOMPARE(changed.size(), 0); // NaN is equal to NaN
        auto rows = fiveSites();
        rows[1].bits = 6;
        rows[3].sqnrDb = 12;
        model.setRows(rows);
        QCOMPARE(changed.size(), 1);
        QCOMPARE(reset.size(), 0);
    }

    void wishesOnlyWhatMakesSense()
    {
        SitesModel model;
        model.setRows(fiveSites());
        QSignalSpy bits(&model, &SitesModel::bitsWished);
        const auto cell = [&model](int r) { return model.index(r, static_cast<int>(SiteColumn::Bits)); };
        QVERIFY(model.setData(cell(1), 6));
        QCOMPARE(bits.size(), 1);
        QCOMPARE(bits[0][1].toInt(), 6);
        QVERIFY(model.setData(cell(1), 32));
        QVERIFY(!model.setData(cell(1), 1));
        QVERIFY(!model.setData(cell(1), 9));
        QVERIFY(!model.setData(cell(3), 6)); // locked
        QVERIFY(!model.setData(cell(4), 6)); // outside coverage
        QVERIFY(model.setData(cell(0), 8));  // as it is: no wish
        QCOMPARE(bits.size(), 2);
        QCOMPARE(model.rows()[1].bits, 4); // the session decides
        QSignalSpy lock(&model, &SitesModel::lockWished);
        QVERIFY(model.setData(model.index(0, static_cast<int>(SiteColumn::Lock)), Qt::Checked, Qt::CheckStateRole));
        QCOMPARE(lock.size(), 1);
    }

    void filters()
    {
        QCOMPARE(matching(""), (Ids{0, 1, 2, 3, 4}));
        QCOMPARE(matching("fc2"), (Ids{1, 2}));
        QCOMPARE(matching("FC2 kind:weight"), (Ids{2}));
        QCOMPARE(matching("role:fc2 bits<8 sqnr<20"), (Ids{1}));
        QCOMPARE(matching("-role:fc2"), (Ids{0, 3, 4}));
        QCOMPARE(matching("block:0-1"), (Ids{1, 2, 3}));
        QCOMPARE(matching("block:stem"), (Ids{0}));
        QCOMPARE(matching("block:head"), (Ids{4}));
        QCOMPARE(matching("bits=float"), (Ids{4}));
        QCOMPARE(matching("is:locked"), (Ids{3}));
        QCOMPARE(matching("is:off"), (Ids{4}));
        QCOMPARE(matching("sqnr>=41"), (Ids{0, 3})); // exact is above any number, none is not
        QCOMPARE(matching("clipped>2"), Ids{});
        QCOMPARE(matching("scheme=asymmetric fc2.i"), (Ids{1}));
        for (const char* wrong :
             {"bits<", "nonsense:3", "bits<many", "is:purple", "block:a-b", "role<3", "histogram:1"}) {
            QCOMPARE(SiteFilter::parse(QString::fromLatin1(wrong)).error(), QString::fromLatin1(wrong));
            QCOMPARE(matching(wrong).size(), std::size_t{5});
        }
        QCOMPARE(matching("( [ *"), Ids{}); // plain text, no pattern
    }

    void bridgesAndWarningsAreMarkedAndFound()
    {
        std::vector<SiteRow> rows = fiveSites();
        rows[1].bridge = rows[2].bridge = 0;
        rows[3].bridge = 1;
        rows[3].bridgeHelp = QStringLiteral("a < b");
        rows[1].warning = QStringLiteral("zero point −382, clamped");
        rows[1].warningHelp = QStringLiteral("<p>why</p>");
        rows[1].severe = true;
        rows[2].warning = QStringLiteral("channels 1 : 50");
        rows[2].channelRatio = 50;
        const auto found = [&rows](const char* text) {
            const SiteFilter filter = SiteFilter::parse(QString::fromLatin1(text));
            Ids ids;
            for (const SiteRow& row : rows)
                if (filter.matches(row))
                    ids.push_back(row.id.index());
            return ids;
        };
        QCOMPARE(found("is:bridge"), (Ids{1, 2, 3}));
        QCOMPARE(found("bridge:0"), (Ids{1, 2}));
        QCOMPARE(found("bridge>0"), (Ids{3}));
        QCOMPARE(found("is:warned"), (Ids{1, 2}));
        QCOMPARE(found("warning:zero"), (Ids{1}));
        QCOMPARE(found("ratio>=50"), (Ids{2}));

        SitesModel model;
        model.setRows(rows);
        const auto badges = [&model](int row) {
            QStringList texts;
            for (const auto& badge : model.index(row, static_cast<int>(SiteColumn::Site))
                                         .data(SitesModel::BadgesRole)
                                         .value<std::vector<SitesModel::Badge>>())
                texts << badge.text;
            return texts;
        };
        QCOMPARE(badges(0), QStringList());
        QCOMPARE(badges(1), (QStringList{QStringLiteral("!"), QStringLiteral("0")}));
        QCOMPARE(badges(3), QStringList{QStringLiteral("1")});
        const auto tip = [&model](int row, SiteColumn column) {
            return model.index(row, static_cast<int>(column)).data(Qt::ToolTipRole).toString();
        };
        QVERIFY(tip(3, SiteColumn::Bridge).contains(QLatin1String("a &lt; b")));
        QVERIFY(tip(1, SiteColumn::Site).contains(QLatin1String("why")));
        QVERIFY(tip(0, SiteColumn::Warning).isEmpty());
        QCOMPARE(model.exactText(2, SiteColumn::Bridge), QStringLiteral("0"));
        QCOMPARE(model.exactText(0, SiteColumn::Bridge), QString());
        rows[0].bridge = 2; // seen as a change
        QSignalSpy changed(&model, &SitesModel::dataChanged);
        model.setRows(rows);
        QCOMPARE(changed.size(), 1);
    }

    void sortsByNumberWithMissingLast()
    {
        SitesModel model;
        model.setRows(fiveSites());
        SitesProxy proxy;
        proxy.setSourceModel(&model);
        const auto order = [&proxy] {
            QStringList text;
            for (int r = 0; r < proxy.rowCount(); ++r)
                text << proxy.index(r, static_cast<int>(SiteColumn::Sqnr)).data().toString();
            return text.join(QLatin1Char(' '));
        };
        proxy.sort(static_cast<int>(SiteColumn::Sqnr), Qt::AscendingOrder);
        QCOMPARE(order(), QStringLiteral("17.2 20.3 41.0 exact –"));
        proxy.sort(static_cast<int>(SiteColumn::Sqnr), Qt::DescendingOrder);
        QCOMPARE(order(), QStringLiteral("exact 41.0 20.3 17.2 –"));
    }

    // B10: another order kept the offset of the scroll bar: the selected row was out of view, or the middle came up
    // where nothing is selected; Home moved within a row.
    void anotherOrderShowsTheSelectedRowOrTheTop()
    {
        LayersView view;
        std::vector<SiteRow> rows;
        for (std::size_t i = 0; i < 200; ++i) {
            rows.push_back(fiveSites().front());
            rows.back().id = SiteId(i);
            rows.back().name = QStringLiteral("site%1").arg(i, 3, 10, QLatin1Char('0'));
        }
        view.setRows(rows);
        view.resize(500, 300);
        view.show();
        QVERIFY(QTest::qWaitForWindowExposed(&view));
        QTableView& table = view.table();
        const auto shown = [&table](const QString& name) {
            const QAbstractItemModel& model = *table.model();
            const auto found = model.match(model.index(0, static_cast<int>(SiteColumn::Site)), Qt::DisplayRole, name);
            return table.viewport()->rect().intersects(table.visualRect(found.value(0)));
        };
        table.verticalScrollBar()->setValue(table.verticalScrollBar()->maximum() / 2);
        table.sortByColumn(static_cast<int>(SiteColumn::Site), Qt::DescendingOrder);
        QCOMPARE(table.verticalScrollBar()->value(), 0);
        view.setSelection({SiteId(100)}, SiteId(100));
        for (const Qt::SortOrder order : {Qt::AscendingOrder, Qt::DescendingOrder}) {
            table.verticalScrollBar()->setValue(0);
            table.sortByColumn(static_cast<int>(SiteColumn::Site), order);
            QVERIFY(shown(QStringLiteral("site100")));
        }
        QTest::keyClick(&table, Qt::Key_Home);
        QCOMPARE(table.currentIndex().row(), 0);
        QTest::keyClick(&table, Qt::Key_End);
        QCOMPARE(table.currentIndex().row(), 199);
    }

    void selectionGoesBothWaysWithoutEchoes()
    {
        LayersView view;
        view.setRows(fiveSites());
        QSignalSpy wished(&view, &LayersView::selectionWished);
        view.setSelection({SiteId(std::size_t{1}), SiteId(std::size_t{2})}, SiteId(std::size_t{2}));
        QCOMPARE(wished.size(), 0);
        QCOMPARE(view.table().selectionModel()->selectedRows().size(), 2);
        view.setFilter(QStringLiteral("softmax")); // hides what is selected: the session keeps it
        QCOMPARE(wished.size(), 0);
        view.setFilter({});
        view.table().selectRow(3);
        QVERIFY(!wished.empty());
        const auto sites = wished.last()[0].value<std::vector<SiteId>>();
        QCOMPARE(sites.size(), std::size_t{1});
        QCOMPARE(sites[0].index(), std::size_t{3});
    }

    void aFilterThatIsNotUnderstoodDoesNotWidenThePanel()
    {
        LayersView view;
        view.setRows(fiveSites());
        const int width = view.minimumSizeHint().width();
        view.setFilter(QStringLiteral("role:nothing-that-is-known"));
        QVERIFY(view.minimumSizeHint().width() <= width);
    }

    void copiesWhatIsShown()
    {
        LayersView view;
        view.setRows(fiveSites());
        for (int c = 0; c < static_cast<int>(SiteColumn::Count); ++c)
            view.table().setColumnHidden(c, c != static_cast<int>(SiteColumn::Site) &&
                                                c != static_cast<int>(SiteColumn::Bits) &&
                                                c != static_cast<int>(SiteColumn::Lock));
        view.setSelection({SiteId(std::size_t{3})}, SiteId(std::size_t{3}));
        QCOMPARE(view.copyText(), QStringLiteral("Site\tBits\tLock\nblocks.1.softmax.output\t8\tlocked\n"));
        const QStringList lines = view.csv().split(QLatin1Char('\n'));
        QVERIFY(lines[0].startsWith(QLatin1String("site,bits,sqnr,acc,err,")));
        QVERIFY(lines[4].startsWith(QLatin1String("blocks.1.softmax.output,8,inf,,3.1,1.23,")));
    }
};

QTEST_MAIN(PanelsLayersTest)
#include "panels_layers_test.moc"
