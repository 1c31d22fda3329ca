#pragma once

#include "core/graph/network.h"
#include "core/quant/presets.h"
#include "tests/support/graph_text.h"
#include "tests/support/sanitized.h"
#include "tests/support/small_vit.h"
#include "widgets/model/session.h"
#include "widgets/model/session_file.h"

#include <QSignalSpy>
#include <QTest>

#include <chrono>
#include <random>
#include <thread>

namespace qs::test {

constexpr int kPatienceMs = 30000 * kSlowdown;

/// Made-up images, always the same; each takes `delayMs` to load.
class MadeUpImages : public exec::ImageSource {
public:
    MadeUpImages(std::size_t count, unsigned seed, int delayMs) : m_count(count), m_seed(seed), m_delayMs(delayMs) {}
    std::size_t size() const override { return m_count; }
    Result<void> load(std::size_t index, std::span<float> dst) const override
    {
        std::this_thread::sleep_for(std::chrono::milliseconds(m_delayMs));
        std::mt19937 engine(m_seed * 100003 + static_cast<unsigned>(index));
        std::normal_distribution<float> normal;
        for (float& value : dst)
            value = normal(engine);
        return {};
    }
    std::optional<int> label(std::size_t index) const override { return static_cast<int>(index % 5); }
    std::string name(std::size_t index) const override { return std::to_string(index); }

private:
    std::size_t m_count;
    unsigned m_seed;
    int m_delayMs;
};

inline std::shared_ptr<const ui::ImageSet> madeUpImages(std::size_t count, unsigned seed, int delayMs = 0)
{
    auto set = std::make_shared<ui::ImageSet>();
    set->folder.root = "/made/up";
    for (std::size_t i = 0; i < count; ++i)
        set->folder.entries.push_back({std::to_string(i), std::to_string(i), static_cast<int>(i % 5)});
    set->source = std::make_shared<const MadeUpImages>(count, seed, delayMs);
    return set;
}

/// A session with the small vision transformer and made-up images; not calibrated.
inline ui::SessionDocument smallDocument(int delayMs = 0)
{
    auto graph = graph::parse(kSmallVit);
    onnx::ModelInfo info;
    info.path = "/made/up/small.onnx";
    info.hash = "small";
    info.height = info.width = 8;
    info.classes = 5;
    ui::SessionDocument document;
    document.loadedModel =
        std::make_shared<const onnx::Model>(onnx::Model{graph::networkOf(std::move(*graph)), std::move(info)});
    document.model = document.loadedModel->info.path;
    document.modelHash = document.loadedModel->info.hash;
    document.loadedCalibrationImages = madeUpImages(16, 1, delayMs);
    document.loadedTestImages = madeUpImages(100, 2, delayMs);
    document.states.push_back({"start", *quant::presetRecipe("minmax", 8, 8), {}, {}});
    return document;
}

/// Nothing runs and nothing is about to: plan, probe and profile belong to the recipe.
inline bool settled(const ui::Session& session)
{
    return session.plans.plan().current && session.figures.probe().current && session.figures.profile().current &&
           session.jobs.list().empty();
}

inline std::vector<SiteId> sitesNamed(const ui::Session& session, const char* part)
{
    std::vector<SiteId> found;
    for (const graph::Site& site : session.document.sites())
        if (site.name.find(part) != std::string::npos)
            found.push_back(site.id);
    return found;
}

inline quant::SitePatch bitsPatch(int bits)
{
    quant::SitePatch patch;
    patch.bits = bits;
    return patch;
}

} // namespace qs::test

#define QS_SETTLE(session) QTRY_VERIFY_WITH_TIMEOUT(qs::test::settled(session), qs::test::kPatienceMs)
