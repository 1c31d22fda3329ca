# SPDX-License-Identifier: GPL-3.0-or-later
"""Element-wise pieces: one or more values of any rank, broadcasting, constants on either side.

A piece takes a network and returns a new value, or None where nothing fits.
"""

import numpy
from onnx import TensorProto


def broadcast_to(net, shape) -> tuple:
    """A shape that broadcasts to `shape`: leading dimensions dropped, others 1."""
    cut = net.rng.randrange(len(shape) + 1) if net.chance(0.4) else 0
    return tuple(1 if net.chance(0.3) else d for d in shape[cut:])


def joined(a, b):
    """The broadcast of two shapes, or None."""
    try:
        return numpy.broadcast_shapes(a, b)
    except ValueError:
        return None


SAFE = ("Relu Sigmoid Tanh Abs Neg Erf Sin Cos HardSigmoid LeakyRelu Elu Softplus "
        "HardSwish Identity").split()
NEW = {"HardSwish": 14, "Mish": 18, "Gelu": 20}
PARAMETERS = {"LeakyRelu": [{}, {"alpha": 0.2}], "Elu": [{}, {"alpha": 0.7}], "HardSigmoid": [{}, {"alpha": 0.3, "beta": 0.4}],
              "Gelu": [{}, {"approximate": "tanh"}]}


def unary(net):
    x = net.pick()
    op = net.rng.choice(SAFE + ["Mish", "Gelu"])
    if NEW.get(op, 0) > net.opset:
        return None
    return net.op(op, [x], net.shape[x], **net.rng.choice(PARAMETERS.get(op, [{}])))


def guarded(net):
    """Functions with poles and edges, kept away from them."""
    x = net.pick()
    shape, op = net.shape[x], net.rng.choice("Sqrt Log Reciprocal Exp Pow Div Clip PRelu".split())
    if op == "Exp":
        return net.op("Exp", [net.op("Tanh", [x], shape)], shape)
    if op == "Clip":
        low, high = (net.constant(v) if net.chance(0.8) else "" for v in (-0.7, 0.9))
        return net.op("Clip", [x, low, high] if high else [x, low] if low else [x], shape)
    if op == "PRelu":
        slope = tuple(d if net.chance(0.6) else 1 for d in shape[1:])
        return net.op("PRelu", [x, net.weights(*slope)], shape)
    if op == "Pow" and net.chance(0.6):
        return net.op("Pow", [net.op("Tanh", [x], shape), net.constant(net.rng.choice([2.0, 3.0, 1.0]))], shape)
    size = net.op("Add", [net.op("Abs", [x], shape), net.constant(0.5)], shape)
    if op == "Pow":
        return net.op("Pow", [size, net.constant(net.rng.choice([0.5, -1.0, 1.7, -0.5]))], shape)
    if op == "Div":
        y = net.pick(lambda s: joined(s, shape) is not None and net.room(joined(s, shape)))
        return net.op("Div", [y, size], joined(net.shape[y], shape))
    return net.op(op, [size], shape)


def constant_operand(net):
    """x op c or c op x, c of any shape that broadcasts, zeros and ones too."""
    x = net.pick()
    shape = net.shape[x]
    sizes = broadcast_to(net, shape)
    op = net.rng.choice("Add Sub Mul Div Max Min".split())
    if net.chance(0.1):
        c = net.constant(numpy.full(sizes, 1.0 if op in ("Mul", "Div") else 0.0))
    else:
        c = net.positive(*sizes) if op == "Div" else net.weights(*sizes)
    if op != "Div" and net.chance(0.4):
        return net.op(op, [c, x], shape)
    return net.op(op, [x, c], shape)


def two_values(net):
    x = net.pick()
    y = net.pick(lambda s: joined(s, net.shape[x]) is not None and net.room(joined(s, net.shape[x])), near=0.4)
    shape = joined(net.shape[x], net.shape[y])
    op = net.rng.choice("Add Add Sub Mul Max Min Sum".split())
    if op == "Mul":  # products of products grow
        x = net.op(net.rng.choice(["Tanh", "Sigmoid"]), [x], net.shape[x])
    inputs = [x, y] if net.chance(0.5) else [y, x]
    if op in ("Sum", "Max", "Min") and net.chance(0.4):
        inputs.append(net.rng.choice(inputs) if net.chance(0.5) else net.weights(*broadcast_to(net, shape)))
    return net.op(op, inputs, shape)


def residual(net):
    """x + something of the same shape from anywhere before, its own source too, through views or not."""
    x = net.pick()
    y = net.pick(lambda s: s == net.shape[x], near=0.3)
    return net.either("Add", x, y, net.shape[x])


def gate(net):
    """x · sigmoid(x), x · hardsigmoid(x), x · sigmoid(y)"""
    x = net.pick()
    y = x if net.chance(0.6) else net.pick(lambda s: s == net.shape[x])
    gate = net.op(net.rng.choice(["Sigmoid", "HardSigmoid", "Tanh"]), [y], net.shape[x])
    return net.either("Mul", x, gate, net.shape[x])


def selected(net):
    """Comparisons, logic, Where."""
    x = net.pick()
    shape = net.shape[x]
    ops = ["Greater", "Less"] + (["GreaterOrEqual", "LessOrEqual"] if net.opset >= 12 else [])
    sizes = broadcast_to(net, shape)
    truth = net.op(net.rng.choice(ops), [x, net.weights(*sizes)], shape, free=False)
    if net.chance(0.3):
        truth = net.op("Not", [truth], shape, free=False)
    if net.chance(0.3):
        other = net.op("Less", [x, net.constant(0.4)], shape, free=False)
        truth = net.op(net.rng.choice(["And", "Or", "Xor"]), [truth, other], shape, free=False)
    if net.chance(0.3):
        return net.op("Cast", [truth], shape, to=TensorProto.FLOAT)
    y = net.pick(lambda s: joined(s, shape) == shape) if net.chance(0.6) else net.weights(*broadcast_to(net, shape))
    return net.op("Where", [truth, x, y] if net.chance(0.5) else [truth, y, x], shape)


def stepped(net):
    """Functions with jumps; scaled, so that few values lie near one."""
    x = net.pick()
    shape = net.shape[x]
    op = net.rng.choice("Floor Ceil Round Sign Cast Mod".split())
    x = net.op("Mul", [x, net.constant(1.37)], shape)
    if op == "Cast":
        y = net.op("Cast", [x], shape, free=False, to=net.rng.choice([TensorProto.INT32, TensorProto.INT64]))
        return net.op("Cast", [y], shape, to=TensorProto.FLOAT)
    if op == "Mod":
        return net.op("Mod", [x, net.constant(0.77)], shape, fmod=1)
    return net.op(op, [x], shape)


def gelu(net):
    """x (1 + erf(x / √2)) / 2 in the orders in which exporters write it, and the tanh form."""
    x = net.pick()
    shape = net.shape[x]
    half, one = net.constant(0.5), net.constant(1.0)
    if net.chance(0.3):
        cube = net.op("Pow", [x, net.constant(3.0)], shape)
        inner = net.either("Add", x, net.op("Mul", [cube, net.constant(0.044715)], shape), shape)
        sum_ = net.op("Add", [net.op("Tanh", [net.op("Mul", [inner, net.constant(0.7978846)], shape)], shape), one], shape)
    else:
        scaled = (net.op("Div", [x, net.constant(numpy.sqrt(2))], shape) if net.chance(0.5) else
                  net.op("Mul", [x, net.constant(numpy.sqrt(0.5))], shape))
        sum_ = net.either("Add", net.op("Erf", [scaled], shape), one, shape)
    order = net.rng.randrange(3)
    if order == 0:
        return net.op("Mul", [net.either("Mul", x, sum_, shape), half], shape)
    if order == 1:
        return net.either("Mul", net.op("Mul", [x, half], shape), sum_, shape)
    return net.either("Mul", x, net.op("Mul", [sum_, half], shape), shape)


PIECES = [(6, unary), (4, guarded), (5, constant_operand), (4, two_values), (6, residual), (2, gate), (2, selected), (0.4, stepped),
          (3, gelu)]
