#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Images per second of the executor beside ONNX Runtime's, in alternating rounds of one run.

    compare_ort.py MODEL.onnx --tool build/release/tests/judge/float_logits [--threads 1 2] [--batch 1 8] [--rounds 7]

Each round times both for --seconds, in changing order; the ratio is taken within rounds, and medians are printed. On a busy
machine only the ratio means something. ONNX Runtime gets the batch in one call; the executor gets the images one by one and
shares them out to its threads. Needs Python with numpy and onnxruntime.
"""

import argparse
import pathlib
import statistics
import subprocess
import tempfile
import time

import numpy
import onnxruntime


def time_tool(tool: str, model: str, pixels: pathlib.Path, threads: int, seconds: float) -> float:
    """Median seconds of one pass over all images of `pixels`."""
    output = subprocess.run(
        [tool, model, str(pixels), str(pixels) + ".out", str(threads), str(seconds)],
        check=True, capture_output=True, text=True).stdout
    return float(output.split()[-2])


def time_session(session: onnxruntime.InferenceSession, feed: dict, seconds: float) -> float:
    times = []
    start = time.perf_counter()
    while time.perf_counter() - start < seconds or len(times) < 3:
        before = time.perf_counter()
        session.run(None, feed)
        times.append(time.perf_counter() - before)
    return statistics.median(times)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("model")
    parser.add_argument("--tool", required=True, help="the float_logits executable")
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--batch", type=int, nargs="+", default=[1, 8])
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--seconds", type=float, default=1.0)
    options = parser.parse_args()

    print("threads batch  ours img/s  ONNX Runtime img/s  ratio (median of rounds) [least, most]")
    for threads in options.threads:
        settings = onnxruntime.SessionOptions()
        settings.intra_op_num_threads = threads
        settings.inter_op_num_threads = 1
        session = onnxruntime.InferenceSession(options.model, settings, providers=["CPUExecutionProvider"])
        entry = session.get_inputs()[0]
        for batch in options.batch:
            if isinstance(entry.shape[0], int) and entry.shape[0] != batch:
                continue
            pixels = numpy.random.default_rng(1).standard_normal([batch, *entry.shape[1:]]).astype(numpy.float32)
            with tempfile.TemporaryDirectory() as folder:
                path = pathlib.Path(folder) / "pixels.bin"
                pixels.tofile(path)
                ours, theirs = [], []
                for number in range(options.rounds):
                    for which in ((0, 1) if number % 2 == 0 else (1, 0)):
                        if which == 0:
                            ours.append(batch / time_tool(options.tool, options.model, path, threads, options.seconds))
                        else:
                            theirs.append(batch / time_session(session, {entry.name: pixels}, options.seconds))
            ratios = [a / b for a, b in zip(ours, theirs)]
            print(f"{threads:7d} {batch:5d}  {statistics.median(ours):10.1f}  {statistics.median(theirs):18.1f}  "
                  f"{statistics.median(ratios):5.2f} [{min(ratios):.2f}, {max(ratios):.2f}]", flush=True)


if __name__ == "__main__":
    main()
