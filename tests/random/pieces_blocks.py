# SPDX-License-Identifier: GPL-3.0-or-later
"""Pieces of vision transformers in the forms that exporters write: normalisation, attention, MLP, windows, squeeze and excite."""

import numpy

from pieces_elementwise import gelu
from pieces_layers import shortcut


def divisors(count: int) -> list:
    return [d for d in range(1, count + 1) if count % d == 0]


def layer_norm(net, x=None):
    """Over the last axis, as one operator or written out in several ways."""
    x = x or net.pick(lambda s: len(s) >= 2 and s[-1] > 2)
    shape = net.shape[x]
    c, eps = shape[-1], net.rng.choice([1e-5, 1e-6, 1e-3])
    kind = net.rng.randrange(5)
    if kind < 2 and net.opset >= 17:
        inputs = [x, net.positive(c)] + ([net.weights(c)] if net.chance(0.8) else [])
        return net.op("LayerNormalization", inputs, shape, axis=net.rng.choice([-1, len(shape) - 1]), epsilon=eps)
    mean = net.reduce("ReduceMean", x, [-1])
    d = net.op("Sub", [x, mean], shape)
    if kind == 2:
        square = net.op("Mul", [d, d], shape)
    else:
        square = net.op("Pow", [d, net.constant(2.0)], shape)
    variance = net.reduce("ReduceMean", square, [-1])
    root = net.op("Sqrt", [net.op("Add", [variance, net.constant(eps)], net.shape[variance])], net.shape[variance])
    if kind == 4:
        y = net.op("Mul", [d, net.op("Reciprocal", [root], net.shape[root])], shape)
    else:
        y = net.op("Div", [d, root], shape)
    if net.chance(0.85):
        y = net.either("Mul", y, net.positive(c), shape)
        if net.chance(0.85):
            y = net.either("Add", y, net.weights(c), shape)
    return y


def channels_first_norm(net):
    """LayerNorm2d: through two transpositions, or written out over axis 1."""
    x = net.pick(lambda s: len(s) == 4 and s[1] > 2)
    if net.chance(0.6):
        y = layer_norm(net, net.transpose(x, [0, 2, 3, 1]))
        return net.transpose(y, [0, 3, 1, 2])
    shape, c = net.shape[x], net.shape[x][1]
    d = net.op("Sub", [x, net.reduce("ReduceMean", x, [1])], shape)
    v = net.reduce("ReduceMean", net.op("Mul", [d, d], shape), [1])
    root = net.op("Sqrt", [net.op("Add", [v, net.constant(1e-5)], net.shape[v])], net.shape[v])
    y = net.op("Div", [d, root], shape)
    return net.op("Add", [net.op("Mul", [y, net.positive(c, 1, 1)], shape), net.weights(c, 1, 1)], shape)


def dense(net, x: str, n: int, bias: float = 0.8) -> str:
    shape = net.shape[x]
    y = net.op("MatMul", [x, net.weights(shape[-1], n, fan=shape[-1])], [*shape[:-1], n])
    return net.either("Add", y, net.weights(n), net.shape[y]) if net.chance(bias) else y


def tokens(net):
    """A value [b, t, c]: one that is there, or a plane made tokens."""
    x = net.find(lambda s: len(s) == 3 and 1 < s[2] <= 192 and s[1] <= 400)
    if x is not None and net.chance(0.7):
        return x
    plane = net.pick(lambda s: len(s) == 4 and 1 < s[1] <= 192 and s[2] * s[3] <= 400)
    b, c, h, w = net.shape[plane]
    flat = net.reshape(plane, [b, c, h * w])
    return net.transpose(flat, [0, 2, 1])


def heads(net, x: str, count: int, transposed: bool) -> str:
    """[b, t, c] -> [b, heads, t, c / heads], or its last two axes exchanged."""
    b, t, c = net.shape[x]
    y = net.op("Reshape", [x, net.ints(0 if net.symbolic else b, t, count, c // count)], [b, t, count, c // count])
    return net.transpose(y, [0, 2, 3, 1] if transposed else [0, 2, 1, 3])


def attention(net):
    x = tokens(net)
    b, t, c = net.shape[x]
    if t > 200:
        return None
    n = net.rng.choice([d for d in divisors(c) if d <= 8])
    if not net.room([b, n, t, t]) or not net.room([b, t, 3 * c]):
        return None
    source = layer_norm(net, x) if net.chance(0.7) else x
    scale = float((c // n) ** -0.5)
    if net.chance(0.5):  # one layer for q, k and v
        joined = dense(net, source, 3 * c)
        if net.chance(0.5):
            five = net.op("Reshape", [joined, net.ints(b, t, 3, n, c // n)], [b, t, 3, n, c // n])
            five = net.transpose(five, [2, 0, 3, 1, 4])
            q, k, v = (net.op("Gather", [five, net.constant(i, numpy.int64)], [b, n, t, c // n], axis=0) for i in range(3))
        else:
            q, k, v = (heads(net, part, n, False) for part in net.ops("Split", [joined, net.ints(c, c, c)], [[b, t, c]] * 3, axis=2))
        k = net.transpose(k, [0, 1, 3, 2])
    else:
        other = x if net.chance(0.7) else (net.find(lambda s: s == (b, t, c)) or x)
        q, k, v = heads(net, dense(net, source, c), n, False), heads(net, dense(net, other, c), n, True), heads(net, dense(net, source, c), n, False)
    place = net.rng.randrange(4)
    if place == 0:
        q = net.op("Mul", [q, net.constant(scale)], net.shape[q])
    if place == 1:
        root = net.constant(numpy.sqrt(scale))
        q, k = net.op("Mul", [q, root], net.shape[q]), net.op("Mul", [k, root], net.shape[k])
    logits = net.op("MatMul", [q, k], [b, n, t, t])
    if place == 2:
        logits = net.op("Div", [logits, net.constant(1 / scale)], [b, n, t, t])
    if place == 3:
        logits = net.op("Mul", [logits, net.constant(scale)], [b, n, t, t])
    if net.chance(0.3):
        logits = net.either("Add", logits, net.weights(*net.rng.choice([(1, n, t, t), (n, t, t), (t, t), (1, 1, t, t)])), [b, n, t, t])
    if net.chance(0.1):
        mask = numpy.where(net.data.uniform(size=(t, t)) < 0.2, -1e4, 0) * (1 - numpy.eye(t))
        logits = net.op("Add", [logits, net.constant(mask)], [b, n, t, t])
    weights = net.op("Softmax", [logits], [b, n, t, t], axis=net.rng.choice([-1, 3]))
    mixed = net.transpose(net.op("MatMul", [weights, v], [b, n, t, c // n]), [0, 2, 1, 3])
    mixed = net.op("Reshape", [mixed, net.ints(0 if net.symbolic else b, t, c)], [b, t, c])
    y = dense(net, mixed, c)
    return net.either("Add", x, y, [b, t, c]) if net.chance(0.8) else y


def mlp(net):
    x = tokens(net)
    shape = net.shape[x]
    width = net.rng.choice([shape[2], 2 * shape[2], 4 * shape[2], 13])
    if not net.room([*shape[:2], width]):
        return None
    hidden = dense(net, layer_norm(net, x) if net.chance(0.7) else x, width)
    keep = net.floats
    net.floats = [hidden]
    hidden = gelu(net) if net.chance(0.5) else net.op(net.rng.choice(["Relu", "Tanh", "Sigmoid"]), [hidden], net.shape[hidden])
    net.floats = keep + [hidden]
    y = dense(net, hidden, shape[2])
    if net.chance(0.2):  # LayerScale
        y = net.either("Mul", y, net.weights(shape[2]), shape)
    return net.either("Add", x, y, shape) if net.chance(0.8) else y


def windows(net):
    """Window partition and, behind something element-wise or linear, its reverse; rolled or not."""
    x = net.pick(lambda s: len(s) == 4 and s[1] > 1 and s[2] > 1)
    b, h, w, c = net.shape[x]
    p, q = net.rng.choice(divisors(h)), net.rng.choice(divisors(w))
    y = net.op("Reshape", [x, net.ints(b, h // p, p, w // q, q, c)], [b, h // p, p, w // q, q, c])
    y = net.transpose(y, [0, 1, 3, 2, 4, 5])
    y = net.op("Reshape", [y, net.ints(-1, p * q, c)], [b * (h // p) * (w // q), p * q, c])
    if c <= 192 and net.chance(0.6):
        y = shortcut(net, y, dense(net, y, c))
    else:
        y = net.op("Tanh", [y], net.shape[y])
    if net.chance(0.3):
        return y
    y = net.op("Reshape", [y, net.ints(b, h // p, w // q, p, q, c)], [b, h // p, w // q, p, q, c])
    y = net.transpose(y, [0, 1, 3, 2, 4, 5])
    y = net.op("Reshape", [y, net.ints(b, h, w, c)], [b, h, w, c])
    return net.either("Add", x, y, net.shape[x]) if net.chance(0.5) else y


def position_encoding(net):
    """Depthwise 3x3 over tokens or a plane, plus its source."""
    x = net.pick(lambda s: len(s) == 4)
    c = net.shape[x][1]
    k = net.rng.choice([3, 3, 5, 7])
    y = net.op("Conv", [x, net.weights(c, 1, k, k, fan=k * k), net.weights(c)], net.shape[x], group=c, kernel_shape=[k, k],
               pads=[k // 2] * 4)
    if net.chance(0.2):
        y = net.op(net.rng.choice(["Relu", "Sigmoid", "Tanh"]), [y], net.shape[y])
    return net.either("Add", x, y, net.shape[x])


def squeeze_excite(net):
    x = net.pick(lambda s: len(s) == 4 and s[1] > 1)
    b, c = net.shape[x][:2]
    m = max(1, c // 2)
    s = net.op("GlobalAveragePool", [x], [b, c, 1, 1]) if net.chance(0.5) else net.reduce("ReduceMean", x, [2, 3])
    s = net.op("Conv", [s, net.weights(m, c, 1, 1, fan=c), net.weights(m)], [b, m, 1, 1])
    s = net.op("Relu", [s], [b, m, 1, 1])
    s = net.op("Conv", [s, net.weights(c, m, 1, 1, fan=m), net.weights(c)], [b, c, 1, 1])
    s = net.op(net.rng.choice(["Sigmoid", "HardSigmoid"]), [s], [b, c, 1, 1])
    return net.either("Mul", x, s, net.shape[x])


def patch_merging(net):
    """Swin: the four pixels of a square joined as channels, normalised, halved."""
    x = net.pick(lambda s: len(s) == 4 and s[1] % 2 == 0 and s[2] % 2 == 0 and s[1] > 1 and s[2] > 1 and s[3] <= 64)
    b, h, w, c = net.shape[x]
    parts = []
    for i, j in ((0, 0), (1, 0), (0, 1), (1, 1)):
        rows = net.op("Slice", [x, net.ints(i), net.ints(2**62), net.ints(1), net.ints(2)], [b, h // 2, w, c])
        parts.append(net.op("Slice", [rows, net.ints(j), net.ints(2**62), net.ints(2), net.ints(2)], [b, h // 2, w // 2, c]))
    y = net.op("Concat", parts, [b, h // 2, w // 2, 4 * c], axis=-1)
    return dense(net, layer_norm(net, y), 2 * c, bias=0.1)


def patch_embedding(net):
    """A strided convolution made tokens, a class token, a position."""
    x = net.pick(lambda s: len(s) == 4 and s[2] >= 4 and s[3] >= 4)
    b, c, h, w = net.shape[x]
    p, o = net.rng.choice([2, 4, 3]), net.rng.choice([8, 12, 16, 24])
    h, w = (h - p) // p + 1, (w - p) // p + 1
    if h * w > 400 or not net.room([b, o, h, w]):
        return None
    y = net.op("Conv", [x, net.weights(o, c, p, p, fan=c * p * p), net.weights(o)], [b, o, h, w], strides=[p, p], kernel_shape=[p, p])
    y = net.transpose(net.reshape(y, [b, o, h * w]), [0, 2, 1])
    t = h * w
    if net.chance(0.5) and b == 1:
        parts = [net.weights(1, 1, o), y]
        y = net.op("Concat", parts if net.chance(0.8) else parts[::-1], [b, t + 1, o], axis=1)
        t += 1
    return net.either("Add", y, net.weights(1, t, o), [b, t, o]) if net.chance(0.7) else y


def back_to_plane(net):
    x = net.pick(lambda s: len(s) == 3)
    b, t, c = net.shape[x]
    h = net.rng.choice(divisors(t))
    y = net.transpose(x, [0, 2, 1])
    return net.reshape(y, [b, c, h, t // h])


def pattern(net):
    """Twice the same sub-expression on one value: shared, or written twice."""
    x = net.pick()
    shape = net.shape[x]
    ops = [net.rng.choice(["Tanh", "Sigmoid", "Relu", "Neg"]) for _ in range(2)]
    ends = []
    for _ in range(2):
        y = x
        for op in ops:
            y = net.op(op, [y], shape)
        ends.append(y)
    return net.op(net.rng.choice(["Add", "Mul", "Sub"]), ends, shape)


PIECES = [(4, layer_norm), (1.5, channels_first_norm), (4, attention), (4, mlp), (2.5, windows), (4, position_encoding), (1.5, squeeze_excite),
          (1.2, patch_merging), (3, patch_embedding), (2, back_to_plane), (0.7, pattern)]
