#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Renders the labelled images of the demo: a patterned thing in a cluttered scene, 64x64, twelve patterns.

    render_images.py                      writes images/calib (64), images/test (360) and masks/test beside this script
    render_images.py --sheet sheet.png    also a contact sheet of the first test images, twelve in a row

The class is the pattern. Everything else varies and means nothing: the outline (disc, square, triangle, star), colours,
position, size, rotation, proportions, period and angle of the pattern, background, clutter, occlusion, light, blur, noise.
Image number i of a split depends on (seed of the split, i) alone; its class is i modulo twelve, so every prefix of a split
is balanced. The mask of an image says for each pixel what is seen there: 0 the background or clutter, 1 + class the thing.
Needs numpy and Pillow.
"""

import argparse
import io
import pathlib
from typing import NamedTuple

import numpy
from PIL import Image

SIZE = 64  # pixels, width and height
SHAPES = ("disc", "square", "triangle", "star")
CLASSES = ("plain", "striped", "pinstriped", "dashed", "checked", "gridded", "bricked", "dotted", "ringed", "crossed", "waved",
           "blotched")
SPLIT_SEEDS = {"calib": 101, "test": 202, "train": 303, "validation": 404}
STORED = {"calib": 64, "test": 360}
JPEG = {"quality": 90, "subsampling": 0}  # 4:4:4: decoders then agree to the last bit but for their DCT

_ROWS, _COLUMNS = numpy.mgrid[0:SIZE, 0:SIZE].astype(numpy.float32)


def _rotated(centre_x, centre_y, angle, scale_x, scale_y):
    """Coordinates of every pixel in a frame that is moved, turned and scaled."""
    x, y = _COLUMNS - centre_x, _ROWS - centre_y
    cosine, sine = numpy.cos(angle), numpy.sin(angle)
    return (cosine * x + sine * y) / scale_x, (cosine * y - sine * x) / scale_y


def _shape_distance(shape, u, v):
    """Signed distance to the outline in units of the shape's radius, negative inside."""
    if shape == "disc":
        return numpy.hypot(u, v) - 0.9
    if shape == "square":
        return numpy.maximum(numpy.abs(u), numpy.abs(v)) - 0.8
    if shape == "triangle":
        side = 0.8660254 * numpy.abs(u) + 0.5 * v
        return numpy.maximum(side, -v) - 0.55
    # five-pointed star: one edge, from the inner corner on the axis to the outer corner, mirrored ten times
    sector = numpy.pi / 5
    angle = numpy.abs(numpy.mod(numpy.arctan2(v, u), 2 * sector) - sector)
    radius = numpy.hypot(u, v)
    inner, outer_x, outer_y = 0.5, 1.1 * numpy.cos(sector), 1.1 * numpy.sin(sector)
    edge_x, edge_y = outer_x - inner, outer_y
    across = (radius * numpy.cos(angle) - inner) * edge_y - radius * numpy.sin(angle) * edge_x
    return across / numpy.hypot(edge_x, edge_y)


def _from_line(t):
    """Distance to the nearest of the lines t = ..., -1, 0, 1, ..."""
    return numpy.abs(t - numpy.rint(t))


def _marks_distance(rng, pattern, u, v):
    """How far inside the marks of the pattern (negative: outside), in units of its period."""
    x, y = _from_line(u), _from_line(v)
    if pattern == "plain":
        return numpy.full_like(u, -1)
    if pattern == "striped":
        return 0.25 - x
    if pattern == "pinstriped":
        return 0.11 - x
    if pattern == "dashed":
        return numpy.minimum(0.13 - x, 0.3 - _from_line(0.7 * v + 0.5 * numpy.mod(numpy.rint(u), 2)))
    if pattern == "checked":
        return 5 * (0.25 - x) * (0.25 - y)
    if pattern == "gridded":
        return 0.1 - numpy.minimum(x, y)
    if pattern == "bricked":
        joint = _from_line(0.6 * u + 0.5 * numpy.mod(numpy.floor(v), 2)) / 0.6
        return 0.1 - numpy.minimum(y, joint)
    if pattern == "dotted":
        return 0.27 - numpy.hypot(x, y)
    if pattern == "ringed":
        return 0.09 - numpy.abs(numpy.hypot(x, y) - 0.32)
    if pattern == "crossed":
        return numpy.maximum(numpy.minimum(0.1 - x, 0.36 - y), numpy.minimum(0.36 - x, 0.1 - y))
    if pattern == "waved":
        return 0.2 - _from_line(u + 0.3 * numpy.sin(4.4 * v))
    return 1.5 * (_smooth_noise(rng, int(rng.integers(10, 15))) - 0.5)  # blotched


def _marks(rng, pattern):
    """Weight of the marks on the ground of the pattern, per pixel, 0..1."""
    period = rng.uniform(8.0, 12.0)
    u, v = _rotated(*rng.uniform(0, SIZE, 2), rng.uniform(-0.7, 0.7), period, period)
    return numpy.clip(0.5 + _marks_distance(rng, pattern, u, v) * period, 0, 1)


def _blend(canvas, coverage, colour):
    canvas += coverage[..., None] * (colour - canvas)


def _smooth_noise(rng, cells):
    """Random values on a coarse grid, interpolated to the image."""
    coarse = rng.random((cells, cells), dtype=numpy.float32)
    return numpy.asarray(Image.fromarray(coarse).resize((SIZE, SIZE), Image.Resampling.BICUBIC))


def _background(rng):
    direction = rng.uniform(0, 2 * numpy.pi)
    ramp = 0.5 + (numpy.cos(direction) * (_COLUMNS - 32) + numpy.sin(direction) * (_ROWS - 32)) / 90
    mix = numpy.clip(ramp + rng.uniform(0, 0.8) * (_smooth_noise(rng, int(rng.integers(4, 12))) - 0.5), 0, 1)
    first, second = rng.random((2, 3), dtype=numpy.float32)
    return first + mix[..., None] * (second - first)


def _clutter(rng, canvas, count):
    """Blots and strokes: ellipses, short to long, thin to thick. Returns how much of each pixel is left uncovered."""
    left = numpy.ones((SIZE, SIZE), numpy.float32)
    for _ in range(count):
        long, thin = rng.uniform(2, 16), rng.uniform(1.2, 4)
        u, v = _rotated(rng.uniform(0, SIZE), rng.uniform(0, SIZE), rng.uniform(0, numpy.pi), long, thin)
        coverage = numpy.clip((1 - numpy.hypot(u, v)) * thin + 0.5, 0, 1)
        _blend(canvas, coverage, rng.random(3, dtype=numpy.float32))
        left *= 1 - coverage
    return left


def _object(rng, canvas, pattern):
    """Draws the object; returns how much of each pixel it covers."""
    shape, radius = SHAPES[int(rng.integers(len(SHAPES)))], rng.uniform(20, 29)
    stretch = numpy.sqrt(rng.uniform(0.8, 1.25))
    margin = 0.8 * radius
    centre = rng.uniform(margin, SIZE - margin, 2)
    u, v = _rotated(*centre, rng.uniform(-0.5, 0.5), radius * stretch, radius / stretch)
    coverage = numpy.clip(0.5 - _shape_distance(shape, u, v) * radius, 0, 1)

    # A light ground with dark marks; neither the same as what lies below.
    below = (canvas * coverage[..., None]).sum((0, 1)) / coverage.sum()
    for _ in range(20):
        ground, marks = 1 - 0.6 * rng.random(3, dtype=numpy.float32), 0.5 * rng.random(3, dtype=numpy.float32)
        if numpy.abs(ground - marks).sum() > 1.0 and numpy.abs((ground + marks) / 2 - below).sum() > 0.4:
            break
    weight = _marks(rng, pattern)[..., None]
    _blend(canvas, coverage, ground + weight * (marks - ground))
    return coverage


def _light(rng, canvas):
    direction = rng.uniform(0, 2 * numpy.pi)
    ramp = (numpy.cos(direction) * (_COLUMNS - 32) + numpy.sin(direction) * (_ROWS - 32)) / 45
    canvas *= (rng.uniform(0.7, 1.1) * (1 + rng.uniform(0, 0.45) * ramp))[..., None]


def _blur(canvas, amount):
    """Binomial blur, `amount` 0..1 of the kernel (1, 2, 1)/4 in both directions."""
    side = amount / 4
    for axis in (0, 1):
        pad = [(1, 1) if a == axis else (0, 0) for a in range(3)]
        wide = numpy.pad(canvas, pad, mode="edge")
        low = wide[:-2] if axis == 0 else wide[:, :-2]
        high = wide[2:] if axis == 0 else wide[:, 2:]
        canvas = (1 - 2 * side) * canvas + side * (low + high)
    return canvas


class Rendered(NamedTuple):
    image: Image.Image      # before compression
    label: int              # class of the thing
    coverage: numpy.ndarray  # the thing's share of each pixel, with what lies behind clutter
    mask: numpy.ndarray     # uint8: 1 + class where the thing is seen in at least half of the pixel, else 0


def render(seed: int, index: int) -> Rendered:
    """Image number `index` of the split with this seed."""
    rng = numpy.random.default_rng([seed, index])
    label = index % len(CLASSES)
    canvas = _background(rng)
    _clutter(rng, canvas, int(rng.integers(2, 7)))
    coverage = _object(rng, canvas, CLASSES[label])
    seen = coverage * _clutter(rng, canvas, int(rng.integers(0, 4)))
    _light(rng, canvas)
    canvas = _blur(canvas, rng.uniform(0, 1))
    canvas = canvas + rng.uniform(0.005, 0.03) * rng.standard_normal(canvas.shape, dtype=numpy.float32)
    image = Image.fromarray(numpy.rint(numpy.clip(canvas, 0, 1) * 255).astype(numpy.uint8))
    return Rendered(image, label, coverage, numpy.where(seen >= 0.5, 1 + label, 0).astype(numpy.uint8))


def encode(image: Image.Image) -> bytes:
    stream = io.BytesIO()
    image.save(stream, "JPEG", **JPEG)
    return stream.getvalue()


def decoded(image: Image.Image) -> numpy.ndarray:
    """The image as it is after compression, uint8 [64, 64, 3]."""
    return numpy.asarray(Image.open(io.BytesIO(encode(image))))


def render_decoded(seed: int, first: int, count: int, patch: int) -> tuple[numpy.ndarray, numpy.ndarray, numpy.ndarray]:
    """What a classifier is trained on: images [count, 64, 64, 3] as they are after compression, their classes, and the
    object's share of each patch, [count, 64 / patch, 64 / patch], 0..1."""
    side = SIZE // patch
    pixels = numpy.empty((count, SIZE, SIZE, 3), numpy.uint8)
    labels = numpy.empty(count, numpy.int64)
    shares = numpy.empty((count, side, side), numpy.float32)
    for i in range(count):
        image, labels[i], coverage, _ = render(seed, first + i)
        pixels[i] = decoded(image)
        shares[i] = coverage.reshape(side, patch, side, patch).mean((1, 3))
    return pixels, labels, shares


def render_masked(seed: int, first: int, count: int) -> tuple[numpy.ndarray, numpy.ndarray]:
    """What a segmenter is trained on: images [count, 64, 64, 3] as they are after compression, their masks [count, 64, 64]."""
    rendered = [render(seed, first + i) for i in range(count)]
    return numpy.stack([decoded(r.image) for r in rendered]), numpy.stack([r.mask for r in rendered])


def write_split(folder: pathlib.Path, seed: int, count: int) -> int:
    """Writes the images, labels.csv and classes.txt of a split; returns the number of bytes."""
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("*.jpg"):
        old.unlink()
    rows, size = ["file,class_index,class_name"], 0
    for i in range(count):
        image, label, _, _ = render(seed, i)
        data = encode(image)
        name = f"{i:04d}.jpg"
        (folder / name).write_bytes(data)
        rows.append(f"{name},{label},{CLASSES[label]}")
        size += len(data)
    (folder / "labels.csv").write_text("\n".join(rows) + "\n")
    (folder / "classes.txt").write_text("\n".join(CLASSES) + "\n")
    return size


def write_masks(folder: pathlib.Path, seed: int, count: int) -> int:
    """Writes the masks of a split as PNGs of one channel and their classes.txt; returns the number of bytes."""
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("*.png"):
        old.unlink()
    size = 0
    for i in range(count):
        path = folder / f"{i:04d}.png"
        Image.fromarray(render(seed, i).mask).save(path, optimize=True)
        size += path.stat().st_size
    (folder / "classes.txt").write_text("\n".join(("background", *CLASSES)) + "\n")
    return size


def write_sheet(path: pathlib.Path, seed: int, rows: int = 10) -> None:
    columns = len(CLASSES)
    sheet = Image.new("RGB", (columns * (SIZE + 2), rows * (SIZE + 2)), "white")
    for i in range(rows * columns):
        sheet.paste(render(seed, i).image, (i % columns * (SIZE + 2), i // columns * (SIZE + 2)))
    sheet.save(path)


def main() -> None:
    here = pathlib.Path(__file__).resolve().parent
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("-o", "--output", type=pathlib.Path, default=here, help="folder of images and masks (default: this script's)")
    parser.add_argument("--sheet", type=pathlib.Path, help="contact sheet of the first 120 test images")
    options = parser.parse_args()
    for split, count in STORED.items():
        folder = options.output / "images" / split
        size = write_split(folder, SPLIT_SEEDS[split], count)
        print(f"{folder}: {count} images, {size / 1e6:.2f} MB")
    masks = options.output / "masks" / "test"
    size = write_masks(masks, SPLIT_SEEDS["test"], STORED["test"])
    print(f"{masks}: {STORED['test']} masks, {size / 1e6:.2f} MB")
    if options.sheet:
        write_sheet(options.sheet, SPLIT_SEEDS["test"])


if __name__ == "__main__":
    main()
