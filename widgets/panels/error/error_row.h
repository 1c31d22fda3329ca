#pragma once

#include "core/graph/sites.h"

#include <QString>

#include <limits>
#include <vector>

namespace qs::ui {

/// Errors of one activation site along the depth: values only.
struct ErrorPoint {
    static constexpr double kNone = std::numeric_limits<double>::quiet_NaN();

    SiteId id;
    QString name;
    graph::Role role = graph::Role::Linear;
    int block = -1;
    double isolatedSqnrDb = kNone; ///< none in float, +inf where exact
    double accumulatedSqnrDb = kNone;
};

/// Where the error of one layer comes from. Each is a share of the signal: sum of squared errors over sum of squares,
/// of the values that are quantized.
struct ErrorSplit {
    QString layer;
    std::vector<SiteId> sites; ///< inputs before the weight
    int block = -1;
    double weightRounding = 0;
    double activationRounding = 0;
    double clipping = 0; ///< of weights and activations
    double total() const { return weightRounding + activationRounding + clipping; }
};

/// "weight rounding 3.21 % · …": each part as a share of the signal.
QString describe(const ErrorSplit& split);

/// Sensitivity of one site, measured one site at a time.
struct Sensitivity {
    SiteId id;
    QString name;
    graph::SiteKind kind = graph::SiteKind::Activation;
    double kl = 0; ///< nats
};

struct ErrorPicture {
    std::vector<ErrorPoint> points; ///< in the order of execution
    std::vector<ErrorSplit> splits; ///< layers in the order of execution
    std::vector<Sensitivity> sensitivities;
    bool isolatedCurrent = false;
    bool accumulatedCurrent = false;
    bool accumulatedRunning = false;
    bool sensitivityCurrent = false;
    bool sensitivityRunning = false;
    std::size_t images = 0; ///< that the accumulated error stands on
};

} // namespace qs::ui
