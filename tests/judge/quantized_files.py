#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files that ONNX Runtime's tools have quantized, opened: QDQ, QOperator, dynamic, weights of 4 bits.

    quantized_files.py QUANTIZED_FILE [MODEL.onnx ...]

For each file:
  file     computed as the file does, against ONNX Runtime without graph optimisations: SQNR over LIMIT_FILE
           (a float sum in another order flips single codes)
  recipe   the float network with what the file did as a recipe, against the same, where nothing is left out
  minmax   the float network, quantized by the preset and exported: ONNX Runtime runs the export, all optimisations
           on, as the simulation, and no quantizer of the old file is left in it
Without models: a small transformer with a convolution is quantized in every form that the tools here have.
"""

import pathlib
import re
import subprocess
import sys
import tempfile

from judge import numpy, onnx, onnxruntime, skip

LIMIT_FILE, LIMIT_EXPORT = 35.0, 25.0


def small_model(path):
    """Convolution, LayerNorm-free attention, GELU-free MLP and a head, [n, 3, 16, 16] -> 10."""
    from onnx import TensorProto, helper, numpy_helper

    rng = numpy.random.default_rng(1)
    weights, nodes = [], []

    def weight(name, *shape, scale=None):
        values = rng.standard_normal(shape) * (scale or 1 / numpy.sqrt(numpy.prod(shape[:-1]) or 1))
        weights.append(numpy_helper.from_array(values.astype(numpy.float32), name))
        return name

    def ints(name, *values):
        weights.append(numpy_helper.from_array(numpy.array(values, numpy.int64), name))
        return name

    def node(op, inputs, output, **attributes):
        nodes.append(helper.make_node(op, inputs, [output], name=output, **attributes))
        return output

    def linear(x, k, n, name):
        return node("Add", [node("MatMul", [x, weight(name + ".w", k, n)], name + ".mm"),
                            weight(name + ".b", n, scale=0.1)], name)

    node("Conv", ["image", weight("patch.w", 32, 3, 4, 4, scale=0.15), weight("patch.b", 32, scale=0.1)], "patch",
         kernel_shape=[4, 4], strides=[4, 4])
    node("Reshape", ["patch", ints("flat", 0, 32, 16)], "rows")
    x = node("Transpose", ["rows"], "tokens", perm=[0, 2, 1])
    heads = {}
    for name in "qkv":
        split = node("Reshape", [linear(x, 32, 32, name), ints(name + ".shape", 0, 16, 4, 8)], name + ".split")
        heads[name] = node("Transpose", [split], name + ".heads", perm=[0, 2, 3, 1] if name == "k" else [0, 2, 1, 3])
    scores = node("MatMul", [heads["q"], heads["k"]], "scores")
    weights.append(numpy_helper.from_array(numpy.float32(0.35), "factor"))
    attention = node("Softmax", [node("Mul", [scores, "factor"], "scaled")], "attention", axis=-1)
    mixed = node("Transpose", [node("MatMul", [attention, heads["v"]], "mixed")], "together", perm=[0, 2, 1, 3])
    joined = node("Reshape", [mixed, ints("joined.shape", 0, 16, 32)], "joined")
    x = node("Add", [x, linear(joined, 32, 32, "proj")], "residual1")
    hidden = node("Relu", [linear(x, 32, 64, "fc1")], "hidden")
    x = node("Add", [x, linear(hidden, 64, 32, "fc2")], "residual2")
    pooled = node("ReduceMean", [x], "pooled", axes=[1], keepdims=0)
    node("Gemm", [pooled, weight("head.w", 10, 32), weight("head.b", 10, scale=0.1)], "logits", transB=1)
    graph = helper.make_graph(nodes, "small", [helper.make_tensor_value_info("image", 1, ["n", 3, 16, 16])],
                              [helper.make_tensor_value_info("logits", 1, ["n", 10])], weights)
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), path)


def variants(folder):
    """Quantizes the small model in every form; yields names and paths."""
    try:
        from onnxruntime import quantization as q
    except ImportError as missing:
        skip(f"no onnxruntime.quantization: {missing}")
    source = folder / "float.onnx"
    small_model(source)
    images = numpy.random.default_rng(2).standard_normal([8, 3, 16, 16]).astype(numpy.float32)

    class Reader(q.CalibrationDataReader):
        def __init__(self):
            self.left = [{"image": images[i:i + 1]} for i in range(len(images))]

        def get_next(self):
            return self.left.pop() if self.left else None

    types = {"u8": q.QuantType.QUInt8, "s8": q.QuantType.QInt8, "u16": q.QuantType.QUInt16, "s16": q.QuantType.QInt16}
    cases = [(form, a, w, channels) for form in ("QDQ", "QOperator") for a, w in (("u8", "s8"), ("u8", "u8"), ("s8", "s8"))
             for channels in (False, True)]
    cases += [("QDQ", "u16", "s8", True), ("QDQ", "s16", "s16", False)]
    for form, a, w, channels in cases:
        name = f"{form}_{a}{w}" + ("_channel" if channels else "")
        q.quantize_static(source, folder / f"{name}.onnx", Reader(), quant_format=q.QuantFormat[form],
                          per_channel=channels, activation_type=types[a], weight_type=types[w])
        yield name, folder / f"{name}.onnx"
    q.quantize_static(source, folder / "products.onnx", Reader(), quant_format=q.QuantFormat.QDQ, per_channel=True,
                      op_types_to_quantize=["MatMul", "Gemm"], activation_type=types["u8"], weight_type=types["s8"])
    yield "QDQ_products", folder / "products.onnx"
    for w in ("u8", "s8"):
        for channels in (False, True):
            name = f"dynamic_{w}" + ("_channel" if channels else "")
            q.quantize_dynamic(source, folder / f"{name}.onnx", per_channel=channels, weight_type=types[w])
            yield name, folder / f"{name}.onnx"
    try:
        from onnxruntime.quantization.matmul_nbits_quantizer import MatMulNBitsQuantizer
    except ImportError:
        return
    for symmetric in (False, True):
        name = "nbits_" + ("symmetric" if symmetric else "asymmetric")
        quantizer = MatMulNBitsQuantizer(onnx.load(source), block_size=16, is_symmetric=symmetric)
        quantizer.process()
        quantizer.model.save_model_to_file(str(folder / f"{name}.onnx"))
        yield name, folder / f"{name}.onnx"


def run(tool, model, images, mode, *more):
    with tempfile.TemporaryDirectory() as folder:
        pixels, logits = pathlib.Path(folder, "pixels"), pathlib.Path(folder, "logits")
        images.tofile(pixels)
        done = subprocess.run([tool, model, pixels, logits, mode, *more], capture_output=True, text=True)
        if done.returncode:
            raise RuntimeError(f"{mode}: {done.stderr.strip()}")
        return numpy.fromfile(logits, numpy.float32), done.stderr


def theirs(model, images, optimised):
    options = onnxruntime.SessionOptions()
    level = onnxruntime.GraphOptimizationLevel
    options.graph_optimization_level = level.ORT_ENABLE_ALL if optimised else level.ORT_DISABLE_ALL
    session = onnxruntime.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])
    entry = session.get_inputs()[0]
    kind = numpy.float16 if "float16" in entry.type else numpy.float32
    return numpy.concatenate([session.run(None, {entry.name: images[i:i + 1].astype(kind)})[0].astype(numpy.float32)
                              for i in range(len(images))]).ravel()


def sqnr(found, expected):
    noise = float(((found - expected) ** 2).sum())
    return 10 * numpy.log10(float((expected ** 2).sum()) / noise) if noise > 0 else 199.0


def judge(tool, name, model):
    shape = [d if isinstance(d, int) else 1
             for d in onnxruntime.InferenceSession(str(model), providers=["CPUExecutionProvider"]).get_inputs()[0].shape]
    images = numpy.random.default_rng(3).standard_normal([16, *shape[1:]]).astype(numpy.float32)
    expected = theirs(model, images, False)
    problems = []
    found, said = run(tool, model, images, "file")
    as_file = sqnr(found, expected)
    if as_file < LIMIT_FILE:
        problems.append(f"as the file: {as_file:.1f} dB")
    if "already quantized" not in said:
        problems.append("not said to be quantized")
    found, said = run(tool, model, images, "recipe")
    as_recipe = sqnr(found, expected)
    sites, notes = map(int, re.search(r"sites (\d+), notes (\d+)", said).groups())
    if notes == 0 and as_recipe < LIMIT_FILE:
        problems.append(f"by its recipe: {as_recipe:.1f} dB")
    with tempfile.TemporaryDirectory() as folder:
        out = pathlib.Path(folder, "out.onnx")
        found, _ = run(tool, model, images, "minmax", out)
        exported = sqnr(theirs(out, images, True), found)
        if exported < LIMIT_EXPORT:
            problems.append(f"exported: {exported:.1f} dB")
        old = {n.name for n in onnx.load(model).graph.node if "uantize" in n.op_type or "QLinear" in n.op_type}
        kept = [n.name for n in onnx.load(out).graph.node if n.name and n.name in old]
        if kept:
            problems.append(f"old quantizers in the export: {kept[:3]}")
    print(f"{name:28s} file {as_file:6.1f} dB  recipe {as_recipe:6.1f} dB ({sites} sites, {notes} notes)  "
          f"exported {exported:6.1f} dB  {'FAILED: ' + '; '.join(problems) if problems else 'ok'}", flush=True)
    return not problems


def main():
    tool, *models = sys.argv[1:]
    failed = 0
    with tempfile.TemporaryDirectory() as folder:
        cases = [(pathlib.Path(m).stem, pathlib.Path(m)) for m in models] or variants(pathlib.Path(folder))
        for name, path in cases:
            try:
                failed += not judge(tool, name, path)
            except RuntimeError as problem:
                failed += 1
                print(f"{name:28s} FAILED: {problem}", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
