#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Architectures on the whole road, one row a model: import, sites, float parity, W8A8, export, ONNX Runtime.

    model_road.py ROAD [--images FOLDER] [--count 4] [--method minmax] [--bits 8] [--full] [--markdown FILE] [MODEL.onnx ...]

ROAD is the tool built from road_tool.cpp. Without models: those in $QUANTOSCOPE_TEST_MODELS (export_models.py makes them);
where that is not set either, the smallest of export_models.py, made on the fly where torch is there. What must hold:
  - float outputs: of each max |value - ONNX Runtime's| <= 1e-4 max |value|;
  - the re-loaded export equals the simulation: every weight bit by bit, logits to 20 dB and more;
  - the export runs in ONNX Runtime and its logits are nearer to the simulation's than the simulation's are to the float
    network's, by 1 dB at least, or within 40 dB of them: a code that rounds otherwise in one of the two grows, in these
    random networks, to much of what quantization does, but never beyond it. The distance of ONNX Runtime to itself without its
    optimisations is printed beside it (both saturate alike on CPUs where the products do, so it judges nothing);
  - ONNX Runtime makes at least as many integer kernels of it as the report foretells.
"""

import argparse
import json
import os
import pathlib
import subprocess
import sys
import tempfile

from judge import difference, numpy, onnx, onnxruntime, skip

LIMIT = 1e-4
DEMO = pathlib.Path(__file__).resolve().parents[2] / "resources" / "demo" / "images" / "calib"


INTEGER = {"QGemm", "MatMulIntegerToFloat", "QLinearMatMul", "QLinearConv", "MatMulInteger", "ConvInteger"}


def integer_kernels(model: pathlib.Path) -> int:
    """Integer products that ONNX Runtime's CPU provider makes of a file."""
    options = onnxruntime.SessionOptions()
    options.optimized_model_filepath = str(model.with_name("optimised.onnx"))
    onnxruntime.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])
    return sum(node.op_type in INTEGER for node in onnx.load(options.optimized_model_filepath).graph.node)


def run(model: pathlib.Path, pixels: "numpy.ndarray", plain: bool = False, outputs: list = ()) -> "numpy.ndarray":
    """A row an image: the outputs of these names (none: the first), one behind the other."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 2
    if plain:
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    session = onnxruntime.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])
    entry = session.get_inputs()[0]
    shape = [1, *entry.shape[1:]]
    names = list(outputs) or [session.get_outputs()[0].name]
    rows = [session.run(names, {entry.name: image.reshape(shape)}) for image in pixels]
    return numpy.stack([numpy.concatenate([value.astype(numpy.float32).ravel() for value in row]) for row in rows])


def worst(found: "numpy.ndarray", expected: "numpy.ndarray", outputs: list) -> float:
    """The largest, over the outputs (name, size), of max |difference| / max |output|."""
    ends = numpy.cumsum([size for _, size in outputs])
    return max(difference(found[:, end - size:end], expected[:, end - size:end]) for end, (_, size) in zip(ends, outputs))


def sqnr(signal: "numpy.ndarray", other: "numpy.ndarray") -> float:
    noise = float(((signal - other).astype(numpy.float64) ** 2).sum())
    return min(10 * float(numpy.log10((signal.astype(numpy.float64) ** 2).sum() / noise)) if noise else 999.0, 999.0)


def judge(tool: str, model: pathlib.Path, images: pathlib.Path, count: int, method: list, seconds: float = 1800) -> dict:
    """One row. `reason` is empty where everything holds."""
    row = {"model": model.stem, "reason": ""}
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        try:
            done = subprocess.run([tool, model, images, str(count), folder, *method], capture_output=True, text=True, timeout=seconds)
        except subprocess.TimeoutExpired:
            row["reason"] = f"more than {seconds:.0f} s"
            return row
        report = folder / "report.json"
        row.update(json.loads(report.read_text()) if report.exists() else {})
        row["reason"] = "" if done.returncode == 0 else done.stderr.strip() or f"exit code {done.returncode}"
        if not (folder / "float_logits").exists():
            return row

        def logits(name: str) -> "numpy.ndarray":
            return numpy.fromfile(folder / name, numpy.float32).reshape(count, -1)

        pixels = numpy.fromfile(folder / "pixels", numpy.float32).reshape(count, -1)
        outputs = row["outputs"]
        names = [name for name, _ in outputs]
        floats, optimised = logits("float_logits"), run(model, pixels, outputs=names)
        row["float_error"] = worst(floats, optimised, outputs)
        row["runtime_float_to_itself"] = worst(run(model, pixels, plain=True, outputs=names), optimised, outputs)
        grain = numpy.random.default_rng(0).standard_normal(pixels.shape).astype(numpy.float32)
        row["float_to_grain"] = worst(run(model, pixels + 1e-6 * grain, outputs=names), optimised, outputs)
        row["vague"] = not numpy.isfinite(optimised).all() or float(numpy.abs(optimised - optimised[:1]).max()) == 0
        if row["reason"]:
            return row
        simulated = logits("simulated_logits")
        exported = run(folder / "quantized.onnx", pixels, outputs=names)
        unoptimised = run(folder / "quantized.onnx", pixels, plain=True, outputs=names)
        row["to_runtime_db"], row["runtime_to_itself_db"] = sqnr(simulated, exported), sqnr(unoptimised, exported)
        row["runtime_to_grain_db"] = sqnr(run(folder / "quantized.onnx", pixels + 1e-5 * grain, outputs=names), exported)
        row["found_kernels"] = integer_kernels(folder / "quantized.onnx")
        row["kernels"] = f'{row["found_kernels"]}/{row["int8_kernels"]}'
        row["runtime_sqnr_db"] = sqnr(floats, exported)
        row["same_top1"] = int((simulated.argmax(1) == exported.argmax(1)).sum())
        near = row["to_runtime_db"] >= min(40, row["sqnr_db"] + 1)
        if not row["float_error"] <= LIMIT:
            row["reason"] = "float outputs differ"
        elif not row["verified"]["passed"]:
            row["reason"] = "the re-loaded file is not the simulation"
        elif row["found_kernels"] < row["int8_kernels"]:
            row["reason"] = "fewer integer kernels than predicted"
        elif not near:
            row["reason"] = "ONNX Runtime does not agree with the simulation"
    return row


COLUMNS = ["model", "nodes", "sites", "blocks", "bridges", "float error", "W8A8 SQNR", "int8", "kernels found/predicted", "simulation to ORT",
           "ORT to itself", "top-1", "verdict"]


def cells(row: dict, count: int) -> list:
    structure = row.get("structure", {})

    def show(key: str, form: str) -> str:
        return form.format(row[key]) if key in row else "–"

    return [row["model"], *(str(structure.get(key, "–")) for key in ("nodes", "sites", "blocks", "bridges")),
            show("float_error", "{:.1e}"), show("sqnr_db", "{:.1f} dB"), show("int8_share", "{:.0%}"), show("kernels", "{}"),
            show("to_runtime_db", "{:.1f} dB"), show("runtime_to_itself_db", "{:.1f} dB"),
            show("same_top1", "{}/" + str(count)), row["reason"] or "ok"]


def made_here(folder: str) -> list:
    script = pathlib.Path(__file__).with_name("export_models.py")
    names = ["mobilevit_xxs", "mobilevitv2_050", "mobile_former_26m"]
    made = subprocess.run([sys.executable, script, folder, *names, "--exporter", "script"], capture_output=True, text=True)
    if made.returncode:
        skip("no models: set QUANTOSCOPE_TEST_MODELS, or give a Python with torch and timm")
    return sorted(pathlib.Path(folder).glob("*.onnx"))


def main() -> int:
    assets = pathlib.Path(os.environ.get("QUANTOSCOPE_TEST_ASSETS", "/nowhere"), "images", "imagenet-calib")
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("tool")
    parser.add_argument("models", nargs="*", type=pathlib.Path)
    parser.add_argument("--images", type=pathlib.Path, default=assets if assets.is_dir() else DEMO)
    parser.add_argument("--count", type=int, default=4, help="images to calibrate on and to run")
    parser.add_argument("--method", default="minmax", help="preset, or a search of Q-HyViT (a short one): q-hyvit")
    parser.add_argument("--bits", default="8", help="of weights and activations")
    parser.add_argument("--weight-bits", help="others than of the activations")
    parser.add_argument("--full", action="store_true", help="coverage full")
    parser.add_argument("--trained", action="store_true", help="of the test assets, the MobileViT-XXS trained on CIFAR-10")
    parser.add_argument("--markdown", type=pathlib.Path, help="write the table there too")
    options = parser.parse_intermixed_args()
    failed, table = 0, ["| " + " | ".join(COLUMNS) + " |", "|" + "---|" * len(COLUMNS)]
    with tempfile.TemporaryDirectory() as folder:
        models = options.models
        if options.trained:
            trained = assets.parents[1] / "models" / "mobilevit_xxs_cifar10_64.onnx"
            if not trained.exists():
                skip(f"there is no {trained}: QUANTOSCOPE_TEST_ASSETS names no folder with it")
            models = [*models, trained]
            options.images = assets.with_name("cifar10-calib")
        if not models and "QUANTOSCOPE_TEST_MODELS" in os.environ:
            models = sorted(pathlib.Path(os.environ["QUANTOSCOPE_TEST_MODELS"]).glob("*.onnx"))
        for model in models or made_here(folder):
            row = judge(options.tool, model, options.images, options.count, [options.method, options.weight_bits or options.bits, options.bits,
                                                                          *(["full"] if options.full else [])])
            failed += bool(row["reason"])
            table.append("| " + " | ".join(cells(row, options.count)) + " |")
            print("  ".join(f"{cell:>9s}" if i else f"{cell:40s}" for i, cell in enumerate(cells(row, options.count))), flush=True)
    if options.markdown:
        options.markdown.write_text("\n".join(table) + "\n")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
