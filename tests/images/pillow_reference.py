#!/usr/bin/env python3
"""Reference results of Pillow for pillow_test.cpp.

usage: pillow_reference.py FOLDER

Each line of FOLDER/cases.txt is one of
  resize IN OUT WIDTH HEIGHT FILTER           FILTER: bilinear or bicubic
  eval   IN OUT RESIZE CROPH CROPW FILTER     RESIZE: shorter side, 0 for none
  decode IN OUT
IN and OUT are image files of the folder; OUT is written as PPM. `eval` repeats torchvision's Resize and CenterCrop with
Python's own int() and round().

`resize` runs the two passes one after the other, as Pillow up to 12 does inside; Pillow 13 takes the vertical one first
for some tall images (its pull request 9549), which moves single values by a grey level or two.
"""

import pathlib
import sys

from PIL import Image

FILTERS = {"bilinear": Image.Resampling.BILINEAR, "bicubic": Image.Resampling.BICUBIC}


def evaluation(image, size, crop_height, crop_width, resample):
    width, height = image.size
    if size:
        short, long = min(width, height), max(width, height)
        other = int(size * long / short)
        target = (size, other) if width <= height else (other, size)
        if target != image.size:
            image = image.resize(target, resample)
    width, height = image.size
    if crop_width > width or crop_height > height:
        left = (crop_width - width) // 2 if crop_width > width else 0
        top = (crop_height - height) // 2 if crop_height > height else 0
        padded = Image.new("RGB", (max(width, crop_width), max(height, crop_height)))
        padded.paste(image, (left, top))
        image = padded
        width, height = image.size
    top = int(round((height - crop_height) / 2.0))
    left = int(round((width - crop_width) / 2.0))
    return image.crop((left, top, left + crop_width, top + crop_height))


def main():
    folder = pathlib.Path(sys.argv[1])
    for line in (folder / "cases.txt").read_text().splitlines():
        kind, source, target, *rest = line.split()
        image = Image.open(folder / source).convert("RGB")
        if kind == "resize":
            width, height, resample = int(rest[0]), int(rest[1]), FILTERS[rest[2]]
            image = image.resize((width, image.height), resample).resize((width, height), resample)
        elif kind == "eval":
            image = evaluation(image, int(rest[0]), int(rest[1]), int(rest[2]), FILTERS[rest[3]])
        image.save(folder / target, "PPM")


if __name__ == "__main__":
    main()
