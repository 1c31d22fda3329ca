#pragma once

#include "core/base/json_reader.h"
#include "core/quant/evaluate.h"

#include <string>

#include <nlohmann/json_fwd.hpp>

namespace qs::quant {

/// The figures as every file has them (--json, results, sessions): images, labelled, top1, top5, float_top1,
/// float_top5, scores, agreement, logit_sqnr_db (null: infinite), cosine, max_difference, kl_divergence,
/// relative_error, mean_weight_bits, mean_activation_bits, model_bytes, bops, images_per_second, seconds, float,
/// coverage, preset, threads, batch, what the task measured (task_json.h), doubts. Agreement and KL are left out of
/// outputs that are no scores. withImages: "results", one object an image; they are not read back.
nlohmann::ordered_json evaluationJson(const Evaluation& evaluation, bool withImages = false);
/// Its text (the command line's --json).
std::string evaluationToJson(const Evaluation& evaluation, bool withImages = false);
/// The same back, from an object. "kl" is what sessions of version 1 called kl_divergence. Values of another type or
/// out of bounds are errors of the reader.
Evaluation evaluationFrom(const JsonReader& json);

/// An SQNR in dB as all files have it: null where it is infinite (no error at all).
nlohmann::ordered_json sqnrJson(double db);
double sqnrFrom(const JsonReader& value);

} // namespace qs::quant
