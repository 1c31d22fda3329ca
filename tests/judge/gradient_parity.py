#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Gradients of exported networks against PyTorch: for every linear layer and convolution
max |ours - torch's| <= 1e-3 max |torch's| of dL/doutput, L = KL(softmax(reference) || softmax(logits)), on three images.

    gradient_parity.py GRADIENTS [MODEL ...]

Models are those of export_models.py and names of timm (default: a DeiT-Tiny, a Swin-Tiny, MobileViT-XXS), with random weights of
a fixed seed. torch computes in double. Twice: the float network, and with a quantizer in front of every linear layer and
convolution, passed straight through. A layer of the file is that of torch whose path its node is named after; a BatchNorm that
the exporter folded into a convolution is multiplied out: dL/dconv = dL/dbn * weight / sqrt(var + eps).

Not every model can pass: an input within a rounding of a ReLU's corner (one of 400 000 in MobileViTv2-050; Mobile-Former has
them too) has one derivative in float and the other in double, and where random weights make attention one-hot (LeViT-128S)
torch's own float32 is 1e-2 off.
"""

import argparse
import pathlib
import subprocess
import sys
import tempfile

from judge import difference, numpy, skip

try:
    import timm
    import torch
except ImportError as missing:
    skip(f"{missing}; set QUANTOSCOPE_PYTHON to a Python that also has torch and timm")

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "resources"))
import export_models  # noqa: E402

MODELS = ["deit_tiny_patch16_224", "swin_tiny_patch4_window7_224", "mobilevit_xxs"]
LIMIT = 1e-3
# A fine step and a narrow range: most of what the quantizer changes is clipping, which is continuous. Codes that round to the
# other side because of the last bit of a float would spread through the network otherwise.
GRID = 2.0**-14
IMAGES = 3


def path_of(node: str) -> str:
    """/layers/layers.0/blocks/blocks.0/attn/qkv/MatMul -> layers.0.blocks.0.attn.qkv"""
    path: list[str] = []
    for part in node.strip("/").split("/")[:-1]:
        if path and part.startswith(path[-1] + "."):
            path[-1] = part
        else:
            path.append(part)
    return ".".join(path)


class Tape:
    """What flows through torch's layers: outputs, and the factors of BatchNorms right behind them."""

    def __init__(self, model: torch.nn.Module, grid: float):
        self.outputs: dict[str, torch.Tensor] = {}
        self.factors: dict[str, torch.Tensor] = {}
        self.calls: dict[str, int] = {}
        self.grid = grid
        for name, module in model.named_modules():
            if isinstance(module, (torch.nn.Linear, torch.nn.Conv2d)):
                module.register_forward_pre_hook(self.quantize)
                module.register_forward_hook(lambda m, i, output, name=name: self.keep(name, output))
            elif isinstance(module, torch.nn.BatchNorm2d):
                module.register_forward_pre_hook(self.follow)

    def quantize(self, module, inputs):
        if not self.grid:
            return None
        x = inputs[0]
        quantized = torch.clamp(torch.round(x / self.grid) * self.grid, -1, 1)
        return (x + (quantized - x).detach(),)

    def keep(self, name, output):
        if not output.requires_grad:  # nothing of the image: the exporter computes it
            return
        output.retain_grad()
        self.outputs[name] = output
        self.calls[name] = self.calls.get(name, 0) + 1

    def follow(self, module, inputs):
        for name, output in self.outputs.items():
            if inputs[0] is output:
                scale = module.weight / torch.sqrt(module.running_var + module.eps)
                self.factors[name] = scale.detach().reshape(1, -1, 1, 1)


def theirs(model: torch.nn.Module, images: numpy.ndarray, reference: numpy.ndarray, grid: float) -> dict[str, numpy.ndarray]:
    tape = Tape(model, grid)
    logits = model(torch.from_numpy(images).double().requires_grad_(True))
    target = torch.log_softmax(torch.from_numpy(reference).double(), -1)
    torch.nn.functional.kl_div(torch.log_softmax(logits, -1), target, reduction="sum", log_target=True).backward()
    assert all(calls == 1 for calls in tape.calls.values())
    gradients = {}
    for name, output in tape.outputs.items():
        # dL/dbn = dL/dconv / factor: that is what the file's folded convolution has.
        gradient = output.grad / tape.factors[name] if name in tape.factors else output.grad
        gradients[name] = gradient.numpy()
    return gradients


def ours(tool: str, file: pathlib.Path, images: numpy.ndarray, reference: numpy.ndarray, grid: float, rounds: int) -> dict:
    with tempfile.TemporaryDirectory() as folder:
        pixels, logits, out = (pathlib.Path(folder, name) for name in ("pixels", "logits", "gradients"))
        images.tofile(pixels)
        reference.tofile(logits)
        run = subprocess.run([tool, file, pixels, logits, out, str(grid), "2"] + ([str(rounds)] if rounds else []),
                             capture_output=True, text=True)
        if run.returncode:
            raise RuntimeError(run.stderr.strip() or f"exit code {run.returncode}")
        print(run.stderr, end="")
        found, at = {}, 0
        data = numpy.fromfile(out, numpy.float32)
        for line in run.stdout.splitlines():
            node, elements = line.rsplit(" ", 1)
            size = int(elements) * len(images)
            found[path_of(node)] = data[at:at + size]
            at += size
        return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("tool")
    parser.add_argument("models", nargs="*", default=MODELS)
    parser.add_argument("--rounds", type=int, default=0, help="also print times, medians of so many rounds")
    parser.add_argument("--layers", action="store_true", help="print every layer")
    options = parser.parse_args()
    failed = 0
    for name in options.models:
        with tempfile.TemporaryDirectory() as folder:
            file = pathlib.Path(folder, "model.onnx")
            build, side = export_models.MODELS.get(name, (lambda: timm.create_model(name), 224))
            model = build().eval().requires_grad_(False)
            export_models.fill(name, model, side)
            export_models.write(model, (3, side, side), file, export_models.EXPORTERS["script"])
            generator = numpy.random.default_rng(0)
            size = (3, side, side)
            images = generator.standard_normal([IMAGES, *size]).astype(numpy.float32)
            with torch.no_grad():
                classes = model(torch.from_numpy(images[:1])).shape[1]
            reference = generator.standard_normal([IMAGES, classes]).astype(numpy.float32)
            for grid in (0.0, GRID):
                found = ours(options.tool, file, images, reference, grid, 0 if grid else options.rounds)
                expected = theirs(model.double(), images, reference, grid)
                worst, where = 0.0, ""
                for layer, gradient in expected.items():
                    if layer not in found or found[layer].size != gradient.size:
                        worst, where = float("inf"), f"{layer} is not in the file"
                        continue
                    error = difference(found[layer], gradient.reshape(-1))
                    if options.layers:
                        print(f"  {layer:50s} {error:.1e}")
                    if error > worst:
                        worst, where = error, layer
                verdict = "ok" if worst <= LIMIT and len(found) == len(expected) else "FAILED"
                failed += verdict != "ok"
                kind = "straight through" if grid else "float"
                print(f"{name:32s} {kind:17s} {len(expected):3d} layers, worst {worst:.1e} ({where}) {verdict}", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
