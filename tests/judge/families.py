#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every model type on the whole road of model_road.py, resumable, and the table of what came of it.

    families.py ROAD FOLDER [--again refused|wrong|all] [--count 3] [--seconds 300] [--only TEXT]
    families.py ROAD FOLDER --table

A file whose output is no row of class scores, or that has several, is judged by all of them: flattened and joined to one row.

FOLDER holds the files of export_families.py ($QUANTOSCOPE_TEST_MODELS where it is left out). Each file's row is appended to
FOLDER/road.jsonl; files with a row are passed over, but those that --again names. A row says one of
  - refused: the step and the message;
  - wrong: the float outputs differ from ONNX Runtime's by more than 1e-4 of the largest output, by more than four times what
    ONNX Runtime differs from itself without its optimisations, and by more than four times what a grain of 1e-6 in the pixels
    changes; or the export in ONNX Runtime is farther from the simulation than model_road.py admits and farther, by 3 dB, than
    ONNX Runtime is from itself without optimisations and under a grain of 1e-5 in the pixels (some random networks make so
    much of a grain that is far below one code);
  - vague: the network has no finite or no varying output in ONNX Runtime, or one that ONNX Runtime's optimisations change by more
    than a hundredth: it judges nothing;
  - broken: ONNX Runtime does not read or run the file either;
  - ok.
"""

import argparse
import collections
import json
import os
import pathlib
import re
import sys
import tempfile
import time

from judge import numpy, onnx, onnxruntime
from model_road import DEMO, LIMIT, judge


def verdict(row: dict) -> str:
    if row.get("broken"):
        return "broken"
    if row.get("vague") or row.get("runtime_float_to_itself", 0) > 1e-2:
        return "vague"
    if "float_error" not in row:
        return "refused"
    if not row["float_error"] <= max(LIMIT, 4 * row["runtime_float_to_itself"], 4 * row.get("float_to_grain", 0)):
        return "wrong"
    if "to_runtime_db" not in row:
        return "refused"
    least = min(row["runtime_to_itself_db"], row.get("runtime_to_grain_db", 999)) - 3
    near = row["to_runtime_db"] >= min(40, row["sqnr_db"] + 1, least)
    return "ok" if near and (row["verified"]["passed"] or least < 20) else "wrong"


def runtime_says(path: pathlib.Path) -> dict:
    """What ONNX Runtime makes of a file that was refused: {} where it runs it."""
    try:
        session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
        entry = session.get_inputs()[0]
        image = numpy.random.default_rng(0).standard_normal([1, *entry.shape[1:]]).astype(numpy.float32)
        finite = all(numpy.isfinite(output).all() for output in session.run(None, {entry.name: image}))
        return {} if finite else {"vague": True}
    except Exception as error:  # all that it raises are its own classes
        return {"broken": str(error).strip()[:300]}


def with_one_row(path: pathlib.Path, folder: pathlib.Path) -> pathlib.Path:
    """The file, or a copy in `folder` whose outputs are flattened and joined."""
    model = onnx.load(path)
    graph = model.graph
    if len(graph.output) == 1 and len(graph.output[0].type.tensor_type.shape.dim) == 2:
        return path
    rows = []
    for i, output in enumerate(graph.output):
        name = output.name
        if output.type.tensor_type.elem_type != onnx.TensorProto.FLOAT:
            graph.node.append(onnx.helper.make_node("Cast", [name], [f"joined_cast_{i}"], f"joined_cast_{i}", to=onnx.TensorProto.FLOAT))
            name = f"joined_cast_{i}"
        graph.node.append(onnx.helper.make_node("Flatten", [name], [f"joined_row_{i}"], f"joined_row_{i}", axis=1))
        rows.append(f"joined_row_{i}")
    if len(rows) > 1:
        graph.node.append(onnx.helper.make_node("Concat", rows, ["joined_rows"], "joined_rows", axis=1))
    del graph.output[:]
    graph.output.append(onnx.helper.make_tensor_value_info("joined_rows" if len(rows) > 1 else rows[0], onnx.TensorProto.FLOAT, None))
    onnx.save(model, folder / path.name)
    return folder / path.name


def rows_of(record: pathlib.Path) -> dict:
    """The last row of each file."""
    lines = record.read_text().splitlines() if record.exists() else []
    return {row["model"]: row for row in map(json.loads, lines)}


def opset_of(path: pathlib.Path) -> int:
    return next(entry.version for entry in onnx.load(path, load_external_data=False).opset_import if entry.domain in ("", "ai.onnx"))


def kind(reason: str) -> str:
    """The reason without what differs between files: names and numbers."""
    line = (reason.splitlines() or [""])[-1]
    line = re.sub(r"[\w./-]*\.onnx:?", "", line)
    line = re.sub(r"'[^']*'|\"[^\"]*\"|“[^”]*”", "'…'", line)
    return re.sub(r"\d+", "n", line).strip()[:160]


def table(rows: dict, unexported: list) -> str:
    """Counts by exporter and opset, what was refused and why, the worst errors."""
    groups = collections.defaultdict(collections.Counter)
    for name, row in rows.items():
        group = re.search(r"_(script|dynamo)_op(\d+)$", name)
        for key in (group.groups() if group else ("other", "")), ("all", ""):
            groups[key][verdict(row)] += 1
            groups[key]["imported"] += bool(row.get("structure"))
            groups[key]["files"] += 1
    columns = ("files", "imported", "ok", "refused", "wrong", "vague", "broken")
    lines = ["| exporter | opset | " + " | ".join(columns) + " |", "|" + "---|" * (len(columns) + 2)]
    for (exporter, opset), counts in sorted(groups.items(), key=lambda item: (item[0][0] == "all", item[0])):
        lines.append(f"| {exporter} | {opset} | " + " | ".join(str(counts[column]) for column in columns) + " |")
    judged = {name: row for name, row in rows.items() if "float_error" in row and verdict(row) != "vague"}
    lines += ["", "worst float errors (ONNX Runtime to itself):"]
    for name, row in sorted(judged.items(), key=lambda item: -item[1]["float_error"])[:10]:
        lines.append(f"- {name}: {row['float_error']:.1e} ({row['runtime_float_to_itself']:.1e})")
    whole = [row for row in judged.values() if "to_runtime_db" in row]
    if whole:
        for key in ("sqnr_db", "runtime_sqnr_db", "to_runtime_db", "runtime_to_itself_db"):
            values = numpy.array([row[key] for row in whole])
            lines.append(f"{key}: median {numpy.median(values):.1f}, 5 % {numpy.quantile(values, 0.05):.1f}, least {values.min():.1f} dB")
        lines.append(f"same top-1: {sum(row['same_top1'] for row in whole)} of {sum(row['images'] for row in whole)}")
    reasons = collections.defaultdict(list)
    for name, row in sorted(rows.items()):
        if verdict(row) in ("refused", "wrong"):
            reasons[(verdict(row), kind(row["reason"]))].append(name)
    lines += ["", "| verdict | reason | files |", "|---|---|---|"]
    for (what, reason), names in sorted(reasons.items(), key=lambda item: -len(item[1])):
        lines.append(f"| {what} | {reason} | {len(names)}: {', '.join(names[:4])}{' …' if len(names) > 4 else ''} |")
    lines += ["", f"not exported: {len(unexported)}"]
    return "\n".join(lines)


def main() -> int:
    assets = pathlib.Path(os.environ.get("QUANTOSCOPE_TEST_ASSETS", "/nowhere"), "images", "imagenet-calib")
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("tool")
    parser.add_argument("folder", type=pathlib.Path, nargs="?", default=os.environ.get("QUANTOSCOPE_TEST_MODELS"))
    parser.add_argument("--images", type=pathlib.Path, default=assets if assets.is_dir() else DEMO)
    parser.add_argument("--count", type=int, default=3, help="images to calibrate on and to run")
    parser.add_argument("--again", choices=("refused", "wrong", "all"), help="rows to make anew")
    parser.add_argument("--only", default="", help="files whose name holds this")
    parser.add_argument("--seconds", type=float, default=300, help="longest time of one file")
    parser.add_argument("--table", action="store_true", help="print the table, run nothing")
    options = parser.parse_args()
    if not options.folder:
        parser.error("no FOLDER, and QUANTOSCOPE_TEST_MODELS is not set")
    record = options.folder / "road.jsonl"
    rows = rows_of(record)
    if not options.table:
        for path in sorted(options.folder.glob("*.onnx"), key=lambda path: path.stat().st_size):
            old = rows.get(path.stem)
            if options.only not in path.name or (old and options.again != "all" and verdict(old) != options.again):
                continue
            start = time.monotonic()
            with tempfile.TemporaryDirectory() as folder:
                judged = with_one_row(path, pathlib.Path(folder))
                row = judge(options.tool, judged, options.images, options.count, ["minmax", "8", "8"], options.seconds)
            row |= {"images": options.count, "opset": opset_of(path), "seconds": time.monotonic() - start}
            if "float_error" not in row:
                row |= runtime_says(path)
            rows[path.stem] = row
            with record.open("a") as out:
                out.write(json.dumps(row) + "\n")
            print(f"{path.stem:48s} {verdict(row):8s} {row.get('float_error', float('nan')):8.1e} {row.get('sqnr_db', float('nan')):6.1f} "
                  f"{row.get('to_runtime_db', float('nan')):6.1f} {row.get('runtime_to_itself_db', float('nan')):6.1f}  {row['reason'][-200:]}", flush=True)
    unexported = options.folder / "not_exported.jsonl"
    if options.table:
        print(table(rows, unexported.read_text().splitlines() if unexported.exists() else []))
    return 1 if any(verdict(row) == "wrong" for row in rows.values()) else 0


if __name__ == "__main__":
    sys.exit(main())
