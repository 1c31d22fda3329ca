# SPDX-License-Identifier: GPL-3.0-or-later
"""DeiT-Tiny from an ONNX file as timm builds it, and the images, for the released code of other methods."""

import csv
import pathlib

import numpy
import onnx
import onnx.numpy_helper
import onnxruntime
import timm.models.deit
import torch
from PIL import Image

MEAN = numpy.array([0.485, 0.456, 0.406], numpy.float32)
STD = numpy.array([0.229, 0.224, 0.225], numpy.float32)
NAME = "deit_tiny_patch16_224"


def state_of(path: pathlib.Path, model: torch.nn.Module) -> dict:
    """The file's weights under timm's names. Weights of linear layers have lost their names in the file: they come in
    the order of the blocks and transposed."""
    graph = onnx.load(path).graph
    constants = {entry.name: onnx.numpy_helper.to_array(entry) for entry in graph.initializer}
    unnamed = [constants[node.input[1]].T for node in graph.node
               if node.op_type == "MatMul" and node.input[1] in constants]
    state = {}
    for name, value in model.state_dict().items():
        array = constants[name] if name in constants else unnamed.pop(0)
        if array.shape != tuple(value.shape):
            raise SystemExit(f"{name}: shape {array.shape} in the file, {tuple(value.shape)} expected")
        state[name] = torch.from_numpy(array.copy())
    if unnamed:
        raise SystemExit(f"{len(unnamed)} weights of the file found no place")
    return state


def load_model(path: pathlib.Path) -> torch.nn.Module:
    model = timm.models.deit.deit_tiny_patch16_224(pretrained=False)
    model.load_state_dict(state_of(path, model))
    return model.eval()


def check_model(path: pathlib.Path, model: torch.nn.Module, images: torch.Tensor) -> None:
    """The same logits as ONNX Runtime, to 1e-4 of the largest."""
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    expected = session.run(None, {session.get_inputs()[0].name: images.numpy()})[0]
    with torch.no_grad():
        difference = numpy.abs(model(images).numpy() - expected).max() / numpy.abs(expected).max()
    if not difference < 1e-4:
        raise SystemExit(f"the logits differ from ONNX Runtime's by {difference:.2e}")


def pixels(path: pathlib.Path, resize: int | None) -> numpy.ndarray:
    """timm's evaluation transform: shorter side to `resize` (bicubic), centre crop 224, normalised [3, 224, 224]."""
    image = Image.open(path).convert("RGB")
    width, height = image.size
    if resize is not None:
        if width <= height:
            size = (resize, int(resize * height / width))
        else:
            size = (int(resize * width / height), resize)
        image = image.resize(size, Image.BICUBIC)
        width, height = size
    left, top = int(round((width - 224) / 2.0)), int(round((height - 224) / 2.0))
    array = numpy.asarray(image.crop((left, top, left + 224, top + 224)), numpy.float32) / 255
    return ((array - MEAN) / STD).transpose(2, 0, 1)


def load_images(folder: pathlib.Path, count: int | None, resize: int | None) -> tuple[torch.Tensor, torch.Tensor]:
    """Images and labels of labels.csv; of `count` the same choice as quantoscope-cli makes, evenly spread."""
    with open(folder / "labels.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    if count is not None and count < len(rows):
        rows = [rows[i * len(rows) // count] for i in range(count)]
    images = numpy.stack([pixels(folder / row["file"], resize) for row in rows])
    return torch.from_numpy(images), torch.tensor([int(row["class_index"]) for row in rows])


def top1(model, images: torch.Tensor, labels: torch.Tensor, batch: int = 32) -> float:
    right = 0
    with torch.no_grad():
        for begin in range(0, len(images), batch):
            right += int((model(images[begin:begin + batch]).argmax(1) == labels[begin:begin + batch]).sum())
    return 100 * right / len(images)
