#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plain min-max quantization of an ONNX vision transformer, simulated in ONNX Runtime: what the demo must suffer from.

    check_quantization.py                 demo_vit.onnx, 64 calibration and 360 test images beside this script
    check_quantization.py --bits 8 6 4 3

Quantized are both inputs of every Conv, MatMul and Gemm (weights, activations, both products of attention, with the output
of softmax). Weights symmetric per output channel in [-(2^(b-1) - 1), 2^(b-1) - 1]; activations asymmetric per tensor in
[0, 2^b - 1], ranges are the minimum and maximum over the calibration images in the float network, widened to contain zero.
The image itself (the patch embedding's input) stays at 8 bits. y = (clip(rne(x / s) + z) - z) * s, written into a copy of
the graph as Div, Round, Add, Clip, Sub, Mul. Needs numpy, Pillow, onnx, onnxruntime.
"""

import argparse
import csv
import pathlib

import numpy
import onnx
import onnxruntime
from onnx import helper, numpy_helper
from PIL import Image

MEAN = numpy.array([0.485, 0.456, 0.406], numpy.float32)
STDDEV = numpy.array([0.229, 0.224, 0.225], numpy.float32)
PRODUCTS = ("Conv", "MatMul", "Gemm")


def load_images(folder: pathlib.Path) -> tuple[numpy.ndarray, numpy.ndarray]:
    with open(folder / "labels.csv", newline="") as stream:
        rows = list(csv.DictReader(stream))
    pixels = numpy.stack([numpy.asarray(Image.open(folder / row["file"]).convert("RGB")) for row in rows])
    images = ((pixels.astype(numpy.float32) / 255 - MEAN) / STDDEV).transpose(0, 3, 1, 2)
    return numpy.ascontiguousarray(images), numpy.array([int(row["class_index"]) for row in rows])


def run(model: onnx.ModelProto, images: numpy.ndarray, outputs: list[str], batch: int = 60):
    """Yields the outputs of each batch."""
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name
    for first in range(0, len(images), batch):
        yield session.run(outputs, {name: images[first:first + batch]})


def quantized_activations(model: onnx.ModelProto) -> list[str]:
    constants = {tensor.name for tensor in model.graph.initializer}
    return list(dict.fromkeys(name for node in model.graph.node if node.op_type in PRODUCTS
                              for name in node.input[:2] if name not in constants))


def calibrate(model: onnx.ModelProto, images: numpy.ndarray) -> dict[str, tuple[float, float]]:
    """Smallest and largest value of each activation that enters a product."""
    names = quantized_activations(model)
    inputs = {value.name for value in model.graph.input}
    inner = [name for name in names if name not in inputs]
    probe = onnx.ModelProto()
    probe.CopyFrom(model)
    probe.graph.output.extend(helper.make_empty_tensor_value_info(name) for name in inner)
    ranges = {name: (float(images.min()), float(images.max())) for name in names if name in inputs}
    for values in run(probe, images, inner):
        for name, value in zip(inner, values):
            low, high = ranges.get(name, (0.0, 0.0))
            ranges[name] = (min(low, float(value.min())), max(high, float(value.max())))
    return ranges


def round_weight(node: onnx.NodeProto, weight: numpy.ndarray, bits: int) -> numpy.ndarray:
    """Symmetric, one scale per output channel: the last axis of a MatMul, else the first (Gemm with transB = 1)."""
    transposed = any(a.name == "transB" and a.i == 1 for a in node.attribute)
    channel = 0 if node.op_type == "Conv" or transposed else weight.ndim - 1
    axes = tuple(axis for axis in range(weight.ndim) if axis != channel)
    top = 2 ** (bits - 1) - 1
    scale = numpy.maximum(numpy.abs(weight).max(axis=axes, keepdims=True) / top, numpy.finfo(numpy.float32).tiny)
    return (numpy.clip(numpy.rint(weight / scale), -top, top) * scale).astype(numpy.float32)


def simulate(model: onnx.ModelProto, ranges: dict, weight_bits: int, activation_bits: int) -> onnx.ModelProto:
    """A copy of the model with rounded weights and rounded activations."""
    result = onnx.ModelProto()
    result.CopyFrom(model)
    graph = result.graph
    constants = {tensor.name: tensor for tensor in graph.initializer}
    inputs = {value.name for value in graph.input}
    nodes, done = [], set()

    def constant(name: str, value: float) -> str:
        graph.initializer.append(numpy_helper.from_array(numpy.float32(value), name))
        return name

    for node in model.graph.node:
        copy = onnx.NodeProto()
        copy.CopyFrom(node)
        for slot, name in enumerate(node.input[:2] if node.op_type in PRODUCTS else []):
            if name in constants:
                rounded = round_weight(node, numpy_helper.to_array(constants[name]), weight_bits)
                constants[name].CopyFrom(numpy_helper.from_array(rounded, name))
                continue
            copy.input[slot] = f"{name}/rounded"
            if name in done:
                continue
            done.add(name)
            top = 2.0 ** (8 if name in inputs else activation_bits) - 1
            low, high = ranges[name]
            scale = constant(f"{name}/scale", max(high - low, 1e-12) / top)
            zero = constant(f"{name}/zero", float(numpy.rint(-low / (max(high - low, 1e-12) / top))))
            floor, ceiling = constant(f"{name}/floor", 0.0), constant(f"{name}/ceiling", top)
            steps = [("Div", [scale]), ("Round", []), ("Add", [zero]), ("Clip", [floor, ceiling]), ("Sub", [zero]), ("Mul", [scale])]
            source = name
            for number, (kind, extra) in enumerate(steps):
                target = f"{name}/rounded" if number == len(steps) - 1 else f"{name}/{kind}"
                nodes.append(helper.make_node(kind, [source, *extra], [target]))
                source = target
        nodes.append(copy)
    del graph.node[:]
    graph.node.extend(nodes)
    return result


def top_classes(model: onnx.ModelProto, images: numpy.ndarray) -> numpy.ndarray:
    output = model.graph.output[0].name
    return numpy.concatenate([values[0].argmax(axis=1) for values in run(model, images, [output])])


def main() -> None:
    here = pathlib.Path(__file__).resolve().parent
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("model", nargs="?", type=pathlib.Path, default=here / "demo_vit.onnx")
    parser.add_argument("--images", type=pathlib.Path, default=here / "images", help="folder with calib and test")
    parser.add_argument("--bits", type=int, nargs="+", default=[8, 6, 4], help="bits of weights and activations alike")
    options = parser.parse_args()

    model = onnx.load(str(options.model))
    calibration, _ = load_images(options.images / "calib")
    images, labels = load_images(options.images / "test")
    exact = top_classes(model, images)
    print(f"float  top-1 {numpy.mean(exact == labels):.4f} on {len(labels)} images")
    ranges = calibrate(model, calibration)
    for bits in options.bits:
        found = top_classes(simulate(model, ranges, bits, bits), images)
        print(f"W{bits}A{bits}   top-1 {numpy.mean(found == labels):.4f}, same class as float {numpy.mean(found == exact):.4f}")


if __name__ == "__main__":
    main()
