# SPDX-License-Identifier: GPL-3.0-or-later
"""Operators that the importer takes apart: functions, norms and reductions of the standard, native attention of opset 23, ONNX
Runtime's own fused ones; and sizes that a network computes."""

import numpy

from pieces_blocks import divisors, tokens
from pieces_elementwise import broadcast_to
from pieces_movement import factors

UNIT = "Asin Acos Atanh Tan Sinh Cosh Asinh Atan".split()
ACTIVATIONS = [("Celu", {}), ("Celu", {"alpha": 0.6}), ("Selu", {}), ("Selu", {"alpha": 1.2, "gamma": 0.9}), ("Softsign", {}),
               ("ThresholdedRelu", {"alpha": 0.3}), ("Shrink", {"lambd": 0.4, "bias": 0.4})]


def function(net):
    """Functions of few networks, kept inside what they are defined on."""
    x = net.pick()
    shape = net.shape[x]
    if net.chance(0.5):
        op, attributes = net.rng.choice(ACTIVATIONS)
        return net.op(op, [x], shape, **attributes)
    if net.chance(0.15):
        above = net.op("Add", [net.op("Abs", [x], shape), net.constant(1.1)], shape)
        return net.op("Acosh", [above], shape)
    inside = net.op("Mul", [net.op("Tanh", [x], shape), net.constant(0.95)], shape)
    return net.op(net.rng.choice(UNIT), [inside], shape)


def several(net):
    """Mean, Sum, Max, Min of up to four values, each broadcast or not."""
    x = net.pick()
    shape = net.shape[x]
    inputs = [x] + [net.weights(*broadcast_to(net, shape)) if net.chance(0.4) else net.pick(lambda s: s == shape, near=0.3)
                    for _ in range(net.rng.randint(0, 3))]
    net.rng.shuffle(inputs)
    return net.op(net.rng.choice(["Mean", "Mean", "Sum", "Max", "Min"]), inputs, shape)


def normalised(net):
    """LpNormalization, MeanVarianceNormalization, LayerNormalization from an earlier axis, RMSNormalization."""
    x = net.pick(lambda s: len(s) >= 2 and numpy.prod(s[1:]) > 3)
    shape = net.shape[x]
    kind = net.rng.randrange(4)
    if kind == 0:
        size = net.op("Add", [net.op("Abs", [x], shape), net.constant(0.2)], shape)
        return net.op("LpNormalization", [size], shape, axis=net.rng.choice([-1, 1]), p=net.rng.choice([1, 2]))
    if kind == 1 and len(shape) == 4 and shape[2] * shape[3] > 3:
        y = net.op("MeanVarianceNormalization", [x], shape, axes=[2, 3])
        return net.op("Tanh", [y], shape)
    axis = net.rng.randrange(1, len(shape))
    if numpy.prod(shape[axis:]) < 4:
        return None
    if kind == 2 and net.opset >= 23:
        return net.op("RMSNormalization", [x, net.positive(*shape[axis:])], shape, axis=axis, epsilon=1e-3)
    if net.opset < 17:
        return None
    return net.op("LayerNormalization", [x, net.positive(*shape[axis:]), net.weights(*shape[axis:])], shape, axis=axis, epsilon=1e-3)


def logarithm(net):
    """ReduceLogSum and ReduceLogSumExp over one or two axes."""
    x = net.pick(lambda s: len(s) > 1)
    shape = net.shape[x]
    axes = net.rng.sample(range(1, len(shape)), net.rng.randint(1, min(2, len(shape) - 1)))
    if net.chance(0.5):
        size = net.op("Add", [net.op("Abs", [x], shape), net.constant(0.3)], shape)
        return net.reduce("ReduceLogSum", size, axes, net.chance(0.6))
    return net.reduce("ReduceLogSumExp", net.op("Tanh", [x], shape), axes, net.chance(0.6))


def p_pool(net):
    x = net.rank(4)
    b, c, h, w = net.shape[x]
    p = net.rng.choice([1, 2, 2, 3])
    if p == 3 or net.chance(0.3):
        size = net.op("Abs", [x], net.shape[x]) if p % 2 else x
        return net.op("GlobalLpPool", [size], [b, c, 1, 1], p=p)
    k, s = net.rng.choice([(2, 2), (3, 1), (3, 2)])
    if min(h, w) < k:
        return None
    return net.op("LpPool", [x], [b, c, (h - k) // s + 1, (w - k) // s + 1], kernel_shape=[k, k], strides=[s, s], p=p)


def computed_shape(net):
    """Reshape or Expand to sizes that the network takes from Shape: exporters of dynamic sizes write this."""
    x = net.pick(lambda s: len(s) >= 2)
    shape = net.shape[x]
    sizes = net.op("Shape", [x], [len(shape)], free=False)
    if net.chance(0.5):
        first = net.op("Gather", [sizes, net.ints(0)], [1], free=False, axis=0)
        rest = factors(net, int(numpy.prod(shape[1:], dtype=numpy.int64)), net.rng.randint(1, 3))
        if net.chance(0.5):
            target = net.op("Concat", [first, net.ints(*rest[:-1], -1)], [len(rest) + 1], free=False, axis=0)
        else:
            target = net.op("Concat", [first, net.ints(*rest)], [len(rest) + 1], free=False, axis=0)
        return net.op("Reshape", [x, target], [shape[0], *rest])
    y = net.find(lambda s: len(s) == len(shape) and all(a in (1, b) for a, b in zip(s, shape)), near=0.3)
    small = net.weights(*[1 if net.chance(0.4) else d for d in shape[1:]]) if y is None or net.chance(0.3) else y
    return net.either("Add", x, net.op("Expand", [small, sizes], shape), shape)


def chosen(net):
    """Rows that constants choose: Compress, OneHot of the largest, elements replaced."""
    x = net.pick(lambda s: len(s) >= 2)
    shape = list(net.shape[x])
    axis = net.rng.randrange(1, len(shape))
    d = shape[axis]
    kind = net.rng.choice(["compress", "one hot", "elements"])
    if kind == "compress":
        keep = net.data.uniform(size=d) < 0.6
        keep[net.rng.randrange(d)] = True
        return net.op("Compress", [x, net.constant(keep, bool)], shape[:axis] + [int(keep.sum())] + shape[axis + 1:], axis=axis)
    if kind == "one hot":
        if len(shape) > 4 or not net.room(shape):
            return None
        index = net.op("ArgMax", [x], shape[:axis] + shape[axis + 1:], free=False, axis=axis, keepdims=0)
        marks = net.op("OneHot", [index, net.constant(d, numpy.int64), net.constant([0.0, 1.0])], shape, axis=axis)
        return net.op("Mul", [x, marks], shape)
    rows = net.data.permutation(d)[:net.rng.randint(1, d)]
    sizes = [len(rows) if i == axis else s for i, s in enumerate(shape)]
    index = numpy.broadcast_to(rows.reshape([-1 if i == axis else 1 for i in range(len(shape))]), sizes)
    return net.op("ScatterElements", [x, net.constant(index, numpy.int64), net.weights(*sizes)], shape, axis=axis)


def sampled(net):
    """GridSample at places that the network computes."""
    x = net.pick(lambda s: len(s) == 4 and min(s[2:]) > 1)
    if net.opset < 16:
        return None
    b, c, h, w = net.shape[x]
    g = net.find(lambda s: len(s) == 4 and s[0] == b and s[3] == 2, near=0.3)
    if g is None:
        g = net.op("Add", [net.weights(b, min(h, 6), min(w, 5), 2),
                           net.reduce("ReduceMean", x, [1, 2, 3])], [b, min(h, 6), min(w, 5), 2])
    places = net.op("Mul", [net.op("Tanh", [g], net.shape[g]), net.constant(1.1)], net.shape[g])
    mode = net.rng.choice(["bilinear", "linear"]) if net.opset >= 20 else "bilinear"
    return net.op("GridSample", [x, places], [b, c, *net.shape[g][1:3]], mode="linear" if net.opset >= 20 else mode,
                  padding_mode=net.rng.choice(["zeros", "border", "reflection"]), align_corners=net.rng.randint(0, 1))


def high_rank(net):
    """Through six dimensions: an order of axes, something element-wise or a sum over axes there, and back."""
    x = net.pick(lambda s: numpy.prod(s) > 1)
    shape = net.shape[x]
    six = [shape[0], *factors(net, int(numpy.prod(shape[1:], dtype=numpy.int64)), 5)] if shape else [1] * 6
    y = net.op("Reshape", [x, net.ints(*six)], six)
    perm = list(range(6))
    net.rng.shuffle(perm)
    y = net.transpose(y, perm)
    six = net.shape[y]
    kind = net.rng.randrange(4)
    if kind == 0:
        y = net.op("Mul", [y, net.weights(*[1 if net.chance(0.5) else d for d in six])], six)
    elif kind == 1:
        y = net.op("Sub", [y, net.reduce("ReduceMean", y, net.rng.sample(range(6), 2))], six)
    elif kind == 2:
        y = net.op("Softmax", [y], six, axis=net.rng.randrange(6))
    return net.op("Reshape", [net.transpose(y, [int(p) for p in numpy.argsort(perm)]), net.ints(*shape)], shape)


def native_attention(net):
    """Attention of opset 23: 3 or 4 dimensions, grouped heads, scale, softcap, masks, causal; rotary positions before it."""
    if net.opset < 23:
        return None
    x = tokens(net)
    b, t, c = net.shape[x]
    n = net.rng.choice([d for d in divisors(c) if d <= 8])
    d = c // n
    if t > 150 or not net.room([b, n, t, t]):
        return None
    q = k = v = x
    if net.chance(0.6):
        q, k, v = (net.op("MatMul", [x, net.weights(c, c, fan=c)], [b, t, c]) for _ in range(3))
    options = {}
    if net.chance(0.3):
        options["is_causal"] = 1
    if net.chance(0.3):
        options["scale"] = 0.3
    if net.chance(0.2):
        options["softcap"] = 0.5
    if d % 2 == 0 and net.chance(0.4):
        angles = net.data.uniform(-3, 3, (t, d // 2))
        table = [net.constant(f(angles)[None].repeat(b, 0)) for f in (numpy.cos, numpy.sin)]
        q, k = (net.op("RotaryEmbedding", [y, *table], [b, t, c], num_heads=n, interleaved=net.rng.randint(0, 1)) for y in (q, k))
    mask = []
    if net.chance(0.4):
        if net.chance(0.5):
            allowed = (net.data.uniform(size=(t, t)) < 0.7) | numpy.eye(t, dtype=bool)
            mask = [net.constant(allowed, bool)]
        else:
            mask = [net.weights(*net.rng.choice([(t, t), (1, n, t, t), (n, t, t)]))]
    if net.chance(0.5):
        options.update(q_num_heads=n, kv_num_heads=n)
        return net.op("Attention", [q, k, v, *mask], [b, t, c], **options)
    four = [net.transpose(net.op("Reshape", [y, net.ints(b, t, n, d)], [b, t, n, d]), [0, 2, 1, 3]) for y in (q, k, v)]
    groups = net.rng.choice(divisors(n))
    if groups < n:  # fewer heads of keys and values
        four[1:] = [net.op("Slice", [y, net.ints(0), net.ints(groups), net.ints(1)], [b, groups, t, d]) for y in four[1:]]
    return net.op("Attention", [*four, *mask], [b, n, t, d], **options)


def fused(net):
    """ONNX Runtime's own operators, as its optimiser writes them."""
    x = net.pick(lambda s: len(s) in (2, 3) and s[-1] > 2)
    shape = net.shape[x]
    c = shape[-1]
    kind = net.rng.choice(["BiasGelu", "FastGelu", "Gelu", "QuickGelu", "FusedMatMul", "Skip", "Attention", "Packed"])
    domain = {"domain": "com.microsoft"}
    if kind in ("BiasGelu", "FastGelu"):
        return net.op(kind, [x, net.weights(c)], shape, **domain)
    if kind in ("Gelu", "QuickGelu"):
        return net.op(kind, [x], shape, **domain, **({"alpha": 1.5} if kind == "QuickGelu" else {}))
    if kind == "FusedMatMul":
        n = net.rng.choice([3, 8, c])
        across = net.chance(0.5)
        return net.op(kind, [x, net.weights(n, c, fan=c) if across else net.weights(c, n, fan=c)], [*shape[:-1], n], transB=int(across),
                      alpha=net.rng.choice([1.0, 0.4]), **domain)
    if len(shape) != 3 or c > 128 or shape[1] > 150:
        return None
    if kind == "Skip":
        other = net.pick(lambda s: s == shape, near=0.4)
        return net.op("SkipLayerNormalization", [x, other, net.positive(c), net.weights(c)] + ([net.weights(c)] if net.chance(0.5) else []),
                      shape, epsilon=1e-3, **domain)
    n = net.rng.choice([d for d in divisors(c) if d <= 8])
    if not net.room([shape[0], n, shape[1], shape[1]]):
        return None
    if kind == "Attention":
        others = [net.pick(lambda s: s == shape, near=0.5) for _ in range(2)]
        return net.op("MultiHeadAttention", [x, *others] + ([net.weights(3 * c)] if net.chance(0.5) else []), shape, num_heads=n, **domain)
    return net.op("Attention", [x, net.weights(c, 3 * c, fan=c), net.weights(3 * c)], shape, num_heads=n, unidirectional=int(net.chance(0.3)),
                  **domain)


def told(net):
    """What is nothing: CastLike, Dropout at rest, Where of what is not a number."""
    x = net.pick()
    shape = net.shape[x]
    kind = net.rng.randrange(3)
    if kind == 0 and net.opset >= 15:
        truth = net.op("Less", [x, net.constant(0.2)], shape, free=False)
        return net.op("CastLike", [truth, net.constant(1.0)], shape)
    if kind == 1:
        return net.op("Dropout", [x], shape)
    broken = net.op("IsNaN", [x], shape, free=False) if net.chance(0.6) else net.op("IsInf", [x], shape, free=False)
    return net.op("Where", [broken, net.constant(0.0), x], shape)


PIECES = [(2, function), (1, several), (1.5, normalised), (0.7, logarithm), (0.5, p_pool), (1.2, computed_shape), (0.8, chosen), (0.4, sampled),
          (1.5, high_rank), (3, native_attention), (2, fused), (0.5, told)]
