#pragma once

#include "core/base/json_reader.h"
#include "core/quant/evaluate.h"

#include <nlohmann/json_fwd.hpp>

namespace qs::quant {

/// {name, title, value, low, high, unit, higher_is_better}; low and high, the 95 % interval, are left out where there
/// is none.
nlohmann::ordered_json figureJson(const tasks::Figure& figure);
tasks::Figure figureFrom(const JsonReader& json);

/// Adds what an evaluation's task measured to its JSON:
///   task      "segmentation"
///   headline  the first of the figures
///   figures   all of them
///   outputs   [{name, sqnr_db (null: infinite), cosine, max_abs}], by output
///   task_loss what searches make small, of other tasks than classification
void addTaskJson(const Evaluation& evaluation, nlohmann::ordered_json& json);
/// The same back, from the evaluation's object; nothing where a file of before has none.
void readTask(const JsonReader& json, Evaluation& evaluation);

} // namespace qs::quant
