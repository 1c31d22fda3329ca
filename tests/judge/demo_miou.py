"""The segmentation demo's mIoU as numpy, Pillow and ONNX Runtime find it.

    demo_miou.py DEMO-FOLDER OUTPUT-FOLDER

DEMO-FOLDER: resources/demo. OUTPUT-FOLDER: what `quantoscope-cli demo --task segmentation` wrote. The mIoU of the float file
must be that of results.json within 0.1 points; that of the exported file within 1.5 points of its line's (a quantized network
amplifies last-bit differences), with the same class as the float network's in a share of the pixels that is within 1 point.

Exit status: 0 passed, 1 failed, 77 no onnxruntime here.
"""

import json
import pathlib
import sys

try:
    import numpy as np
    import onnxruntime as ort
    from PIL import Image
except ImportError as error:
    print(f"SKIP: {error}")
    sys.exit(77)

MEAN, STDDEV = np.float32([0.485, 0.456, 0.406]), np.float32([0.229, 0.224, 0.225])
demo, output = (pathlib.Path(argument) for argument in sys.argv[1:3])


def pixels(path):
    image = np.asarray(Image.open(path).convert("RGB"), np.float32) / 255
    return ((image - MEAN) / STDDEV).transpose(2, 0, 1)[None]


def classes(model, images):
    session = ort.InferenceSession(str(model), providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name
    return np.stack([session.run(None, {name: pixels(path)})[0][0].argmax(0) for path in images])


def mean_iou(found, masks):
    """Mean over the classes that occur of |found and true| / |found or true|."""
    shares = []
    for category in range(max(found.max(), masks.max()) + 1):
        union = ((found == category) | (masks == category)).sum()
        if union:
            shares.append(((found == category) & (masks == category)).sum() / union)
    return float(np.mean(shares))


images = sorted((demo / "images" / "test").glob("*.jpg"))
masks = np.stack([np.asarray(Image.open(demo / "masks" / "test" / f"{path.stem}.png")) for path in images])
lines = json.loads((output / "results.json").read_text())["evaluations"]
floats, exported = next(line for line in lines if line["float"]), lines[-1]
before = classes(demo / "demo_segformer.onnx", images)
(quantized,) = output.glob("demo_segformer_*.onnx")
after = classes(quantized, images)
failed = False
for what, found, said, tolerance in (
        ("mIoU of the float file", mean_iou(before, masks), floats["headline"]["value"], 0.001),
        ("mIoU of the exported file", mean_iou(after, masks), exported["headline"]["value"], 0.015),
        ("pixels as in float", float((before == after).mean()), exported["figures"][-1]["value"], 0.01)):
    passed = abs(found - said) <= tolerance
    failed |= not passed
    print(f"{what}: {found:.4f}, the engine says {said:.4f}{'' if passed else ': FAILED'}")
sys.exit(1 if failed else 0)
