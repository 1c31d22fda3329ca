#include "core/base/doubt_json.h"

#include "core/base/json_write.h"

#include <utility>

namespace qs {

nlohmann::ordered_json doubtsJson(std::span<const Doubt> doubts)
{
    auto list = nlohmann::ordered_json::array();
    for (const Doubt& doubt : doubts) {
        auto evidence = nlohmann::ordered_json::object();
        for (const auto& [name, value] : doubt.evidence)
            evidence[name] = jsonNumber(value);
        list.push_back({{"kind", doubtName(doubt.kind)},
                        {"message", doubt.message},
                        {"cure", doubt.cure},
                        {"evidence", std::move(evidence)}});
    }
    return list;
}

std::vector<Doubt> doubtsFrom(const JsonReader& list)
{
    std::vector<JsonWord<DoubtKind>> kinds;
    for (int kind = 0; !doubtName(static_cast<DoubtKind>(kind)).empty(); ++kind)
        kinds.push_back({static_cast<DoubtKind>(kind), doubtName(static_cast<DoubtKind>(kind))});
    std::vector<Doubt> doubts;
    for (const JsonReader& item : list.items()) {
        Doubt doubt;
        doubt.kind = item["kind"].required().oneOf(kinds, DoubtKind::Classes);
        doubt.message = item["message"].required().text();
        doubt.cure = item["cure"].text();
        for (const auto& [name, value] : item["evidence"].members())
            doubt.evidence[name] = value.anyNumber(0);
        doubts.push_back(std::move(doubt));
    }
    return doubts;
}

} // namespace qs
