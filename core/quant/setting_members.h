#pragma once

#include "core/quant/setting_table.h"

#include <string_view>

namespace qs::quant {

// The members of the settings that are objects in recipe files, as rows.

/// A number within bounds, and what is said of others.
struct NumberForm {
    bool (*allowed)(double) = nullptr; ///< null: all
    std::string_view refusal = {};
};
struct IntegerForm {};
struct SeedForm {}; ///< 0 .. 2^31 - 1
/// A list of numbers: percentiles.
struct PercentilesForm {};
/// A number a channel.
struct ChannelsForm {};
struct YesForm {}; ///< true or false

/// A member of `Object`. Files leave out what has its default, but for members that are written anyway; a reader
/// misses nothing but what is needed.
template <class Object, class T, class Form>
struct Member {
    std::string_view name; ///< key
    T Object::*of;
    Form form;
    bool (*written)(const Object&) = [](const Object&) { return false; };
    bool (*needed)(const Object&) = [](const Object&) { return false; };
};

template <class Object>
bool inAnyCase(const Object&)
{
    return true;
}

template <class Visit>
void forEachMember(const SearchGrid&, Visit&& visit)
{
    using Grid = SearchGrid;
    visit(Member{"low", &Grid::low, NumberForm{}, &inAnyCase<Grid>});
    visit(Member{"high", &Grid::high, NumberForm{}, &inAnyCase<Grid>});
    visit(Member{"candidates", &Grid::count, IntegerForm{}, &inAnyCase<Grid>});
    visit(Member{"rounds", &Grid::rounds, IntegerForm{}, &inAnyCase<Grid>});
    visit(Member{"reciprocal", &Grid::reciprocal, YesForm{}});
}

template <class Visit>
void forEachMember(const Estimator&, Visit&& visit)
{
    constexpr auto isManual = [](const Estimator& e) { return e.kind == EstimatorKind::Manual; };
    constexpr auto hasRange = [](const Estimator& e) {
        return e.kind == EstimatorKind::Manual || e.low != 0 || e.high != 0;
    };
    visit(Member{"kind", &Estimator::kind, WordForm{kEstimators}, &inAnyCase<Estimator>, &inAnyCase<Estimator>});
    visit(Member<Estimator, std::vector<double>, PercentilesForm>{
        "percentiles", &Estimator::percentiles, {}, [](const Estimator& e) {
            return e.kind == EstimatorKind::Percentile;
        }});
    visit(Member<Estimator, double, NumberForm>{"low", &Estimator::low, {}, hasRange, isManual});
    visit(Member<Estimator, double, NumberForm>{"high", &Estimator::high, {}, hasRange, isManual});
    visit(Member{"channel_low", &Estimator::channelLow, ChannelsForm{}});
    visit(Member{"channel_high", &Estimator::channelHigh, ChannelsForm{}});
    visit(Member<Estimator, SearchGrid, ObjectForm>{
        "grid", &Estimator::search, {}, [](const Estimator& e) { return e.kind == EstimatorKind::Search; }});
    visit(Member<Estimator, double, NumberForm>{
        "factor", &Estimator::factor, {[](double f) { return f > 0; }, "must be above 0"}, [](const Estimator& e) {
            return e.kind == EstimatorKind::Scaled;
        }});
}

template <class Visit>
void forEachMember(const Smoothing&, Visit&& visit)
{
    visit(Member{"kind", &Smoothing::kind, WordForm{kSmoothings}, &inAnyCase<Smoothing>, &inAnyCase<Smoothing>});
    visit(Member<Smoothing, double, NumberForm>{
        "alpha",
        &Smoothing::alpha,
        {[](double alpha) { return alpha >= 0 && alpha <= 1; }, "must lie in [0, 1]"},
        [](const Smoothing& s) { return s.kind != SmoothingKind::None; }});
    visit(Member{"search_alpha", &Smoothing::searchAlpha, YesForm{}});
    visit(Member{"quantile", &Smoothing::quantile,
                 NumberForm{[](double q) { return q > 0.5 && q <= 1; }, "must lie in (0.5, 1]"}});
}

template <class Visit>
void forEachMember(const Noise&, Visit&& visit)
{
    visit(Member{"on", &Noise::on, YesForm{}, &inAnyCase<Noise>, &inAnyCase<Noise>});
    visit(Member{"law", &Noise::law, WordForm{kNoiseLaws}});
    visit(Member{"objective", &Noise::objective, WordForm{kObjectives}});
    visit(Member{"search_range", &Noise::searchRange, YesForm{}});
    visit(Member{"range", &Noise::range,
                 NumberForm{[](double range) { return range >= 0 && range <= 16; }, "must lie in [0, 16]"}});
    visit(Member{"shift", &Noise::shift, YesForm{}});
    visit(Member{"fold_into_value", &Noise::foldIntoValue, YesForm{}});
    visit(Member{"int16", &Noise::int16, YesForm{}});
    visit(Member{"seed", &Noise::seed, SeedForm{}});
}

} // namespace qs::quant
