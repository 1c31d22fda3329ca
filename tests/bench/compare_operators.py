#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Time of each operator beside ONNX Runtime's, on one thread and shapes of real networks, worst ratio first.

    compare_operators.py --tool build/dev/tests/bench/operator_times [NAME ...] [--rounds 5] [--seconds 0.1] [--limit 3]

Each case of operator_cases.py (those whose name contains a NAME; all without) is a model of one operator. Both sides run in turn, in
changing order; the least processor time of one run counts, which other work on the machine disturbs little. Where casts surround the
operator, the time of the casts alone is taken off both. The results are compared too: "difference" is the largest one, of the largest
result. Cases slower than --limit times ONNX Runtime are counted at the end, and are the exit code. Needs Python with numpy, onnx and
onnxruntime.
"""

import argparse
import pathlib
import subprocess
import sys
import tempfile
import time

import numpy
import onnx
import onnxruntime

from operator_cases import CASES


class Tool:
    """The executor in a process of its own, which runs when told to."""

    def __init__(self, tool: str, folder: pathlib.Path, item) -> None:
        onnx.save(item.framed(), folder / "framed.onnx")
        item.data().tofile(folder / "input")
        self.process = subprocess.Popen([tool, folder / "framed.onnx", folder / "input", folder / "output"], text=True,
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.steps = []
        for line in self.process.stdout:
            if line == "ready\n":
                self.output = numpy.fromfile(folder / "output", numpy.float32)
                return
            self.steps.append(line.rstrip())
        raise RuntimeError("executor: " + self.process.stderr.read().strip())

    def microseconds(self, seconds: float) -> float:
        self.process.stdin.write(f"{seconds}\n")
        self.process.stdin.flush()
        return float(self.process.stdout.readline())

    def close(self) -> None:
        self.process.stdin.close()
        self.process.wait()


class Judge:
    """ONNX Runtime on one thread, its input and output bound to memory that stays."""

    def __init__(self, item) -> None:
        settings = onnxruntime.SessionOptions()
        settings.intra_op_num_threads = settings.inter_op_num_threads = 1
        settings.log_severity_level = 4
        self.session = onnxruntime.InferenceSession(item.plain().SerializeToString(), settings, providers=["CPUExecutionProvider"])
        result = self.session.get_outputs()[0].name
        expected = self.session.run(None, {"x": item.data()})[0]
        self.output = expected.ravel()
        self.keep = [onnxruntime.OrtValue.ortvalue_from_numpy(item.data()), onnxruntime.OrtValue.ortvalue_from_numpy(expected)]
        self.binding = self.session.io_binding()
        self.binding.bind_ortvalue_input("x", self.keep[0])
        self.binding.bind_ortvalue_output(result, self.keep[1])

    def microseconds(self, seconds: float) -> float:
        least, runs = float("inf"), 0
        start = before = time.thread_time_ns()
        while runs < 3 or before - start < seconds * 1e9:
            self.session.run_with_iobinding(self.binding)
            now = time.thread_time_ns()
            least, runs, before = min(least, now - before), runs + 1, now
        return least / 1e3


def compare(options, item) -> tuple:
    """Microseconds of the executor and of ONNX Runtime, and the difference of their results."""
    judge = Judge(item)
    with tempfile.TemporaryDirectory() as folder:
        tool = Tool(options.tool, pathlib.Path(folder), item)
    if options.steps:
        print("\n".join(tool.steps))
    ours, theirs = [], []
    for number in range(options.rounds):
        for side, times in ((tool, ours), (judge, theirs)) if number % 2 == 0 else ((judge, theirs), (tool, ours)):
            times.append(side.microseconds(options.seconds))
    tool.close()
    if tool.output.shape != judge.output.shape:
        raise RuntimeError(f"{tool.output.size} results, not {judge.output.size}")
    largest = max(float(numpy.abs(judge.output).max()), 1e-30)
    return min(ours), min(theirs), float(numpy.abs(tool.output - judge.output).max()) / largest


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("names", nargs="*")
    parser.add_argument("--tool", required=True, help="the operator_times executable")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=0.1, help="of one side in one round")
    parser.add_argument("--limit", type=float, default=3)
    parser.add_argument("--steps", action="store_true", help="print what the executor runs")
    options = parser.parse_args()
    print("onnxruntime", onnxruntime.__version__, flush=True)

    rows, failed, casts = [], [], {}
    for name, item in CASES.items():
        if options.names and not any(n in name for n in options.names):
            continue
        try:
            ours, theirs, difference = compare(options, item)
            if item.without:
                if item.without not in casts:
                    casts[item.without] = compare(options, CASES[item.without])
                # What is left is a small difference of two times: at least a tenth of the smaller.
                ours, theirs = (max(t - c, t / 10) for t, c in zip((ours, theirs), casts[item.without]))
            rows.append((ours / theirs, name, ours, theirs, difference))
            print(f"{name}: {ours / theirs:.2f}", file=sys.stderr, flush=True)
        except Exception as problem:  # one case that cannot run must not hide the others
            failed.append(f"{name}: {str(problem).splitlines()[0][:200]}")
    rows.sort(reverse=True)
    print(f"{'operator':48} {'ours us':>10} {'theirs us':>10} {'ratio':>6}  difference")
    for ratio, name, ours, theirs, difference in rows:
        print(f"{name:48} {ours:10.1f} {theirs:10.1f} {ratio:6.2f}  {difference:.1e}")
    slow = sum(row[0] > options.limit for row in rows)
    print(f"{len(rows)} cases, {slow} slower than {options.limit:g} times ONNX Runtime, {len(failed)} could not run")
    for failure in failed:
        print("  ", failure)
    return min(slow, 125)


if __name__ == "__main__":
    sys.exit(main())
