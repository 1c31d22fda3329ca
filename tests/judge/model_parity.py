#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whole models: max |logit - ONNX Runtime's| <= 1e-4 max |logit|.

    model_parity.py FLOAT_LOGITS [MODEL.onnx ...]

Without models: those in $QUANTOSCOPE_TEST_ASSETS/models and in $QUANTOSCOPE_TEST_MODELS.
"""

import os
import pathlib
import sys

from judge import difference, numpy, onnxruntime, ours, skip, theirs

LIMIT = 1e-4


def main() -> int:
    tool, *models = sys.argv[1:]
    if not models:
        folders = [pathlib.Path(os.environ["QUANTOSCOPE_TEST_ASSETS"], "models")] if "QUANTOSCOPE_TEST_ASSETS" in os.environ else []
        folders += [pathlib.Path(os.environ["QUANTOSCOPE_TEST_MODELS"])] if "QUANTOSCOPE_TEST_MODELS" in os.environ else []
        models = sorted(path for folder in folders for path in folder.glob("*.onnx"))
    if not models:
        skip("no models; set QUANTOSCOPE_TEST_ASSETS or QUANTOSCOPE_TEST_MODELS")
    failed = 0
    for model in map(pathlib.Path, models):
        entry = onnxruntime.InferenceSession(str(model), providers=["CPUExecutionProvider"]).get_inputs()[0]
        fixed = isinstance(entry.shape[0], int)
        count = 2 * entry.shape[0] if fixed else 2
        images = numpy.random.default_rng(0).standard_normal([count, *entry.shape[1:]]).astype(numpy.float32)
        try:
            expected = theirs(model, images)
            error = difference(ours(tool, model, images, expected.shape), expected)
            verdict = "ok" if error <= LIMIT else "FAILED"
            print(f"{model.name:50s} {error:.1e} {verdict}")
        except RuntimeError as problem:
            verdict = "FAILED"
            print(f"{model.name:50s} FAILED: {problem}")
        failed += verdict != "ok"
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
