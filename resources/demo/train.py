#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Trains the demo's vision transformer on images of render_images.py and exports it to ONNX.

    train.py                  renders the training images, trains, writes demo_vit.onnx beside this script
    train.py --export-only    exports the checkpoint of an earlier run again

One core; seeds are fixed, so the same versions of torch and numpy on the same kind of processor give the same file. Rendered
images and the checkpoint are kept in --work (default: the system's folder for temporary files), not in the repository.
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

MEAN, STDDEV = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)  # ImageNet's, the defaults of the tools

PATCH = 8  # pixels
CLASSES = len(render_images.CLASSES)
TRAIN_IMAGES, VALIDATION_IMAGES = 10008, 600
SEED, BATCH, STEPS, WARMUP = 7, 64, 900, 100
PEAK_RATE, WEIGHT_DECAY, LABEL_SMOOTHING = 1.0e-3, 0.05, 0.05
PATCH_LOSS = 1.0   # weight of the loss of the patches; without it a network this small learns nothing for very long
WHITENING_FLOOR = 0.03  # variance below which a component of a patch counts as noise
GAIN_SPREAD = 0.7  # standard deviation of the logarithm of LayerNorm's gains at the start
DROP_UNTIL = 0.9   # share of the steps ...
KEEP_TOKENS = 32   # ... that see only so many of the 64 patches: twice as fast, and a regulariser


class Attention(nn.Module):
    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads, self.scale = heads, (width // heads) ** -0.5
        self.qkv = nn.Linear(width, 3 * width)
        self.proj = nn.Linear(width, width)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        batch, tokens, width = x.shape
        qkv = self.qkv(x).reshape(batch, tokens, 3, self.heads, width // self.heads).permute(2, 0, 3, 1, 4)
        q, k, v = qkv.unbind(0)
        weights = ((q * self.scale) @ k.transpose(-2, -1)).softmax(dim=-1)
        return self.proj((weights @ v).transpose(1, 2).reshape(batch, tokens, width))


class Mlp(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.fc1, self.act, self.fc2 = nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.fc2(self.act(self.fc1(x)))


class Block(nn.Module):
    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.norm1, self.attn = nn.LayerNorm(width, eps=1e-6), Attention(width, heads)
        self.norm2, self.mlp = nn.LayerNorm(width, eps=1e-6), Mlp(width)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = x + self.attn(self.norm1(x))
        return x + self.mlp(self.norm2(x))


class PatchEmbed(nn.Module):
    def __init__(self, width: int, patch: int) -> None:
        super().__init__()
        self.proj = nn.Conv2d(3, width, patch, patch)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.proj(x).flatten(2).transpose(1, 2)


def sine_positions(side: int, width: int) -> torch.Tensor:
    """Start of the learned position table: sines and cosines of row and column."""
    frequency = 1.0 / 100 ** (torch.arange(width // 4) / (width // 4))
    angle = torch.arange(side)[:, None] * frequency
    line = torch.cat([angle.sin(), angle.cos()], dim=1)
    table = torch.cat([line[:, None].expand(-1, side, -1), line[None].expand(side, -1, -1)], dim=2)
    return torch.cat([torch.zeros(1, width), table.reshape(side * side, width)])[None]


class VisionTransformer(nn.Module):
    """Pre-norm ViT with a class token; names of parameters and nodes as in timm."""

    def __init__(self, width=128, depth=6, heads=4, patch=PATCH, size=render_images.SIZE, classes=CLASSES):
        super().__init__()
        self.patch_embed = PatchEmbed(width, patch)
        self.cls_token = nn.Parameter(torch.zeros(1, 1, width))
        self.pos_embed = nn.Parameter(sine_positions(size // patch, width))
        self.blocks = nn.Sequential(*(Block(width, heads) for _ in range(depth)))
        self.norm = nn.LayerNorm(width, eps=1e-6)
        self.head = nn.Linear(width, classes)
        for module in self.modules():
            if isinstance(module, nn.Linear):
                nn.init.xavier_uniform_(module.weight)
                nn.init.zeros_(module.bias)
        nn.init.normal_(self.cls_token, std=0.02)

    def tokens(self, image: torch.Tensor, kept: torch.Tensor | None = None) -> torch.Tensor:
        """Final tokens, the class token first. `kept`, in training only: [batch, n], the patches that are not dropped."""
        x = self.patch_embed(image) + self.pos_embed[:, 1:]
        if kept is not None:
            x = x.gather(1, kept[..., None].expand(-1, -1, x.shape[2]))
        cls = (self.cls_token + self.pos_embed[:, :1]).expand(x.shape[0], -1, -1)
        return self.norm(self.blocks(torch.cat([cls, x], dim=1)))

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        return self.head(self.tokens(image)[:, 0])


def whiten_patches(model: VisionTransformer, pixels: torch.Tensor) -> None:
    """Starts the patch embedding as a whitening of the patches: the plain colour of a patch, by far its largest component,
    no longer hides its pattern, and learning starts at once."""
    image = normalise(pixels)
    patches = image.unfold(2, PATCH, PATCH).unfold(3, PATCH, PATCH).permute(0, 2, 3, 1, 4, 5).reshape(-1, 3 * PATCH * PATCH)
    values, vectors = torch.linalg.eigh(torch.cov(patches.T))
    weight, bias = model.patch_embed.proj.weight, model.patch_embed.proj.bias
    kept = slice(len(values) - weight.shape[0], None)
    filters = (vectors[:, kept] / (values[kept] + WHITENING_FLOOR).sqrt()).T
    with torch.no_grad():
        weight.copy_(filters.reshape(weight.shape))
        bias.copy_(-filters @ patches.mean(0))


def spread_channels(model: VisionTransformer) -> None:
    """Starts the gains of LayerNorm log-normal instead of equal, and divides the weights that read them: the same function,
    but channels of unequal range, as large vision transformers have them after long training."""
    with torch.no_grad():
        for block in model.blocks:
            for norm, reader in ((block.norm1, block.attn.qkv), (block.norm2, block.mlp.fc1)):
                gain = torch.exp(torch.randn_like(norm.weight) * GAIN_SPREAD)
                norm.weight.mul_(gain)
                reader.weight.div_(gain)


def normalise(pixels: torch.Tensor) -> torch.Tensor:
    """uint8 [n, 64, 64, 3] to float [n, 3, 64, 64], as the product's preprocessing does."""
    return ((pixels.float() / 255 - torch.tensor(MEAN)) / torch.tensor(STDDEV)).permute(0, 3, 1, 2).contiguous()


def augment(pixels: torch.Tensor, shares: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """What keeps the class: a mirror for every second image, the orders of the colours."""
    images = torch.cat([part[..., torch.randperm(3)] for part in pixels.chunk(8)])
    images[::2], shares[::2] = images[::2].flip(2), shares[::2].flip(2)
    return images, shares


def rendered(work: pathlib.Path, split: str, count: int) -> tuple[torch.Tensor, ...]:
    """Images, classes, shares of the object in each patch; rendered once, then read from `work`."""
    path = work / f"{split}_{count}.npz"
    if not path.exists():
        arrays = render_images.render_decoded(render_images.SPLIT_SEEDS[split], 0, count, PATCH)
        numpy.savez(path, **dict(zip(("pixels", "labels", "shares"), arrays)))
    data = numpy.load(path)
    return tuple(torch.from_numpy(data[name]) for name in ("pixels", "labels", "shares"))


def accuracy(model: nn.Module, pixels: torch.Tensor, labels: torch.Tensor) -> float:
    model.eval()
    with torch.no_grad():
        right = [(model(normalise(p)).argmax(1) == l).sum() for p, l in zip(pixels.split(120), labels.split(120))]
    model.train()
    return float(sum(right)) / len(labels)


def patch_loss(logits: torch.Tensor, label: torch.Tensor, share: torch.Tensor) -> torch.Tensor:
    """Cross entropy of each patch: the class with the object's share of the patch, the background with the rest."""
    negative = -functional.log_softmax(logits, dim=2)
    of_class = negative.gather(2, label[:, None, None].expand(-1, logits.shape[1], 1))[..., 0]
    return (share * of_class + (1 - share) * negative[..., CLASSES]).mean()


def train(options: argparse.Namespace) -> VisionTransformer:
    pixels, labels, shares = rendered(options.work, "train", TRAIN_IMAGES)
    validation = rendered(options.work, "validation", VALIDATION_IMAGES)[:2]
    torch.manual_seed(SEED)
    model = VisionTransformer()
    whiten_patches(model, pixels[:2000])
    spread_channels(model)
    patch_head = nn.Linear(model.norm.normalized_shape[0], CLASSES + 1)  # only helps training
    parameters = [*model.parameters(), *patch_head.parameters()]
    decayed = [p for p in parameters if p.dim() in (2, 4)]
    others = [p for p in parameters if p.dim() not in (2, 4)]
    optimizer = torch.optim.AdamW([{"params": decayed, "weight_decay": WEIGHT_DECAY}, {"params": others, "weight_decay": 0.0}],
                                  lr=PEAK_RATE, betas=(0.9, 0.98))
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: min(
        (step + 1) / WARMUP, 0.5 * (1 + math.cos(math.pi * min(1.0, step / STEPS)))))
    order, began, sums = torch.empty(0, dtype=torch.int64), time.time(), torch.zeros(2)
    for step in range(STEPS):
        if len(order) < BATCH:
            order = torch.randperm(len(labels))
        chosen, order = order[:BATCH], order[BATCH:]
        kept = None
        if step < DROP_UNTIL * STEPS:
            kept = torch.rand(BATCH, 64).argsort(dim=1)[:, :KEEP_TOKENS]
        image, share = augment(pixels[chosen], shares[chosen])
        label, share = labels[chosen], share.flatten(1)
        if kept is not None:
            share = share.gather(1, kept)
        tokens = model.tokens(normalise(image), kept)
        class_loss = functional.cross_entropy(model.head(tokens[:, 0]), label, label_smoothing=LABEL_SMOOTHING)
        dense_loss = patch_loss(patch_head(tokens[:, 1:]), label, share)
        loss = class_loss + PATCH_LOSS * dense_loss
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(parameters, 1.0)
        optimizer.step()
        schedule.step()
        sums += torch.stack([class_loss, dense_loss]).detach()
        if (step + 1) % 100 == 0:  # STEPS is a multiple of it
            top1 = f"  validation {accuracy(model, *validation):.4f}" if (step + 1) % 200 == 0 else ""
            print(f"{step + 1:6d}  {time.time() - began:6.0f} s  loss {sums[0] / 100:.4f}, of patches {sums[1] / 100:.4f}{top1}", flush=True)
            sums.zero_()
            torch.save(model.state_dict(), options.work / "demo_vit.pt")
    return model


def export(model: VisionTransformer, path: pathlib.Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(model.eval(), (torch.zeros(2, 3, 64, 64),), str(path), dynamo=False, opset_version=17,
                          input_names=["image"], output_names=["logits"],
                          dynamic_axes={"image": {0: "batch"}, "logits": {0: "batch"}})


def compare(model: VisionTransformer, path: pathlib.Path) -> None:
    """Torch and ONNX Runtime on the stored test images: equal top-1, or an exception."""
    import onnxruntime

    pixels, labels, _ = render_images.render_decoded(render_images.SPLIT_SEEDS["test"], 0, render_images.STORED["test"], PATCH)
    image, labels = normalise(torch.from_numpy(pixels)), torch.from_numpy(labels)
    with torch.no_grad():
        expected = model.eval()(image)
    found = torch.from_numpy(onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
                             .run(None, {"image": image.numpy()})[0])
    if not torch.equal(found.argmax(1), expected.argmax(1)):
        raise SystemExit("ONNX Runtime and torch disagree on the test images")
    print(f"{path}: {path.stat().st_size / 1e6:.2f} MB, test top-1 {(found.argmax(1) == labels).float().mean():.4f}, "
          f"max |difference| to torch {(found - expected).abs().max():.1e}")


def main() -> None:
    here = pathlib.Path(__file__).resolve().parent
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("-o", "--output", type=pathlib.Path, default=here / "demo_vit.onnx")
    parser.add_argument("--work", type=pathlib.Path, default=pathlib.Path(tempfile.gettempdir()) / "quantoscope_demo")
    parser.add_argument("--export-only", action="store_true", help="export the checkpoint in --work again")
    options = parser.parse_args()
    options.work.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(1)
    if options.export_only:
        model = VisionTransformer()
        model.load_state_dict(torch.load(options.work / "demo_vit.pt"))
    else:
        model = train(options)
    export(model, options.output)
    compare(model, options.output)


if __name__ == "__main__":
    main()
