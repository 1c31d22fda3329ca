#pragma once

#include "core/graph/network.h"
#include "core/project/session_file.h"
#include "tests/support/small_vit.h"
#include "tests/support/temp_dir.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>

namespace qs::test {

struct SmallNetwork : graph::Network {
    SmallNetwork() : Network(graph::networkOf(*graph::parse(kSmallVit))) {}
};

inline quant::SitePatch bits(int count)
{
    quant::SitePatch patch;
    patch.bits = count;
    return patch;
}

/// A session with every field away from its default.
inline project::SessionFile sampleSession()
{
    project::SessionFile session;
    session.model = "/made/up/small.onnx";
    session.modelHash = "0123abcd";
    session.imageSize = onnx::ImageSize{48, 64};
    session.outputs = {"logits"};
    session.calibrationFolder = "/made/up/calib";
    session.testFolder = "/made/up/test";
    session.calibrationCount = 48;
    session.labelOffset = -1;
    session.classNames = {"tench", "goldfish", "großer weißer Hai"};
    session.preprocess.resize = 71;
    session.preprocess.squash = true;
    session.states.push_back({"start", *quant::presetRecipe("minmax", 8, 8), {}, {}});
    quant::Recipe second = session.states[0].recipe;
    second.overrides["blocks.0.fc2.input"] = bits(4);
    second.locked.insert("blocks.0.fc1.input");
    auto evaluation = std::make_shared<quant::Evaluation>();
    evaluation->isFloat = false;
    evaluation->images = 100;
    evaluation->labelled = 90;
    evaluation->top1 = 0.741;
    evaluation->floatTop1 = 0.812;
    evaluation->agreement = 0.84;
    evaluation->logitSqnrDb = 12.5;
    evaluation->klDivergence = 0.0625;
    evaluation->preset = "minmax";
    project::Origin origin{"0123abcd", "names", "labels", "pixels", 100, "calibration", "recipe"};
    session.states.push_back({"fc2: 4 bits – “ä”", second, {}, {evaluation, origin}});
    session.index = 1;
    session.selection = {"blocks.0.fc2.input"};
    session.sensitivity.value = std::make_shared<const std::vector<project::SiteSensitivity>>(
        std::vector<project::SiteSensitivity>{{"blocks.0.fc2.input", 0.5, 21.25}, {"blocks.0.fc1.input", 0, 1.5}});
    session.sensitivity.origin = origin;
    session.window = "AAEC";
    return session;
}

} // namespace qs::test
