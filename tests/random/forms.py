# SPDX-License-Identifier: GPL-3.0-or-later
"""The same network as other files hold it: weights or everything in float16, quantizers in it, several outputs, several images a run."""

import dataclasses
import random

import numpy
import onnx
from onnx import TensorProto, helper, numpy_helper

from network import known_shapes


@dataclasses.dataclass
class Form:
    """judged: what ONNX Runtime computes in its place; `asked`: what the importer is told."""
    name: str
    model: onnx.ModelProto
    judged: onnx.ModelProto
    asked: dict


def copy_of(model: onnx.ModelProto) -> onnx.ModelProto:
    copy = onnx.ModelProto()
    copy.CopyFrom(model)
    return copy


def floats_of(model) -> list:
    return [c for c in model.graph.initializer if c.data_type == TensorProto.FLOAT]


def put(model, nodes: list) -> None:
    rest = list(model.graph.node)
    del model.graph.node[:]
    model.graph.node.extend(nodes + rest)


def jittered(form: Form, seed: int) -> Form | None:
    """Every float constant of a plain form times 1 + 0.001 n, n normal: what stands on the very edge between two codes does so no more."""
    if form.judged is not form.model:
        return None
    rng, copy = numpy.random.RandomState(seed % 2**32), copy_of(form.model)
    for c in floats_of(copy):
        value = numpy_helper.to_array(c)
        factor = 1 + 0.001 * rng.standard_normal(value.shape)
        c.CopyFrom(numpy_helper.from_array((value * factor).astype(numpy.float32), c.name))
    return Form(form.name, copy, copy, form.asked)


def renamed(model, names) -> None:
    """Other names where nodes read and write values."""
    for node in model.graph.node:
        for values in (node.input, node.output):
            for i, name in enumerate(values):
                values[i] = names.get(name, name)


def half_weights(model, rng) -> Form:
    """Constants in float16, each with a Cast behind it: what converters of weights alone write."""
    copy, casts = copy_of(model), []
    for c in floats_of(copy):
        if c.dims:
            name = c.name
            c.CopyFrom(numpy_helper.from_array(numpy_helper.to_array(c).astype(numpy.float16), name + "_half"))
            casts.append(helper.make_node("Cast", [name + "_half"], [name], name + "_cast", to=TensorProto.FLOAT))
    put(copy, casts)
    return Form("float16 weights", copy, copy, {})


def half(model, rng) -> Form:
    """Everything in float16, the ends too or not. Computed in float32 by definition: the judge's file is that, with an input
    that is rounded where the file's is float16."""
    copy, twin = copy_of(model), copy_of(model)
    for c, t in zip(floats_of(copy), floats_of(twin)):
        value = numpy_helper.to_array(c).astype(numpy.float16)
        c.CopyFrom(numpy_helper.from_array(value, c.name))
        t.CopyFrom(numpy_helper.from_array(value.astype(numpy.float32), t.name))
    for node in copy.graph.node:
        for a in node.attribute:
            if node.op_type == "Cast" and a.name == "to" and a.i == TensorProto.FLOAT:
                a.i = TensorProto.FLOAT16
    if rng.random() < 0.5:
        for value in [*copy.graph.input, *copy.graph.output]:
            value.type.tensor_type.elem_type = TensorProto.FLOAT16
        renamed(twin, {"image": "image_rounded"})
        put(twin, [helper.make_node("Cast", ["image"], ["image_half"], "cast_half", to=TensorProto.FLOAT16),
                   helper.make_node("Cast", ["image_half"], ["image_rounded"], "cast_rounded", to=TensorProto.FLOAT)])
        return Form("float16", copy, twin, {})
    renamed(copy, {"image": "image_half", "logits": "logits_half"})
    put(copy, [helper.make_node("Cast", ["image"], ["image_half"], "cast_in", to=TensorProto.FLOAT16)])
    copy.graph.node.append(helper.make_node("Cast", ["logits_half"], ["logits"], "cast_out", to=TensorProto.FLOAT))
    return Form("float16 inside", copy, twin, {})


CODES = {TensorProto.UINT8: (0, 255), TensorProto.INT8: (-128, 127), TensorProto.UINT16: (0, 65535), TensorProto.INT16: (-32768, 32767)}
KINDS = {TensorProto.UINT8: numpy.uint8, TensorProto.INT8: numpy.int8, TensorProto.UINT16: numpy.uint16, TensorProto.INT16: numpy.int16}


def quantized(model, rng) -> Form:
    """Pairs of QuantizeLinear and DequantizeLinear around single activations, weights as codes."""
    copy = copy_of(model)
    opset = next(o.version for o in copy.opset_import if not o.domain)
    shapes, graph, data = known_shapes(copy), copy.graph, numpy.random.RandomState(rng.randrange(2**32))
    types = [TensorProto.UINT8, TensorProto.INT8] + ([TensorProto.UINT16, TensorProto.INT16] if opset >= 21 else [])

    def parameters(name, count, kind, size):
        low, high = CODES[kind]
        scale = (size * data.uniform(0.5, 1.5, count or ()) / (high - low)).astype(numpy.float32)
        middle = (low + high + 1) // 2
        zero = numpy.full(count or (), middle if rng.random() < 0.5 else rng.randint(middle - (high - low) // 8, middle), KINDS[kind])
        graph.initializer.extend([numpy_helper.from_array(scale, name + "_scale"), numpy_helper.from_array(zero, name + "_zero")])
        return [name + "_scale", name + "_zero"], scale, zero

    values = rng.sample(sorted(shapes), min(len(shapes), rng.randint(1, 5)))
    rest, made = list(graph.node), []
    for node in rest:
        for i, name in enumerate(node.input):
            if name in values:
                node.input[i] = name + "_dq"
    producers = {o: node for node in rest for o in node.output}
    for name in values:
        axis = {"axis": 1} if len(shapes[name]) > 1 and rng.random() < 0.2 else {}
        p, _, _ = parameters(name, shapes[name][1] if axis else 0, rng.choice(types), rng.choice([3.0, 6.0, 12.0]))
        pair = [helper.make_node("QuantizeLinear", [name, *p], [name + "_q"], name + "_quantize", **axis),
                helper.make_node("DequantizeLinear", [name + "_q", *p], [name + "_dq"], name + "_dequantize", **axis)]
        made.append((producers.get(name), pair))
    del graph.node[:]
    for pair in [pair for producer, pair in made if producer is None]:
        graph.node.extend(pair)
    for node in rest:
        graph.node.append(node)
        for pair in [pair for producer, pair in made if producer is node]:
            graph.node.extend(pair)
    weights = {node.input[1] for node in rest if node.op_type in ("MatMul", "Gemm", "Conv") and len(node.input) > 1}
    for c in [c for c in floats_of(copy) if c.name in weights and len(c.dims) > 1 and rng.random() < 0.5]:
        name, value = c.name, numpy_helper.to_array(c)
        kind = rng.choice([TensorProto.INT8, TensorProto.UINT8])
        axis = rng.choice([0, 1]) if rng.random() < 0.6 else None
        p, scale, zero = parameters(name, value.shape[axis] if axis is not None else 0, kind, 2 * float(numpy.abs(value).max()) + 1e-3)
        along = [-1 if i == axis else 1 for i in range(value.ndim)] if axis is not None else []
        codes = numpy.clip(numpy.rint(value / scale.reshape(along)) + zero.reshape(along), *CODES[kind]).astype(KINDS[kind])
        c.CopyFrom(numpy_helper.from_array(codes, name + "_codes"))
        put(copy, [helper.make_node("DequantizeLinear", [name + "_codes", *p], [name], name + "_dequantize",
                                    **({"axis": axis} if axis is not None else {}))])
    return Form("quantizers", copy, copy, {})


def outputs(model, rng) -> Form:
    """Up to three outputs more, in any order; one of them may be the one that is asked for."""
    copy = copy_of(model)
    shapes = known_shapes(copy)
    names = [v for v in shapes if v != "image" and shapes[v] and shapes[v][0] == (copy.graph.input[0].type.tensor_type.shape.dim[0].dim_value or 1)]
    more = rng.sample(names, min(len(names), rng.randint(1, 3)))
    values = [*copy.graph.output, *[helper.make_tensor_value_info(v, TensorProto.FLOAT, [None] * len(shapes[v])) for v in more]]
    rng.shuffle(values)
    del copy.graph.output[:]
    copy.graph.output.extend(values)
    return Form("outputs", copy, copy, {"output": rng.choice(["logits", *more])} if rng.random() < 0.7 else {})


def batch(model, rng) -> Form:
    """Two or three images a run of a file that leaves their number open."""
    return Form("batch", model, model, {"batch": rng.choice([2, 3])})


def plain(model) -> Form:
    return Form("float32", model, model, {})


def form(model: onnx.ModelProto, seed: int) -> Form:
    """Three in five stay as they are. Equal seeds give equal files."""
    rng = random.Random(seed + 2)
    if rng.random() < 0.6:
        return plain(model)
    open_batch = model.graph.input[0].type.tensor_type.shape.dim[0].dim_param
    return rng.choice([half_weights, half, quantized, quantized, outputs, outputs] + [batch] * (3 if open_batch else 0))(model, rng)
