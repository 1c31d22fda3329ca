#include "app/cli/tables.h"

#include "core/base/number_text.h"

#include <array>
#include <cstdio>
#include <map>
#include <string>

namespace qs::cli {

void printExport(const onnx::ExportReport& report, const std::optional<onnx::VerifyReport>& verified, bool scores)
{
    std::printf("%s: %.2f MB, opset %lld; %.1f %% of the multiply-accumulates run in int8\n", report.path.c_str(),
                static_cast<double>(report.fileBytes) * 1e-6, static_cast<long long>(report.opset),
                report.int8MacShare() * 100);
    std::map<std::string, int> int8;
    std::map<std::pair<std::string, std::string>, int> floats;
    for (const auto& node : report.nodes) {
        if (node.precision == onnx::Precision::Int8)
            ++int8[node.op];
        else if (node.precision == onnx::Precision::Float)
            ++floats[{node.op, node.reason}];
    }
    for (const auto& [op, count] : int8)
        std::printf("  int8   %4d × %s\n", count, op.c_str());
    for (const auto& [what, count] : floats)
        std::printf("  float  %4d × %-20s %s\n", count, what.first.c_str(), what.second.c_str());
    if (!verified)
        return;
    std::printf("  re-loaded: %zu weights equal bit by bit; %zu images in this engine, ", verified->weightsCompared,
                verified->images);
    if (scores)
        std::printf("top-1 equal on %.1f %%, ", verified->top1Agreement * 100);
    std::printf("SQNR %s dB\n", numberText(verified->logitSqnrDb, "%.1f").c_str());
    for (const auto& opinion : verified->opinions)
        std::printf("  %s\n", opinion.text().c_str());
    std::printf("  check: %s\n", verified->passed ? "passed" : "NOT PASSED");
}

namespace {

/// Bits, SQNR, size and speed are of every task; what is between them is `middle`.
void printLine(const quant::Evaluation& e, int width, const std::string& middle)
{
    std::printf("%-*s %6.3g %6.3g %s ", width, e.isFloat ? "float" : e.preset.c_str(), e.meanWeightBits,
                e.meanActivationBits, middle.c_str());
    if (e.isFloat)
        std::printf("%9s ", "–");
    else
        std::printf("%s ", numberText(e.logitSqnrDb, "%9.1f").c_str());
    std::printf("%9.2f %9.1f\n", static_cast<double>(e.modelBytes) * 1e-6, e.imagesPerSecond);
}

std::string topFigures(const quant::Evaluation& e)
{
    std::array<char, 64> text{};
    std::snprintf(text.data(), text.size(), "%8.1f %8.1f %10.1f", e.top1.value_or(0) * 100, e.top5.value_or(0) * 100,
                  e.agreement * 100);
    return text.data();
}

void printTask(const std::vector<quant::Evaluation>& evaluations)
{
    const tasks::Figure& last = evaluations.front().figures.back();
    std::printf("%-18s %6s %6s %26s %26s %9s %9s %9s\n", "network", "W bits", "A bits",
                evaluations.front().headline()->title.c_str(), last.title.c_str(), "SQNR dB", "packed MB",
                "images/s");
    for (const auto& e : evaluations) {
        std::array<char, 128> text{};
        std::snprintf(text.data(), text.size(), "%26s %26s", tasks::figureText(*e.headline()).c_str(),
                      tasks::figureText(e.figures.back()).c_str());
        printLine(e, 18, text.data());
    }
    std::printf("in brackets: 95 %% intervals over the %zu images\n", evaluations.front().images);
}

} // namespace

void printEvaluations(const std::vector<quant::Evaluation>& evaluations)
{
    if (!evaluations.empty() && !evaluations.front().scores && evaluations.front().headline())
        return printTask(evaluations);
    std::printf("%-12s %6s %6s %8s %8s %10s %9s %9s %9s\n", "network", "W bits", "A bits", "top-1 %", "top-5 %",
                "agree %", "SQNR dB", "packed MB", "images/s");
    for (const auto& e : evaluations)
        printLine(e, 12, topFigures(e));
}

} // namespace qs::cli
