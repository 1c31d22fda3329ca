# SPDX-License-Identifier: GPL-3.0-or-later
"""A model of a few operators under construction. Values are names."""

import numpy
from onnx import helper, numpy_helper


class SmallModel:
    SCALE = 1.0  # of weights

    def __init__(self) -> None:
        self.nodes, self.constants = [], []
        self.random = numpy.random.default_rng(7)

    def constant(self, value, kind=numpy.int64) -> str:
        name = f"c{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(numpy.asarray(value, kind), name))
        return name

    def weights(self, *shape) -> str:
        return self.constant(self.random.standard_normal(shape) * self.SCALE, numpy.float32)

    def node(self, op: str, *inputs: str, outputs: int = 1, output: str = "", domain: str = "", **attributes):
        names = [output or f"v{len(self.nodes)}_{i}" for i in range(outputs)]
        self.nodes.append(helper.make_node(op, list(inputs), names, f"n{len(self.nodes)}", domain=domain, **attributes))
        return names[0] if outputs == 1 else names

    def proto(self, inputs, outputs, opset: int):
        graph = helper.make_graph(self.nodes, "case", inputs, outputs, self.constants)
        return helper.make_model(graph, ir_version=8, opset_imports=[helper.make_opsetid("", opset),
                                                                     helper.make_opsetid("com.microsoft", 1)])
