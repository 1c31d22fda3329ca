#include "tests/kernels/kernel_list.h"

#include "core/kernels/conv.h"
#include "core/kernels/elementwise.h"
#include "core/kernels/gemm.h"
#include "core/kernels/integer_gemm.h"
#include "core/kernels/norm.h"
#include "core/kernels/quantize.h"
#include "core/kernels/quantize_levels.h"
#include "core/kernels/reduce.h"
#include "core/kernels/statistics.h"

#include <algorithm>
#include <cmath>
#include <random>
#include <span>
#include <utility>

namespace qs::kernels {

namespace {

constexpr QuantGrid kGrid{0.021F, 3, -128, 127};

std::span<const float> values(const KernelData& d)
{
    return {d.x(), d.count()};
}
std::span<float> ofSize(std::vector<float>& y, std::size_t count)
{
    y.resize(count);
    return y;
}

// One kernel and its reference, which have the same name and parameters: the body says `from::` for both.
#define QS_KERNEL(NAME, FUNCTION, AGREEMENT, BOUND, ...)                                                             \
    Kernel                                                                                                           \
    {                                                                                                                \
        NAME, #FUNCTION, Agreement::AGREEMENT,                                                                       \
            [](const KernelData& d, KernelOutput& out) {                                                             \
                namespace from = qs::kernels;                                                                        \
                __VA_ARGS__                                                                                          \
            },                                                                                                       \
            [](const KernelData& d, KernelOutput& out) {                                                             \
                namespace from = qs::kernels::reference;                                                             \
                __VA_ARGS__                                                                                          \
            },                                                                                                       \
            BOUND                                                                                                    \
    }

void addUnary(std::vector<Kernel>& all)
{
    constexpr std::pair<UnaryOp, const char*> kOps[] = {{UnaryOp::Copy, "copy"},
                                                        {UnaryOp::Neg, "neg"},
                                                        {UnaryOp::Abs, "abs"},
                                                        {UnaryOp::Reciprocal, "reciprocal"},
                                                        {UnaryOp::Sqrt, "sqrt"},
                                                        {UnaryOp::Square, "square"},
                                                        {UnaryOp::Exp, "exp"},
                                                        {UnaryOp::Log, "log"},
                                                        {UnaryOp::Erf, "erf"},
                                                        {UnaryOp::Tanh, "tanh"},
                                                        {UnaryOp::Sigmoid, "sigmoid"},
                                                        {UnaryOp::Relu, "relu"},
                                                        {UnaryOp::LeakyRelu, "leaky"},
                                                        {UnaryOp::Elu, "elu"},
                                                        {UnaryOp::Clip, "clip"},
                                                        {UnaryOp::Gelu, "gelu"},
                                                        {UnaryOp::GeluTanh, "gelu tanh"},
                                                        {UnaryOp::QuickGelu, "quick gelu"},
                                                        {UnaryOp::Silu, "silu"},
                                                        {UnaryOp::HardSigmoid, "hard sigmoid"},
                                                        {UnaryOp::HardSwish, "hard swish"},
                                                        {UnaryOp::Softplus, "softplus"},
                                                        {UnaryOp::Pow, "pow"},
                                                        {UnaryOp::Affine, "affine"},
                                                        {UnaryOp::Floor, "floor"},
                                                        {UnaryOp::Ceil, "ceil"},
                                                        {UnaryOp::Round, "round"},
                                                        {UnaryOp::Sign, "sign"},
                                                        {UnaryOp::Sin, "sin"},
                                                        {UnaryOp::Cos, "cos"},
                                                        {UnaryOp::Atan, "atan"},
                                                        {UnaryOp::Mish, "mish"}};
    for (const auto& [op, name] : kOps) {
        const bool isHighways = op == UnaryOp::Atan;
        all.push_back({std::string("unary ") + name, "unary", isHighways ? Agreement::Bound : Agreement::BitsWithFma,
                       [op = op](const KernelData& d, KernelOutput& out) {
                           unary(op, values(d), ofSize(out.y, d.count()), 0.3F, 0.7F);
                       },
                       [op = op](const KernelData& d, KernelOutput& out) {
                           reference::unary(op, values(d), ofSize(out.y, d.count()), 0.3F, 0.7F);
                       },
                       4e-6});
    }
    for (const auto& [activation, name] : {std::pair{Activation::None, "none"},
                                           {Activation::Relu, "relu"},
                                           {Activation::Relu6, "relu6"},
                                           {Activation::Gelu, "gelu"},
                                           {Activation::GeluTanh, "gelu tanh"},
                                           {Activation::Silu, "silu"},
                                           {Activation::Sigmoid, "sigmoid"},
                                           {Activation::Tanh, "tanh"},
                                           {Activation::HardSwish, "hard swish"}})
        all.push_back({std::string("activate ") + name, "activate", Agreement::BitsWithFma,
                       [a = activation](const KernelData& d, KernelOutput& out) {
                           activate(a, values(d), ofSize(out.y, d.count()));
                       },
                       [a = activation](const KernelData& d, KernelOutput& out) {
                           std::ranges::transform(values(d), ofSize(out.y, d.count()).begin(),
                                                  [a](float x) { return reference::activate(a, x); });
                       },
                       4e-6});
}

void addBinary(std::vector<Kernel>& all)
{
    const std::pair<BinaryOp, const char*> ops[] = {
        {BinaryOp::Add, "add"}, {BinaryOp::Sub, "sub"}, {BinaryOp::Mul, "mul"}, {BinaryOp::Div, "div"},
        {BinaryOp::Min, "min"}, {BinaryOp::Max, "max"}, {BinaryOp::Pow, "pow"}};
    for (const auto& [op, name] : ops)
        for (const bool swapped : {false, true})
            all.push_back({std::string("binary ") + name + (swapped ? " swapped" : ""), "binary", Agreement::Bits,
                           [op = op, swapped](const KernelData& d, KernelOutput& out) {
                               binary(op, Broadcast::Row, d.rows, d.cols, d.x(), d.a(),
                                      ofSize(out.y, d.count()).data(), swapped);
                           },
                           [op = op, swapped](const KernelData& d, KernelOutput& out) {
                               reference::binary(op, Broadcast::Row, d.rows, d.cols, d.x(), d.a(),
                                                 ofSize(out.y, d.count()).data(), swapped);
                           }});
}

void addProducts(std::vector<Kernel>& all)
{
    // x [rows, cols] times the first 9 columns that a and b span: w(k, n) = a[k] b[n].
    const auto weights = [](const KernelData& d) {
        const std::size_t n = std::min<std::size_t>(d.cols, 9);
        std::vector<float> w(d.cols * n);
        for (std::size_t i = 0; i < w.size(); ++i)
            w[i] = d.a()[i / n] * d.b()[i % n];
        return w;
    };
    const auto product = [weights](int which) {
        return [weights, which](const KernelData& d, KernelOutput& out) {
            const std::size_t n = std::min<std::size_t>(d.cols, 9);
            const std::vector<float> w = weights(d);
            float* y = ofSize(out.y, d.rows * n).data();
            const Epilogue epilogue{0.5F, d.b(), Activation::None, nullptr, 0};
            if (which == 0) {
                reference::gemm(d.x(), d.cols, d.rows, w.data(), d.cols, n, n, 1, y, n, epilogue);
                return;
            }
            const PackedMatrix packed = packMatrix(w.data(), d.cols, n, n, 1);
            if (which == 1)
                gemm(d.x(), d.cols, d.rows, packed.view(), y, n, epilogue);
            else if (which == 2)
                gemmPart(d.x(), d.cols, packed.view(), y, n, epilogue, {0, d.rows, 0, packed.view().panels()});
            else
                gemmParallel(nullptr, d.x(), d.cols, d.rows, packed.view(), y, n, epilogue);
        };
    };
    for (const auto& [name, which] : {std::pair{"gemm", 1}, {"gemmPart", 2}, {"gemmParallel", 3}})
        all.push_back({name, name, Agreement::BitsWithFma, product(which), product(0), 1e-4});

    // Planes of 8 columns, 3 × 3, padded by one: rows / 8 channels at most 16, the weights from x itself.
    const auto convolve = [](bool fast) {
        return [fast](const KernelData& d, KernelOutput& out) {
            const ConvWindow window{4, std::max<std::size_t>(d.cols / 4, 1), 3, 3, 1, 1, 1, 1, 1, 1, 1, 1};
            if (d.cols < 9 || d.cols % 4 != 0)
                return;
            float* y = ofSize(out.y, d.count()).data();
            const std::vector<float> w(d.rows * 9, 0.37F);
            const std::vector<float> bias(d.rows, -0.1F);
            (fast ? depthwiseConv : reference::depthwiseConv)(window, 0, d.rows, d.x(), w.data(), bias.data(),
                                                              Activation::None, y);
        };
    };
    all.push_back({"depthwise 3x3", "depthwiseConv", Agreement::BitsWithFma, convolve(true), convolve(false), 1e-5});

    // Patches of one row are the values themselves where the window is 1 × 1.
    all.push_back({"im2col 1x1", "im2col", Agreement::Bits,
                   [](const KernelData& d, KernelOutput& out) {
                       const ConvWindow window{1, d.cols};
                       im2col(window, d.rows, d.x(), 0, 1, ofSize(out.y, d.count()).data(), d.rows);
                   },
                   [](const KernelData& d, KernelOutput& out) {
                       const auto y = ofSize(out.y, d.count());
                       for (std::size_t i = 0; i < d.count(); ++i)
                           y[i % d.cols * d.rows + i / d.cols] = d.x()[i];
                   }});
}

/// x as codes [rows, cols] times codes of a and b [cols, at most 9], into floats.
void addIntegerProducts(std::vector<Kernel>& all)
{
    const auto codesOf = [](const float* x, std::size_t count) {
        std::vector<uint8_t> codes(count);
        reference::quantizeChannels({1, 1, count}, x, {{&kGrid.scale, 1}, {&kGrid.zeroPoint, 1}, 0, 255},
                                    codes.data());
        return codes;
    };
    const auto product = [codesOf](int which) {
        return [codesOf, which](const KernelData& d, KernelOutput& out) {
            const std::size_t n = std::min<std::size_t>(d.cols, 9);
            const std::vector<uint8_t> a = codesOf(d.x(), d.count());
            std::vector<int8_t> b(d.cols * n);
            for (std::size_t i = 0; i < b.size(); ++i)
                b[i] = static_cast<int8_t>(a[i % a.size()] - 128);
            IntegerEpilogue epilogue;
            epilogue.scale = d.a();
            const IntegerResult result{nullptr, ofSize(out.y, d.rows * n).data(), nullptr, n, {}};
            const CodeMatrix codes{a.data(), d.cols, false};
            if (which == 0)
                return reference::integerGemm(codes, d.rows, b.data(), d.cols, n, n, 1, epilogue, result);
            const IntegerMatrix packed = packIntegerMatrix(b.data(), d.cols, n, n, 1);
            if (which == 1)
                integerGemm(codes, d.rows, packed.view(), epilogue, result);
            else if (which == 2)
                integerGemmPart(codes, packed.view(), epilogue, result, {0, d.rows, 0, packed.view().panels()});
            else
                integerGemmParallel(nullptr, codes, d.rows, packed.view(), epilogue, result);
        };
    };
    for (const auto& [name, which] :
         {std::pair{"integerGemm", 1}, {"integerGemmPart", 2}, {"integerGemmParallel", 3}})
        all.push_back({name, name, Agreement::Bits, product(which), product(0)});

    const auto rows = [codesOf](auto sum) {
        return [codesOf, sum](const KernelData& d, KernelOutput& out) {
            const std::vector<uint8_t> a = codesOf(d.x(), d.count());
            out.codes.resize(d.rows);
            sum({a.data(), d.cols, true}, d.rows, d.cols, out.codes.data());
        };
    };
    all.push_back({"row sums", "rowSums", Agreement::Bits, rows(&rowSums), rows(&reference::rowSums)});
    all.push_back({"im2col codes 1x1", "im2colCodes", Agreement::Bits,
                   [codesOf](const KernelData& d, KernelOutput& out) {
                       const std::vector<uint8_t> x = codesOf(d.x(), d.count());
                       std::vector<uint8_t> y(d.count());
                       im2colCodes({1, d.cols}, d.rows, x.data(), 0, 1, 3, y.data(), d.rows);
                       out.codes.assign(y.begin(), y.end());
                   },
                   [codesOf](const KernelData& d, KernelOutput& out) {
                       const std::vector<uint8_t> x = codesOf(d.x(), d.count());
                       out.codes.resize(d.count());
                       for (std::size_t i = 0; i < d.count(); ++i)
                           out.codes[i % d.cols * d.rows + i / d.cols] = x[i];
                   }});
}

void addNorms(std::vector<Kernel>& all)
{
    all.push_back(
        QS_KERNEL("layer norm", layerNorm, BitsWithFma, 1e-5,
                  from::layerNorm(d.rows, d.cols, d.x(), d.a(), d.b(), 1e-6F, ofSize(out.y, d.count()).data());));
    all.push_back(
        QS_KERNEL("normalize row", normalizeRow, BitsWithFma, 1e-5,
                  from::normalizeRow(d.count(), d.x(), 1.5F, -0.25F, 1e-6F, ofSize(out.y, d.count()).data());));
    all.push_back(QS_KERNEL("softmax", softmax, BitsWithFma, 1e-5,
                            from::softmax(d.rows, d.cols, d.x(), 0.125F, ofSize(out.y, d.count()).data());));
    all.push_back(QS_KERNEL("log softmax", logSoftmax, BitsWithFma, 1e-5,
                            from::logSoftmax(d.rows, d.cols, d.x(), ofSize(out.y, d.count()).data());));
    all.push_back(QS_KERNEL("softmax of columns", softmaxColumns, BitsWithFma, 1e-5,
                            from::softmaxColumns(d.rows, d.cols, d.x(), false, ofSize(out.y, d.count()).data());));
}

/// The codes of one grid, as the reference has them by channel: one channel of all.
template <class T>
void addCodes(std::vector<Kernel>& all, const std::string& type, const QuantGrid& grid)
{
    const auto layouts = [](const KernelData& d, bool channels) {
        return channels ? ChannelLayout{d.rows, d.cols, 1} : ChannelLayout{1, 1, d.count()};
    };
    const auto make = [layouts, grid](bool fast, bool channels, bool back) {
        return [=](const KernelData& d, KernelOutput& out) {
            const ChannelLayout layout = layouts(d, channels);
            const std::vector<int32_t> zeros(layout.channels, grid.zeroPoint);
            const std::vector<float> scales(layout.channels, grid.scale);
            const ChannelGrids grids{channels ? std::span(d.a(), d.cols) : std::span<const float>(scales), zeros,
                                     grid.qmin, grid.qmax};
            std::vector<T> codes(d.count());
            if (!fast || back)
                reference::quantizeChannels(layout, d.x(), grids, codes.data());
            else if (channels)
                quantizeChannels(layout, d.x(), grids, codes.data());
            else
                quantize(values(d), grid, codes);
            out.codes.assign(codes.begin(), codes.end());
            if (!back)
                return;
            const auto y = ofSize(out.y, d.count());
            if (!fast)
                reference::dequantizeChannels(layout, codes.data(), grids, y.data());
            else if (channels)
                dequantizeChannels(layout, codes.data(), grids, y.data());
            else
                dequantize(codes, grid, y);
        };
    };
    for (const bool channels : {false, true})
        for (const bool back : {false, true}) {
            const std::string function = std::string(back ? "dequantize" : "quantize") + (channels ? "Channels" : "");
            all.push_back({function + ' ' + type, function, Agreement::Bits, make(true, channels, back),
                           make(false, channels, back)});
        }
}

void addQuantizers(std::vector<Kernel>& all)
{
    addCodes<int8_t>(all, "int8", kGrid);
    addCodes<uint8_t>(all, "uint8", {0.03F, 120, 0, 255});
    addCodes<int32_t>(all, "int32", {0.001F, 0, -4096, 4095});
    all.push_back(QS_KERNEL("fake quantize", fakeQuantize, Bits, 0,
                            from::fakeQuantize(values(d), kGrid, ofSize(out.y, d.count()));));
    all.push_back(
        QS_KERNEL("fake quantize, channels", fakeQuantizeChannels, Bits, 0,
                  from::fakeQuantizeChannels({d.rows, d.cols, 1}, d.x(), {std::span(d.a(), d.cols), {}, -8, 7},
                                             ofSize(out.y, d.count()).data());));
    all.push_back(QS_KERNEL(
        "fake quantize, regions", fakeQuantizeRegions, Bits, 0,
        from::fakeQuantizeRegions(values(d), {0, false, {0.02F, -8, 0}, {0.32F, 0, 7}}, ofSize(out.y, d.count()));));
    all.push_back(QS_KERNEL("fake quantize, log sqrt 2", fakeQuantizeLog, Bits, 0,
                            from::fakeQuantizeLog(values(d), LogLevels{}, ofSize(out.y, d.count()));));
    const auto put = [](const ErrorSums& sums, KernelOutput& out) {
        out.sums.push_back(sums.squaredError);
        out.sums.push_back(sums.squaredSignal);
        out.counts.push_back(sums.clipped);
    };
    all.push_back({"quantization error, 1 grid", "quantizationError", Agreement::Bits,
                   [put](const KernelData& d, KernelOutput& out) { put(quantizationError(values(d), kGrid), out); },
                   [put](const KernelData& d, KernelOutput& out) {
                       put(reference::quantizationError(values(d), kGrid), out);
                   }});
    static const std::vector<QuantGrid> grids = [] {
        std::vector<QuantGrid> many(16);
        for (std::size_t g = 0; g < many.size(); ++g)
            many[g].scale = 0.01F + 0.001F * static_cast<float>(g);
        return many;
    }();
    all.push_back({"quantization error, 16 grids", "quantizationErrors", Agreement::Bits,
                   [put](const KernelData& d, KernelOutput& out) {
                       std::vector<ErrorSums> errors(grids.size());
                       quantizationErrors(values(d), grids, errors);
                       for (const ErrorSums& sums : errors)
                           put(sums, out);
                   },
                   [put](const KernelData& d, KernelOutput& out) {
                       for (const QuantGrid& grid : grids)
                           put(reference::quantizationError(values(d), grid), out);
                   }});
    all.push_back({"difference", "differenceSums", Agreement::Bits,
                   [put](const KernelData& d, KernelOutput& out) {
                       put(differenceSums({d.a(), d.cols}, {d.b(), d.cols}), out);
                   },
                   [put](const KernelData& d, KernelOutput& out) {
                       put(reference::differenceSums({d.a(), d.cols}, {d.b(), d.cols}), out);
                   }});
}

void addSums(std::vector<Kernel>& all)
{
    for (const auto& [fold, name] : {std::pair{Fold::Sum, "sum"},
                                     {Fold::Absolute, "absolute"},
                                     {Fold::Square, "square"},
                                     {Fold::Max, "max"},
                                     {Fold::Min, "min"}}) {
        const auto row = [fold = fold](bool fast) {
            return [fold, fast](const KernelData& d, KernelOutput& out) {
                out.sums.push_back((fast ? foldRow : reference::foldRow)(fold, values(d)));
            };
        };
        const auto into = [fold = fold](bool fast) {
            return [fold, fast](const KernelData& d, KernelOutput& out) {
                out.sums.assign(d.cols, foldStart(fold));
                for (std::size_t r = 0; r < d.rows; ++r)
                    (fast ? foldInto : reference::foldInto)(fold, {d.x() + r * d.cols, d.cols}, out.sums);
            };
        };
        all.push_back({std::string("row ") + name, "foldRow", Agreement::Bits, row(true), row(false)});
        all.push_back({std::string("columns ") + name, "foldInto", Agreement::Bits, into(true), into(false)});
    }
    all.push_back(QS_KERNEL("cumulated", cumulateInto, Bits, 0, {
        out.sums.assign(d.cols, 0);
        const auto y = ofSize(out.y, d.count());
        for (std::size_t r = 0; r < d.rows; ++r)
            from::cumulateInto({d.x() + r * d.cols, d.cols}, out.sums, y.subspan(r * d.cols, d.cols), r % 2 == 0);
    }));
}

void addStatistics(std::vector<Kernel>& all)
{
    const auto moments = [](KernelOutput& out, std::size_t channels) {
        out.y.assign(2 * channels, 0);
        std::fill_n(out.y.begin(), channels, INFINITY);
        std::fill(out.y.begin() + static_cast<std::ptrdiff_t>(channels), out.y.end(), -INFINITY);
        out.sums.assign(2 * channels, 0);
        return ChannelMoments{out.y.data(), out.y.data() + channels, out.sums.data(), out.sums.data() + channels};
    };
    const auto rows = [moments](bool fast) {
        return [moments, fast](const KernelData& d, KernelOutput& out) {
            (fast ? accumulateRows : reference::accumulateRows)(d.rows, d.cols, d.x(), moments(out, d.cols));
        };
    };
    const auto planes = [moments](bool fast) {
        return [moments, fast](const KernelData& d, KernelOutput& out) {
            (fast ? accumulatePlanes : reference::accumulatePlanes)(d.rows, d.cols, d.x(), moments(out, d.rows));
        };
    };
    all.push_back({"row moments", "accumulateRows", Agreement::Bits, rows(true), rows(false)});
    all.push_back({"plane moments", "accumulatePlanes", Agreement::Bits, planes(true), planes(false)});
    all.push_back(QS_KERNEL("min max", minMax, Bits, 0, {
        const MinMax range = from::minMax(values(d));
        out.y = {range.min, range.max};
    }));
    all.push_back(QS_KERNEL("largest magnitude", absMax, Bits, 0, { out.y = {from::absMax(values(d))}; }));
    all.push_back(QS_KERNEL("histogram, 2048 bins", countBins, Bits, 0, {
        out.counts.assign(2048, 0);
        from::countBins(values(d), {128, -1024, out.counts});
    }));
    all.push_back(QS_KERNEL("first not finite", firstNotFinite, Bits, 0,
                            { out.codes = {static_cast<int32_t>(from::firstNotFinite(values(d)))}; }));
}

#undef QS_KERNEL

} // namespace

KernelData::KernelData(std::size_t rowCount, std::size_t colCount) : rows(rowCount), cols(colCount)
{
    std::mt19937 engine(static_cast<uint32_t>(rows * 31 + cols));
    std::normal_distribution<float> distribution;
    m_x.resize(rows * cols + 1);
    m_a.resize(cols + 10);
    m_b.resize(cols + 10);
    for (float& v : m_x)
        v = distribution(engine);
    for (float& v : m_a)
        v = 0.05F + std::abs(distribution(engine));
    for (float& v : m_b)
        v = distribution(engine);
}

const std::vector<Kernel>& allKernels()
{
    static const std::vector<Kernel> kernels = [] {
        std::vector<Kernel> all;
        addUnary(all);
        addBinary(all);
        addProducts(all);
        addIntegerProducts(all);
        addNorms(all);
        addQuantizers(all);
        addSums(all);
        addStatistics(all);
        return all;
    }();
    return kernels;
}

} // namespace qs::kernels
