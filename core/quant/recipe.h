#pragma once

#include "core/graph/sites.h"
#include "core/quant/settings.h"

#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

namespace qs::quant {

/// Settings where nobody chooses: 8 bits, uniform, over the whole range; a weight symmetric by channel, an activation
/// asymmetric with one step.
SiteSettings plainWeight();
SiteSettings plainActivation();

/// Which sites a rule is about: all that is set must match.
struct Selector {
    std::optional<graph::SiteKind> kind;
    std::optional<graph::Role> role;
    std::optional<int> block;
    std::optional<std::string> name; ///< with * and ? as wildcards
    bool matches(const graph::Site& site) const;
    friend bool operator==(const Selector&, const Selector&) = default;
};

struct Rule {
    Selector match;
    SitePatch set;
    friend bool operator==(const Rule&, const Rule&) = default;
};

/// The document: every choice of the user, edited, undone, saved, sent to a colleague. Later wins over earlier:
/// defaults, then rules in order, then overrides of single sites. Sites are addressed by their stable names.
struct Recipe {
    static constexpr int kVersion = 1;

    std::string preset; ///< name it started from, "" for none
    /// Where min-max at the same bits has less error in a site's output than what the recipe chooses, take that and
    /// say so (see guard.h). Sites with an override of more than their bits are left alone.
    bool guard = false;
    graph::Coverage coverage = graph::Coverage::MatMul;
    SiteSettings weight = plainWeight();         ///< of all weights that no rule or override changes
    SiteSettings activation = plainActivation(); ///< of all activations that none changes
    std::vector<Rule> rules;
    std::map<std::string, SitePatch> overrides;
    std::set<std::string> locked; ///< sites that searches and group edits leave alone

    friend bool operator==(const Recipe&, const Recipe&) = default;
};

/// The settings of one site: float where the coverage leaves the site out.
SiteSettings settingsOf(const Recipe& recipe, const graph::Site& site);

/// A recipe with `patch` as override of the sites (locked ones are left alone).
Recipe edited(const Recipe& recipe, const graph::SiteTable& sites, std::span<const SiteId> which,
              const SitePatch& patch);
/// A recipe without overrides of the sites.
Recipe reset(const Recipe& recipe, const graph::SiteTable& sites, std::span<const SiteId> which);

/// Names in the recipe that the model does not have: warnings, since a recipe may be meant for a family of models.
std::vector<std::string> unknownNames(const Recipe& recipe, const graph::SiteTable& sites);

} // namespace qs::quant
