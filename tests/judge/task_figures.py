#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Figures of tasks and what is read of detectors, beside numpy: |ours - numpy's| <= 1e-5 of each figure.

    task_figures.py TASK_FIGURES [CASES]

Written from the definitions, not from the engine: mIoU by a confusion matrix, CTC by itertools.groupby, edit distances by a whole
table, k-NN and zero-shot by products of matrices, abs-rel, RMSE and δ1 by masks, average precision by sorting; boxes by decoding
what a synthetic detector wrote down in every form in which detectors write (fractions or pixels, centres or corners, logits or
probabilities, with and without a class of nothing, one output or several in any order).
"""

import itertools
import json
import pathlib
import subprocess
import sys
import tempfile

from judge import numpy

LIMIT = 1e-5


def case(task: str, outputs: list, reference, rows, truths: list, size: tuple = (64, 64), **more) -> dict:
    return {"task": task, "outputs": outputs, "height": size[0], "width": size[1], "truths": truths,
            "reference": [numpy.asarray(row, numpy.float32).ravel().tolist() for row in reference],
            "rows": [numpy.asarray(row, numpy.float32).ravel().tolist() for row in rows], **more}


def single(values) -> "numpy.ndarray":
    """As the engine has it."""
    return numpy.asarray(values, numpy.float32).astype(numpy.float64)


def segmentation(random) -> tuple:
    images, classes, height, width = int(random.integers(1, 6)), int(random.integers(2, 9)), int(random.integers(16, 24)), 20
    before = random.normal(size=(images, classes, height, width))
    now = before + random.normal(size=before.shape) * random.choice([0, 0.3, 2])
    masks = random.integers(0, classes, (images, height, width))
    masks[random.random(masks.shape) < 0.1] = 255

    def iou(wanted, found) -> float:
        table = numpy.zeros((classes, classes))
        known = wanted < classes
        numpy.add.at(table, (wanted[known], found[known]), 1)
        union = table.sum(0) + table.sum(1) - numpy.diag(table)
        return float((numpy.diag(table)[union > 0] / union[union > 0]).mean())

    was, found = single(before).argmax(1), single(now).argmax(1)
    known = masks != 255
    want = {"miou": iou(masks, found), "float_miou": iou(masks, was), "miou_to_float": iou(was, found),
            "pixel_accuracy": float((found == masks)[known].mean()), "pixel_agreement": float((found == was).mean())}
    truths = [{"mask": [height, width, mask.ravel().tolist()]} for mask in masks]
    return case("segmentation", [["logits", [classes, height, width]]], before, now, truths), want


def dense(random) -> tuple:
    images, height, width = int(random.integers(1, 6)), 12, 16
    before = random.uniform(0.5, 9, (images, height, width))
    now = before * random.uniform(0.7, 1.4, before.shape)
    truth = random.uniform(0.5, 9, before.shape)
    truth[random.random(truth.shape) < 0.2] = numpy.nan
    truth[:, 0, 0] = 0  # not known either
    t, z, r = single(truth), single(now), single(before)
    rows = []
    for image in range(images):
        known = numpy.nan_to_num(t[image]) > 0
        a, b, c = z[image][known], t[image][known], r[image][known]
        error = numpy.abs(z[image] - r[image])
        rows.append([(numpy.abs(a - b) / b).mean(), numpy.sqrt(((a - b) ** 2).mean()), (numpy.maximum(a / b, b / a) < 1.25).mean(),
                     (numpy.abs(c - b) / b).mean(), 10 * numpy.log10(numpy.ptp(r[image]) ** 2 / (error ** 2).mean()),
                     error.sum() / numpy.abs(r[image]).sum()])
    keys = ["abs_rel", "rmse", "delta1", "float_abs_rel", "psnr_to_float", "relative_difference"]
    want = dict(zip(keys, numpy.mean(rows, 0).tolist()))
    truths = [{"map": [height, width, [None if numpy.isnan(v) else float(v) for v in image.ravel()]]} for image in truth]
    return case("dense", [["depth", [1, height, width]]], before, now, truths, (48, 64)), want


def edits(a, b) -> int:
    table = numpy.zeros((len(a) + 1, len(b) + 1), int)
    table[:, 0], table[0] = range(len(a) + 1), range(len(b) + 1)
    for i, j in itertools.product(range(len(a)), range(len(b))):
        table[i + 1, j + 1] = min(table[i, j + 1] + 1, table[i + 1, j] + 1, table[i, j] + (a[i] != b[j]))
    return int(table[-1, -1])


def text(random) -> tuple:
    images, positions, classes = int(random.integers(1, 7)), int(random.integers(4, 14)), 12
    characters = ["", *"abcdé漢𝄞xyz", " "][:classes]
    by_position, last = bool(random.random() < 0.4), bool(random.random() < 0.5)
    special = classes - 1 if last else 0
    names = characters if not last else [*characters[1:], ""]
    before = random.normal(size=(images, positions, classes))
    before[:, :, special] += random.choice([0, 1.5])
    before[:, 1] = before[:, 0]  # a repeat
    now = before + random.normal(size=before.shape) * random.choice([0, 0.5, 2])

    def read(scores) -> list:
        best = single(scores).argmax(-1).tolist()
        if by_position:
            return list(itertools.takewhile(lambda one: one != special, best))
        return [key for key, _ in itertools.groupby(best) if key != special]

    words = ["".join(random.choice([*"abcdé漢 "], int(random.integers(1, 8)))) for _ in range(images)]
    was, found = [read(row) for row in before], [read(row) for row in now]

    def error(pairs) -> float:
        pairs = list(pairs)
        return sum(edits(a, b) for a, b in pairs) / sum(len(a) for a, _ in pairs)

    spelled = ["".join(names[one] for one in row) for row in found]
    want = {"character_error": error(zip(words, spelled)), "right_strings": numpy.mean([a == b for a, b in zip(words, spelled)]),
            "equal_strings": numpy.mean([a == b for a, b in zip(was, found)])}
    if any(was):
        want["character_error_to_float"] = error(zip(was, found))
    options = {"reading": "positions" if by_position else "ctc", "special": "last" if last else "first"}
    return case("text", [["logits", [positions, classes]]], before, now, [{"text": word} for word in words], (48, 320),
                characters=names, options=options), want


def features(random) -> tuple:
    images, tokens, length, classes = int(random.integers(2, 40)), int(random.choice([1, 5])), 24, 4
    first = bool(random.random() < 0.5)
    labels = random.integers(0, classes, images)
    centres = random.normal(size=(classes, length))
    before = centres[labels][:, None] + random.normal(size=(images, tokens, length)) * 1.5
    now = before + random.normal(size=before.shape) * random.choice([0.1, 1])
    texts = random.normal(size=(classes, length))
    known = random.random(images) < 0.8

    def unit(x):
        return x / numpy.linalg.norm(x, axis=-1, keepdims=True)

    def pooled(x):
        return unit(single(x)[:, 0] if first or tokens == 1 else single(x).mean(1))

    was, found = pooled(before), pooled(now)

    def order(vectors):
        cosines = vectors @ vectors.T
        numpy.fill_diagonal(cosines, -9)
        return numpy.argsort(-cosines, 1, kind="stable")[:, : images - 1]

    def votes(vectors) -> list:
        right = []
        for image in numpy.flatnonzero(known):
            near = [labels[i] for i in order(vectors)[image, :10] if known[i]]
            if near:
                counts = {label: near.count(label) for label in near}
                most = max(counts.values())
                right.append(next(label for label in near if counts[label] == most) == labels[image])
        return right

    shot, float_shot = (unit(single(texts)) @ found.T).argmax(0), (unit(single(texts)) @ was.T).argmax(0)
    want = {"cosine": float((unit(single(before)) * unit(single(now))).sum(-1).mean()),
            "neighbour_agreement": float((order(was)[:, 0] == order(found)[:, 0]).mean()),
            "zero_shot_agreement": float((shot == float_shot).mean())}
    if known.any():
        want["zero_shot_top1"] = float((shot == labels)[known].mean())
        if votes(found):
            want["knn_top1"], want["float_knn_top1"] = float(numpy.mean(votes(found))), float(numpy.mean(votes(was)))
    truths = [{"class": int(label)} if one else None for label, one in zip(labels, known)]
    shape = [tokens, length] if tokens > 1 else [length]
    return case("features", [["last_hidden_state", shape]], before, now, truths, text_features=single(texts).tolist(),
                options={"pool": "first" if first else "mean"}), want


def multi_label(random) -> tuple:
    images, classes = int(random.integers(3, 30)), 6
    before = random.normal(size=(images, classes)) * 2
    now = before + random.normal(size=before.shape)
    true = random.random((images, classes)) < 0.3
    true[:, 5] = False  # a class that nobody has

    def precision(scores, right) -> float:
        found = right[numpy.argsort(-scores, kind="stable")]
        return float((numpy.cumsum(found) / numpy.arange(1, len(found) + 1))[found].mean())

    kept = [c for c in range(classes) if true[:, c].any()]
    if not kept:
        return multi_label(random)
    want = {"map": numpy.mean([precision(single(now)[:, c], true[:, c]) for c in kept])}
    truths = [{"classes": numpy.flatnonzero(row).tolist()} for row in true]
    return case("multi-label", [["logits", [classes]]], before, now, truths), want


def suppressed(boxes, scores, categories) -> list:
    """By class, greedily, at an IoU of 0.7."""
    kept = []
    for i in numpy.argsort(-scores, kind="stable"):
        x0, y0, x1, y1 = boxes[i]
        for j in kept:
            if categories[j] != categories[i]:
                continue
            a0, b0, a1, b1 = boxes[j]
            both = max(0, min(x1, a1) - max(x0, a0)) * max(0, min(y1, b1) - max(y0, b0))
            if both / ((x1 - x0) * (y1 - y0) + (a1 - a0) * (b1 - b0) - both) > 0.7:
                break
        else:
            kept.append(i)
    return kept


FORMS = ["detr", "detr-probabilities", "rtdetr", "rtdetr-corners", "columns", "rows", "rows-plain", "columns-logits", "parts",
         "final", "final-fractions", "lists", "lists-unnamed", "lists-tensorflow", "lists-counted"]


def detection(random, form: str) -> tuple:
    """What a detector found, written down in one form; what is read must be it."""
    height, width, classes = 64, 96, 5
    anchors = 8 * 12 + 4 * 6 + 2 * 3
    count = {"detr": 30, "rtdetr": 40, "final": 20, "lists": 20}.get(form.split("-")[0], anchors)
    size = random.uniform(4, 40, (count, 2))
    centre = numpy.stack([random.uniform(0.2, 0.8, count) * width, random.uniform(0.2, 0.8, count) * height], 1)
    corners = numpy.concatenate([centre - size / 2, centre + size / 2], 1)
    if form == "rtdetr-corners":  # wide and low: as centres they would leave the picture
        corners[:, 2] = width * random.uniform(0.8, 0.99, count)
    scale = numpy.array([width, height, width, height], float)
    both = numpy.concatenate([(corners[:, :2] + corners[:, 2:]) / 2, corners[:, 2:] - corners[:, :2]], 1)
    probabilities = random.uniform(0.002, 0.3, (count, classes))
    probabilities[numpy.arange(count), random.integers(0, classes, count)] = random.uniform(0.4, 0.9, count)
    logits = numpy.log(probabilities / (1 - probabilities))
    categories, best = probabilities.argmax(1), probabilities.max(1)
    found, more = [], {}
    each = [(corners[i], c, probabilities[i, c]) for i in range(count) for c in range(classes)]
    if form in ("detr", "detr-probabilities"):
        nothing = numpy.where(random.random(count) < 0.6, random.uniform(4, 6, count), -3.0)
        scores = numpy.concatenate([random.normal(size=(count, classes)), nothing[:, None]], 1)
        share = numpy.exp(scores) / numpy.exp(scores).sum(1, keepdims=True)
        found = [(corners[i], share[i, :classes].argmax(), share[i, :classes].max()) for i in range(count)]
        outputs = [["logits", [count, classes + 1]], ["pred_boxes", [count, 4]]]
        row = [share if form == "detr-probabilities" else scores, both / scale]
    elif form.startswith("rtdetr"):
        found = each
        outputs = [["a", [count, 4]], ["b", [count, classes]]]
        row = [(corners if form == "rtdetr-corners" else both) / scale, logits]
    elif form in ("columns", "rows", "rows-plain", "columns-logits", "parts"):
        objectness = random.uniform(0.5, 1, count)
        if form == "rows":
            each = [(corners[i], c, probabilities[i, c] * objectness[i]) for i in range(count) for c in range(classes)]
        boxes, c, s = (numpy.array([one[k] for one in each]) for k in range(3))
        found = [each[i] for i in suppressed(boxes, s, c)]
        values = logits if form == "columns-logits" else probabilities
        if form == "parts":
            outputs, row = [["boxes", [anchors, 4]], ["scores", [anchors, classes]]], [corners, probabilities]
            more["options"] = {"boxes": "corners"}
        elif form.startswith("rows"):
            middle = [objectness[:, None]] if form == "rows" else []
            table = numpy.concatenate([both, *middle, values], 1)
            outputs, row = [["output0", list(table.shape)]], [table]
            more["options"] = {"objectness": "yes" if form == "rows" else "no"}
        else:
            table = numpy.concatenate([both, values], 1).T
            outputs, row = [["output0", list(table.shape)]], [table]
    else:
        number = int(random.integers(5, count))
        best[number:] = 0
        found = [(corners[i], categories[i], best[i]) for i in range(number)]
        units = corners / scale if form in ("final-fractions", "lists-tensorflow") else corners
        if form.startswith("final"):
            table = numpy.concatenate([units, best[:, None], categories[:, None]], 1)
            outputs, row = [["output0", [count, 6]]], [table]
        else:
            names = {"lists-unnamed": ("x", "y", "z"), "lists-tensorflow": ("detection_boxes", "detection_scores", "detection_classes")}
            names = names.get(form, ("boxes", "scores", "labels"))
            if form == "lists-tensorflow":
                units = units[:, [1, 0, 3, 2]]
            if form == "lists-counted":
                best[number:] = 0.95  # left over from another image
            parts = [([names[0], [count, 4]], units), ([names[1], [count]], best), ([names[2], [count]], categories)]
            if form == "lists-counted":
                parts.append((["num_detections", [1]], numpy.array([number])))
            order = random.permutation(len(parts))
            outputs, row = [parts[i][0] for i in order], [parts[i][1] for i in order]
    found = sorted((one for one in found if one[2] > 0.001), key=lambda one: -one[2])[:300]
    line = numpy.concatenate([numpy.asarray(part, float).ravel() for part in row])
    return case("detection", outputs, [line], [line], [None], (height, width), **more), found


def close(ours: list, found: list) -> bool:
    wanted = numpy.array([[*box, category, score] for box, category, score in found]).reshape(-1, 6)
    return len(ours) == len(wanted) and bool(numpy.allclose(numpy.array(ours).reshape(-1, 6), wanted, atol=2e-3, rtol=1e-4))


def main() -> int:
    tool, *rest = sys.argv[1:]
    random = numpy.random.default_rng(5)
    makers = [segmentation, dense, text, features, multi_label]
    cases = [maker(random) for _ in range(int(rest[0]) if rest else 30) for maker in makers]
    detectors = [(form, *detection(random, form)) for form in FORMS for _ in range(6)]
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder, "cases.json")
        path.write_text(json.dumps([one for one, _ in cases] + [one for _, one, _ in detectors]))
        done = subprocess.run([tool, path], capture_output=True, text=True)
    if done.returncode:
        print(done.stderr)
        return 1
    results, failed, worst = json.loads(done.stdout), 0, {}
    for (one, want), result in zip(cases, results):
        for key, value in want.items():
            ours = result.get("figures", {}).get(key)
            error = abs(ours - value) / max(1, abs(value)) if isinstance(ours, float | int) else float("inf")
            error = 0 if ours == "inf" and value == float("inf") else error
            worst[key] = max(worst.get(key, 0), error)
            if not error <= LIMIT:
                failed += 1
                print(f"{one['task']} {key}: {ours} instead of {value} {result.get('error', '')}")
    for (form, _, found), result in zip(detectors, results[len(cases):]):
        if "error" in result or not close(result["detections"][0], found):
            failed += 1
            print(f"{form}: {result.get('error') or 'other boxes'}: {result.get('detections', [[]])[0][:2]} for {found[:2]}")
    for key, error in worst.items():
        print(f"{key:26s} {error:.1e}")
    print(f"{len(cases)} cases, {len(detectors)} detectors in {len(FORMS)} forms, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
