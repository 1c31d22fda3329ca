# SPDX-License-Identifier: GPL-3.0-or-later
"""An ONNX network under construction, valid by construction: every value's shape is known when it is made."""

import random

import numpy
import onnx
from onnx import TensorProto, helper, numpy_helper, shape_inference


def known_shapes(model: onnx.ModelProto) -> dict:
    """Shapes of the float activations whose every size is inferred; a symbolic batch is 1."""
    def sizes(value):
        return [1 if d.dim_param == "batch" else d.dim_value for d in value.type.tensor_type.shape.dim]

    shaped = shape_inference.infer_shapes(model).graph
    return {v.name: sizes(v) for v in [*shaped.input, *shaped.value_info]
            if v.type.tensor_type.elem_type == TensorProto.FLOAT and v.type.tensor_type.HasField("shape") and all(sizes(v))}


class NothingFits(Exception):
    """A piece needs a value that is not there."""


class Network:
    """Values are names; `shape` knows those of floats and of everything else. The batch is dimension 0 of the input.

    rng makes the structure, data the numbers: equal seeds give equal files.
    """

    def __init__(self, seed: int, image: tuple, opset: int, limit: int, symbolic: bool) -> None:
        self.seed, self.image, self.opset, self.limit, self.symbolic = seed, tuple(image), opset, limit, symbolic
        self.rng, self.data = random.Random(seed), numpy.random.RandomState(seed % 2**32)
        self.nodes, self.constants = [], []
        self.shape = {"image": tuple(image)}
        self.floats = ["image"]  # values a piece may read, in order
        self.readers = {}

    # building
    def constant(self, value, kind=numpy.float32) -> str:
        name = f"c{len(self.constants)}"
        array = numpy.asarray(value, kind)
        self.constants.append(numpy_helper.from_array(array, name))
        self.shape[name] = array.shape
        return name

    def ints(self, *values: int) -> str:
        return self.constant(list(values), numpy.int64)

    def weights(self, *shape: int, fan: float = 1, around: float = 0) -> str:
        return self.constant(around + self.data.standard_normal(shape) / numpy.sqrt(fan))

    def positive(self, *shape: int) -> str:
        return self.constant(self.data.uniform(0.5, 1.5, shape))

    def op(self, op: str, inputs, shape, free: bool = True, **attributes) -> str:
        """One output of `shape`. Not `free`: integers or truth values, no piece reads it."""
        return self.ops(op, inputs, [shape], free, **attributes)[0]

    def ops(self, op: str, inputs, shapes, free: bool = True, **attributes) -> list:
        number = len(self.nodes)
        names = [f"v{number}_{i}" if len(shapes) > 1 else f"v{number}" for i in range(len(shapes))]
        self.nodes.append(helper.make_node(op, list(inputs), names, f"n{number}", **attributes))
        for name, shape in zip(names, shapes):
            self.shape[name] = tuple(int(d) for d in shape)
            if free:
                self.floats.append(name)
        for name in inputs:
            self.readers[name] = self.readers.get(name, 0) + 1
        return names

    # choosing
    def pick(self, fits=lambda shape: True, near: float = 0.7) -> str:
        """A value whose shape fits, most often one of the last. Raises NothingFits."""
        found = self.find(fits, near)
        if found is None:
            raise NothingFits
        return found

    def find(self, fits, near: float = 0.7):
        """The same; None where there is none."""
        found = [name for name in self.floats if fits(self.shape[name])]
        if not found:
            return None
        if self.rng.random() < near:
            return found[-1 - min(int(self.rng.expovariate(1.2)), len(found) - 1)]
        return self.rng.choice(found)

    def rank(self, *ranks: int) -> str:
        return self.pick(lambda shape: len(shape) in ranks)

    def chance(self, share: float) -> bool:
        return self.rng.random() < share

    def room(self, shape) -> bool:
        return 0 < int(numpy.prod(shape, dtype=numpy.int64)) <= self.limit

    # common steps
    def reshape(self, x: str, shape) -> str:
        """The batch stays symbolic where it stays in front."""
        sizes = list(shape)
        if self.shape[x] and sizes and self.chance(0.7):
            if sizes[0] == self.shape[x][0]:
                sizes[0] = 0
            if self.chance(0.5) and len(sizes) > 1:
                sizes[self.rng.randrange(1, len(sizes))] = -1
        return self.op("Reshape", [x, self.ints(*sizes)], shape)

    def transpose(self, x: str, perm) -> str:
        return self.op("Transpose", [x], [self.shape[x][p] for p in perm], perm=list(perm))

    def either(self, op: str, a: str, b: str, shape) -> str:
        """A commutative operator with its operands in any order."""
        return self.op(op, [a, b] if self.chance(0.5) else [b, a], shape)

    def reduce(self, op: str, x: str, axes, keep: bool = True) -> str:
        shape = self.shape[x]
        axes = [a % len(shape) for a in axes]
        out = [1 if i in axes else d for i, d in enumerate(shape) if keep or i not in axes]
        if self.opset >= 18 or op == "ReduceSum":
            return self.op(op, [x, self.ints(*axes)], out, keepdims=int(keep))
        return self.op(op, [x], out, axes=axes, keepdims=int(keep))

    def leaves(self) -> list:
        return [name for name in self.floats if not self.readers.get(name)]

    def finish(self, classes: int) -> onnx.ModelProto:
        """Up to four values that nothing reads, flattened and joined, then a linear layer: logits [batch, classes]."""
        batch = self.image[0]
        leaves = self.leaves() or [self.floats[-1]]
        rows = []
        for x in leaves[-4:]:
            count = int(numpy.prod(self.shape[x], dtype=numpy.int64))
            if count % batch:
                x, count = self.op("Tile", [self.op("Reshape", [x, self.ints(1, -1)], [1, count]), self.ints(batch, 1)],
                                   [batch, count]), count * batch
            rows.append(self.op("Reshape", [x, self.ints(-1 if self.symbolic else batch, count // batch)],
                                [batch, count // batch]))
        width = sum(self.shape[r][1] for r in rows)
        joined = rows[0] if len(rows) == 1 else self.op("Concat", rows, [batch, width], axis=1)
        head = self.weights(width, classes, fan=width)
        if self.chance(0.5):
            logits = self.op("Gemm", [joined, head, self.weights(classes)], [batch, classes])
        else:
            logits = self.op("MatMul", [joined, head], [batch, classes])
        return self.model(logits, classes)

    def model(self, logits: str, classes: int) -> onnx.ModelProto:
        first = "batch" if self.symbolic else self.image[0]
        self.nodes[-1].output[0] = "logits"
        used = {name for node in self.nodes for name in node.input}
        graph = helper.make_graph(
            self.nodes, f"random{self.seed}",
            [helper.make_tensor_value_info("image", TensorProto.FLOAT, [first, *self.image[1:]])],
            [helper.make_tensor_value_info("logits", TensorProto.FLOAT, [first, classes])],
            [c for c in self.constants if c.name in used])
        domains = ["com.microsoft"] if any(node.domain for node in self.nodes) else []
        opsets = [helper.make_opsetid("", self.opset), *[helper.make_opsetid(domain, 1) for domain in domains]]
        return helper.make_model(graph, opset_imports=opsets, ir_version=8 if self.opset < 21 else 10 if self.opset < 23 else 11)
