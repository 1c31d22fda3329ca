#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Calibration time of the released code of a method beside ours: one after the other in one run, the same images, one
thread each, the same candidates. PTQ4ViT and NoisyQuant on one block (ours keeps the others in float), RepQ-ViT whole.

    speed.py --cli build/release/app/quantoscope-cli --model MODEL.onnx --images DIR --bits 4 4 \\
             repq-vit=CHECKOUT ptq4vit=CHECKOUT noisyquant=CHECKOUT [--count 32 --candidates 50 --block 5]

Three figures of ours: the pass that gathers statistics of the whole network (all methods share it), the search of the
method, and both. Of the released code the calibration alone, without loading. Seconds of the processor, but for our
search, which is timed inside the program; on one thread the two are the same where nothing else runs. See run.py for DIR.
"""

import argparse
import json
import pathlib
import resource
import subprocess
import sys
import tempfile


def spent() -> float:
    """Processor time of all programs run so far."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def rule(match: dict, settings: dict) -> dict:
    return {"match": match, "set": settings}


def recipe(method: str, bits: list[int], block: int, candidates: int) -> dict:
    """The method as released, on one block."""
    weight = {"bits": "float", "scheme": "symmetric", "granularity": "channel", "estimator": {"kind": "minmax"}}
    activation = {"bits": "float", "scheme": "symmetric", "granularity": "tensor"}
    inside = {"kind": "activation", "block": block}
    rules = [rule({"kind": "weight", "block": block}, {"bits": bits[0]})]
    if method == "ptq4vit":
        search = {"kind": "search", "grid": {"low": 0.01, "high": 1.2, "candidates": candidates, "rounds": 1}}
        weight |= {"granularity": "part", "estimator": search, "objective": "output-error"}
        activation |= {"estimator": search, "objective": "output-error"}
        rules += [rule(inside, {"bits": bits[1]}),
                  rule(inside | {"role": "softmax-output"}, {"quantizer": "twin-softmax"}),
                  rule(inside | {"role": "fc2"}, {"quantizer": "twin-gelu"})]
    else:
        activation |= {"estimator": {"kind": "search", "grid": {"low": 0.01, "high": 1.01, "candidates": 100, "rounds": 1}},
                       "objective": "output-error"}
        noise = {"on": True, "law": "released", "shift": True, "range": 2, "fold_into_value": False}
        rules += [rule(inside | {"role": role}, {"bits": bits[1], "noise": noise}) for role in ("qkv", "proj", "fc1", "fc2")]
    return {"format": "quantoscope-recipe", "version": 1, "weight": weight, "activation": activation, "rules": rules}


def ours(options, method: str, folder: pathlib.Path) -> tuple[float, float]:
    """Seconds of gathering statistics and of the search."""
    common = [options.cli]
    images = options.images
    calibration, table = folder / "images.qcal", folder / "table.json"
    begin = spent()
    subprocess.run(common + ["calibrate", options.model, "--images", images / "imagenet-calib", "--count",
                             str(options.count), "-o", calibration, "--threads", "1"], check=True, capture_output=True)
    calibrating = spent() - begin
    # compare sets the general bits, so here the rules and overrides have them all.
    if method == "repq-vit":
        which = ["--presets", method, "--bits", "/".join(map(str, options.bits))]
    else:
        file = folder / "one-block.json"
        file.write_text(json.dumps(recipe(method, options.bits, options.block, options.candidates)))
        which = ["--recipes", file, "--bits", "32/32"]
    subprocess.run(common + ["compare", options.model, "--images", images / "imagenet-val", "--resize", "none", "--count",
                             "1", "--calibration", calibration, *which, "-o", table, "--threads", "1"], check=True,
                   capture_output=True)
    row = json.loads(table.read_text())["rows"][0]
    if row["failure"]:
        raise SystemExit(row["failure"])
    return calibrating, row["resolve_seconds"]


def official(options, method: str, checkout: str) -> float:
    settings = {"ptq4vit": ["rounds=1", f"candidates={options.candidates}", f"only=blocks.{options.block}."],
                "noisyquant": ["thin=10", f"block={options.block}"]}.get(method, [])
    command = [sys.executable, pathlib.Path(__file__).with_name("run.py"), method, "--checkout", checkout, "--model",
               options.model, "--images", options.images, "--bits", *map(str, options.bits), "--count",
               str(options.count), "--threads", "1", "--no-test"]
    if settings:
        command += ["--set", *settings]
    output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return json.loads(output.strip().splitlines()[-1])["seconds"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("methods", nargs="+", metavar="METHOD=CHECKOUT")
    parser.add_argument("--cli", required=True)
    parser.add_argument("--model", type=pathlib.Path, required=True)
    parser.add_argument("--images", type=pathlib.Path, required=True)
    parser.add_argument("--bits", type=int, nargs=2, default=[4, 4], metavar=("WEIGHTS", "ACTIVATIONS"))
    parser.add_argument("--count", type=int, default=32)
    parser.add_argument("--candidates", type=int, default=50, help="of a step of PTQ4ViT, in one round")
    parser.add_argument("--block", type=int, default=5)
    options = parser.parse_args()
    print("method       statistics s   search s   released s   times as long as statistics + search   as the search")
    for entry in options.methods:
        method, checkout = entry.split("=", 1)
        with tempfile.TemporaryDirectory() as folder:
            before = ours(options, method, pathlib.Path(folder))
            theirs = official(options, method, checkout)
            after = ours(options, method, pathlib.Path(folder))
        statistics, search = ((a + b) / 2 for a, b in zip(before, after))
        print(f"{method:12} {statistics:12.2f} {search:10.3f} {theirs:12.1f} {theirs / (statistics + search):36.1f} "
              f"{theirs / search:15.1f}", flush=True)


if __name__ == "__main__":
    main()
