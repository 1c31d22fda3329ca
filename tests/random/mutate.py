# SPDX-License-Identifier: GPL-3.0-or-later
"""Patterns of real models, mutated: a chain of whole blocks (patch embedding, attention, MLP, convolutional position encoding, ...) in
which single nodes are then replaced, given other operands or constants, or get a residual. What no longer type-checks is left out."""

import random

import numpy
import onnx
from onnx import helper, numpy_helper, shape_inference

import pieces_blocks
import pieces_layers
from generate import start
from network import NothingFits, known_shapes

SAME = [["Relu", "Sigmoid", "Tanh", "Erf", "Neg", "Abs", "Softplus", "Elu", "Identity", "HardSigmoid", "Sin"], ["Add", "Sub", "Max", "Min"],
        ["ReduceMean", "ReduceMax", "ReduceMin"], ["GlobalAveragePool", "GlobalMaxPool"]]
CHAINS = [[pieces_blocks.patch_embedding, pieces_blocks.attention, pieces_blocks.mlp, pieces_blocks.attention, pieces_blocks.mlp],
          [pieces_layers.convolution, pieces_blocks.channels_first_norm, pieces_blocks.windows, pieces_blocks.mlp, pieces_blocks.patch_merging],
          [pieces_layers.convolution, pieces_blocks.position_encoding, pieces_blocks.attention, pieces_blocks.back_to_plane,
           pieces_blocks.position_encoding, pieces_blocks.mlp],
          [pieces_layers.convolution, pieces_layers.channel_norm, pieces_blocks.squeeze_excite, pieces_layers.convolution, pieces_layers.pool,
           pieces_blocks.squeeze_excite],
          [pieces_blocks.patch_embedding, pieces_blocks.layer_norm, pieces_layers.linear, pieces_blocks.back_to_plane, pieces_layers.resize]]


def operator(rng, model) -> None:
    """Another operator of the same signature."""
    nodes = [n for n in model.graph.node if any(n.op_type in family for family in SAME)]
    if nodes:
        node = rng.choice(nodes)
        node.op_type = rng.choice(next(f for f in SAME if node.op_type in f))
        if not node.op_type.startswith("Reduce"):
            del node.attribute[:]


def constant(rng, model) -> None:
    """A constant of floats scaled, zeroed, made equal, or of single outliers."""
    found = [c for c in model.graph.initializer if c.data_type == onnx.TensorProto.FLOAT and 0 not in c.dims]
    if found:
        tensor = rng.choice(found)
        value = numpy_helper.to_array(tensor).copy()
        change = rng.randrange(4)
        if change == 0:
            value = value * numpy.float32(rng.choice([0.01, -1, 3]))
        elif change == 1 and value.ndim > 0:
            value.reshape(-1)[rng.randrange(value.size)] *= 20
        elif change == 2 and value.ndim > 1:
            value[...] = value.mean()
        elif value.ndim > 1:
            value[:, :1] = 0
        tensor.CopyFrom(numpy_helper.from_array(value, tensor.name))


def operand(rng, model) -> None:
    """One reader reads an earlier value of the same shape."""
    shapes, order = known_shapes(model), {}
    for n, node in enumerate(model.graph.node):
        order.update({o: n for o in node.output})
    edges = [(n, i) for n, node in enumerate(model.graph.node) for i, v in enumerate(node.input) if v in shapes]
    n, i = rng.choice(edges)
    node = model.graph.node[n]
    fits = [v for v, s in shapes.items() if s == shapes[node.input[i]] and order.get(v, -1) < n]
    node.input[i] = rng.choice(fits)


def residual(rng, model) -> None:
    """value + an earlier value of the same shape, for all readers."""
    shapes, order = known_shapes(model), {"image": -1}
    for n, node in enumerate(model.graph.node):
        order.update({o: n for o in node.output})
    pairs = [(a, b) for a in shapes for b in shapes if a != b and shapes[a] == shapes[b] and order.get(b, 0) < order.get(a, -1)]
    if pairs:
        a, b = rng.choice(pairs)
        new = a + "/mutated"
        for node in model.graph.node:
            for i, v in enumerate(node.input):
                if v == a:
                    node.input[i] = new
        nodes = list(model.graph.node)
        nodes.insert(order[a] + 1, helper.make_node("Add", [a, b] if rng.random() < 0.5 else [b, a], [new], new))
        del model.graph.node[:]
        model.graph.node.extend(nodes)


MUTATIONS = [operator, constant, operand, residual]


def network(seed: int) -> onnx.ModelProto:
    """Equal seeds give equal models."""
    net = start(seed)
    chain = net.rng.choice(CHAINS)
    for piece in chain[:net.rng.randint(2, len(chain))]:
        try:
            piece(net)
        except NothingFits:
            pass
    model = net.finish(10)
    rng = random.Random(seed + 1)
    for _ in range(rng.randint(0, 4)):
        changed = onnx.ModelProto()
        changed.CopyFrom(model)
        rng.choice(MUTATIONS)(rng, changed)
        try:
            onnx.checker.check_model(changed)
            shape_inference.infer_shapes(changed, strict_mode=True)
            model = changed
        except (onnx.checker.ValidationError, shape_inference.InferenceError):
            pass
    return model
