# SPDX-License-Identifier: GPL-3.0-or-later
"""Rewrites of an ONNX file that provably compute the same (up to the rounding of sums that are split)."""

import random

import numpy
import onnx
from onnx import helper, numpy_helper

from network import known_shapes


class Rewriter:
    """A model that is rewritten in place, its shapes and constants, and fresh names."""

    def __init__(self, model: onnx.ModelProto, seed: int) -> None:
        self.model = model
        self.graph, self.rng = self.model.graph, random.Random(seed)
        self.constants = {c.name: numpy_helper.to_array(c) for c in self.graph.initializer}
        self.shapes = known_shapes(model)
        self.fresh = 0

    def name(self) -> str:
        self.fresh += 1
        return f"rewritten{self.fresh}"

    def constant(self, value) -> str:
        array, name = numpy.asarray(value), self.name()
        self.graph.initializer.append(numpy_helper.from_array(array, name))
        return name

    def insert(self, position: int, nodes: list) -> None:
        rest = list(self.graph.node)
        del self.graph.node[:]
        self.graph.node.extend(rest[:position] + nodes + rest[position:])

    def edges(self) -> list:
        """(node, input) that read a float activation of known shape."""
        return [(n, i) for n, node in enumerate(self.graph.node) for i, name in enumerate(node.input) if name in self.shapes]

    def on_edge(self, make) -> bool:
        """Puts make(value, shape) -> (nodes, new value) before one reader."""
        edges = self.edges()
        if not edges:
            return False
        n, i = self.rng.choice(edges)
        value = self.graph.node[n].input[i]
        made = make(value, self.shapes[value])
        if made is None:
            return False
        nodes, new = made
        self.graph.node[n].input[i] = new
        self.insert(n, nodes)
        return True


def transpose_pair(r: Rewriter) -> bool:
    def make(value, shape):
        if len(shape) < 2:
            return None
        perm = list(range(len(shape)))
        r.rng.shuffle(perm)
        a, b = r.name(), r.name()
        return [helper.make_node("Transpose", [value], [a], perm=perm),
                helper.make_node("Transpose", [a], [b], perm=[int(p) for p in numpy.argsort(perm)])], b
    return r.on_edge(make)


def reshape_pair(r: Rewriter) -> bool:
    def make(value, shape):
        a, b = r.name(), r.name()
        return [helper.make_node("Reshape", [value, r.constant(numpy.array([-1], numpy.int64))], [a]),
                helper.make_node("Identity", [a], [a + "i"]),
                helper.make_node("Reshape", [a + "i", r.constant(numpy.array(shape, numpy.int64))], [b])], b
    return r.on_edge(make)


def add_zeros(r: Rewriter) -> bool:
    def make(value, shape):
        a = r.name()
        zeros = r.constant(numpy.zeros([d if r.rng.random() < 0.5 else 1 for d in shape], numpy.float32))
        return [helper.make_node("Add", [value, zeros] if r.rng.random() < 0.5 else [zeros, value], [a])], a
    return r.on_edge(make)


def concat_slice(r: Rewriter) -> bool:
    def make(value, shape):
        if not shape or numpy.prod(shape) > 30000:
            return None
        axis = r.rng.randrange(len(shape))
        a, b = r.name(), r.name()
        first = r.rng.random() < 0.5
        cut = [0, shape[axis]] if first else [shape[axis], 2 * shape[axis]]
        ints = [r.constant(numpy.array([v], numpy.int64)) for v in (*cut, axis)]
        return [helper.make_node("Concat", [value, value], [a], axis=axis), helper.make_node("Slice", [a, *ints], [b])], b
    return r.on_edge(make)


def negate_twice(r: Rewriter) -> bool:
    def make(value, shape):
        a, b = r.name(), r.name()
        return [helper.make_node("Neg", [value], [a]), helper.make_node("Neg", [a], [b])], b
    return r.on_edge(make)


def commute(r: Rewriter) -> bool:
    found = [n for n in r.graph.node if n.op_type in ("Add", "Mul", "Max", "Min", "Sum") and len(n.input) > 1]
    for node in found:
        inputs = list(node.input)[::-1]
        del node.input[:]
        node.input.extend(inputs)
    return bool(found)


def duplicate(r: Rewriter) -> bool:
    """A value that several read: the last reader gets a copy of the node that makes it."""
    producers = {o: n for n, node in enumerate(r.graph.node) for o in node.output}
    readers = {}
    for n, node in enumerate(r.graph.node):
        for name in set(node.input):
            readers.setdefault(name, []).append(n)
    shared = [v for v, list_ in readers.items() if len(list_) > 1 and v in producers and len(r.graph.node[producers[v]].output) == 1]
    if not shared:
        return False
    value = r.rng.choice(shared)
    copy = onnx.NodeProto()
    copy.CopyFrom(r.graph.node[producers[value]])
    copy.output[0], copy.name = r.name(), r.name()
    last = readers[value][-1]
    for i, name in enumerate(r.graph.node[last].input):
        if name == value:
            r.graph.node[last].input[i] = copy.output[0]
    r.insert(producers[value] + 1, [copy])
    return True


def split_linear(r: Rewriter) -> bool:
    """x W = [x W1, x W2]"""
    found = [n for n, node in enumerate(r.graph.node) if node.op_type == "MatMul" and node.input[1] in r.constants
             and r.constants[node.input[1]].ndim == 2 and r.constants[node.input[1]].shape[1] > 1]
    if not found:
        return False
    n = r.rng.choice(found)
    node = r.graph.node[n]
    w = r.constants[node.input[1]]
    at = r.rng.randrange(1, w.shape[1])
    a, b = r.name(), r.name()
    nodes = [helper.make_node("MatMul", [node.input[0], r.constant(w[:, :at].copy())], [a]),
             helper.make_node("MatMul", [node.input[0], r.constant(w[:, at:].copy())], [b]),
             helper.make_node("Concat", [a, b], [node.output[0]], axis=-1)]
    del r.graph.node[n]
    r.insert(n, nodes)
    return True


REWRITES = [transpose_pair, reshape_pair, add_zeros, concat_slice, negate_twice, commute, duplicate, split_linear]


def rewritten(model: onnx.ModelProto, seed: int):
    """The model after one to three rewrites, and their names; None where none fits."""
    copy = onnx.ModelProto()
    copy.CopyFrom(model)
    rewriter, names = Rewriter(copy, seed), []
    for rewrite in rewriter.rng.sample(REWRITES, rewriter.rng.randint(1, 3)):
        if rewrite(rewriter):
            names.append(rewrite.__name__)
            rewriter = Rewriter(rewriter.model, seed + len(names)) if len(names) < 3 else rewriter
            rewriter.fresh = 1000 * len(names)
    if not names:
        return None
    return rewriter.model, names
