#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""COCO average precision: |ours - pycocotools'| <= 1e-9 of all six figures, over random cases.

    coco_ap.py COCO_AP [CASES]

Cases differ in numbers of images, classes and boxes, in how well boxes are found, in crowds, in ties of scores, and in
more detections of a class than count; some have no detections or no true boxes at all.
"""

import contextlib
import io
import json
import pathlib
import subprocess
import sys
import tempfile

from judge import numpy, skip

try:
    from pycocotools.coco import COCO
    from pycocotools.cocoeval import COCOeval
except ImportError as missing:
    skip(f"{missing}; set QUANTOSCOPE_PYTHON to a Python with pycocotools")

LIMIT = 1e-9
FIGURES = ["AP", "AP50", "AP75", "small", "medium", "large"]


def box(random: "numpy.random.Generator", grid: bool) -> "numpy.ndarray":
    """Corners in float32; on a grid of whole pixels, where sizes are those that bound COCO's areas, IoUs tie."""
    if grid:
        size = random.choice([8, 16, 32, 64, 96, 128], 2)
        corner = random.integers(0, 40, 2) * 4
    else:
        size = numpy.exp(random.uniform(numpy.log(4), numpy.log(300), 2))
        corner = random.uniform(0, 300, 2)
    return numpy.concatenate([corner, corner + size]).astype(numpy.float32)


def case(random: "numpy.random.Generator") -> list[dict]:
    """Images of one set, as coco_ap_tool.cpp reads them."""
    classes = int(random.choice([1, 2, 5, 80]))
    most_true = int(random.choice([1, 4, 12]))
    noise = float(random.choice([0.0, 0.02, 0.1, 0.3]))
    many = random.random() < 0.1
    spurious = (150, 300) if many else (0, int(random.choice([0, 3, 20])))
    grid, ties = random.random() < 0.4, random.random() < 0.5
    crowds = float(random.choice([0, 0, 0.2, 0.2, 0.2, 1]))
    empty = random.random()  # below 0.05: nothing found; below 0.1: nothing true
    if many:
        classes = min(classes, 2)

    def score() -> float:
        value = random.integers(1, 6) / 5 if ties else random.random()
        return float(numpy.float32(value))

    images = []
    for _ in range(int(random.integers(1, 9))):
        found, truth = [], []
        for _ in range(int(random.integers(0, most_true + 1))):
            corners, category = box(random, grid), int(random.integers(classes))
            width, height = corners[2:].astype(float) - corners[:2]
            area = float(width * height * random.choice([1, 1, 0.6]))
            truth.append([*map(float, corners), category, area, int(random.random() < crowds)])
            for _ in range(int(random.choice([0, 1, 1, 1, 2]))):
                shift = numpy.float32(random.normal(0, 1, 4) * noise) * numpy.float32([width, height, width, height])
                moved = numpy.round(corners + shift) if grid else numpy.float32(corners + shift)
                if (moved[2:] <= moved[:2]).any():
                    continue
                other = int(random.integers(classes)) if random.random() < 0.1 else category
                found.append([*map(float, moved), other, score()])
        for _ in range(int(random.integers(spurious[0], spurious[1] + 1))):
            found.append([*map(float, box(random, grid)), int(random.integers(classes)), score()])
        random.shuffle(found)
        images.append({"found": [] if empty < 0.05 else found, "truth": [] if 0.05 <= empty < 0.1 else truth})
    return images


def reference(images: list[dict]) -> list[float | None]:
    """pycocotools' figures. Numbers are float32 and their differences exact, so both sides see the same boxes."""
    def bbox(row: list) -> list[float]:
        return [row[0], row[1], row[2] - row[0], row[3] - row[1]]

    # Identifiers from 1: a true box with identifier 0 counts as not matched there.
    annotations = [{"image_id": i, "category_id": row[4], "bbox": bbox(row), "area": row[5], "iscrowd": row[6]}
                   for i, image in enumerate(images) for row in image["truth"]]
    for number, one in enumerate(annotations, 1):
        one["id"] = number
    results = [{"image_id": i, "category_id": row[4], "bbox": bbox(row), "score": row[5]}
               for i, image in enumerate(images) for row in image["found"]]
    with contextlib.redirect_stdout(io.StringIO()):
        truth = COCO()
        truth.dataset = {"images": [{"id": i} for i in range(len(images))], "annotations": annotations,
                         "categories": [{"id": c} for c in range(80)]}
        truth.createIndex()
        found = truth.loadRes(results) if results else COCO()
        if not results:  # which loadRes does not take
            found.dataset = {**truth.dataset, "annotations": []}
            found.createIndex()
        evaluation = COCOeval(truth, found, "bbox")
        evaluation.evaluate()
        evaluation.accumulate()
        evaluation.summarize()
    return [None if value == -1 else float(value) for value in evaluation.stats[:6]]


def main() -> int:
    tool = sys.argv[1]
    random = numpy.random.default_rng(0)
    cases = [case(random) for _ in range(int(sys.argv[2]) if len(sys.argv) > 2 else 300)]
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder, "cases.json")
        path.write_text(json.dumps(cases))
        run = subprocess.run([tool, path], capture_output=True, text=True)
    if run.returncode:
        print("FAILED:", run.stderr.strip() or f"exit code {run.returncode}")
        return 1
    failed, largest, compared = 0, 0.0, [0] * len(FIGURES)
    for number, (images, ours) in enumerate(zip(cases, json.loads(run.stdout), strict=True)):
        for at, (name, mine, theirs) in enumerate(zip(FIGURES, ours, reference(images), strict=True)):
            error = abs(mine - theirs) if mine is not None and theirs is not None else float(mine is not theirs)
            largest = max(largest, error)
            compared[at] += theirs is not None
            if error > LIMIT:
                failed += 1
                print(f"case {number}: {name} is {mine}, pycocotools' {theirs}")
    print(f"{len(cases)} cases, largest difference {largest:.1e}; with a figure:",
          ", ".join(f"{name} {count}" for name, count in zip(FIGURES, compared, strict=True)))
    crowds = sum(any(row[6] for image in images for row in image["truth"]) for images in cases)
    crowded = sum(any(sum(row[4] == c for row in image["found"]) > 100 for image in images for c in (0, 1))
                  for images in cases)
    ties = sum(len(scores) > len(set(scores)) for scores in
               ([row[5] for image in images for row in image["found"]] for images in cases))
    nothing = sum(not any(image["found"] for image in images) for images in cases)
    print(f"with crowds {crowds}, more than 100 of a class {crowded}, ties {ties}, no detections {nothing}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
