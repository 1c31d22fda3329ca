#pragma once

#include "core/base/doubt.h"
#include "core/base/json_reader.h"

#include <span>
#include <vector>

#include <nlohmann/json_fwd.hpp>

namespace qs {

/// [{"kind": ..., "message": ..., "cure": ..., "evidence": {...}}, ...]
nlohmann::ordered_json doubtsJson(std::span<const Doubt> doubts);
/// The same back; kinds that this program does not know are an error of the reader.
std::vector<Doubt> doubtsFrom(const JsonReader& list);

} // namespace qs
