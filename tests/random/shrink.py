#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""The smallest network that still fails in the same way.

    shrink.py DIFFER FILE.onnx|SEED OUT.onnx [--mode float|quantized] [--check TEXT]

Takes nodes out of the file while the same kind of finding (campaign.py) remains: the tail behind an early value, nodes whose result
has the shape of one of their operands, sub-expressions that a constant replaces. Writes OUT.onnx and prints one line of cause.
"""

import argparse
import pathlib
import sys
import tempfile

from judges import numpy, onnx

from onnx import helper, numpy_helper

import campaign
import forms
import generate
import mutate
from network import known_shapes


def pruned(model):
    """Without nodes and constants that the output does not need."""
    needed, kept = {model.graph.output[0].name}, []
    for node in reversed(model.graph.node):
        if needed & set(node.output):
            kept.insert(0, node)
            needed |= set(node.input)
    constants = [c for c in model.graph.initializer if c.name in needed]
    del model.graph.node[:], model.graph.initializer[:], model.graph.value_info[:]
    model.graph.node.extend(kept)
    model.graph.initializer.extend(constants)
    return model


def copy_of(model):
    copy = onnx.ModelProto()
    copy.CopyFrom(model)
    return copy


def cut_tail(model, value: str, shape: list):
    """logits [b, n] = value flattened, at most 64 numbers of it."""
    copy = copy_of(model)
    batch = model.graph.input[0].type.tensor_type.shape.dim[0].dim_value or 1
    count = int(numpy.prod(shape)) // batch
    if count * batch != int(numpy.prod(shape)):
        return None
    output = copy.graph.output[0]
    for node in copy.graph.node:
        for i, name in enumerate(node.output):
            if name == output.name:
                node.output[i] = name + "/before"
    value = value + "/before" if value == output.name else value
    nodes = [helper.make_node("Reshape", [value, "shrunk_flat"], ["shrunk"])]
    constants = [numpy_helper.from_array(numpy.array([batch, count], numpy.int64), "shrunk_flat")]
    wide = count
    if count > 64:
        weights = numpy.random.RandomState(0).standard_normal((count, 10)) / numpy.sqrt(count)
        constants.append(numpy_helper.from_array(weights.astype(numpy.float32), "shrunk_head"))
        nodes.append(helper.make_node("MatMul", ["shrunk", "shrunk_head"], [output.name]))
        wide = 10
    else:
        nodes[0].output[0] = output.name
    copy.graph.node.extend(nodes)
    copy.graph.initializer.extend(c for c in constants if c.name not in {k.name for k in copy.graph.initializer})
    output.type.tensor_type.shape.dim[1].dim_value = wide
    return pruned(copy)


def smaller(model):
    """Candidates, boldest first."""
    shapes = known_shapes(model)
    made = [o for node in model.graph.node for o in node.output if o in shapes and o != "shrunk"]
    for value in made[:-1]:
        yield cut_tail(model, value, shapes[value])
    for n in reversed(range(len(model.graph.node))):
        node = model.graph.node[n]
        result = node.output[0]
        if result not in shapes:
            continue
        for name in node.input:
            if shapes.get(name) == shapes[result]:
                copy = copy_of(model)
                for other in copy.graph.node:
                    for i, v in enumerate(other.input):
                        if v == result:
                            other.input[i] = name
                yield pruned(copy)
    for value in made[:-1]:
        copy = copy_of(model)
        data = numpy.random.RandomState(1).standard_normal(shapes[value]).astype(numpy.float32)
        for node in copy.graph.node:
            for i, v in enumerate(node.output):
                if v == value:
                    node.output[i] = value + "/dropped"
        copy.graph.initializer.append(numpy_helper.from_array(data, value))
        copy = pruned(copy)
        if any("image" in node.input for node in copy.graph.node):
            yield copy


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("differ")
    parser.add_argument("source")
    parser.add_argument("out", type=pathlib.Path)
    parser.add_argument("--mode", default="float")
    parser.add_argument("--check", default="", help="part of the finding's text")
    parser.add_argument("--seed", type=int, help="of images and recipe, where the source is a file")
    options = parser.parse_args()
    seed = int(options.source) if options.source.isdigit() else options.seed or 1
    if options.source.isdigit():
        model = mutate.network(seed) if numpy.random.RandomState(seed % 2**32).uniform() < 0.25 else generate.network(seed)
        form = forms.form(model, seed)
    else:
        form = forms.plain(onnx.load(options.source))
    model = copy_of(form.model)
    asked = [o for o in model.graph.output if o.name == form.asked.get("output", "logits")]
    del model.graph.output[:]
    model.graph.output.extend(asked)
    differ = campaign.Differ(options.differ)
    with tempfile.TemporaryDirectory() as folder:
        def found(candidate) -> dict:
            try:
                onnx.checker.check_model(candidate)
                network = campaign.Network(differ, pathlib.Path(folder), forms.Form(form.name, candidate, candidate, form.asked), seed,
                                           options.mode, None)
                return {campaign.kind(check): f"{check}: {text}" for check, text in network.findings(0) if options.check in check}
            except onnx.checker.ValidationError:
                return {}

        wanted = set(found(model))
        if not wanted:
            print("nothing is found there")
            return 1
        progress = True
        while progress:
            progress = False
            for candidate in smaller(model):
                if candidate is not None and len(candidate.graph.node) < len(model.graph.node) + 1 \
                        and candidate.SerializeToString() != model.SerializeToString() \
                        and (len(candidate.graph.node), candidate.ByteSize()) < (len(model.graph.node), model.ByteSize()) \
                        and wanted & set(found(candidate)):
                    model, progress = candidate, True
                    break
        onnx.save(model, options.out)
        chain = " -> ".join(node.op_type for node in model.graph.node)
        print(f"{options.out.name}: {len(model.graph.node)} nodes ({chain}): {'; '.join(found(model).values())}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
