#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Calibration time of the released code of a method beside ours, one after the other in one run, on as many threads.

    speed.py --cli build/release/app/quantoscope-cli --model MODEL.onnx --images DIR --bits 4 4 \\
             repq-vit=CHECKOUT ptq4vit=CHECKOUT noisyquant=CHECKOUT [--set ptq4vit:rounds=1]

Ours is the whole `calibrate` (it reads the images too) and `evaluate` of one image with the preset (it reads model and
calibration, searches, and runs): more than the search alone. Of the released code the calibration alone is counted.
Seconds are those of the processor, of all threads: on a busy machine they change less than those of the clock, and both
sides change together. See run.py for DIR and the settings.
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


def ours(options, preset: str, folder: pathlib.Path) -> tuple[float, float]:
    """Seconds of calibration and of what follows."""
    images = options.images
    common = ["--threads", str(options.threads)]
    calibration = folder / "images.qcal"
    begin = spent()
    subprocess.run([options.cli, "calibrate", options.model, "--images", images / "imagenet-calib", "--count",
                    str(options.count), "-o", calibration, *common], check=True, capture_output=True)
    middle = spent()
    subprocess.run([options.cli, "evaluate", options.model, "--images", images / "imagenet-val", "--resize", "none",
                    "--count", "1", "--calibration", calibration, "--preset", preset, "--weight-bits",
                    str(options.bits[0]), "--activation-bits", str(options.bits[1]), *common], check=True,
                   capture_output=True)
    return middle - begin, spent() - middle


def official(options, method: str, checkout: str) -> float:
    settings = [s.split(":", 1)[1] for s in options.settings if s.startswith(method + ":")]
    command = [sys.executable, pathlib.Path(__file__).with_name("run.py"), method, "--checkout", checkout, "--model",
               options.model, "--images", options.images, "--bits", *map(str, options.bits), "--count",
               str(options.count), "--threads", str(options.threads), "--no-test"]
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
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--set", dest="settings", nargs="*", default=[], metavar="METHOD:NAME=VALUE")
    options = parser.parse_args()
    print("method       ours calibrate + search s   released s   ratio")
    for entry in options.methods:
        method, checkout = entry.split("=", 1)
        with tempfile.TemporaryDirectory() as folder:
            before = ours(options, method, pathlib.Path(folder))
            theirs = official(options, method, checkout)
            after = ours(options, method, pathlib.Path(folder))
        calibrate, search = ((a + b) / 2 for a, b in zip(before, after))
        print(f"{method:12} {calibrate:10.2f} + {search:6.2f} {theirs:18.1f} {theirs / (calibrate + search):10.1f}",
              flush=True)


if __name__ == "__main__":
    main()
