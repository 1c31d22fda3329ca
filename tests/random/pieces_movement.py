# SPDX-License-Identifier: GPL-3.0-or-later
"""Pieces that move elements: views, strides, copies, joins, indices."""

import numpy


def factors(net, count: int, parts: int) -> list:
    """`parts` sizes whose product is `count`."""
    sizes = [1] * parts
    rest, prime = count, 2
    while rest > 1:
        while rest % prime:
            prime += 1
        sizes[net.rng.randrange(parts)] *= prime
        rest //= prime
    return sizes


def transpose(net):
    x = net.pick(lambda s: len(s) > 1)
    perm = list(range(len(net.shape[x])))
    if net.chance(0.4):
        i = net.rng.randrange(len(perm) - 1)
        perm[i], perm[i + 1] = perm[i + 1], perm[i]
    else:
        net.rng.shuffle(perm)
    return net.transpose(x, perm)


def reshape(net):
    x = net.pick()
    shape = net.shape[x]
    if shape and net.chance(0.6):
        rest = int(numpy.prod(shape[1:], dtype=numpy.int64))
        return net.reshape(x, [shape[0], *factors(net, rest, net.rng.randint(1, 4))])
    return net.reshape(x, factors(net, int(numpy.prod(shape, dtype=numpy.int64)), net.rng.randint(1, 6)))


def one_dimension(net):
    """Squeeze, Unsqueeze, Flatten"""
    x = net.pick()
    shape = list(net.shape[x])
    ones = [i for i, d in enumerate(shape) if d == 1 and i]
    if ones and net.chance(0.4):
        axis = net.rng.choice(ones)
        return net.op("Squeeze", [x, net.ints(axis - (len(shape) if net.chance(0.5) else 0))], shape[:axis] + shape[axis + 1:])
    if len(shape) < 6 and net.chance(0.6):
        axis = net.rng.randint(0, len(shape))
        return net.op("Unsqueeze", [x, net.ints(axis)], shape[:axis] + [1] + shape[axis:])
    axis = net.rng.randint(0, len(shape))
    return net.op("Flatten", [x], [numpy.prod(shape[:axis], dtype=int), numpy.prod(shape[axis:], dtype=int)], axis=axis)


def slices(net):
    x = net.pick(lambda s: any(d > 1 for d in s))
    shape = list(net.shape[x])
    axes = net.rng.sample(range(len(shape)), net.rng.randint(1, min(2, len(shape))))
    starts, ends, steps = [], [], []
    for a in axes:
        d, step = shape[a], net.rng.choice([1, 1, 1, 2, 3, -1, -2])
        low = net.rng.randrange(d)
        high = net.rng.randint(low + 1, d)
        if step > 0:
            starts.append(low if net.chance(0.7) else low - d)
            ends.append(high if high < d else net.rng.choice([d, 2**62, d]))
            count = -(-(high - low) // step)
        else:
            starts.append(high - 1)
            ends.append(low - 1 if low else -d - 1)
            count = -(-(high - low) // -step)
        steps.append(step)
        shape[a] = count
    inputs = [x, net.ints(*starts), net.ints(*ends), net.ints(*axes)]
    if any(s != 1 for s in steps) or net.chance(0.5):
        inputs.append(net.ints(*steps))
    return net.op("Slice", inputs, shape)


def split(net):
    x = net.pick(lambda s: any(d > 1 for d in s))
    shape = list(net.shape[x])
    axis = net.rng.choice([i for i, d in enumerate(shape) if d > 1])
    parts = net.rng.randint(2, min(3, shape[axis]))
    cuts = sorted(net.rng.sample(range(1, shape[axis]), parts - 1))
    sizes = [b - a for a, b in zip([0, *cuts], [*cuts, shape[axis]])]
    outs = [shape[:axis] + [s] + shape[axis + 1:] for s in sizes]
    return net.ops("Split", [x, net.ints(*sizes)], outs, axis=axis - (len(shape) if net.chance(0.3) else 0))[0]


def concat(net):
    x = net.pick(lambda s: len(s) > 0)
    shape = net.shape[x]
    axis = net.rng.randrange(len(shape))

    def fits(s):
        return len(s) == len(shape) and all(i == axis or a == b for i, (a, b) in enumerate(zip(s, shape)))

    parts = [x]
    for _ in range(net.rng.randint(0 if net.chance(0.1) else 1, 2)):
        if net.chance(0.25):
            sizes = list(shape)
            sizes[axis] = net.rng.randint(1, 3)
            parts.append(net.weights(*sizes))
        else:
            parts.append(net.pick(fits, near=0.4))
    net.rng.shuffle(parts)
    out = list(shape)
    out[axis] = sum(net.shape[p][axis] for p in parts)
    return net.op("Concat", parts, out, axis=axis) if net.room(out) else None


def roll(net):
    """torch.roll: two slices joined the other way round."""
    x = net.pick(lambda s: any(d > 1 for d in s))
    shape = list(net.shape[x])
    axis = net.rng.choice([i for i, d in enumerate(shape) if d > 1])
    at = net.rng.randrange(1, shape[axis])
    ends = [(at, 2**62), (0, at)]
    halves = [net.op("Slice", [x, net.ints(s), net.ints(e), net.ints(axis)],
                     shape[:axis] + [min(e, shape[axis]) - s] + shape[axis + 1:]) for s, e in ends]
    return net.op("Concat", halves, shape, axis=axis)


def repeated(net):
    """Expand, Tile"""
    x = net.pick()
    shape = list(net.shape[x])
    if net.chance(0.5) and any(d == 1 for d in shape[1:]):
        out = [d if d > 1 or not i or net.chance(0.4) else net.rng.randint(1, 4) for i, d in enumerate(shape)]
        return net.op("Expand", [x, net.ints(*[1 if net.chance(0.3) else d for d in out] if out == shape else out)], out) if net.room(out) else None
    repeats = [1 if not i or net.chance(0.5) else net.rng.randint(1, 3) for i in range(len(shape))]
    out = [d * r for d, r in zip(shape, repeats)]
    return net.op("Tile", [x, net.ints(*repeats)], out) if shape and net.room(out) else None


def gather(net):
    x = net.pick(lambda s: len(s) > 0)
    shape = list(net.shape[x])
    axis = net.rng.randrange(len(shape))
    d = shape[axis]
    kind = net.rng.choice(["rows", "rows", "one", "elements", "tuples"])
    if kind == "one":
        if len(shape) < 2 or not axis:
            return None
        return net.op("Gather", [x, net.constant(net.rng.randrange(-d, d), numpy.int64)], shape[:axis] + shape[axis + 1:], axis=axis)
    if kind == "rows":
        sizes = net.rng.choice([(1,), (3,), (d,), (2, 2)])
        index = net.data.randint(-d, d, sizes)
        out = shape[:axis] + list(sizes) + shape[axis + 1:]
        return net.op("Gather", [x, net.constant(index, numpy.int64)], out, axis=axis) if len(out) <= 6 and net.room(out) else None
    if kind == "elements":
        sizes = [min(s, 5) if i != axis else net.rng.randint(1, 6) for i, s in enumerate(shape)]
        return net.op("GatherElements", [x, net.constant(net.data.randint(-d, d, sizes), numpy.int64)], sizes, axis=axis)
    depth = net.rng.randint(1, len(shape))
    index = numpy.stack([net.data.randint(-s, s, 4) for s in shape[:depth]], axis=-1)
    return net.op("GatherND", [x, net.constant(index, numpy.int64)], [4, *shape[depth:]])


def pad(net):
    x = net.pick(lambda s: len(s) > 1)
    shape = net.shape[x]
    mode = net.rng.choice(["constant", "constant", "reflect", "edge"])
    before, after = ([net.rng.randint(0, min(2, d - 1)) if i >= len(shape) - 2 and i else 0 for i, d in enumerate(shape)] for _ in range(2))
    out = [d + a + b for d, a, b in zip(shape, before, after)]
    if mode == "constant" and net.chance(0.2) and len(shape) > 1:
        i = len(shape) - 1
        if out[i] > 2:
            before[i] -= 1
            out[i] -= 1
    inputs = [x, net.ints(*before, *after)]
    if mode == "constant" and net.chance(0.6):
        inputs.append(net.constant(net.rng.choice([0.0, 0.25, -1.0])))
    return net.op("Pad", inputs, out, mode=mode) if net.room(out) else None


def triangle(net):
    x = net.pick(lambda s: len(s) > 1)
    if net.opset < 14:
        return None
    return net.op("Trilu", [x, net.constant(net.rng.randint(-2, 2), numpy.int64)], net.shape[x], upper=net.rng.randint(0, 1))


def cumulative(net):
    x = net.pick(lambda s: len(s) > 0)
    axis = net.rng.randrange(len(net.shape[x]))
    y = net.op("CumSum", [x, net.constant(axis, numpy.int64)], net.shape[x], exclusive=net.rng.randint(0, 1), reverse=net.rng.randint(0, 1))
    return net.op("Mul", [y, net.constant(1 / net.shape[x][axis])], net.shape[x])


def top(net):
    x = net.pick(lambda s: len(s) > 0)
    shape = list(net.shape[x])
    axis = net.rng.randrange(len(shape))
    shape[axis] = net.rng.randint(1, shape[axis])
    values = f"v{len(net.nodes)}_0"
    net.ops("TopK", [x, net.ints(shape[axis])], [shape, shape], free=False, axis=axis, largest=net.rng.randint(0, 1))
    net.floats.append(values)
    return values


def scatter(net):
    """Rows of x replaced: a mask token, an in-place assignment of torch."""
    x = net.pick(lambda s: len(s) > 0)
    shape = net.shape[x]
    rows = sorted(net.rng.sample(range(shape[0]), net.rng.randint(1, shape[0])))
    return net.op("ScatterND", [x, net.constant([[r] for r in rows], numpy.int64), net.weights(len(rows), *shape[1:])], shape)


PIECES = [(6, transpose), (6, reshape), (3, one_dimension), (5, slices), (3, split), (4, concat), (1.5, roll), (2, repeated), (3, gather),
          (2, pad), (0.7, triangle), (0.7, cumulative), (0.5, top), (0.3, scatter)]
