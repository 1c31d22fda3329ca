# SPDX-License-Identifier: GPL-3.0-or-later
"""What the judging scripts share: the SKIP, and running a model on both sides."""

import pathlib
import subprocess
import sys
import tempfile


def skip(reason: str) -> None:
    print("SKIP:", reason)
    sys.exit(77)


try:
    import numpy
    import onnx
    import onnxruntime
except ImportError as missing:
    skip(f"{missing}; set QUANTOSCOPE_PYTHON to a Python with onnxruntime, onnx and numpy")

onnxruntime.set_default_logger_severity(3)


def ours(tool: str, model: pathlib.Path, images: "numpy.ndarray", shape: tuple, threads: int = 2) -> "numpy.ndarray":
    """Output of the executor for each of `images`, as one array of `shape`. Raises RuntimeError with its message."""
    with tempfile.TemporaryDirectory() as folder:
        pixels, logits = pathlib.Path(folder, "pixels"), pathlib.Path(folder, "logits")
        images.astype(numpy.float32).tofile(pixels)
        run = subprocess.run([tool, model, pixels, logits, str(threads)], capture_output=True, text=True)
        if run.returncode:
            raise RuntimeError(run.stderr.strip() or f"exit code {run.returncode}")
        return numpy.fromfile(logits, numpy.float32).reshape(shape)


def theirs(model: pathlib.Path, images: "numpy.ndarray") -> "numpy.ndarray":
    """Output of ONNX Runtime, all its graph optimisations on."""
    session = onnxruntime.InferenceSession(str(model), providers=["CPUExecutionProvider"])
    entry = session.get_inputs()[0]
    step = entry.shape[0] if isinstance(entry.shape[0], int) else len(images)
    parts = [session.run(None, {entry.name: images[i:i + step]})[0] for i in range(0, len(images), step)]
    return numpy.concatenate(parts)


def difference(found: "numpy.ndarray", expected: "numpy.ndarray") -> float:
    """max |found - expected| / max |expected|"""
    return float(numpy.abs(found - expected).max() / max(numpy.abs(expected).max(), 1e-30))
