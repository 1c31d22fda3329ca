#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Operator by operator against ONNX Runtime on random data: small models of one operator each.

    operator_parity.py FLOAT_LOGITS [NAME ...]

Every case is a model `image [1, 3, 8, 8] -> ... -> [1, n]`: what the case needs is cut from the image, so that nothing is constant
and folded away, and its result is flattened. The limit is 1e-5 of the largest result.
"""

import pathlib
import sys
import tempfile

import parity_cases_codes
from judge import difference, numpy, onnx, ours, theirs
from small_model import SmallModel

from onnx import TensorProto, helper

LIMIT = 1e-5
IMAGE = [1, 3, 8, 8]


class Model(SmallModel):
    def data(self, *shape: int, skip: int = 0) -> str:
        """`shape` numbers of the image, from number `skip` on."""
        count = int(numpy.prod(shape))
        flat = self.node("Reshape", "image", self.constant([-1]))
        cut = self.node("Slice", flat, self.constant([skip]), self.constant([skip + count]), self.constant([0]))
        return self.node("Reshape", cut, self.constant(list(shape) if shape else []))

    def save(self, result: str, path: pathlib.Path, opset: int) -> None:
        flat = self.node("Reshape", result, self.constant([1, -1]))
        onnx.save(self.proto([helper.make_tensor_value_info("image", TensorProto.FLOAT, IMAGE)],
                             [helper.make_tensor_value_info(flat, TensorProto.FLOAT, [1, None])], opset), path)


CASES = {}


def case(name: str, build, opset: int = 17, meaning=None) -> None:
    """`meaning`: the same in standard operators, for those that ONNX Runtime computes on other devices only."""
    CASES[name] = (build, opset, meaning)


def unary(op: str, opset: int = 17, **attributes) -> None:
    case(op + "".join(f" {k}={v}" for k, v in attributes.items()),
         lambda m: m.node(op, m.data(2, 5, 7), **attributes), opset)


for op in ("Neg Abs Reciprocal Exp Erf Tanh Sigmoid Relu Softplus Floor Ceil Round Sign Sin Cos HardSwish Mish".split()):
    unary(op, 18 if op == "Mish" else 17)
unary("LeakyRelu", alpha=0.2)
unary("Elu", alpha=0.7)
unary("HardSigmoid", alpha=0.3, beta=0.4)
unary("Gelu", 20)
unary("Gelu", 20, approximate="tanh")
for op in ("Sqrt", "Log"):
    case(op, lambda m, op=op: m.node(op, m.node("Abs", m.data(3, 40))))
case("Silu", lambda m: (lambda x: m.node("Mul", x, m.node("Sigmoid", x)))(m.data(3, 40)))
case("Clip", lambda m: m.node("Clip", m.data(3, 40), m.constant(-0.5, numpy.float32), m.constant(0.25, numpy.float32)))
case("Clip one side", lambda m: m.node("Clip", m.data(3, 40), "", m.constant(0.25, numpy.float32)))
case("PRelu", lambda m: m.node("PRelu", m.data(1, 4, 3, 3), m.weights(4, 1, 1)))
case("Pow 2", lambda m: m.node("Pow", m.data(3, 40), m.constant(2, numpy.float32)))
case("Pow 1.7", lambda m: m.node("Pow", m.node("Abs", m.data(3, 40)), m.constant(1.7, numpy.float32)))
case("Mod fmod", lambda m: m.node("Mod", m.data(3, 40), m.data(1, 40, skip=60), fmod=1))

SHAPES = [((2, 3, 4), (2, 3, 4)), ((2, 3, 4), (4,)), ((2, 3, 4), (3, 1)), ((2, 1, 4), (3, 1)), ((2, 3, 4), ()), ((1,), (5, 3)),
          ((2, 3, 4), (2, 1, 1)), ((4, 1), (1, 5))]
for op in "Add Sub Mul Div Min Max".split():
    for a, b in SHAPES:
        case(f"{op} {a} {b}", lambda m, op=op, a=a, b=b: m.node(op, m.data(*a), m.data(*b, skip=50)))
for op in "Equal Less Greater LessOrEqual GreaterOrEqual".split():
    case(op, lambda m, op=op: m.node("Cast", m.node(op, m.node("Round", m.data(6, 7)), m.node("Round", m.data(1, 7, skip=9))), to=1))
for op in "And Or Xor".split():
    case(op, lambda m, op=op: m.node("Cast", m.node(op, *[
        m.node("Greater", m.data(6, 7, skip=s), m.constant(0, numpy.float32)) for s in (0, 50)]), to=1))
case("Where", lambda m: m.node("Where", m.node("Not", m.node("Greater", m.data(6, 1), m.constant(0, numpy.float32))),
                               m.data(6, 7), m.data(7, skip=60)))
case("IsNaN", lambda m: m.node("Cast", m.node("IsNaN", m.node("Log", m.data(5, 5))), to=1))
case("Cast int64", lambda m: m.node("Cast", m.node("Cast", m.node("Mul", m.data(50), m.constant(9, numpy.float32)), to=7), to=1))

# movement
for perm in [(1, 0, 2, 3), (0, 2, 3, 1), (3, 2, 1, 0), (0, 1, 3, 2), (2, 3, 0, 1)]:
    case(f"Transpose {perm}", lambda m, p=perm: m.node("Relu", m.node("Transpose", m.data(2, 3, 4, 5), perm=p)))
for s, e, a, t in [([1], [3], [1], [1]), ([-2], [9], [2], [1]), ([4], [-9], [2], [-2]), ([0, 1], [2, 9], [0, 2], [1, 2])]:
    case(f"Slice {s} {e} {a} {t}", lambda m, p=(s, e, a, t): m.node("Exp", m.node("Slice", m.data(2, 3, 5), *map(m.constant, p))))
case("Split", lambda m: m.node("Sub", *[m.node("Slice", v, m.constant([0]), m.constant([2]), m.constant([1])) for v in m.node(
    "Split", m.data(3, 6), m.constant([2, 4]), outputs=2, axis=1)]))
case("Concat", lambda m: m.node("Concat", m.data(2, 3, 4), m.node("Transpose", m.data(2, 4, 5), perm=[0, 2, 1]), axis=1))
case("Gather rows", lambda m: m.node("Gather", m.data(5, 6), m.constant([[4, 0], [-1, 2]]), axis=0))
case("Gather scalar", lambda m: m.node("Gather", m.data(3, 5, 6), m.constant(-2), axis=1))
case("Gather one", lambda m: m.node("Gather", m.data(3, 5, 6), m.constant([3]), axis=1))
case("GatherElements", lambda m: m.node("GatherElements", m.data(3, 4), m.constant([[0, 3], [2, -1], [1, 1]]), axis=1))
case("GatherND", lambda m: m.node("GatherND", m.data(3, 4, 5), m.constant([[2, -1], [0, 3]])))
case("GatherND elements", lambda m: m.node("GatherND", m.data(3, 4), m.constant([[[2, 0], [0, 3]], [[1, 1], [-3, -4]]])))
case("GatherND batch", lambda m: m.node("GatherND", m.data(2, 4, 5), m.constant([[[3]], [[-4]]]), batch_dims=1))
case("NonZero of a constant", lambda m: m.node("GatherND", m.data(3, 3), m.node("Transpose", m.node("NonZero", m.constant(
    [[0, -0.0, 3], [1, 0, 2], [0, 0, 0]], numpy.float32)))))
case("Compress", lambda m: m.node("Compress", m.data(3, 4, 5), m.constant([True, False, True], bool), axis=1))
case("Compress of all elements", lambda m: m.node("Compress", m.data(3, 4), m.constant([False, True] * 5, bool)))
case("ScatterND", lambda m: m.node("ScatterND", m.data(3, 4, 5), m.constant([[2, -1], [0, 3]]), m.data(2, 5, skip=70)))
case("ScatterND elements", lambda m: m.node("ScatterND", m.data(3, 4), m.constant([[[2, 0], [0, 3]], [[1, 1], [-3, -4]]]), m.data(2, 2, skip=70)))
case("ScatterND on a weight", lambda m: m.node("ScatterND", m.weights(3, 4), m.constant([[1]]), m.data(1, 4)))
for axis in (0, 1, -1):
    case(f"ScatterElements {axis}", lambda m, axis=axis: m.node("ScatterElements", m.data(3, 4, 3), m.constant([[[2, 0, 1], [-1, -3, 1]]]),
                                                                m.data(1, 2, 3, skip=70), axis=axis))
for axis in (-1, 0, 1):
    case(f"OneHot {axis}", lambda m, axis=axis: m.node("OneHot", m.node("ArgMax", m.data(4, 6, 3), axis=1, keepdims=0), m.constant(6),
                                                       m.constant([-0.5, 2], numpy.float32), axis=axis))
case("OneHot out of range", lambda m: m.node("OneHot", m.constant([[0, -1, 7], [3, -4, -5]]), m.constant([4]), m.data(2), axis=1))
case("OneHot of integers", lambda m: m.node("Add", m.data(2, 3), m.node("Cast", m.node("OneHot", m.constant([1, -2]), m.constant(3),
                                                                                       m.constant([5, 8])), to=1)))
for k in (0, 1, -2, 9):
    case(f"EyeLike {k}", lambda m, k=k: m.node("Mul", m.data(3, 4), m.node("EyeLike", m.data(3, 4), k=k)))
case("EyeLike of a type", lambda m: m.node("Add", m.data(3, 4), m.node("Cast", m.node("EyeLike", m.weights(3, 4), dtype=7), to=1)))


def standardised(m):
    """A weight with the mean and the deviation of each filter taken out, as timm's ScaledStdConv2d exports it."""
    ones, zeros = m.constant(numpy.ones(4), numpy.float32), m.constant(numpy.zeros(4), numpy.float32)
    weight = m.node("BatchNormalization", m.weights(1, 4, 27), m.weights(4), zeros, zeros, ones, outputs=3, training_mode=1,
                    epsilon=1e-3)[0]
    return m.node("Conv", "image", m.node("Reshape", weight, m.constant([4, 3, 3, 3])))


case("BatchNormalization in training mode on a weight", standardised)
case("An empty part", lambda m: m.node("Concat", m.node("Slice", m.data(2, 5), m.constant([5]), m.constant([9]), m.constant([1])), m.data(2, 3, skip=20),
                                       axis=1))
case("Einsum with an ellipsis", lambda m: m.node("Einsum", m.data(2, 3, 4, 5), m.data(2, 3, 5, 6), equation="...si,...id->...sd"))
case("Einsum, implicit", lambda m: m.node("Einsum", m.data(2, 3, 4), m.data(2, 4, 3, skip=60), equation="...ij,...jk"))
for mode in ("bilinear", "nearest", "bicubic"):
    for padding in ("zeros", "border", "reflection"):
        for corners in (0, 1):
            case(f"GridSample {mode} {padding} {corners}", lambda m, mode=mode, padding=padding, corners=corners: m.node(
                "GridSample", m.data(1, 3, 4, 5), m.node("Mul", m.data(1, 5, 7, 2, skip=60), m.constant(0.9, numpy.float32)), mode=mode,
                padding_mode=padding, align_corners=corners))
case("Expand", lambda m: m.node("Expand", m.data(3, 1), m.constant([2, 1, 4])))
case("Tile", lambda m: m.node("Tile", m.data(3, 2), m.constant([2, 3])))
for mode in ("constant", "reflect", "edge"):
    case(f"Pad {mode}", lambda m, mode=mode: m.node("Pad", m.data(1, 2, 4, 5), m.constant([0, 0, 1, 2, 0, 0, 3, 1]),
                                                    *([m.constant(2.5, numpy.float32)] if mode == "constant" else []), mode=mode))
for mode in ("DCR", "CRD"):
    case(f"DepthToSpace {mode}", lambda m, mode=mode: m.node("DepthToSpace", m.data(1, 8, 3, 4), blocksize=2, mode=mode))
case("SpaceToDepth", lambda m: m.node("SpaceToDepth", m.data(1, 2, 4, 6), blocksize=2))
case("Trilu", lambda m: m.node("Trilu", m.data(2, 4, 5), m.constant(1), upper=0))
case("TopK", lambda m: m.node("TopK", m.data(4, 9), m.constant([3]), outputs=2, axis=1)[0])
case("CumSum", lambda m: m.node("CumSum", m.data(4, 9), m.constant(1), exclusive=1, reverse=1))

# reductions
for op in "ReduceMean ReduceSum ReduceMax ReduceMin ReduceProd ReduceL1 ReduceL2 ReduceSumSquare".split():
    for axes in ([2], [1], [0, 2], [0, 1, 2]):
        def reduce(m, op=op, axes=axes):
            if op == "ReduceSum":
                return m.node(op, m.data(3, 4, 5), m.constant(axes), keepdims=0)
            return m.node(op, m.data(3, 4, 5), axes=axes, keepdims=1)
        case(f"{op} {axes}", reduce)
for op in ("ArgMax", "ArgMin"):
    case(op, lambda m, op=op: m.node("Cast", m.node(op, m.data(4, 6, 3), axis=1, keepdims=0), to=1))
for op in ("Softmax", "LogSoftmax"):
    for axis in (-1, 1):
        case(f"{op} {axis}", lambda m, op=op, axis=axis: m.node(op, m.data(2, 7, 9), axis=axis))

# products
for a, b in [((5, 7), (7, 3)), ((2, 5, 7), (7, 3)), ((2, 5, 7), (2, 7, 3)), ((2, 1, 5, 4), (3, 4, 2)), ((7,), (7, 3)), ((5, 7), (7,)),
             ((1, 40), (40, 1)), ((3, 17), (17, 5))]:
    case(f"MatMul {a} {b}", lambda m, a=a, b=b: m.node("MatMul", m.data(*a), m.data(*b, skip=60)))
case("MatMul of a transpose", lambda m: m.node("MatMul", m.data(2, 5, 6), m.node("Transpose", m.data(2, 7, 6, skip=80), perm=[0, 2, 1])))
case("MatMul of a column view", lambda m: m.node("MatMul", m.node("Transpose", m.data(2, 6, 5), perm=[0, 2, 1]), m.data(2, 6, 7, skip=80)))
case("Linear bias gelu residual", lambda m: m.node("Add", m.node("Gelu", m.node("Add", m.node("MatMul", m.data(9, 16), m.weights(16, 16)),
                                                                                m.weights(16))), m.data(9, 16, skip=11)), 20)
case("Gemm", lambda m: m.node("Gemm", m.data(4, 9), m.weights(7, 9), m.weights(7), transB=1, alpha=0.5, beta=2.0))
for equation, a, b in [("bhid,bhjd->bhij", (1, 2, 5, 4), (1, 2, 6, 4)), ("bhij,bhjd->bhid", (1, 2, 5, 6), (1, 2, 6, 4)),
                       ("ij,jk", (5, 6), (6, 3)), ("nchw,chk->nwk", (2, 3, 4, 2), (3, 4, 5)), ("bid,bjd->bij", (2, 5, 4), (2, 3, 4)),
                       ("bihd,bjhd->bjhi", (1, 5, 2, 4), (1, 6, 2, 4)), ("ij,ij->", (5, 6), (5, 6))]:
    case(f"Einsum {equation}", lambda m, e=equation, a=a, b=b: m.node("Einsum", m.data(*a), m.data(*b, skip=60), equation=e))

# convolutions
for label, x, w, options in [
        ("3x3", (1, 3, 8, 8), (5, 3, 3, 3), dict(pads=[1, 1, 1, 1])),
        ("patches", (1, 3, 8, 8), (7, 3, 4, 4), dict(strides=[4, 4])),
        ("1x1", (1, 6, 5, 6), (20, 6, 1, 1), {}),
        ("1x1 stride", (1, 6, 5, 6), (4, 6, 1, 1), dict(strides=[2, 2])),
        ("stride pads", (1, 3, 8, 8), (4, 3, 3, 3), dict(strides=[2, 2], pads=[1, 0, 2, 1])),
        ("dilated", (1, 3, 8, 8), (4, 3, 3, 3), dict(dilations=[2, 3], pads=[2, 3, 2, 3])),
        ("depthwise", (1, 6, 5, 6), (6, 1, 3, 3), dict(group=6, pads=[1, 1, 1, 1])),
        ("depthwise multiplied", (1, 4, 6, 6), (8, 1, 3, 3), dict(group=4, pads=[1, 1, 1, 1], strides=[2, 2])),
        ("groups", (1, 6, 5, 6), (8, 3, 3, 3), dict(group=2)),
        ("auto_pad", (1, 3, 8, 7), (4, 3, 3, 3), dict(auto_pad="SAME_LOWER", strides=[2, 2])),
        ("1-D", (1, 4, 20), (6, 4, 5), dict(pads=[2, 2], strides=[3])),
        ("wide", (1, 2, 3, 31), (9, 2, 3, 3), dict(pads=[1, 1, 1, 1]))]:
    case(f"Conv {label}", lambda m, x=x, w=w, o=options: m.node("Conv", m.data(*x), m.weights(*w), m.weights(w[0]), **o))
case("Conv silu residual", lambda m: (lambda x: (lambda y: m.node("Add", x, m.node("Mul", y, m.node("Sigmoid", y))))(
    m.node("Conv", x, m.weights(6, 6, 3, 3), pads=[1, 1, 1, 1])))(m.data(1, 6, 5, 6)))
case("Conv tokens", lambda m: m.node("Transpose", m.node("Reshape", m.node("Conv", "image", m.weights(9, 3, 2, 2), m.weights(9), strides=[2, 2]),
                                                         m.constant([1, 9, 16])), perm=[0, 2, 1]))
case("ConvTranspose", lambda m: m.node("ConvTranspose", m.data(1, 4, 5, 6), m.weights(4, 3, 3, 3), m.weights(3), strides=[2, 2],
                                       pads=[1, 0, 1, 1], output_padding=[1, 0]))
for label, x, w, options in [
        ("pads", (1, 9, 4, 5), (9, 4, 4, 4), dict(strides=[2, 2], pads=[1, 1, 1, 1])), ("groups", (1, 8, 4, 5), (8, 3, 3, 2), dict(group=2)),
        ("depthwise", (1, 6, 4, 5), (6, 1, 3, 3), dict(group=6, strides=[2, 1])), ("dilated", (1, 8, 4, 4), (8, 3, 3, 3), dict(dilations=[2, 3], strides=[3, 2])),
        ("1-D", (1, 8, 20), (8, 5, 4), dict(strides=[2], pads=[1, 1])), ("stride beyond the kernel", (1, 8, 3, 4), (8, 2, 2, 2), dict(strides=[3, 4]))]:
    case(f"ConvTranspose {label}", lambda m, x=x, w=w, o=options: m.node("ConvTranspose", m.data(*x), m.weights(*w), m.weights(
        w[1] * o.get("group", 1)), **o))
for op in ("AveragePool", "MaxPool"):
    for o in [dict(), dict(strides=[2, 2]), dict(pads=[1, 1, 1, 1], strides=[2, 2]), dict(strides=[2, 2], ceil_mode=1),
              dict(pads=[1, 1, 0, 1], strides=[2, 3], ceil_mode=1)]:
        case(f"{op} {o}", lambda m, op=op, o=o: m.node(op, m.data(1, 3, 8, 7), kernel_shape=[3, 3], **o))
case("AveragePool with padding", lambda m: m.node("AveragePool", m.data(1, 3, 8, 7), kernel_shape=[3, 3], pads=[1, 1, 1, 1], count_include_pad=1))
case("GlobalAveragePool", lambda m: m.node("GlobalAveragePool", "image"))

for op in ("AveragePool", "MaxPool"):
    case(f"{op} of a window over the image's end", lambda m, op=op: m.node(op, m.data(1, 2, 4, 5), kernel_shape=[6, 7], strides=[6, 7], ceil_mode=1))
# normalisation
case("LayerNormalization", lambda m: m.node("LayerNormalization", m.data(2, 5, 13), m.weights(13), m.weights(13), axis=-1, epsilon=1e-6))
case("BatchNormalization", lambda m: m.node("BatchNormalization", m.data(1, 4, 5, 6), m.weights(4), m.weights(4), m.weights(4),
                                            m.constant([0.5, 1, 2, 3], numpy.float32)))
case("InstanceNormalization", lambda m: m.node("InstanceNormalization", m.data(1, 4, 5, 6), m.weights(4), m.weights(4)))

# newer operators, which are expanded
LOWER = numpy.tril(numpy.ones((3, 3), bool))
for name, shapes, o in [
        ("4-D", [(1, 2, 3, 4)] * 3, {}), ("3-D", [(1, 3, 8)] * 3, dict(q_num_heads=2, kv_num_heads=2)),
        ("causal", [(1, 2, 3, 4)] * 3, dict(is_causal=1)), ("scale", [(1, 2, 3, 4)] * 3, dict(scale=0.3)),
        ("grouped heads", [(1, 4, 3, 4), (1, 2, 3, 4), (1, 2, 3, 4)], {}), ("softcap", [(1, 2, 3, 4)] * 3, dict(softcap=0.4))]:
    case(f"Attention {name}", lambda m, p=(shapes, o): m.node("Attention", *[
        m.data(*shape, skip=48 * i) for i, shape in enumerate(p[0])], **p[1]), 23)
# the mask's -inf stays one behind the softcap
for name, o in [("masked", {}), ("masked softcap", dict(softcap=0.4)), ("masked causal softcap", dict(softcap=0.4, is_causal=1))]:
    case(f"Attention {name}", lambda m, o=o: m.node("Attention", *[m.data(1, 2, 3, 4, skip=48 * i) for i in range(3)],
                                                    m.constant(LOWER, bool), **o), 23)
case("RMSNormalization", lambda m: m.node("RMSNormalization", m.data(2, 5, 13), m.weights(13), axis=-1, epsilon=1e-6), 23)
case("Swish", lambda m: m.node("Swish", m.data(3, 40), alpha=1.3), 24)

# operators that are expanded into others
unary("Celu", alpha=0.6)
unary("Celu", alpha=1.0)
unary("Selu")
unary("Selu", alpha=1.2, gamma=0.9)
unary("ThresholdedRelu", alpha=0.3)
unary("Shrink", lambd=0.4, bias=0.1)
unary("Softsign")
for op in "Tan Atan Sinh Cosh Asinh".split():
    unary(op)
for op in "Asin Acos Atanh".split():
    case(op, lambda m, op=op: m.node(op, m.node("Mul", m.node("Tanh", m.data(3, 40)), m.constant(0.99, numpy.float32))))
case("Acosh", lambda m: m.node("Acosh", m.node("Add", m.node("Abs", m.data(3, 40)), m.constant(1.01, numpy.float32))))
for o in ({}, dict(detect_negative=0), dict(detect_positive=0), dict(detect_negative=0, detect_positive=0)):
    case(f"IsInf {o}", lambda m, o=o: m.node("Cast", m.node("IsInf", m.node("Div", m.data(2, 5), m.node("Floor", m.node(
        "Abs", m.data(2, 5, skip=30)))), **o), to=1))
for axis in (-1, 0, 1):
    case(f"Hardmax {axis}", lambda m, axis=axis: m.node("Hardmax", m.node("Round", m.data(3, 7, 4)), axis=axis))
for count in (1, 2, 4):
    for op in ("Mean", "Sum", "Max", "Min"):
        case(f"{op} of {count}", lambda m, op=op, count=count: m.node(op, *[m.data(3, 5, skip=15 * i) for i in range(count)]))
for op in ("ReduceLogSum", "ReduceLogSumExp"):
    for keep in (0, 1):
        for opset in (13, 18):
            def logarithm(m, op=op, keep=keep, opset=opset):
                x = m.node("Mul", m.node("Abs", m.data(3, 4, 5)), m.constant(40, numpy.float32))
                return m.node(op, x, m.constant([0, 2]), keepdims=keep) if opset == 18 else m.node(op, x, axes=[0, 2], keepdims=keep)
            case(f"{op} keepdims={keep} opset {opset}", logarithm, opset)
    case(f"{op} of everything", lambda m, op=op: m.node(op, m.node("Abs", m.data(3, 4, 5))))
for p in (1, 2, 3):
    case(f"LpPool {p}", lambda m, p=p: m.node("LpPool", "image", kernel_shape=[3, 2], strides=[2, 1], pads=[1, 0, 1, 1], p=p))
    case(f"GlobalLpPool {p}", lambda m, p=p: m.node("GlobalLpPool", "image", p=p))
for p in (1, 2):
    case(f"LpNormalization {p}", lambda m, p=p: m.node("LpNormalization", m.data(3, 4, 5), axis=1, p=p))
case("MeanVarianceNormalization", lambda m: m.node("MeanVarianceNormalization", "image", axes=[2, 3]))
for axis in (0, 1, -2):
    case(f"LayerNormalization from axis {axis}", lambda m, axis=axis: (lambda s: m.node(
        "LayerNormalization", m.data(2, 5, 13), m.weights(*s), m.weights(*s), axis=axis))((2, 5, 13)[axis:]))

# ONNX Runtime's own operators


def fused(name: str, build, meaning=None, opset: int = 17) -> None:
    case(f"com.microsoft {name}", lambda m: build(m, lambda op, *inputs, **o: m.node(op, *inputs, domain="com.microsoft", **o)), opset,
         meaning)


for op in ("BiasGelu", "FastGelu"):
    fused(op, lambda m, ms, op=op: ms(op, m.data(3, 40), m.weights(40)))
fused("FastGelu without bias", lambda m, ms: ms("FastGelu", m.data(3, 40)))
fused("Gelu", lambda m, ms: ms("Gelu", m.data(3, 40)))
fused("QuickGelu", lambda m, ms: ms("QuickGelu", m.data(3, 40), alpha=1.5))
fused("SkipLayerNormalization", lambda m, ms: ms("SkipLayerNormalization", m.data(1, 5, 12), m.data(1, 5, 12, skip=60), m.weights(12),
                                                 m.weights(12), m.weights(12), epsilon=1e-5))
fused("SkipSimplifiedLayerNormalization", lambda m, ms: ms("SkipSimplifiedLayerNormalization", m.data(1, 5, 12), m.data(1, 5, 12, skip=60),
                                                           m.weights(12), epsilon=1e-5))


def skipped(m, ms):
    y, _, _, s = ms("SkipLayerNormalization", m.data(1, 5, 12), m.data(1, 5, 12, skip=60), m.weights(12), m.weights(12), outputs=4,
                    epsilon=1e-5)
    m.nodes[-1].output[1] = m.nodes[-1].output[2] = ""
    return m.node("Mul", y, s)


fused("SkipLayerNormalization with its sum", skipped)
case("SimplifiedLayerNormalization", lambda m: m.node("SimplifiedLayerNormalization", m.data(1, 5, 12), m.weights(12), axis=-1))
for a, b, o in [((5, 7), (7, 3), dict(alpha=0.4)), ((2, 7, 5), (2, 7, 3), dict(transA=1)), ((2, 5, 7), (2, 3, 7), dict(transB=1, alpha=2.0)),
                ((2, 7, 5), (2, 3, 7), dict(transA=1, transB=1)), ((4, 2, 7), (2, 7, 3), dict(transBatchA=1)),
                ((2, 5, 7), (7, 2, 3), dict(transBatchB=1))]:
    fused(f"FusedMatMul {a} {b} {o}", lambda m, ms, p=(a, b, o): ms("FusedMatMul", m.data(*p[0]), m.data(*p[1], skip=70), **p[2]))
for activation in ("Relu", "Sigmoid", "Tanh"):
    fused(f"FusedConv {activation}", lambda m, ms, a=activation: ms("FusedConv", "image", m.weights(4, 3, 3, 3), m.weights(4), activation=a,
                                                                    pads=[1, 1, 1, 1]))
fused("FusedConv LeakyRelu", lambda m, ms: ms("FusedConv", "image", m.weights(4, 3, 3, 3), activation="LeakyRelu", activation_params=[0.2]))
fused("FusedConv Clip", lambda m, ms: ms("FusedConv", "image", m.weights(4, 3, 3, 3), activation="Clip", activation_params=[-0.5, 1.5]))
fused("FusedConv HardSigmoid", lambda m, ms: ms("FusedConv", "image", m.weights(4, 3, 3, 3), activation="HardSigmoid",
                                                activation_params=[0.3, 0.4]))
fused("FusedConv sum", lambda m, ms: ms("FusedConv", "image", m.weights(3, 3, 3, 3), m.weights(3), "image", activation="Relu",
                                        pads=[1, 1, 1, 1]))
fused("FusedGemm", lambda m, ms: ms("FusedGemm", m.data(4, 9), m.weights(7, 9), m.weights(7), transB=1, alpha=0.5, beta=2.0, activation="Relu"))
fused("FusedGemm LeakyRelu", lambda m, ms: ms("FusedGemm", m.data(4, 9), m.weights(9, 7), activation="LeakyRelu", activation_alpha=0.3))


def turned(m, x, back=False):
    return m.node("Transpose", x, perm=[0, 3, 1, 2] if back else [0, 2, 3, 1])


fused("NhwcConv", lambda m, ms: ms("NhwcConv", turned(m, "image"), turned(m, m.weights(4, 3, 3, 3)), strides=[2, 2]),
      lambda m: turned(m, m.node("Conv", "image", m.weights(4, 3, 3, 3), strides=[2, 2])))
fused("BiasAdd", lambda m, ms: ms("BiasAdd", m.data(1, 5, 12), m.weights(12), m.data(1, 5, 12, skip=60)),
      lambda m: m.node("Add", m.node("Add", m.data(1, 5, 12), m.weights(12)), m.data(1, 5, 12, skip=60)))


def group_norm(m):
    one, zero = m.constant([1, 1], numpy.float32), m.constant([0, 0], numpy.float32)
    gamma, beta = m.weights(6), m.weights(6)
    x = m.node("InstanceNormalization", m.node("Reshape", m.data(1, 6, 5, 6), m.constant([1, 2, -1])), one, zero, epsilon=1e-3)
    channels = m.constant([1, 6, 1, 1])
    y = m.node("Add", m.node("Mul", m.node("Reshape", x, m.constant([1, 6, 5, 6])), m.node("Reshape", gamma, channels)),
               m.node("Reshape", beta, channels))
    return turned(m, m.node("Mul", y, m.node("Sigmoid", y)))


fused("GroupNorm", lambda m, ms: ms("GroupNorm", turned(m, m.data(1, 6, 5, 6)), m.weights(6), m.weights(6), groups=2, activation=1, epsilon=1e-3),
      group_norm)
for opset, size in ((18, 2), (21, 6)):
    case(f"GroupNormalization of opset {opset}", lambda m, size=size: m.node("GroupNormalization", m.data(1, 6, 5, 4), m.weights(size),
                                                                             m.weights(size), num_groups=2, epsilon=1e-3), opset)


def packed(m, ms, *more, **o):
    return ms("Attention", m.data(1, 6, 8), m.weights(8, 24), m.weights(24), *more, num_heads=2, **o)


BIAS = dict(shape=(1, 2, 6, 6), skip=60)
fused("Attention", packed)
fused("Attention scale", lambda m, ms: packed(m, ms, scale=0.7))
fused("Attention with a bias", lambda m, ms: packed(m, ms, "", "", m.data(*BIAS["shape"], skip=BIAS["skip"])))
fused("Attention causal", lambda m, ms: packed(m, ms, unidirectional=1))
for label, mask in [("of lengths", [4]), ("of tokens", [[1, 1, 0, 1, 0, 1]]), ("of pairs", [numpy.tril(numpy.ones((6, 6))).tolist()]),
                    ("that hides all", [[0] * 6])]:
    fused(f"Attention with a mask {label}", lambda m, ms, mask=mask: packed(m, ms, m.constant(mask, numpy.int32)))
    if label != "of pairs":
        fused(f"MultiHeadAttention with a mask {label}", lambda m, ms, mask=mask: ms(
            "MultiHeadAttention", *[m.data(1, 6, 8, skip=48 * i) for i in range(3)], "", m.constant(mask, numpy.int32), num_heads=2))
for name, o in [("", {}), (" scale", dict(scale=0.4)), (" causal", dict(unidirectional=1))]:
    fused(f"MultiHeadAttention{name}", lambda m, ms, o=o: ms("MultiHeadAttention", *[m.data(1, 6, 8, skip=48 * i) for i in range(3)],
                                                             num_heads=2, **o))
fused("MultiHeadAttention bias", lambda m, ms: ms("MultiHeadAttention", *[m.data(1, 6, 8, skip=48 * i) for i in range(3)], m.weights(24),
                                                  "", m.data(*BIAS["shape"], skip=BIAS["skip"]), num_heads=2))
fused("MultiHeadAttention to others", lambda m, ms: ms("MultiHeadAttention", m.data(1, 6, 8), m.data(1, 2, 5, 4, skip=48),
                                                       m.data(1, 2, 5, 4, skip=90), num_heads=2))
fused("MultiHeadAttention behind FusedMatMul", lambda m, ms: ms("MultiHeadAttention", ms("FusedMatMul", m.data(1, 6, 5), m.weights(5, 8)),
                                                                m.data(1, 6, 8), m.data(1, 6, 8, skip=48), m.weights(24), num_heads=2))
for o in ({}, dict(is_causal=1)):
    hiding = [[False, True, True], [False] * 3, [True, False, False]]
    case(f"Attention hides all {o}", lambda m, o=o: m.node("Attention", *[m.data(1, 2, 3, 4, skip=48 * i) for i in range(3)], m.constant(
        hiding, bool), **o), 23)
    case(f"Attention hides all, computed {o}", lambda m, o=o: m.node(
        "Attention", *[m.data(1, 2, 3, 4, skip=24 * i) for i in range(3)], m.node("Where", m.node("Greater", m.data(3, 3, skip=80), m.constant(
            0.9, numpy.float32)), m.constant(0, numpy.float32), m.constant(-numpy.inf, numpy.float32)), **o), 23)
for name, o in [("halves", {}), ("neighbours", dict(interleaved=1)), ("a part", dict(rotary_embedding_dim=4))]:
    angles = o.get("rotary_embedding_dim", 6) // 2
    case(f"RotaryEmbedding {name}", lambda m, o=o, n=angles: m.node("RotaryEmbedding", m.data(1, 2, 5, 6), m.weights(1, 5, n), m.weights(1, 5, n),
                                                                    **o), 23)
    case(f"RotaryEmbedding {name} at positions", lambda m, o=o, n=angles: m.node(
        "RotaryEmbedding", m.data(1, 5, 12), m.weights(9, n), m.weights(9, n), m.constant([[3, 0, 8, 1, 1]]), num_heads=2, **o), 23)
for name, positions in (("each", [[3, 0, 8, 1, 1]]), ("first", [2])):
    case(f"com.microsoft RotaryEmbedding at {name}", lambda m, positions=positions: m.node(
        "RotaryEmbedding", m.data(1, 5, 12), m.constant(positions), m.weights(9, 3), m.weights(9, 3), domain="com.microsoft"))
case("com.microsoft SkipLayerNormalization and its sum", lambda m: m.node("Add", *m.node(
    "SkipLayerNormalization", m.data(1, 5, 12), m.data(1, 5, 12, skip=60), m.weights(12), domain="com.microsoft", outputs=4)[::3]))
case("RMSNormalization from axis 1", lambda m: m.node("RMSNormalization", m.data(2, 5, 13), m.weights(5, 13), axis=1), 23)

# resize
for mode in ("nearest", "linear", "cubic"):
    for coordinates in ("half_pixel", "align_corners", "asymmetric", "pytorch_half_pixel"):
        for sizes in ([1, 2, 10, 7], [1, 2, 3, 4]):
            case(f"Resize {mode} {coordinates} {sizes[2:]}", lambda m, p=(mode, coordinates, sizes): m.node(
                "Resize", m.data(1, 2, 5, 6), "", "", m.constant(p[2]), mode=p[0], coordinate_transformation_mode=p[1],
                **({"nearest_mode": "floor"} if p[1] == "asymmetric" else {})))
case("Resize linear antialias, larger", lambda m: m.node("Resize", m.data(1, 2, 5, 6), "", "", m.constant([1, 2, 9, 7]), mode="linear",
                                                         antialias=1), 18)
for mode in ("linear", "cubic"):
    for name, scales in (("half", (0.5, 0.5)), ("odd", (0.41, 0.73)), ("mixed", (0.3, 1.7)), ("larger", (1.6, 2))):
        for outside in (0, 1):
            case(f"Resize {mode} antialias {name} outside={outside}", lambda m, a=(mode, scales, outside): m.node(
                "Resize", m.data(1, 2, 9, 10), "", m.constant([1, 1, *a[1]], numpy.float32), mode=a[0], antialias=1,
                exclude_outside=a[2]), 18)
for policy in ("not_larger", "not_smaller"):
    case(f"Resize {policy}", lambda m, policy=policy: m.node(
        "Resize", m.data(1, 2, 9, 10), "", "", m.constant([4, 7]), mode="linear", axes=[2, 3], keep_aspect_ratio_policy=policy), 18)
case("Resize scales", lambda m: m.node("Resize", m.data(1, 2, 5, 6), "", m.constant([1, 1, 2, 1.5], numpy.float32), mode="linear"))

parity_cases_codes.add_cases(case)


def main() -> int:
    tool, *wanted = sys.argv[1:]
    image = numpy.random.default_rng(3).standard_normal(IMAGE).astype(numpy.float32)
    failures = []
    worst = ("", 0.0)
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder, "case.onnx")
        for name, (build, opset, meaning) in CASES.items():
            if wanted and not any(w in name for w in wanted):
                continue
            try:
                model = Model()
                model.save(build(model), path, opset)
                if meaning:
                    model = Model()
                    model.save(meaning(model), pathlib.Path(folder, "meaning.onnx"), opset)
                expected = theirs(pathlib.Path(folder, "meaning.onnx") if meaning else path, image)
                found = ours(tool, path, image, expected.shape)
                error = 0.0 if numpy.array_equal(found, expected, equal_nan=True) else difference(found, expected)
                if not error <= LIMIT:
                    failures.append(f"{name}: differs by {error:.1e} of the largest result")
                worst = max(worst, (name, error), key=lambda w: w[1])
            except Exception as problem:  # one operator that cannot be judged must not hide the others
                failures.append(f"{name}: {problem}")
    print(f"{len(CASES)} cases, {len(failures)} failed; largest difference {worst[1]:.1e} ({worst[0]})")
    for failure in failures:
        print("FAILED", failure)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
