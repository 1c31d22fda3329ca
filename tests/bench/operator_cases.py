# SPDX-License-Identifier: GPL-3.0-or-later
"""The operators that compare_operators.py times, each on a shape of real networks, and how their models are made."""

import pathlib
import sys

import numpy
from onnx import TensorProto, helper

sys.path.append(str(pathlib.Path(__file__).resolve().parent.parent / "judge"))
from small_model import SmallModel  # noqa: E402

TOKENS = (1, 197, 768)  # ViT-B
MAPS = (1, 96, 56, 56)  # first stage of Swin and ConvNeXt
ROWS = (1, 12, 197, 197)  # attention of ViT-B
FLOAT, INT64, INT32, BOOL = TensorProto.FLOAT, TensorProto.INT64, TensorProto.INT32, TensorProto.BOOL


class Model(SmallModel):
    """"x" is the data."""

    SCALE = 0.1

    def number(self, value: float) -> str:
        return self.constant(value, numpy.float32)

    def proto(self, source: str, shape, result: str, opset: int):
        return super().proto([helper.make_tensor_value_info(source, FLOAT, shape)], [helper.make_tensor_value_info(result, FLOAT, None)],
                             opset)


class Case:
    def __init__(self, shape, build, opset, positive, without) -> None:
        self.shape, self.build, self.opset, self.positive, self.without = shape, build, opset, positive, without

    def data(self):
        values = numpy.random.default_rng(3).standard_normal(self.shape).astype(numpy.float32)
        return numpy.abs(values) + 0.01 if self.positive else values

    def plain(self):
        """The operator alone, on an input of its own shape: what ONNX Runtime gets."""
        model = Model()
        return model.proto("x", self.shape, self.build(model, "x"), self.opset)

    def framed(self):
        """The same between views: from an image to a matrix of one row, which is what the importer takes."""
        count = int(numpy.prod(self.shape))
        side = int(numpy.ceil(numpy.sqrt(count / 3)))
        model = Model()
        flat = model.node("Reshape", "image", model.constant([-1]))
        cut = model.node("Slice", flat, model.constant([0]), model.constant([count]), model.constant([0]))
        x = model.node("Reshape", cut, model.constant(list(self.shape)))
        row = model.node("Reshape", self.build(model, x), model.constant([1, -1]))
        return model.proto("image", [1, 3, side, side], row, self.opset)


CASES = {}


def case(name: str, shape, build, opset: int = 17, positive: bool = False, without=None) -> None:
    """`without`: name of the case whose time is that of the casts around the operator."""
    CASES[name] = Case(shape, build, opset, positive, without)


def simple(op: str, shape, *constants, name: str = "", opset: int = 17, positive: bool = False, **attributes) -> None:
    case(name or f"{op} {'x'.join(map(str, shape))}", shape,
         lambda m, x: m.node(op, x, *[m.constant(*c) for c in constants], **attributes), opset, positive)


def add_elementwise() -> None:
    for op in "Neg Abs Reciprocal Exp Erf Tanh Sigmoid Relu Softplus Floor Ceil Round Sign Sin Cos HardSwish Elu LeakyRelu HardSigmoid".split():
        simple(op, TOKENS)
    for op in ("Sqrt", "Log"):
        simple(op, TOKENS, positive=True)
    simple("Mish", TOKENS, opset=18)
    simple("Gelu", (1, 197, 3072), opset=20)
    simple("Gelu", (1, 197, 3072), opset=20, approximate="tanh", name="Gelu tanh 1x197x3072")
    case("Silu 1x197x3072", (1, 197, 3072), lambda m, x: m.node("Mul", x, m.node("Sigmoid", x)))
    case("Clip", TOKENS, lambda m, x: m.node("Clip", x, m.number(-0.5), m.number(0.25)))
    case("PRelu by channel", MAPS, lambda m, x: m.node("PRelu", x, m.weights(96, 1, 1)))
    for power in (2, 3, 0.5, 1.7):
        case(f"Pow {power}", TOKENS, lambda m, x, p=power: m.node("Pow", x, m.number(p)), positive=True)
    for op in "Add Sub Mul Div Min Max".split():
        case(f"{op} same shape", TOKENS, lambda m, x, op=op: m.node(op, x, m.weights(*TOKENS)))
        case(f"{op} row", TOKENS, lambda m, x, op=op: m.node(op, x, m.weights(768)))
        case(f"{op} channel", MAPS, lambda m, x, op=op: m.node(op, x, m.weights(96, 1, 1)))
        case(f"{op} scalar left", TOKENS, lambda m, x, op=op: m.node(op, m.number(1.5), x))
    case("Add middle axis", (64, 3, 49, 49), lambda m, x: m.node("Add", x, m.weights(64, 1, 49, 49)))
    case("Mul outer", (1, 197, 1), lambda m, x: m.node("Mul", x, m.weights(1, 1, 768)))
    case("Mul column of tokens", TOKENS, lambda m, x: m.node("Mul", x, m.weights(1, 197, 1)))
    case("Sum of three", TOKENS, lambda m, x: m.node("Sum", x, m.weights(*TOKENS), m.weights(768)))
    case("Mod fmod", TOKENS, lambda m, x: m.node("Mod", x, m.number(0.37), fmod=1))
    case("Cast to int64 and back", TOKENS, lambda m, x: cast(m, cast(m, x, INT64), FLOAT))
    case("Cast to int32 and back", TOKENS, lambda m, x: cast(m, cast(m, x, INT32), FLOAT))
    case("Cast to bool and back", TOKENS, lambda m, x: cast(m, cast(m, x, BOOL), FLOAT))
    for op in "Equal Less Greater LessOrEqual GreaterOrEqual".split():
        case(f"{op} and cast", TOKENS, lambda m, x, op=op: cast(m, m.node(op, x, m.weights(768)), FLOAT))
    for op in ("And", "Or", "Xor"):
        case(f"{op} of casts", TOKENS, lambda m, x, op=op: cast(m, m.node(
            op, cast(m, x, BOOL), m.constant(m.random.integers(0, 2, TOKENS), bool)), FLOAT), without="Cast to bool and back")
    case("Not of casts", TOKENS, lambda m, x: cast(m, m.node("Not", cast(m, x, BOOL)), FLOAT), without="Cast to bool and back")
    for op in ("Atan", "Tan", "Asinh", "Softsign", "Selu", "Celu"):
        case(op, TOKENS, lambda m, x, op=op: m.node(op, x))
    case("IsNaN and cast", TOKENS, lambda m, x: cast(m, m.node("IsNaN", x), FLOAT))
    case("Where mask", ROWS, lambda m, x: m.node("Where", m.constant(m.random.integers(0, 2, (197, 197)), bool), x, m.number(-1e4)))
    case("Where same shape", TOKENS, lambda m, x: m.node("Where", m.constant(m.random.integers(0, 2, TOKENS), bool), x, m.weights(*TOKENS)))
    for op in ("Add", "Mul", "Div", "Mod", "Max"):
        for kind, name in ((INT64, "int64"), (INT32, "int32")):
            if (op, name) != ("Max", "int32"):
                case(f"{op} {name}", TOKENS, lambda m, x, op=op, kind=kind, name=name: cast(m, m.node(
                    op, cast(m, x, kind), m.constant(7, getattr(numpy, name))), FLOAT), without=f"Cast to {name} and back")
    case("QuantizeLinear, DequantizeLinear", TOKENS, lambda m, x: (lambda s, z: m.node(
        "DequantizeLinear", m.node("QuantizeLinear", x, s, z), s, z))(m.number(0.02), m.constant(3, numpy.uint8)))


def cast(m: Model, x: str, kind: int) -> str:
    return m.node("Cast", x, to=kind)


def add_movement() -> None:
    for shape, perm in [((1, 197, 12, 64), (0, 2, 1, 3)), ((1, 197, 12, 64), (0, 2, 3, 1)), (MAPS, (0, 2, 3, 1)), ((1, 56, 56, 96), (0, 3, 1, 2)),
                        ((1, 8, 7, 8, 7, 96), (0, 1, 3, 2, 4, 5)), ((1, 96, 8, 7, 8, 7), (0, 2, 4, 3, 5, 1)), ((1, 197, 3, 12, 64), (2, 0, 3, 1, 4)),
                        ((64, 49, 49, 3), (0, 3, 1, 2)), ((32, 14, 14, 7, 9, 5), (5, 4, 3, 2, 1, 0))]:
        case(f"Transpose {'x'.join(map(str, shape))} {''.join(map(str, perm))}", shape, lambda m, x, p=perm: m.node("Transpose", x, perm=p))
    one = lambda m, x, a, b, axis, step=1: m.node("Slice", x, *[m.constant([v]) for v in (a, b, axis, step)])
    case("Slice of tokens", TOKENS, lambda m, x: one(m, x, 1, 197, 1))
    case("Slice with step 2", MAPS, lambda m, x: one(m, x, 0, 56, 3, 2))
    case("Slice reversed", MAPS, lambda m, x: one(m, x, -1, -99, 3, -1))
    case("Split, Concat", TOKENS, lambda m, x: m.node("Concat", *reversed(m.node("Split", x, m.constant([256] * 3), outputs=3, axis=2)), axis=2))
    case("Concat class token", (1, 196, 768), lambda m, x: m.node("Concat", m.weights(1, 1, 768), x, axis=1))
    case("Concat channels", MAPS, lambda m, x: m.node("Concat", x, m.weights(*MAPS), axis=1))
    case("Concat last axis", (1, 56, 56, 96), lambda m, x: m.node("Concat", x, m.weights(1, 56, 56, 96), x, axis=3))
    case("Concat columns of 1", (3136, 1), lambda m, x: m.node("Concat", x, x, x, x, axis=1))
    case("Gather rows", (729, 12), lambda m, x: m.node("Gather", x, m.constant(m.random.integers(0, 729, 197 * 197)), axis=0))
    case("Gather tokens", TOKENS, lambda m, x: m.node("Gather", x, m.constant(m.random.permutation(197)), axis=1))
    case("Gather last axis", TOKENS, lambda m, x: m.node("Gather", x, m.constant(m.random.permutation(768)), axis=2))
    case("GatherElements", TOKENS, lambda m, x: m.node("GatherElements", x, m.constant(m.random.integers(0, 197, TOKENS)), axis=1))
    case("GatherElements last axis", TOKENS, lambda m, x: m.node("GatherElements", x, m.constant(m.random.integers(0, 768, TOKENS)), axis=2))
    case("GatherND rows", (196, 768), lambda m, x: m.node("GatherND", x, m.constant(m.random.integers(0, 196, (196, 1)))))
    case("GatherND elements", (196, 768), lambda m, x: m.node("GatherND", x, m.constant(m.random.integers(0, 196, (40000, 2)))))
    case("ScatterND rows", (196, 768), lambda m, x: m.node("ScatterND", x, m.constant(m.random.permutation(196)[:, None]), m.weights(196, 768)))
    case("ScatterND elements", (196, 768), lambda m, x: m.node("ScatterND", x, m.constant(m.random.integers(0, 196, (40000, 2))), m.weights(40000)))
    case("Expand", (1, 1, 768), lambda m, x: m.node("Expand", x, m.constant([1, 197, 768])))
    case("Expand last axis", (1, 197, 1), lambda m, x: m.node("Expand", x, m.constant([1, 197, 768])))
    case("Tile", (1, 96, 28, 28), lambda m, x: m.node("Tile", x, m.constant([1, 1, 2, 2])))
    for mode in ("constant", "reflect", "edge"):
        case(f"Pad {mode}", MAPS, lambda m, x, mode=mode: m.node("Pad", x, m.constant([0, 0, 3, 3, 0, 0, 3, 3]), mode=mode))
    case("Pad channels last", (1, 56, 56, 96), lambda m, x: m.node("Pad", x, m.constant([0, 3, 3, 0, 0, 4, 4, 0])))
    case("DepthToSpace DCR", (1, 256, 28, 28), lambda m, x: m.node("DepthToSpace", x, blocksize=2, mode="DCR"))
    case("DepthToSpace CRD", (1, 256, 28, 28), lambda m, x: m.node("DepthToSpace", x, blocksize=2, mode="CRD"))
    case("SpaceToDepth", (1, 64, 56, 56), lambda m, x: m.node("SpaceToDepth", x, blocksize=2))
    case("Trilu", ROWS, lambda m, x: m.node("Trilu", x, upper=0))
    case("TopK 5 of 1000", (8, 1000), lambda m, x: m.node("TopK", x, m.constant([5]), outputs=2)[0])
    case("TopK 98 of 197", (197, 197), lambda m, x: m.node("TopK", x, m.constant([98]), outputs=2)[0])
    case("TopK middle axis", (4, 197, 64), lambda m, x: m.node("TopK", x, m.constant([16]), outputs=2, axis=1)[0])
    case("CumSum last axis", (56, 56, 96), lambda m, x: m.node("CumSum", x, m.constant(2)))
    case("CumSum first axis", (56, 56, 96), lambda m, x: m.node("CumSum", x, m.constant(0)))
    case("GridSample", (1, 96, 56, 56), lambda m, x: m.node("GridSample", x, m.constant(
        m.random.uniform(-1.1, 1.1, (1, 56, 56, 2)), numpy.float32), mode="bilinear"), 16)


def add_reductions() -> None:
    for op in "ReduceMean ReduceSum ReduceMax ReduceMin ReduceProd ReduceL1 ReduceL2 ReduceSumSquare ReduceLogSumExp".split():
        for shape, axes in [(TOKENS, [2]), (TOKENS, [1]), (MAPS, [2, 3]), (MAPS, [1]), (MAPS, [0, 2, 3]), ((1, 56, 56, 96), [1, 2])]:
            case(f"{op} {'x'.join(map(str, shape))} {axes}", shape, lambda m, x, op=op, axes=axes: m.node(
                op, x, m.constant(axes), keepdims=1) if op == "ReduceSum" else m.node(op, x, axes=axes, keepdims=1))
    for op in ("ArgMax", "ArgMin"):
        for axis in (1, 2):
            case(f"{op} axis {axis}", TOKENS, lambda m, x, op=op, axis=axis: cast(m, m.node(op, x, axis=axis), FLOAT))
    for op in ("Softmax", "LogSoftmax"):
        for shape, axis in [(ROWS, -1), ((1, 8, 3136, 49), -1), ((1, 16, 3136), -1), (MAPS, 1), (TOKENS, 1), ((1, 8, 64, 196), 2)]:
            case(f"{op} {'x'.join(map(str, shape))} {axis}", shape, lambda m, x, op=op, axis=axis: m.node(op, x, axis=axis))
    case("LayerNormalization tokens", TOKENS, lambda m, x: m.node("LayerNormalization", x, m.weights(768), m.weights(768)))
    case("LayerNormalization maps", (1, 56, 56, 96), lambda m, x: m.node("LayerNormalization", x, m.weights(96), m.weights(96)))
    case("BatchNormalization", MAPS, lambda m, x: m.node("BatchNormalization", x, m.weights(96), m.weights(96), m.weights(96), m.constant(
        m.random.uniform(0.5, 2, 96), numpy.float32)))
    case("InstanceNormalization", MAPS, lambda m, x: m.node("InstanceNormalization", x, m.weights(96), m.weights(96)))
    case("GroupNormalization", (1, 256, 28, 28), lambda m, x: m.node("GroupNormalization", x, m.weights(256), m.weights(256), num_groups=32), 21)
    for op in ("AveragePool", "MaxPool"):
        for shape, o in [((1, 64, 112, 112), dict(kernel_shape=[3, 3], strides=[2, 2], pads=[1] * 4)),
                         ((1, 64, 112, 112), dict(kernel_shape=[2, 2], strides=[2, 2])),
                         (MAPS, dict(kernel_shape=[3, 3], pads=[1] * 4)), ((1, 256, 14, 14), dict(kernel_shape=[5, 5], pads=[2] * 4)),
                         ((1, 96, 56, 56), dict(kernel_shape=[7, 7], strides=[7, 7]))]:
            case(f"{op} {'x'.join(map(str, shape))} {o['kernel_shape'][0]}x{o['kernel_shape'][0]} stride {o.get('strides', [1])[0]}", shape,
                 lambda m, x, op=op, o=o: m.node(op, x, **o))
    simple("GlobalAveragePool", MAPS)
    simple("GlobalMaxPool", MAPS)


def add_products() -> None:
    case("MatMul tokens", TOKENS, lambda m, x: m.node("MatMul", x, m.weights(768, 768)))
    case("Gemm head", (1, 768), lambda m, x: m.node("Gemm", x, m.weights(1000, 768), m.weights(1000), transB=1))
    case("MatMul q k", (1, 12, 197, 64), lambda m, x: m.node("MatMul", x, m.node("Transpose", x, perm=[0, 1, 3, 2])))
    case("MatMul a v", ROWS, lambda m, x: m.node("MatMul", x, m.weights(1, 12, 197, 64)))
    case("MatMul of windows", (64, 3, 49, 32), lambda m, x: m.node("MatMul", x, m.weights(64, 3, 32, 49)))
    case("MatMul vector", (768, 768), lambda m, x: m.node("MatMul", x, m.weights(768)))
    case("Einsum bhid,bhjd->bhij", (1, 12, 197, 64), lambda m, x: m.node("Einsum", x, m.weights(1, 12, 197, 64), equation="bhid,bhjd->bhij"))
    case("Einsum bhij,bhjd->bhid", ROWS, lambda m, x: m.node("Einsum", x, m.weights(1, 12, 197, 64), equation="bhij,bhjd->bhid"))
    case("Einsum bid,bjd->bij", (8, 197, 64), lambda m, x: m.node("Einsum", x, m.weights(8, 197, 64), equation="bid,bjd->bij"))
    case("Einsum bihd,bjhd->bhij", (1, 197, 12, 64), lambda m, x: m.node("Einsum", x, m.weights(1, 197, 12, 64), equation="bihd,bjhd->bhij"))
    case("Einsum nchw,chk->nwk", (1, 12, 56, 64), lambda m, x: m.node("Einsum", x, m.weights(12, 56, 32), equation="nchw,chk->nwk"))
    case("Einsum relative bhwc,hkc->bhwk", (12, 14, 14, 64), lambda m, x: m.node("Einsum", x, m.weights(14, 14, 64), equation="bhwc,hkc->bhwk"))
    for label, x, w, o in [
            ("patches 16", (1, 3, 224, 224), (768, 3, 16, 16), dict(strides=[16, 16])), ("3x3", (1, 64, 56, 56), (64, 64, 3, 3), dict(pads=[1] * 4)),
            ("stem 7x7 stride 2", (1, 3, 224, 224), (64, 3, 7, 7), dict(pads=[3] * 4, strides=[2, 2])),
            ("3x3 stride 2", (1, 64, 56, 56), (128, 64, 3, 3), dict(pads=[1] * 4, strides=[2, 2])), ("1x1", MAPS, (384, 96, 1, 1), {}),
            ("1x1 stride 2", (1, 256, 56, 56), (512, 256, 1, 1), dict(strides=[2, 2])),
            ("dilated", (1, 64, 28, 28), (64, 64, 3, 3), dict(pads=[2] * 4, dilations=[2, 2])),
            ("depthwise 7x7", MAPS, (96, 1, 7, 7), dict(group=96, pads=[3] * 4)), ("depthwise 3x3", MAPS, (96, 1, 3, 3), dict(group=96, pads=[1] * 4)),
            ("depthwise 3x3 stride 2", (1, 96, 112, 112), (96, 1, 3, 3), dict(group=96, pads=[1] * 4, strides=[2, 2])),
            ("depthwise 31x31", (1, 128, 56, 56), (128, 1, 31, 31), dict(group=128, pads=[15] * 4)),
            ("depthwise 5x5 dilated", (1, 64, 28, 28), (64, 1, 5, 5), dict(group=64, pads=[6] * 4, dilations=[3, 3])),
            ("depthwise multiplied", (1, 64, 56, 56), (128, 1, 3, 3), dict(group=64, pads=[1] * 4)),
            ("groups of 4 (ResNeXt)", (1, 128, 56, 56), (128, 4, 3, 3), dict(group=32, pads=[1] * 4)),
            ("groups of 24 (RegNet)", (1, 192, 28, 28), (192, 24, 3, 3), dict(group=8, pads=[1] * 4)),
            ("1x1 in 16 groups", (1, 256, 28, 28), (256, 16, 1, 1), dict(group=16)), ("2x2 stride 2", MAPS, (192, 96, 2, 2), dict(strides=[2, 2])),
            ("on 7x7", (1, 512, 7, 7), (512, 512, 3, 3), dict(pads=[1] * 4)), ("1-D", (1, 256, 400), (256, 256, 3), dict(pads=[1, 1])),
            ("1-D depthwise", (1, 768, 197), (768, 1, 3), dict(group=768, pads=[1, 1]))]:
        case(f"Conv {label}", x, lambda m, x, w=w, o=o: m.node("Conv", x, m.weights(*w), m.weights(w[0]), **o))
    for label, x, w, o in [
            ("2x2 stride 2", (1, 256, 28, 28), (256, 128, 2, 2), dict(strides=[2, 2])), ("4x4 stride 4", (1, 96, 37, 37), (96, 96, 4, 4), dict(strides=[4, 4])),
            ("4x4 stride 2", (1, 256, 28, 28), (256, 128, 4, 4), dict(strides=[2, 2], pads=[1] * 4)),
            ("3x3 stride 2", (1, 64, 56, 56), (64, 64, 3, 3), dict(strides=[2, 2], pads=[1] * 4, output_padding=[1, 1])),
            ("3x3 stride 1", (1, 64, 28, 28), (64, 64, 3, 3), dict(pads=[1] * 4)), ("to one channel", (1, 64, 112, 112), (64, 1, 2, 2), dict(strides=[2, 2])),
            ("depthwise 4x4 stride 2", (1, 64, 28, 28), (64, 1, 4, 4), dict(strides=[2, 2], pads=[1] * 4, group=64)),
            ("groups", (1, 64, 28, 28), (64, 16, 3, 3), dict(strides=[2, 2], group=4)), ("1-D", (1, 128, 400), (128, 64, 4), dict(strides=[2], pads=[1, 1]))]:
        outputs = w[1] * o.get("group", 1)
        case(f"ConvTranspose {label}", x, lambda m, x, w=w, o=o, n=outputs: m.node("ConvTranspose", x, m.weights(*w), m.weights(n), **o))


def add_resizes() -> None:
    for mode in ("nearest", "linear", "cubic"):
        for factor in (2, 4):
            case(f"Resize {mode} {factor}x", (1, 256, 28, 28), lambda m, x, p=(mode, factor): m.node(
                "Resize", x, "", m.constant([1, 1, p[1], p[1]], numpy.float32), mode=p[0],
                coordinate_transformation_mode="asymmetric" if p[0] == "nearest" else "half_pixel", **({"nearest_mode": "floor"} if p[0] == "nearest" else {})))
    case("Resize linear align_corners 37 to 518", (1, 32, 37, 37), lambda m, x: m.node(
        "Resize", x, "", "", m.constant([1, 32, 518, 518]), mode="linear", coordinate_transformation_mode="align_corners"))
    case("Resize cubic position embedding", (1, 768, 14, 14), lambda m, x: m.node("Resize", x, "", "", m.constant([1, 768, 24, 24]), mode="cubic"))
    case("Resize linear down", (1, 64, 112, 112), lambda m, x: m.node("Resize", x, "", "", m.constant([1, 64, 56, 56]), mode="linear"))


add_elementwise()
add_movement()
add_reductions()
add_products()
add_resizes()
