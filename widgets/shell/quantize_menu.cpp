#include "core/quant/presets.h"
#include "core/quant/recipe.h"
#include "widgets/model/document.h"
#include "widgets/model/edits.h"
#include "widgets/model/figures.h"
#include "widgets/model/jobs.h"
#include "widgets/model/plans.h"
#include "widgets/shell/actions.h"
#include "widgets/shell/menus.h"

#include <QActionGroup>
#include <QMenuBar>

#include <utility>

namespace qs::ui {

namespace {

QString tr(const char* text)
{
    return QObject::tr(text);
}

QString text(std::string_view utf8)
{
    return QString::fromUtf8(utf8.data(), qsizetype(utf8.size()));
}

void addPresets(QMenu& menu, Actions& actions, Edits& edits)
{
    QMenu* presets = menu.addMenu(tr("&Preset"));
    presets->setToolTipsVisible(true);
    for (const quant::Preset& preset : quant::presets()) {
        QMenu* one = presets->addMenu(text(preset.title));
        const QString name = text(preset.name);
        one->menuAction()->setToolTip(text(preset.description));
        for (const auto& [w, a] : {std::pair{8, 8}, {6, 6}, {4, 8}, {4, 4}})
            actions.add(*one, {QStringLiteral("%1 W%2A%3").arg(name).arg(w).arg(a)}, kModel,
                        [&edits, name, w = w, a = a] { edits.applyPreset(name, w, a); });
    }
}

void addCoverages(QMenu& menu, Actions& actions, const Document& document, Edits& edits)
{
    QMenu* coverage = menu.addMenu(tr("C&overage"));
    auto* group = new QActionGroup(coverage);
    for (const auto& [value, title] :
         {std::pair{graph::Coverage::MatMul, tr("Matrix products")}, std::pair{graph::Coverage::Full, tr("Full")}}) {
        QAction* one = actions.add(*coverage, {title}, kModel, [&edits, value = value] { edits.setCoverage(value); });
        one->setCheckable(true);
        group->addAction(one);
        QObject::connect(&document, &Document::recipeChanged, one,
                         [&document, one, value = value] { one->setChecked(document.recipe().coverage == value); });
        one->setChecked(document.recipe().coverage == value);
    }
}

void addGuard(QMenu& menu, Actions& actions, const Document& document, Edits& edits)
{
    QAction* literal = actions.add(Command::TakeLiterally, menu, {tr("Take the recipe &literally")}, kModel, [] {});
    literal->setCheckable(true);
    literal->setToolTip(tr("Else min-max is taken at the sites where it has less error than the recipe's choice"));
    QObject::connect(literal, &QAction::triggered, literal, [&edits](bool on) { edits.setGuard(!on); });
    const auto follow = [&document, literal] {
        const quant::Recipe& recipe = document.recipe();
        literal->setChecked(!recipe.guard && recipe.preset != "minmax");
    };
    QObject::connect(&document, &Document::recipeChanged, literal, follow);
    follow();
}

void addBits(QMenu& menu, Actions& actions, Edits& edits)
{
    QMenu* list = menu.addMenu(tr("&Bits of the selected sites"));
    const auto add = [&](Command command, const QString& title, const QString& key, int bits) {
        actions.add(command, *list, {title, QKeySequence(key)}, kSites, [&edits, bits] {
            quant::SitePatch patch;
            patch.bits = bits;
            edits.editSelection(patch);
        });
    };
    for (int bits = 2; bits <= 8; ++bits)
        add(bitsCommand(bits), tr("%1 bits").arg(bits), QString::number(bits), bits);
    add(Command::FloatSites, tr("Float"), tr("0"), quant::kFloatBits);
}

} // namespace

QMenu* addQuantizeMenu(QMenuBar& bar, Actions& actions, Plans& plans, Figures& figures, Jobs& jobs,
                       std::function<void()> showSearch)
{
    QMenu* menu = bar.addMenu(tr("&Quantize"));
    actions.add(Command::Calibrate, *menu, {tr("&Calibrate"), QKeySequence(tr("F4")), "calibrate"}, kModel,
                [&plans] { plans.calibrate(); });
    actions.add(Command::Evaluate, *menu, {tr("&Evaluate"), QKeySequence(tr("F5")), "evaluate"}, kPlan,
                [&figures] { figures.evaluate(); });
    actions.add(Command::MeasureSensitivity, *menu,
                {tr("Measure &sensitivity of every site"), QKeySequence(tr("F6"))}, kPlan,
                [&figures] { figures.measureSensitivity(); });
    actions.add(Command::Search, *menu, {tr("Searc&h…"), QKeySequence(tr("F7"))}, kCalibration,
                std::move(showSearch));
    actions.add(Command::Stop, *menu, {tr("S&top"), QKeySequence(tr("Esc"))}, kNothing,
                [&jobs] { jobs.cancelAll(); });
    return menu;
}

void addRecipeMenus(QMenu& menu, Actions& actions, const Document& document, Edits& edits)
{
    menu.addSeparator();
    addPresets(menu, actions, edits);
    addCoverages(menu, actions, document, edits);
    addGuard(menu, actions, document, edits);
    addBits(menu, actions, edits);
}

} // namespace qs::ui
