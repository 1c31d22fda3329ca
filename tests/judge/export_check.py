"""ONNX Runtime as the judge of exported models.

Reads FOLDER/manifest.json, which tests/onnx/export_judge_test.cpp writes beside the exported files, and checks in the
ONNX Runtime of this Python, for every exported file:
  - it loads, and the optimised graph has as many integer kernels as predicted and no float product fed by a
    DequantizeLinear that was predicted to be integer;
  - layer by layer, on the inputs that the simulation saw: at most one code (of an 8-bit grid over the layer's output)
    from the simulation's output;
  - end to end, for variants whose "end_to_end" is
      "top1"    (all images of a test set): SQNR to the float network within 0.6 dB of the simulation's, accuracy within
                0.5 points, the same top-1 as the simulation on at least 98.5 % of the images. Where that is not so, the
                file passes only if ONNX Runtime is as far from itself: a quantized network amplifies last-bit
                differences, and no file is nearer to a simulation than the runtime with its optimisations is to the
                runtime without them. As far means: logits within 1 dB, and a share of equal top-1 within two standard
                deviations of the difference of two such shares. The output says so where it happens;
      "logits"  (some of the images, where single images would decide): the same of SQNR, accuracy within 0.5 points and
                one image, and logits as near to the simulation's, within 3 dB, as ONNX Runtime's own are with its
                optimisations off. The share of equal top-1 is printed, not judged;
      "none"    (networks of few bits): all is printed, nothing judged;
and reports the speed against the float file (alternating runs, 1 thread, medians of CPU time: a busy machine disturbs
it less than wall time).

x86 CPUs without VNNI saturate in u8 x s8 products; there, files with weights of the full range are judged with the
session key that makes the products exact, and the difference without it is reported.

Exit status: 0 passed, 1 failed, 77 no onnx or onnxruntime here.
"""

import collections
import json
import pathlib
import sys
import time

try:
    import numpy as np
    import onnx
    import onnxruntime as ort
    from onnx import TensorProto, helper
except ImportError as error:
    print(f"SKIP: {error}")
    sys.exit(77)

INTEGER = {"QGemm", "MatMulIntegerToFloat", "QLinearMatMul", "QLinearConv", "MatMulInteger", "ConvInteger"}
FLOAT_PRODUCTS = {"MatMul", "Gemm", "FusedMatMul", "FusedGemm", "Conv", "FusedConv"}
MOVES = {"Reshape", "Transpose", "Squeeze", "Unsqueeze", "Identity"}

folder = pathlib.Path(sys.argv[1])
manifest = json.loads((folder / "manifest.json").read_text())
failures = []


def check(condition, text):
    if not condition:
        failures.append(text)
        print("FAILED:", text)


def has_vnni():
    try:
        flags = next(line for line in open("/proc/cpuinfo") if line.startswith("flags")).split()
    except (OSError, StopIteration):
        return True
    return any("vnni" in flag for flag in flags)


EXACT_PRODUCTS = has_vnni()


def session(model, exact=False, optimised=None, plain=False):
    options = ort.SessionOptions()
    if plain:
        options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.log_severity_level = 3
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    if exact and not EXACT_PRODUCTS:
        options.add_session_config_entry("session.x64quantprecision", "1")
    if optimised:
        options.optimized_model_filepath = str(optimised)
    return ort.InferenceSession(model, options, providers=["CPUExecutionProvider"])


def array(entry):
    return np.fromfile(folder / entry["file"], np.float32).reshape(entry["shape"])


def check_kernels(variant, path):
    optimised = folder / "optimised.onnx"
    session(str(path), optimised=optimised)
    graph = onnx.load(optimised).graph
    counts = collections.Counter(node.op_type for node in graph.node)
    producers = {output: node for node in graph.node for output in node.output}
    fed = []
    for node in graph.node:
        if node.op_type not in FLOAT_PRODUCTS:
            continue
        for name in node.input[:2]:
            source = producers.get(name)
            while source is not None and source.op_type in MOVES:
                source = producers.get(source.input[0])
            if source is not None and source.op_type == "DequantizeLinear":
                fed.append(node.name)
                break
    integer = sum(counts[op] for op in INTEGER)
    expected = [n for n in variant["nodes"] if n["precision"] == "int8"]
    in_float = [n for n in variant["nodes"] if n["precision"] == "float" and n["fed"]]
    print(f"  kernels: {integer} integer of {len(expected)} predicted "
          f"({', '.join(f'{counts[op]} {op}' for op in sorted(INTEGER) if counts[op])}); "
          f"{len(fed)} float products behind DequantizeLinear, {len(in_float)} predicted")
    check(integer == len(expected), f"{variant['name']}: {integer} integer kernels, {len(expected)} were predicted")
    check(len(fed) == len(in_float), f"{variant['name']}: float products behind DequantizeLinear: {fed[:5]}")


def one_layer(model, layer):
    """The part of the file from the values that enter the quantizers of a layer to the layer's output."""
    producers = {output: node for node in model.graph.node for output in node.output}
    initializers = {i.name: i for i in model.graph.initializer}
    quantizers = tuple(entry["site"] + "/" for entry in layer["inputs"])
    nodes, inputs, constants, seen = [], [], {}, set()

    def visit(name, from_quantizer):
        if not name or name in seen:
            return
        seen.add(name)
        if name in initializers:
            constants[name] = initializers[name]
            return
        node = producers.get(name)
        in_quantizer = node is not None and node.name.startswith(quantizers)
        if node is None or (from_quantizer and not in_quantizer):
            inputs.append(name)
            return
        for read in node.input:
            visit(read, in_quantizer)
        nodes.append(node)

    visit(layer["output"]["name"], False)
    return nodes, inputs, list(constants.values())


def check_layers(variant, path):
    model = onnx.load(path)
    worst, worst_plain, worst_name = 0.0, 0.0, ""
    for layer in variant["layers"]:
        nodes, names, constants = one_layer(model, layer)
        values = [array(entry) for entry in layer["inputs"]]
        if len(names) != len(values):
            check(False, f"{variant['name']}: {layer['name']} reads {names}")
            continue
        expected = array(layer["output"])
        graph = helper.make_graph(
            nodes, "layer",
            [helper.make_tensor_value_info(n, TensorProto.FLOAT, v.shape) for n, v in zip(names, values)],
            [helper.make_tensor_value_info(layer["output"]["name"], TensorProto.FLOAT, expected.shape)], constants)
        single = helper.make_model(graph, opset_imports=model.opset_import, ir_version=model.ir_version)
        feed = dict(zip(names, values))
        step = max(float(np.ptp(expected)) / 255, 1e-30)
        errors = []
        for exact in (variant["saturates"], False):
            actual = session(single.SerializeToString(), exact).run(None, feed)[0]
            errors.append(float(np.abs(actual - expected).max()) / step)
        if errors[0] > worst:
            worst, worst_name = errors[0], layer["name"]
        worst_plain = max(worst_plain, errors[1])
    print(f"  layers: {len(variant['layers'])} compared, at most {worst:.5f} codes from the simulation ({worst_name}); "
          f"{worst_plain:.3f} in a default session")
    check(worst <= 1, f"{variant['name']}: {worst_name} is {worst:.2f} codes from the simulation")


def run_all(runner, images):
    name = runner.get_inputs()[0].name
    return np.concatenate([runner.run(None, {name: images[i:i + 1]})[0] for i in range(len(images))])


def accuracy(logits, labels):
    known = [i for i, label in enumerate(labels) if label is not None]
    return np.mean([logits[i].argmax() == labels[i] for i in known]) * 100 if known else float("nan")


def agreement(a, b):
    return float(np.mean(a.argmax(1) == b.argmax(1)) * 100)


def sqnr(reference, other):
    noise = float(((reference - other) ** 2).sum())
    return 10 * np.log10(float((reference ** 2).sum()) / noise) if noise else float("inf")


def check_end_to_end(variant, path, images, labels, floats):
    simulated = array(variant["logits"])
    exact = run_all(session(str(path), exact=variant["saturates"]), images)
    plain = exact if EXACT_PRODUCTS or not variant["saturates"] else run_all(session(str(path)), images)
    unoptimised = run_all(session(str(path), plain=True), images)
    same, own = agreement(simulated, exact), agreement(unoptimised, exact)
    points = accuracy(exact, labels) - accuracy(simulated, labels)
    print(f"  end to end: top-1 equal on {same:.2f} % of {len(images)} images; accuracy {accuracy(exact, labels):.2f} % "
          f"(simulated {accuracy(simulated, labels):.2f} %, float {accuracy(floats, labels):.2f} %); SQNR to float "
          f"{sqnr(floats, exact):.2f} dB (simulated {sqnr(floats, simulated):.2f} dB)")
    print(f"  simulation to ONNX Runtime: {sqnr(simulated, exact):.2f} dB; ONNX Runtime to itself without optimisations: "
          f"{sqnr(unoptimised, exact):.2f} dB, top-1 equal on {own:.2f} %")
    if plain is not exact:
        print(f"  with saturating products: top-1 equal on {agreement(simulated, plain):.2f} %, accuracy "
              f"{accuracy(plain, labels):.2f} %, SQNR to float {sqnr(floats, plain):.2f} dB")
    judged = variant["end_to_end"]
    if judged == "none":
        return
    distance = abs(sqnr(floats, exact) - sqnr(floats, simulated))
    check(distance <= 0.6, f"{variant['name']}: SQNR to float differs by {distance:.2f} dB")
    slack = 100 / len(images) if judged == "logits" else 0
    check(not abs(points) > 0.5 + slack, f"{variant['name']}: accuracy differs by {points:.2f} points")
    if judged == "top1":
        share = (same + own) / 200
        as_far = (same >= own - 200 * np.sqrt(2 * share * (1 - share) / len(images))
                  and sqnr(simulated, exact) >= sqnr(unoptimised, exact) - 1)
        if same < 98.5 and as_far:
            print("  below 98.5 % of equal top-1, and as near as ONNX Runtime to itself without optimisations")
        check(same >= 98.5 or as_far, f"{variant['name']}: top-1 equal on {same:.2f} % of {len(images)} images only")
    else:
        check(sqnr(simulated, exact) >= sqnr(unoptimised, exact) - 3,  # twice the power
              f"{variant['name']}: the simulation is farther from ONNX Runtime than that is from itself")


def report_speed(variant, path, images, runs=15):
    sessions = [session(manifest["float"]), session(str(path))]
    times = [[], []]
    for run in range(runs + 2):
        for which, runner in enumerate(sessions):
            start = time.process_time()
            runner.run(None, {runner.get_inputs()[0].name: images[:1]})
            if run >= 2:
                times[which].append(time.process_time() - start)
    a, b = (np.median(t) * 1000 for t in times)
    print(f"  speed: float {a:.2f} ms, exported {b:.2f} ms a batch: {a / b:.2f} x (best runs "
          f"{min(times[0]) / min(times[1]):.2f} x)")


print(f"ONNX Runtime {ort.__version__}, onnx {onnx.__version__}, "
      f"{'exact' if EXACT_PRODUCTS else 'saturating'} u8 x s8 products")
images = array(manifest["images"])
labels = manifest["labels"]
floats = run_all(session(manifest["float"]), images)
for variant in manifest["variants"]:
    path = folder / variant["file"]
    print(f"{variant['name']}: {path.stat().st_size / 1e6:.2f} MB")
    onnx.checker.check_model(str(path))
    check_kernels(variant, path)
    check_layers(variant, path)
    check_end_to_end(variant, path, images, labels, floats)
    report_speed(variant, path, images)
sys.exit(1 if failures else 0)
