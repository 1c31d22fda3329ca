"""Makes what corpus_project was chosen from: a session of each version, results, a comparison and searches, whole, cut,
and with each value in turn replaced by one of another type. Always the same files, named by their content.

    python tests/fuzz/make_project_corpus.py FOLDER
"""
import copy
import hashlib
import json
import pathlib
import sys

RECIPE = {"format": "quantoscope-recipe", "version": 1, "overrides": {"a": {"bits": 4}}, "locked": ["b"]}
FIGURES = {
    "images": 10, "labelled": 9, "top1": 0.5, "float_top1": 0.75, "scores": True, "agreement": 0.5,
    "logit_sqnr_db": None, "kl_divergence": 0.25, "mean_weight_bits": 8, "model_bytes": 1000, "float": False,
    "coverage": "full", "preset": "minmax", "threads": 2,
    "doubts": [{"kind": "labels", "message": "m", "cure": "c", "evidence": {"n": 1}}],
}
ORIGIN = {"count": 3, "model": "a", "images": "b", "labels": "c", "preprocess": "d", "calibration": "e", "recipe": "f"}
ROW = {
    "key": "k", "method": "minmax", "calibration": "", "calibration_images": 3, "weight_bits": 4,
    "activation_bits": 8, "coverage": "matmul", "failure": "", "agreement": 0.5, "kl_divergence": 0.25,
    "logit_sqnr_db": None, "mean_weight_bits": 4, "mean_activation_bits": 8, "model_bytes": 100,
    "int8_mac_share": 0.5, "resolve_seconds": 1, "evaluate_seconds": 2, "recipe": RECIPE,
}
COMPARISON = {
    "format": "quantoscope-comparison", "version": 1, "model": "m", "model_hash": "a", "images": 10,
    "images_hash": "b", "float_top1": 0.75, "rows": [ROW],
}
SESSION = {
    "format": "quantoscope-session", "version": 2,
    "model": {"path": "/made/up/m.onnx", "relative": "m.onnx", "hash": "a"}, "image_size": [48, 64],
    "output": "logits", "calibration_images": {"path": "/made/up/c"}, "calibration_count": 3, "test_images": None,
    "label_offset": -1, "preprocess": {"resize": 71, "crop": [64, 64]},
    "calibration": {"path": "/made/up/s.qcal", "hash": "h"},
    "history": {"index": 0, "states": [{"text": "start", "recipe": RECIPE, "probe": FIGURES,
                                        "evaluation": {**FIGURES, "origin": ORIGIN}}]},
    "selection": ["a"], "window": "AAEC", "sensitivity": {"origin": ORIGIN, "sites": [["a", 0.5, None]]},
    "comparison": {"table": COMPARISON, "recipes": {"minmax": RECIPE}}, "search": {"steps": []}, "hybrid": {},
}
OLD = {key: value for key, value in SESSION.items() if key not in ("sensitivity", "image_size", "output")}
OLD = {**OLD, "version": 1, "calibration": {"path": "/made/up/s.qcal"}}
RESULTS = {
    "format": "quantoscope-results", "version": 1, "model": {"file": "m.onnx"}, "evaluations": [FIGURES],
    "sites": [{"site": "a", "role": "fc1", "bits": 4, "low": -1, "high": 1, "sqnr_db": 20, "clipped_share": 0}],
    "export": {"path": "q.onnx", "file_bytes": 10, "opset": 17, "int8_mac_share": 0.5,
               "nodes": [{"node": "n", "op": "MatMul", "precision": "int8", "reason": "", "macs": 1}],
               "verified": {"images": 3, "passed": True, "top1_agreement": 1,
                            "opinions": [{"judge": "j", "question": "q", "images": 3, "sqnr_db": 1}]}},
}
FIGURES_OF_STEP = [8, 4, 0.5, True, 1, 2, 7.5, 8, 1000, "nan"]
SEARCH = {
    "options": {"budget": {"mean_weight_bits": 5, "model_bytes": 900}, "mode": "lazy", "performance": "kl",
                "min_bits": 2, "images": 4},
    "recipe": RECIPE, "mode": "lazy", "units": ["blocks.0.fc1.input"], "start_bits": [8], "start": FIGURES_OF_STEP,
    "steps": [[0, *FIGURES_OF_STEP]], "fill_from": 1, "evaluations": 3, "seconds": 0.5, "cancelled": False,
    "met": True, "origin": ORIGIN, "loss": 0.25,
}
HYBRID = {
    "options": {"low": 0.5, "high": 1.2, "candidates": 2, "rounds": 1, "images": 4}, "start": RECIPE,
    "recipe": RECIPE, "evaluations": 3, "loss": 0.5, "seconds": [1, 2, 3], "origin": ORIGIN,
    "choices": [{"site": "blocks.0.fc1.input", "bridge": -1, "before": 1, "after": 0.5, "changed": True,
                 "scheme": "asymmetric", "granularity": "channel", "factor": 0.9,
                 "curves": [{"scheme": "symmetric", "granularity": "tensor", "errors": "0.5 0.25"}]}],
}
OTHERS = ["x", True, 17, -1e300, [1], {"a": 1}, None]


def places(value, path=()):
    """Paths of all values that hold others or are leaves, the whole document aside."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        yield path + (key,)
        yield from places(inner, path + (key,))


def replaced(document, path, other):
    made = copy.deepcopy(document)
    at = made
    for key in path[:-1]:
        at = at[key]
    at[path[-1]] = other
    return made


def main(folder):
    folder.mkdir(parents=True, exist_ok=True)
    texts = ["", "{", "[]", "null", "{}", "[" * 100 + "]" * 100, '{"evaluations":[],"evaluations":[]}',
             '{"evaluations":[],"export":{"verified":{"passed":"x"}}}', '{"evaluations":[],"export":{"verified":[]}}', '["\\ud800"]', "[1e999]", "[NaN]", "\ufeff{}"]
    for document in (SESSION, OLD, RESULTS, COMPARISON, FIGURES, SEARCH, HYBRID):
        whole = json.dumps(document)
        texts += [whole, whole[: len(whole) // 2]]
        for number, path in enumerate(places(document)):
            made = OTHERS[number % len(OTHERS)]  # one other type a place: enough to meet each reader with each
            texts.append(json.dumps(replaced(document, path, made)))
    for text in texts:
        data = text.encode()
        (folder / hashlib.sha256(data).hexdigest()[:12]).write_bytes(data)


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]))
