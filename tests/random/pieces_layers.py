# SPDX-License-Identifier: GPL-3.0-or-later
"""Pieces with weights or windows: convolutions, linear layers, products, pooling, normalisations, reductions."""

import numpy


def shortcut(net, source: str, y: str) -> str:
    """Now and then y + the layer's own source, which dies there or not: conditional position encoding."""
    if net.shape[source] == net.shape[y] and net.chance(0.35):
        return net.either("Add", y, source, net.shape[y])
    return y


def window(net, shape, depthwise: bool):
    """Kernel, strides, pads, dilations and the output's plane, or None."""
    k = [net.rng.choice([1, 3, 3, 5, 2, 7] if depthwise else [1, 1, 3, 3, 2, 4]) for _ in shape]
    if net.chance(0.7):
        k = [k[0]] * len(shape)
    strides = [net.rng.choice([1, 1, 1, 2, 3])] * len(shape) if net.chance(0.8) else [net.rng.randint(1, 3) for _ in shape]
    dilations = [net.rng.choice([1, 1, 1, 2]) for _ in shape]
    if net.chance(0.55):  # the plane stays, as in most networks
        strides = [1] * len(shape)
        pads = [d * (kk - 1) // 2 for d, kk in zip(dilations, k)] + [d * (kk - 1) - d * (kk - 1) // 2 for d, kk in zip(dilations, k)]
    else:
        pads = [net.rng.randint(0, kk // 2) for kk in k + k]
    n = len(shape)
    out = [(d + pads[i] + pads[n + i] - dilations[i] * (k[i] - 1) - 1) // strides[i] + 1 for i, d in enumerate(shape)]
    if any(o < 1 for o in out) or any(d + pads[i] + pads[n + i] < dilations[i] * (k[i] - 1) + 1 for i, d in enumerate(shape)):
        return None
    return k, dict(strides=strides, pads=pads, dilations=dilations, kernel_shape=k), out


def convolution(net):
    x = net.find(lambda s: len(s) == 4) or net.rank(3)
    if (len(net.shape[x]) == 3 and net.chance(0.8)):
        return None
    b, c, *plane = net.shape[x]
    kind = net.rng.choice(["dense", "dense", "depthwise", "depthwise", "grouped"])
    groups = {"dense": 1, "depthwise": c, "grouped": net.rng.choice([g for g in range(1, c + 1) if c % g == 0])}[kind]
    found = window(net, plane, kind == "depthwise")
    if found is None:
        return None
    k, attributes, out = found
    o = groups * net.rng.choice([1, 1, 2] if kind == "depthwise" else [max(1, c // groups), 1, 3, 5, 8])
    if not net.room([b, o, *out]) or o > 128:
        return None
    inputs = [x, net.weights(o, c // groups, *k, fan=c // groups * numpy.prod(k))]
    if net.chance(0.6):
        inputs.append(net.weights(o))
    if net.chance(0.1):
        same = dict(strides=attributes["strides"], kernel_shape=k, auto_pad=net.rng.choice(["SAME_UPPER", "SAME_LOWER"]))
        attributes, out = same, [-(-d // s) for d, s in zip(plane, attributes["strides"])]
    return shortcut(net, x, net.op("Conv", inputs, [b, o, *out], group=groups, **attributes))


def transposed_convolution(net):
    x = net.rank(4)
    b, c, h, w = net.shape[x]
    k, s = net.rng.choice([(2, 2), (3, 2), (3, 1), (4, 2), (1, 1)])
    p = net.rng.randint(0, k // 2)
    extra = net.rng.randint(0, s - 1)
    out = [(d - 1) * s - 2 * p + k + extra for d in (h, w)]
    groups = net.rng.choice([1, 1, c])
    o = net.rng.choice([1, 3, 4]) if groups == 1 else c
    if min(out) < 1 or not net.room([b, o, *out]):
        return None
    return shortcut(net, x, net.op("ConvTranspose", [x, net.weights(c, o // groups, k, k, fan=c * k), net.weights(o)], [b, o, *out],
                                   strides=[s, s], pads=[p] * 4, output_padding=[extra, extra], group=groups, kernel_shape=[k, k]))


def linear(net):
    x = net.pick(lambda s: len(s) >= 1 and s[-1] <= 512)
    shape = net.shape[x]
    k = shape[-1]
    n = k if net.chance(0.4) else net.rng.choice([1, 2, 7, 16, 31, 64, 3 * k])
    if n > 512 or not net.room([*shape[:-1], n]):
        return None
    w = net.weights(k, n, fan=k)
    if len(shape) == 2 and net.chance(0.4):
        transposed = net.chance(0.5)
        inputs = [x, net.weights(n, k, fan=k) if transposed else w]
        if net.chance(0.7):
            inputs.append(net.weights(*net.rng.choice([(n,), (1, n), (1,)])))
        y = net.op("Gemm", inputs, [shape[0], n], transB=int(transposed), **({"alpha": 0.7} if net.chance(0.2) else {}),
                   **({"beta": 1.5} if net.chance(0.2) else {}))
        return shortcut(net, x, y)
    y = net.op("MatMul", [x, w], [*shape[:-1], n])
    if net.chance(0.6):
        y = net.either("Add", y, net.weights(n), net.shape[y])
    return shortcut(net, x, y)


def constant_left(net):
    """MatMul(constant, x): mixing of tokens, probes."""
    x = net.pick(lambda s: len(s) >= 2 and s[-2] <= 256)
    shape = net.shape[x]
    n = shape[-2] if net.chance(0.5) else net.rng.choice([1, 3, 8])
    batch = shape[:-2] if net.chance(0.3) else ()
    out = [*shape[:-2], n, shape[-1]]
    if not net.room(out):
        return None
    return shortcut(net, x, net.op("MatMul", [net.weights(*batch, n, shape[-2], fan=shape[-2]), x], out))


def product(net):
    """MatMul of two activations, one of them through a transposition or not, scaled or not."""
    x = net.pick(lambda s: len(s) >= 2)
    shape = net.shape[x]
    y = net.find(lambda s: len(s) >= 2 and s[-2] == shape[-1] and (len(s) == 2 or s[:-2] == shape[:-2]), near=0.4)
    if y is None or net.chance(0.5):
        z = net.pick(lambda s: len(s) == len(shape) and s[:-2] == shape[:-2] and s[-1] == shape[-1], near=0.4)
        y = net.transpose(z, [*range(len(shape) - 2), len(shape) - 1, len(shape) - 2])
    out = [*shape[:-1], net.shape[y][-1]]
    if not net.room(out):
        return None
    scale = net.constant(1 / numpy.sqrt(shape[-1]))
    place = net.rng.randrange(3)
    left = net.op("Mul", [x, scale], shape) if place == 0 else x
    right = net.op("Mul", [y, scale], net.shape[y]) if place == 1 else y
    z = net.op("MatMul", [left, right], out)
    if place == 2:
        z = net.op("Mul", [z, scale], out)
    if net.chance(0.3):
        z = net.op("Softmax", [z], out, axis=-1)
    elif net.chance(0.6):
        z = net.op("Tanh", [z], out)
    return shortcut(net, x, z)


def einsum(net):
    x = net.rank(3, 4)
    if net.opset < 12:
        return None
    shape = net.shape[x]
    if len(shape) == 3:
        n = net.rng.choice([shape[2], 5])
        y = net.op("Einsum", [x, net.weights(shape[2], n, fan=shape[2])], [*shape[:2], n], equation="bij,jk->bik")
    else:
        if not net.room([*shape[:3], shape[2]]):
            return None
        y = net.op("Einsum", [x, x], [*shape[:3], shape[2]], equation="bhid,bhjd->bhij")
        y = net.op("Tanh", [net.op("Mul", [y, net.constant(1 / shape[3])], net.shape[y])], net.shape[y])
    return y


def pool(net):
    x = net.rank(4)
    b, c, h, w = net.shape[x]
    if net.chance(0.2):
        return net.op(net.rng.choice(["GlobalAveragePool", "GlobalMaxPool"]), [x], [b, c, 1, 1])
    op = net.rng.choice(["AveragePool", "MaxPool"])
    k, s = net.rng.choice([2, 3, 3, 5]), net.rng.choice([1, 1, 2, 3])
    p, ceil = net.rng.randint(0, (k - 1) // 2 + (k > 2) * 0), net.chance(0.2) and op == "MaxPool"
    if s == 1 and net.chance(0.6):
        p = (k - 1) // 2
    if min(h, w) + 2 * p < k:
        return None
    out = []
    for d in (h, w):
        n = (d + 2 * p - k + (s - 1 if ceil else 0)) // s + 1
        if ceil and (n - 1) * s >= d + p:  # no window begins in the padding behind
            n -= 1
        out.append(n)
    extra = {"count_include_pad": net.rng.randint(0, 1)} if op == "AveragePool" else {}
    y = net.op(op, [x], [b, c, *out], kernel_shape=[k, k], strides=[s, s], pads=[p] * 4, **({"ceil_mode": 1} if ceil else {}), **extra)
    if net.shape[y] == net.shape[x] and net.chance(0.5):  # PoolFormer
        return net.op("Sub", [y, x], net.shape[y])
    return y


def resize(net):
    x = net.rank(4)
    b, c, h, w = net.shape[x]
    out = [max(1, int(d * net.rng.choice([0.5, 1, 2, 1.5]))) for d in (h, w)]
    if not net.room([b, c, *out]):
        return None
    mode = net.rng.choice(["nearest", "linear", "cubic"])
    coordinates = net.rng.choice(["half_pixel", "align_corners", "asymmetric", "pytorch_half_pixel"])
    extra = {"nearest_mode": "floor"} if mode == "nearest" and coordinates == "asymmetric" else {}
    return net.op("Resize", [x, "", "", net.ints(b, c, *out)], [b, c, *out], mode=mode, coordinate_transformation_mode=coordinates, **extra)


def depth_space(net):
    x = net.rank(4)
    b, c, h, w = net.shape[x]
    if c % 4 == 0 and net.chance(0.6):
        return net.op("DepthToSpace", [x], [b, c // 4, h * 2, w * 2], blocksize=2, mode=net.rng.choice(["DCR", "CRD"]))
    if h % 2 == 0 and w % 2 == 0:
        return net.op("SpaceToDepth", [x], [b, c * 4, h // 2, w // 2], blocksize=2)
    return None


def channel_norm(net):
    x = net.pick(lambda s: len(s) in (3, 4) and s[1] > 1 and numpy.prod(s[2:]) > 1)
    shape = net.shape[x]
    c = shape[1]
    kind = net.rng.choice(["batch", "batch", "instance", "group"])
    if kind == "batch":
        return net.op("BatchNormalization", [x, net.positive(c), net.weights(c), net.weights(c), net.positive(c)], shape)
    if kind == "instance":
        return net.op("InstanceNormalization", [x, net.positive(c), net.weights(c)], shape, epsilon=1e-3)
    if net.opset < 21:
        return None
    groups = net.rng.choice([g for g in range(1, c + 1) if c % g == 0])
    return net.op("GroupNormalization", [x, net.positive(c), net.weights(c)], shape, num_groups=groups, epsilon=1e-3)


def reduction(net):
    x = net.pick(lambda s: len(s) > 1)
    rank = len(net.shape[x])
    axes = net.rng.sample(range(1, rank), net.rng.randint(1, min(2, rank - 1)))
    op = net.rng.choice("ReduceMean ReduceMean ReduceSum ReduceMax ReduceMin ReduceL1 ReduceL2 ReduceSumSquare ReduceProd ArgMax".split())
    shape = net.shape[x]
    count = numpy.prod([shape[a] for a in axes])
    if op == "ArgMax":
        axis = axes[0]
        out = [1 if i == axis else d for i, d in enumerate(shape)]
        y = net.op(net.rng.choice(["ArgMax", "ArgMin"]), [x], out, free=False, axis=axis, keepdims=1)
        y = net.op("Cast", [y], out, to=1)
        return net.op("Mul", [y, net.constant(1 / shape[axis])], out)
    if op == "ReduceProd":
        x = net.op("Add", [net.op("Mul", [net.op("Tanh", [x], shape), net.constant(1 / count)], shape), net.constant(1.0)], shape)
    y = net.reduce(op, x, axes, net.chance(0.6))
    if op in ("ReduceSum", "ReduceL1", "ReduceSumSquare"):
        y = net.op("Mul", [y, net.constant(1 / count)], net.shape[y])
    return y


def softmax(net):
    x = net.pick(lambda s: len(s) > 0)
    shape = net.shape[x]
    axis = net.rng.choice([-1, -1, net.rng.randrange(len(shape))])
    if net.chance(0.25):  # written out
        top = net.reduce("ReduceMax", x, [axis])
        e = net.op("Exp", [net.op("Sub", [x, top], shape)], shape)
        return net.op("Div", [e, net.reduce("ReduceSum", e, [axis])], shape)
    y = net.op(net.rng.choice(["Softmax", "Softmax", "LogSoftmax"]), [x], shape, axis=axis)
    if net.chance(0.15):
        return net.either("Mul", x, y, shape)
    return y


PIECES = [(7, convolution), (1, transposed_convolution), (6, linear), (1, constant_left), (4, product), (0.7, einsum), (2.5, pool), (1.2, resize),
          (1, depth_space), (2.5, channel_norm), (3, reduction), (3, softmax)]
