#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes the smallest forms of kinds that campaigns found: a layer plus its own source that dies there, computed in place over what was
still being read, a product with a constant beside a softmax, at which import ended with an exception, operators of many operands
with quantizers at each, which the export refused, a normalisation over several axes, whose export its check did not recognise, and a
value inside a folded normalisation that a further output reads, which the export lost."""

import pathlib
import sys

import onnx
from onnx import TensorProto, helper

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from network import Network


def plane() -> Network:
    net = Network(1, (1, 3, 40, 40), 17, 60000, False)
    x = net.op("Conv", ["image", net.weights(16, 3, 1, 1, fan=3)], [1, 16, 40, 40], kernel_shape=[1, 1])
    net.op("Tanh", [x], [1, 16, 40, 40])
    return net


def logits(net: Network, y: str) -> onnx.ModelProto:
    """One channel of what is a plane or its tokens, every place a logit."""
    shape = net.shape[y]
    if len(shape) == 4:
        y = net.op("Conv", [y, net.weights(1, 16, 1, 1, fan=16)], [1, 1, 40, 40], kernel_shape=[1, 1])
    else:
        y = net.op("MatMul", [y, net.weights(shape[-1], 1, fan=shape[-1])], [*shape[:-1], 1])
    count = shape[-2] if len(shape) == 3 else 1600
    net.op("Reshape", [y, net.ints(1, count)], [1, count])
    return net.model("logits", count)


def depthwise_plus_source() -> onnx.ModelProto:
    net = plane()
    x = net.floats[-1]
    y = net.op("Conv", [x, net.weights(16, 1, 3, 3, fan=9), net.weights(16)], net.shape[x], group=16, kernel_shape=[3, 3], pads=[1] * 4)
    return logits(net, net.op("Tanh", [net.op("Add", [y, x], net.shape[x])], net.shape[x]))


def linear_plus_source() -> onnx.ModelProto:
    net = plane()
    x = net.op("Reshape", [net.floats[-1], net.ints(1, 400, 64)], [1, 400, 64])
    x = net.op("Sigmoid", [x], [1, 400, 64])
    y = net.op("MatMul", [x, net.weights(64, 64, fan=64)], [1, 400, 64])
    return logits(net, net.op("Tanh", [net.op("Add", [x, y], [1, 400, 64])], [1, 400, 64]))


def constant_times_softmax() -> onnx.ModelProto:
    net = Network(1, (1, 3, 8, 8), 17, 12000, False)
    x = net.op("Softmax", [net.op("Reshape", ["image", net.ints(1, 12, 16)], [1, 12, 16])], [1, 12, 16], axis=-1)
    return logits(net, net.op("MatMul", [net.weights(12, 12, fan=12), x], [1, 12, 16]))


def many_operands() -> onnx.ModelProto:
    net = plane()
    x = net.floats[-1]
    shape = net.shape[x]
    y, z = (net.op("Conv", [x, net.weights(16, 16, 1, 1, fan=16)], shape, kernel_shape=[1, 1]) for _ in range(2))
    for op in ("Sum", "Max", "Min"):
        x = net.op(op, [x, y, z, x], shape)
        y = net.op("Conv", [x, net.weights(16, 16, 1, 1, fan=16)], shape, kernel_shape=[1, 1])
    return logits(net, net.op("Sum", [x, y], shape))


def norm_over_axes() -> onnx.ModelProto:
    net = Network(1, (1, 3, 12, 4), 17, 12000, False)
    x = net.op("MatMul", ["image", net.weights(4, 16, fan=4)], [1, 3, 12, 16])
    x = net.op("LayerNormalization", [x, net.positive(3, 12, 16), net.weights(3, 12, 16)], [1, 3, 12, 16], axis=1)
    net.op("MatMul", [net.op("Reshape", [x, net.ints(1, 576)], [1, 576]), net.weights(576, 10, fan=576)], [1, 10])
    return net.model("logits", 10)


def other_output_of_folded() -> onnx.ModelProto:
    net = Network(1, (1, 3, 8, 8), 17, 12000, False)
    x = net.op("Conv", ["image", net.weights(8, 3, 3, 3, fan=27), net.weights(8)], [1, 8, 6, 6], kernel_shape=[3, 3])
    other = net.op("Tanh", [x], [1, 8, 6, 6])
    x = net.op("BatchNormalization", [x, net.positive(8), net.weights(8), net.weights(8), net.positive(8)], [1, 8, 6, 6])
    net.op("MatMul", [net.op("Reshape", [x, net.ints(1, 288)], [1, 288]), net.weights(288, 10, fan=288)], [1, 10])
    model = net.model("logits", 10)
    model.graph.output.append(helper.make_tensor_value_info(other, TensorProto.FLOAT, [1, 8, 6, 6]))
    return model


if __name__ == "__main__":
    for make in (depthwise_plus_source, linear_plus_source, constant_times_softmax, many_operands, norm_over_axes, other_output_of_folded):
        onnx.save(make(), pathlib.Path(__file__).with_name(make.__name__.replace("_", "-") + ".onnx"))
