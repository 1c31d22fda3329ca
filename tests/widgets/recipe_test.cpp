// Settings of searches and the bias in the recipe panel, on the small transformer: each is an edit that undo takes
// back, and the numbers follow.
#include "session_helper.h"

#include "widgets/model/history.h"
#include "widgets/recipe/recipe_panel.h"

#include <QCheckBox>
#include <QComboBox>
#include <QDoubleSpinBox>
#include <QLabel>
#include <QSpinBox>
#include <QUndoStack>

using namespace qs;
using namespace qs::ui;
using namespace qs::test;

class RecipeTest : public QObject {
    Q_OBJECT
    std::unique_ptr<JobRunner> m_runner;
    std::unique_ptr<Session> m_session;
    std::unique_ptr<RecipePanel> m_panel;

    template <class T>
    T* control(const char* name)
    {
        return m_panel->findChild<T*>(QLatin1String(name));
    }
    bool shown(const char* name) { return control<QWidget>(name)->isVisibleTo(m_panel.get()); }
    SiteId site(graph::Role role, graph::SiteKind kind)
    {
        for (const graph::Site& found : m_session->document.sites())
            if (found.role == role && found.kind == kind)
                return found.id;
        return {};
    }
    QString lastEntry() { return m_session->document.history().state(m_session->document.history().index()).text; }

private slots:
    void init()
    {
        m_runner = std::make_unique<JobRunner>(2);
        m_session = std::make_unique<Session>(*m_runner);
        m_panel = std::make_unique<RecipePanel>(m_session->document, m_session->selection, m_session->edits,
                                                m_session->plans, m_session->jobs.runner());
        m_session->files.put(smallDocument());
        m_session->plans.calibrate();
        QS_SETTLE(*m_session);
    }
    void cleanup()
    {
        m_panel.reset();
        m_session.reset();
        m_runner->waitForDone(kPatienceMs);
        m_runner.reset();
    }

    void theBiasIsCorrectedWhereALinearLayerHasWeights()
    {
        const SiteId weight = site(graph::Role::Fc1, graph::SiteKind::Weight);
        const SiteId input = site(graph::Role::Fc1, graph::SiteKind::Activation);
        QVERIFY(weight.valid() && input.valid());
        m_session->selection.select(input);
        QVERIFY(!shown("bias"));
        m_session->selection.select({input, weight});
        QVERIFY(shown("bias"));
        QVERIFY(!control<QCheckBox>("bias")->isChecked());
        const double before = m_session->figures.probe()->klDivergence;
        control<QCheckBox>("bias")->click();
        QVERIFY(m_session->document.settings(weight).biasCorrection);
        QVERIFY(!m_session->document.settings(input).biasCorrection); // it is a choice of the weight
        QCOMPARE(lastEntry(), QStringLiteral("%1: bias corrected")
                                  .arg(QString::fromStdString(m_session->document.sites()[weight].name)));
        QS_SETTLE(*m_session);
        QVERIFY(m_session->figures.probe()->klDivergence != before);
        m_session->document.history().stack().undo();
        QVERIFY(!control<QCheckBox>("bias")->isChecked());
        QS_SETTLE(*m_session);
        QCOMPARE(m_session->figures.probe()->klDivergence, before);
    }

    void theGridOfALayerSearchIsEdited()
    {
        const SiteId weight = site(graph::Role::Fc1, graph::SiteKind::Weight);
        const SiteId input = site(graph::Role::Fc1, graph::SiteKind::Activation);
        m_session->selection.select({weight, input});
        QVERIFY(!shown("search.low"));
        QVERIFY(control<QComboBox>("objective")->findData(static_cast<int>(quant::Objective::Cosine)) < 0);
        quant::SitePatch patch;
        patch.bits = 4;
        patch.estimator.emplace();
        patch.estimator->kind = quant::EstimatorKind::Search;
        m_session->edits.editSelection(patch);
        QVERIFY(shown("search.low"));
        QCOMPARE(control<QDoubleSpinBox>("search.low")->value(), 0.5);
        QCOMPARE(control<QDoubleSpinBox>("search.high")->value(), 1.2);
        QCOMPARE(control<QSpinBox>("search.count")->value(), 100);
        QCOMPARE(control<QSpinBox>("search.rounds")->value(), 1);
        auto* objective = control<QComboBox>("objective");
        const int cosine = objective->findData(static_cast<int>(quant::Objective::Cosine));
        QVERIFY(cosine >= 0 && objective->isEnabled());
        objective->setCurrentIndex(cosine);
        emit objective->activated(cosine);
        QCOMPARE(m_session->document.settings(weight).objective, quant::Objective::Cosine);
        QCOMPARE(m_session->document.settings(input).objective, quant::Objective::Cosine);
        QS_SETTLE(*m_session);
        const float wide = m_session->plans.sitePlan(input)->grid.scale.front();

        control<QDoubleSpinBox>("search.high")->setValue(0.6); // candidates that clip
        QCOMPARE(m_session->document.settings(weight).estimator.search.high, 0.6);
        QVERIFY2(lastEntry().contains(QStringLiteral("layer search × 0.5 … 0.6, 100 candidates, 1 round")),
                 qPrintable(lastEntry()));
        QVERIFY(!m_session->plans.sitePlanCurrent(input)); // only the plan knows
        QS_SETTLE(*m_session);
        control<QSpinBox>("search.count")->setValue(20);
        control<QSpinBox>("search.rounds")->setValue(3);
        control<QCheckBox>("search.reciprocal")->click();
        const quant::SearchGrid expected{.low = 0.5, .high = 0.6, .count = 20, .rounds = 3, .reciprocal = true};
        QCOMPARE(m_session->document.settings(weight).estimator.search, expected);
        QCOMPARE(m_session->document.settings(input).estimator.search, expected);
        // An α above β takes β with it: there is always a grid.
        control<QDoubleSpinBox>("search.low")->setValue(0.9);
        QVERIFY(m_session->document.settings(weight).estimator.search.high > 0.9);
        QS_SETTLE(*m_session);
        for (int i = 0; i < 5; ++i)
            m_session->document.history().stack().undo();
        QCOMPARE(control<QSpinBox>("search.count")->value(), 100);
        QCOMPARE(control<QDoubleSpinBox>("search.high")->value(), 1.2);
        QS_SETTLE(*m_session);
        QCOMPARE(m_session->plans.sitePlan(input)->grid.scale.front(), wide);
    }

    void mixedGridsKeepWhatIsNotTouched()
    {
        const SiteId a = site(graph::Role::Fc1, graph::SiteKind::Weight);
        const SiteId b = site(graph::Role::Fc2, graph::SiteKind::Weight);
        quant::SitePatch patch;
        patch.estimator.emplace();
        patch.estimator->kind = quant::EstimatorKind::Search;
        m_session->edits.editSites(std::vector{a}, patch);
        patch.estimator->search.count = 50;
        m_session->edits.editSites(std::vector{b}, patch);
        m_session->selection.select({a, b});
        QCOMPARE(control<QSpinBox>("search.count")->text(), QStringLiteral("mixed"));
        control<QSpinBox>("search.rounds")->setValue(2);
        QCOMPARE(m_session->document.settings(a).estimator.search.count, 100);
        QCOMPARE(m_session->document.settings(b).estimator.search.count, 50);
        QCOMPARE(m_session->document.settings(a).estimator.search.rounds, 2);
        QCOMPARE(m_session->document.settings(b).estimator.search.rounds, 2);
        QS_SETTLE(*m_session);
    }

    void theFactorOfAScaledRangeIsEdited()
    {
        const SiteId a = site(graph::Role::Fc1, graph::SiteKind::Weight);
        const SiteId b = site(graph::Role::Fc2, graph::SiteKind::Weight);
        m_session->selection.select({a, b});
        QVERIFY(!shown("range.factor"));
        quant::SitePatch patch;
        patch.estimator.emplace();
        patch.estimator->kind = quant::EstimatorKind::Scaled;
        patch.estimator->factor = 0.5;
        m_session->edits.editSites(std::vector{a}, patch);
        QVERIFY(!shown("range.factor")); // of one of the two
        m_session->edits.editSites(std::vector{b}, patch);
        QVERIFY(shown("range.factor"));
        QCOMPARE(control<QDoubleSpinBox>("range.factor")->value(), 0.5);
        QVERIFY2(lastEntry().contains(QStringLiteral("scaled min–max × 0.5")), qPrintable(lastEntry()));
        control<QDoubleSpinBox>("range.factor")->setValue(0.25);
        QCOMPARE(m_session->document.settings(a).estimator.factor, 0.25);
        QCOMPARE(m_session->document.settings(b).estimator.factor, 0.25);
        m_session->document.history().stack().undo();
        QCOMPARE(control<QDoubleSpinBox>("range.factor")->value(), 0.5);
        QS_SETTLE(*m_session);
    }

    void theRuleOfZeroPointsIsForAsymmetricActivations()
    {
        const SiteId weight = site(graph::Role::Fc1, graph::SiteKind::Weight);
        const SiteId input = site(graph::Role::Fc1, graph::SiteKind::Activation);
        m_session->selection.select(weight);
        QVERIFY(!shown("zeroPoint"));
        m_session->selection.select({input, weight});
        QVERIFY(shown("zeroPoint"));
        auto* rule = control<QComboBox>("zeroPoint");
        QCOMPARE(rule->currentData().toInt(), static_cast<int>(quant::ZeroPoint::ZeroInRange));
        rule->setCurrentIndex(rule->findData(static_cast<int>(quant::ZeroPoint::Wide)));
        emit rule->activated(rule->currentIndex());
        QVERIFY(m_session->document.settings(input).zeroPoint == quant::ZeroPoint::Wide);
        QVERIFY(m_session->document.settings(weight).zeroPoint == quant::ZeroPoint::ZeroInRange);
        QVERIFY2(lastEntry().contains(QStringLiteral("zero point: wide")), qPrintable(lastEntry()));
        quant::SitePatch symmetric;
        symmetric.scheme = quant::Scheme::Symmetric;
        m_session->edits.editSelection(symmetric);
        QVERIFY(!shown("zeroPoint"));
        QS_SETTLE(*m_session);
    }

    void textsAreNotCutOff()
    {
        m_panel->show();
        QVERIFY(QTest::qWaitForWindowExposed(m_panel.get()));
        for (const graph::Site& site : m_session->document.sites()) {
            m_session->selection.select(site.id);
            m_panel->resize(m_panel->minimumWidth() + static_cast<int>(site.id.index()) % 40, 400); // scrolled
            QCoreApplication::processEvents();
            for (const QLabel* label : m_panel->findChildren<QLabel*>())
                if (label->isVisible() && label->wordWrap())
                    QVERIFY2(label->height() >= label->heightForWidth(label->width()),
                             qPrintable(QStringLiteral("%1, %2: %3 < %4 of %5")
                                            .arg(QString::fromStdString(site.name), label->objectName())
                                            .arg(label->height())
                                            .arg(label->heightForWidth(label->width()))
                                            .arg(label->text())));
        }
    }
};

QTEST_MAIN(RecipeTest)
#include "recipe_test.moc"
