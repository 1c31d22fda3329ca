# SPDX-License-Identifier: GPL-3.0-or-later
"""ONNX Runtime's part: the float network, and the export cut at its sites so that every part has the simulation's own inputs."""

import sys

try:
    import numpy
    import onnx
    import onnxruntime
    from onnx import TensorProto, helper
except ImportError as missing:
    print(f"SKIP: {missing}; set QUANTOSCOPE_PYTHON to a Python with onnxruntime, onnx and numpy")
    sys.exit(77)

onnxruntime.set_default_logger_severity(4)


def run(model, feeds: dict, optimised: bool, outputs=None) -> list:
    """The values of `outputs`, or all."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    if not optimised:
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    text = model if isinstance(model, str) else model.SerializeToString()
    session = onnxruntime.InferenceSession(text, options, providers=["CPUExecutionProvider"])
    return session.run(outputs, feeds)


def distance(a, b) -> float:
    return float(numpy.abs(a.astype(numpy.float64) - b).max()) if a.size else 0.0


def is_finite(model, image, value: str) -> bool:
    """Whether ONNX Runtime has no NaN and no infinity in an inner value of floats."""
    copy = onnx.ModelProto()
    copy.CopyFrom(model)
    if value not in {output.name for output in copy.graph.output}:
        copy.graph.output.append(helper.make_tensor_value_info(value, TensorProto.FLOAT, None))
    return bool(numpy.isfinite(run(copy, {"image": image}, False, [value])[0]).all())


def float_findings(model, image, output: str, ours, tolerance: float) -> list:
    """The executor's `output` against ONNX Runtime's, without and with its optimisations; None where that has no finite answer."""
    found = []
    try:
        plain = run(model, {"image": image}, False, [output])[0]
    except Exception:  # a mutation that is no network, a form that ONNX Runtime does not have
        return None
    if not numpy.isfinite(plain).all():
        return None
    for optimised in (False, True):
        try:
            expected = run(model, {"image": image}, True, [output])[0] if optimised else plain
        except Exception:  # theirs: the same session without optimisations has just run
            found.append({"check": "ONNX Runtime itself: its optimiser raises", "difference": 0.0, "tolerance": tolerance, "guilty": "", "theirs": True})
            continue
        if ours.size != expected.size:
            found.append({"theirs": False, "check": "ONNX Runtime: another shape", "difference": 0.0, "tolerance": 0.0, "guilty": str(expected.shape)})
            break
        d = distance(ours.reshape(expected.shape), expected)
        if not d <= tolerance:
            name = "optimised" if optimised else "plain"
            itself = distance(expected, plain)
            if optimised and distance(ours.reshape(plain.shape), plain) <= tolerance < itself:
                name = "itself: optimised and plain"  # theirs
            found.append({"theirs": name.startswith("itself"), "check": f"ONNX Runtime {name}", "difference": d if numpy.isfinite(d) else 1e38, "tolerance": tolerance, "guilty": ""})
    return found


def cut_at_sites(model, sites: list):
    """Every site becomes an input, and what computed it an output of its own. Sites that the file does not have stay."""
    producers = {o: (node, i) for node in model.graph.node for i, o in enumerate(node.output)}
    cut = []
    for site in sites:
        if site["name"] not in producers:
            continue
        node, i = producers[site["name"]]
        shape = list(site["shape"]) if "shape" in site else None
        node.output[i] = site["name"] + "/computed"
        model.graph.input.append(helper.make_tensor_value_info(site["name"], TensorProto.FLOAT, shape))
        model.graph.output.append(helper.make_tensor_value_info(site["name"] + "/computed", TensorProto.FLOAT, shape))
        for output in model.graph.output:
            if output.name == site["name"]:
                output.name = site["name"] + "/computed"
        cut.append(site)
    del model.graph.value_info[:]
    return cut


def export_findings(stem: str, said: dict, image, output: str) -> tuple:
    """(findings, sites compared) of the exported file in ONNX Runtime without optimisations, part by part."""
    model = onnx.load(stem + ".export.onnx")
    shaped = onnx.shape_inference.infer_shapes(model)
    shapes = {v.name: [d.dim_value or 1 for d in v.type.tensor_type.shape.dim] for v in [*shaped.graph.value_info, *shaped.graph.output]}
    values, at, sites = numpy.fromfile(stem + ".sites", numpy.float32), 0, []
    for site in said["sites"]:
        data, at = values[at:at + site["elements"]], at + site["elements"]
        if site["name"] + "_float" in shapes:  # the graph's output, whose name the quantizer's has
            site = {**site, "name": site["name"] + "_float"}
        if site["name"] in shapes and int(numpy.prod(shapes[site["name"]])) == site["elements"]:
            sites.append({**site, "shape": shapes[site["name"]], "data": data.reshape(shapes[site["name"]])})
    logits_name = output
    # A site inside what a file's node becomes (the sum of a Gemm) has no value in the file: its codes cannot be given.
    if len(sites) < sum(site["name"] != "image" for site in said["sites"]):
        return [], 0
    cut = cut_at_sites(model, sites)
    feeds = {"image": image, **{s["name"]: s["data"] for s in cut}}
    results = dict(zip([o.name for o in model.graph.output], run(model, feeds, False)))
    wanted = [(s["name"] + "/computed", s["data"], s["tolerance"], s["name"]) for s in cut]
    if logits_name in results and not any(s["name"] == logits_name for s in cut):
        wanted.append((logits_name, numpy.fromfile(stem + ".logits", numpy.float32), said["output_tolerance"], "logits"))
    found = []
    for name, expected, tolerance, where in wanted:
        if tolerance is None:  # a change in the last bits already makes it infinite
            continue
        d = distance(results[name].reshape(-1), expected.reshape(-1))
        if not d <= tolerance:
            found.append({"check": "export in ONNX Runtime", "difference": d if numpy.isfinite(d) else 1e38, "tolerance": tolerance, "guilty": where})
    return found, len(wanted)
