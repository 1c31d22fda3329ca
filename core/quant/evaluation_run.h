#pragma once

#include "core/base/context.h"
#include "core/base/error.h"
#include "core/exec/output_form.h"
#include "core/exec/program.h"
#include "core/quant/evaluate.h"

#include <cstddef>
#include <memory>

namespace qs::quant {

/// What is evaluated, and against what. Everything is referred to.
struct EvaluationSubject {
    const graph::Network& network;
    const Plan* plan; ///< null: the float network
    const exec::ImageSource& images;
    std::size_t count; ///< of them, at least one
    const FloatReference& reference;
    const tasks::ChosenTask& task;
    const tasks::TruthSource* truths; ///< null: labels
};

/// The two networks of evaluate() over its images, some at a time, and what is measured of their outputs.
class EvaluationRun {
public:
    EvaluationRun(const EvaluationSubject& subject, const Context& context);
    ~EvaluationRun();

    /// Compiles what has to run. Errors: Program::compile's.
    Result<void> prepare(const std::shared_ptr<exec::WeightCache>& weights);
    /// Errors: the images', InvalidArgument (a truth of another kind), Cancelled.
    Result<Evaluation> run();

private:
    /// One network over images, some of them at a time.
    class Pass;
    /// What is measured of the rows of both.
    class Meter;

    Result<void> measure(Meter& meter, std::size_t first, std::size_t count);
    std::size_t chunk() const; ///< images that are looked at together
    double seconds() const;

    EvaluationSubject m_subject;
    const Context& m_context;
    Evaluation m_result;
    exec::OutputForm m_form;
    std::unique_ptr<Pass> m_float, m_quantized; ///< null: the reference's rows; the float network is evaluated
};

/// A program of the network as evaluations run it.
Result<exec::Program> compileNetwork(const graph::Network& network, const exec::Simulation& simulation,
                                     const std::shared_ptr<exec::WeightCache>& weights, const Context& context);
std::size_t rowBytes(const graph::Graph& graph); ///< of the outputs of one image

} // namespace qs::quant
