#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Trains the demo's segmentation transformer on images of render_images.py and exports it to ONNX.

    train_segmenter.py                  renders the training images, trains, writes demo_segformer.onnx beside this script
    train_segmenter.py --export-only    exports the checkpoint of an earlier run again

The network is a small SegFormer (Xie et al., NeurIPS 2021; arXiv 2105.15203): two stages of overlapping patches, attention with
reduced keys and values, Mix-FFN with a depthwise convolution, a decoder of linear layers. One core; seeds are fixed, so the
same versions of torch and numpy on the same kind of processor give the same file. Rendered images and the checkpoint are kept
in --work (default: the system's folder for temporary files), not in the repository.
Needs Python with torch, numpy, Pillow, onnx; the check of the exported file also onnxruntime.
"""

import argparse
import math
import pathlib
import tempfile
import time
import warnings

import numpy
import torch
from torch import nn
from torch.nn import functional

import render_images
from train import normalise

CLASSES = 1 + len(render_images.CLASSES)  # the background is class 0
WIDTHS, DEPTHS, HEADS, REDUCTIONS = (32, 48), (2, 3), (1, 2), (2, 1)
EXPANSION, DECODER_WIDTH = 3, 48
TRAIN_IMAGES, VALIDATION_IMAGES = 10008, 360
SEED, BATCH, STEPS, WARMUP = 11, 32, 1800, 100
PEAK_RATE, WEIGHT_DECAY = 2.5e-3, 0.02
WHITENING_FLOOR = 0.03  # variance below which a component of a patch counts as noise
GAIN_SPREAD = 0.7       # standard deviation of the logarithm of LayerNorm's gains at the start


# Sizes are given as numbers, not read from the tensors: the exported file then has no arithmetic of shapes.

def as_tokens(x: torch.Tensor, width: int, side: int) -> torch.Tensor:
    return x.reshape(-1, width, side * side).transpose(1, 2)


def as_map(x: torch.Tensor, width: int, side: int) -> torch.Tensor:
    return x.transpose(1, 2).reshape(-1, width, side, side)


class Attention(nn.Module):
    """Attention whose keys and values come from a map that is smaller by `reduction` in both directions."""

    def __init__(self, width: int, heads: int, reduction: int, side: int) -> None:
        super().__init__()
        self.width, self.heads, self.scale, self.reduction, self.side = width, heads, (width // heads) ** -0.5, reduction, side
        self.q, self.kv, self.proj = nn.Linear(width, width), nn.Linear(width, 2 * width), nn.Linear(width, width)
        if reduction > 1:
            self.sr, self.norm = nn.Conv2d(width, width, reduction, reduction), nn.LayerNorm(width)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        width, head, less = self.width, self.width // self.heads, self.side // self.reduction
        q = self.q(x).reshape(-1, self.side ** 2, self.heads, head).transpose(1, 2)
        source = self.norm(as_tokens(self.sr(as_map(x, width, self.side)), width, less)) if self.reduction > 1 else x
        k, v = self.kv(source).reshape(-1, less ** 2, 2, self.heads, head).permute(2, 0, 3, 1, 4).unbind(0)
        weights = ((q @ k.transpose(-2, -1)) * self.scale).softmax(dim=-1)
        return self.proj((weights @ v).transpose(1, 2).reshape(-1, self.side ** 2, width))

    def readers(self) -> list[nn.Module]:
        return [self.q, self.sr if self.reduction > 1 else self.kv]


class MixFfn(nn.Module):
    def __init__(self, width: int, side: int) -> None:
        super().__init__()
        self.hidden, self.side = EXPANSION * width, side
        self.fc1, self.fc2, self.act = nn.Linear(width, self.hidden), nn.Linear(self.hidden, width), nn.GELU()
        self.dwconv = nn.Conv2d(self.hidden, self.hidden, 3, padding=1, groups=self.hidden)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.dwconv(as_map(self.fc1(x), self.hidden, self.side))
        return self.fc2(self.act(as_tokens(x, self.hidden, self.side)))


class Block(nn.Module):
    def __init__(self, width: int, heads: int, reduction: int, side: int) -> None:
        super().__init__()
        self.norm1, self.attn = nn.LayerNorm(width), Attention(width, heads, reduction, side)
        self.norm2, self.mlp = nn.LayerNorm(width), MixFfn(width, side)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = x + self.attn(self.norm1(x))
        return x + self.mlp(self.norm2(x))


class Stage(nn.Module):
    def __init__(self, channels: int, width: int, kernel: int, stride: int, side: int, depth: int, heads: int, reduction: int):
        super().__init__()
        self.width, self.side = width, side
        self.patch_embed = nn.Conv2d(channels, width, kernel, stride, kernel // 2)
        self.embed_norm = nn.LayerNorm(width)
        self.blocks = nn.Sequential(*(Block(width, heads, reduction, side) for _ in range(depth)))
        self.norm = nn.LayerNorm(width)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        tokens = self.embed_norm(as_tokens(self.patch_embed(x), self.width, self.side))
        return as_map(self.norm(self.blocks(tokens)), self.width, self.side)


class Decoder(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.linear_c = nn.ModuleList(nn.Conv2d(width, DECODER_WIDTH, 1) for width in WIDTHS)
        self.linear_fuse = nn.Conv2d(len(WIDTHS) * DECODER_WIDTH, DECODER_WIDTH, 1, bias=False)
        self.norm, self.act = nn.BatchNorm2d(DECODER_WIDTH), nn.ReLU()
        self.linear_pred = nn.Conv2d(DECODER_WIDTH, CLASSES, 1)

    def forward(self, maps: list[torch.Tensor]) -> torch.Tensor:
        fine, coarse = (linear(x) for linear, x in zip(self.linear_c, maps))
        coarse = functional.interpolate(coarse, scale_factor=2, mode="bilinear", align_corners=False)
        return self.linear_pred(self.act(self.norm(self.linear_fuse(torch.cat([coarse, fine], dim=1)))))


class SegFormer(nn.Module):
    """Image [n, 3, 64, 64] to the scores of each pixel's classes [n, CLASSES, 64, 64]."""

    def __init__(self) -> None:
        super().__init__()
        size = render_images.SIZE
        self.stage1 = Stage(3, WIDTHS[0], 7, 4, size // 4, DEPTHS[0], HEADS[0], REDUCTIONS[0])
        self.stage2 = Stage(WIDTHS[0], WIDTHS[1], 3, 2, size // 8, DEPTHS[1], HEADS[1], REDUCTIONS[1])
        self.decode_head = Decoder()
        for module in self.modules():
            if isinstance(module, nn.Linear):
                nn.init.xavier_uniform_(module.weight)
                nn.init.zeros_(module.bias)

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        fine = self.stage1(image)
        logits = self.decode_head([fine, self.stage2(fine)])
        return functional.interpolate(logits, scale_factor=4, mode="bilinear", align_corners=False)


def whiten_patches(model: SegFormer, pixels: torch.Tensor) -> None:
    """Starts the first embedding as a whitening of its patches, as train.py does and for the same reason."""
    embed = model.stage1.patch_embed
    kernel, count = embed.kernel_size[0], embed.weight.shape[0]
    patches = normalise(pixels).unfold(2, kernel, 4).unfold(3, kernel, 4).permute(0, 2, 3, 1, 4, 5).reshape(-1, 3 * kernel * kernel)
    values, vectors = torch.linalg.eigh(torch.cov(patches.T))
    kept = slice(len(values) - count, None)
    filters = (vectors[:, kept] / (values[kept] + WHITENING_FLOOR).sqrt()).T
    with torch.no_grad():
        embed.weight.copy_(filters.reshape(embed.weight.shape))
        embed.bias.copy_(-filters @ patches.mean(0))


def spread_channels(model: SegFormer) -> None:
    """Starts the gains of the blocks' LayerNorms log-normal and divides the weights that read them, as train.py does."""
    with torch.no_grad():
        for block in [*model.stage1.blocks, *model.stage2.blocks]:
            for norm, readers in ((block.norm1, block.attn.readers()), (block.norm2, [block.mlp.fc1])):
                gain = torch.exp(torch.randn_like(norm.weight) * GAIN_SPREAD)
                norm.weight.mul_(gain)
                for reader in readers:
                    reader.weight.div_(gain.reshape(1, -1, *[1] * (reader.weight.dim() - 2)))


def augment(pixels: torch.Tensor, masks: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """What keeps the classes: mirrors, the orders of the colours."""
    images = torch.cat([part[..., torch.randperm(3)] for part in pixels.chunk(8)])
    masks = masks.clone()
    images[::2], masks[::2] = images[::2].flip(2), masks[::2].flip(2)
    images[1::3], masks[1::3] = images[1::3].flip(1), masks[1::3].flip(1)
    return images, masks


def rendered(work: pathlib.Path, split: str, count: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Images and masks; rendered once, then read from `work`."""
    path = work / f"masked_{split}_{count}.npz"
    if not path.exists():
        pixels, masks = render_images.render_masked(render_images.SPLIT_SEEDS[split], 0, count)
        numpy.savez(path, pixels=pixels, masks=masks)
    data = numpy.load(path)
    return torch.from_numpy(data["pixels"]), torch.from_numpy(data["masks"])


def predicted(run, pixels: torch.Tensor) -> torch.Tensor:
    """Classes of the pixels [n, 64, 64]; `run`: images to scores."""
    with torch.no_grad():
        return torch.cat([run(normalise(part)).argmax(1) for part in pixels.split(60)])


def mean_iou(found: torch.Tensor, masks: torch.Tensor) -> float:
    """Mean over the classes of |found and true| / |found or true|, counted over all images."""
    counts = torch.bincount(masks.long().flatten() * CLASSES + found.flatten(), minlength=CLASSES ** 2).reshape(CLASSES, CLASSES)
    return float((counts.diag() / (counts.sum(0) + counts.sum(1) - counts.diag())).mean())


def train(options: argparse.Namespace) -> SegFormer:
    pixels, masks = rendered(options.work, "train", TRAIN_IMAGES)
    validation = rendered(options.work, "validation", VALIDATION_IMAGES)
    torch.manual_seed(SEED)
    model = SegFormer()
    whiten_patches(model, pixels[:2000])
    spread_channels(model)
    decayed = [p for p in model.parameters() if p.dim() > 1]
    others = [p for p in model.parameters() if p.dim() <= 1]
    optimizer = torch.optim.AdamW([{"params": decayed, "weight_decay": WEIGHT_DECAY}, {"params": others, "weight_decay": 0.0}],
                                  lr=PEAK_RATE, betas=(0.9, 0.98))
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: min(
        (step + 1) / WARMUP, 0.5 * (1 + math.cos(math.pi * min(1.0, step / options.steps)))))
    order, began, total = torch.empty(0, dtype=torch.int64), time.time(), 0.0
    for step in range(options.steps):
        if len(order) < BATCH:
            order = torch.randperm(len(masks))
        chosen, order = order[:BATCH], order[BATCH:]
        image, mask = augment(pixels[chosen], masks[chosen])
        loss = functional.cross_entropy(model(normalise(image)), mask.long())
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        schedule.step()
        total += loss.item()
        if (step + 1) % 100 == 0:
            quality = ""
            if (step + 1) % 300 == 0:
                model.eval()
                quality = f"  validation mIoU {mean_iou(predicted(model, validation[0]), validation[1]):.4f}"
                model.train()
            print(f"{step + 1:6d}  {time.time() - began:6.0f} s  loss {total / 100:.4f}{quality}", flush=True)
            total = 0.0
            torch.save(model.state_dict(), options.work / "demo_segformer.pt")
    return model


def export(model: SegFormer, path: pathlib.Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(model.eval(), (torch.zeros(2, 3, 64, 64),), str(path), dynamo=False, opset_version=17,
                          input_names=["image"], output_names=["logits"],
                          dynamic_axes={"image": {0: "batch"}, "logits": {0: "batch"}})


def compare(model: SegFormer, path: pathlib.Path) -> None:
    """Torch and ONNX Runtime on the stored test images: the same class in all but a few pixels, or an exception."""
    import onnxruntime

    pixels, masks = render_images.render_masked(render_images.SPLIT_SEEDS["test"], 0, render_images.STORED["test"])
    pixels, masks = torch.from_numpy(pixels), torch.from_numpy(masks)
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    found = predicted(lambda image: torch.from_numpy(session.run(None, {"image": image.numpy()})[0]), pixels)
    same = (found == predicted(model.eval(), pixels)).float().mean()
    if same < 0.9999:
        raise SystemExit(f"ONNX Runtime and torch agree on {same:.4%} of the pixels only")
    print(f"{path}: {path.stat().st_size / 1e6:.2f} MB, test mIoU {mean_iou(found, masks):.4f}, "
          f"the same class as in torch in {same:.4%} of the pixels")


def main() -> None:
    here = pathlib.Path(__file__).resolve().parent
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("-o", "--output", type=pathlib.Path, default=here / "demo_segformer.onnx")
    parser.add_argument("--work", type=pathlib.Path, default=pathlib.Path(tempfile.gettempdir()) / "quantoscope_demo")
    parser.add_argument("--steps", type=int, default=STEPS)
    parser.add_argument("--export-only", action="store_true", help="export the checkpoint in --work again")
    options = parser.parse_args()
    options.work.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(1)
    if options.export_only:
        model = SegFormer()
        model.load_state_dict(torch.load(options.work / "demo_segformer.pt"))
    else:
        model = train(options)
    export(model, options.output)
    compare(model, options.output)


if __name__ == "__main__":
    main()
