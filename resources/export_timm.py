#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Exports image models of timm to ONNX, for users who want to try an architecture and for tests.

    export_timm.py vit_small_patch16_224 swin_tiny_patch4_window7_224 -o models
    export_timm.py deit_tiny_patch16_224 -o models --pretrained

Needs Python with torch, timm, onnx; --check also needs onnxruntime. Names are those of `timm.list_models()`. The file is
named MODEL[_b1]_opN.onnx: `_b1` where the batch is fixed to one, without it the batch dimension is the symbol `batch`. Input
`image` [batch, 3, H, W] as the model's own data configuration asks, output `logits` [batch, classes].

Without --pretrained the weights are random with a fixed seed. They are drawn so that every parameter matters: weights
~ N(0, 1/fan_in) (attention is then neither uniform nor one-hot), LayerNorm and BatchNorm scales ~ U(0.5, 1.5), all biases,
embeddings, position tables and running means non-zero. Such a model proves that a graph is read and computed rightly; its
accuracy means nothing.
"""

import argparse
import math
import pathlib
import sys
import warnings

import timm
import torch


def randomise(model: torch.nn.Module, seed: int) -> None:
    """Fills every parameter and running statistic of `model` in place; same seed, same values."""
    generator = torch.Generator().manual_seed(seed)

    def normal(tensor: torch.Tensor, mean: float, std: float) -> None:
        tensor.copy_(torch.randn(tensor.shape, generator=generator) * std + mean)

    def uniform(tensor: torch.Tensor, low: float, high: float) -> None:
        tensor.copy_(torch.rand(tensor.shape, generator=generator) * (high - low) + low)

    matrix_kinds = (torch.nn.Linear, torch.nn.Conv1d, torch.nn.Conv2d)
    with torch.no_grad():
        for module in model.modules():
            for name, parameter in module.named_parameters(recurse=False):
                if isinstance(module, matrix_kinds) and name == "weight":
                    normal(parameter, 0.0, 1.0 / math.sqrt(parameter[0].numel()))
                elif name == "weight" and parameter.dim() == 1:
                    uniform(parameter, 0.5, 1.5)
                elif "gamma" in name:
                    uniform(parameter, 0.1, 0.5)
                elif "relative_position_bias" in name or "pos_embed" in name or "token" in name:
                    normal(parameter, 0.0, 0.5)
                else:
                    normal(parameter, 0.0, 0.1)
            for name, statistic in module.named_buffers(recurse=False):
                if name == "running_mean":
                    normal(statistic, 0.0, 0.2)
                elif name == "running_var":
                    uniform(statistic, 0.5, 1.5)


def export(name: str, path: pathlib.Path, options: argparse.Namespace) -> torch.nn.Module:
    """Writes one model; returns it, so that its output can be compared with the file's."""
    arguments = {"exportable": True} if options.exportable else {}
    if options.image_size:
        arguments["img_size"] = options.image_size
    model = timm.create_model(name, pretrained=options.pretrained, **arguments).eval()
    if not options.pretrained:
        randomise(model, options.seed)
    size = timm.data.resolve_model_data_config(model)["input_size"]
    if options.image_size:
        size = (size[0], options.image_size, options.image_size)
    write(model, size, path, options)
    return model


def write(model: torch.nn.Module, size: tuple, path: pathlib.Path, options: argparse.Namespace) -> None:
    """Writes any model on images of `size` (channels, height, width)."""
    image = torch.randn(1 if options.batch == "1" else 2, *size, generator=torch.Generator().manual_seed(0))
    naming = dict(input_names=["image"], output_names=["logits"], opset_version=options.opset)
    timm.layers.set_fused_attn(False)  # attention as MatMul, Softmax, MatMul
    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore")
        if options.dynamo:
            batch = torch.export.Dim("batch", min=1, max=4096)
            shapes = None if options.batch == "1" else ({0: batch},)
            torch.onnx.export(model, (image,), str(path), dynamo=True, dynamic_shapes=shapes, external_data=False, **naming)
        else:
            axes = None if options.batch == "1" else {"image": {0: "batch"}, "logits": {0: "batch"}}
            torch.onnx.export(model, (image,), str(path), dynamo=False, dynamic_axes=axes, **naming)


def check(model: torch.nn.Module, path: pathlib.Path, fixed_batch: bool) -> float:
    """Largest difference between ONNX Runtime's logits and torch's, relative to the largest logit."""
    import onnxruntime

    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    shape = session.get_inputs()[0].shape
    image = torch.randn(1 if fixed_batch else 3, *shape[1:], generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        expected = model(image).numpy()
    found = session.run(None, {"image": image.numpy()})[0]
    return float(abs(found - expected).max() / abs(expected).max())


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("models", nargs="+", metavar="MODEL", help="name known to timm")
    parser.add_argument("-o", "--output", type=pathlib.Path, required=True, help="folder of the ONNX files")
    parser.add_argument("--opset", type=int, default=17, help="opset of the file (default 17)")
    parser.add_argument("--batch", choices=["1", "dynamic"], default="dynamic", help="fixed batch of one, or dynamic (default)")
    parser.add_argument("--image-size", type=int, help="side of the input, where the model can be built for another")
    parser.add_argument("--pretrained", action="store_true", help="trained weights, downloaded by timm")
    parser.add_argument("--seed", type=int, default=1, help="seed of the random weights (default 1)")
    parser.add_argument("--exportable", action="store_true", help="ask timm for layers without in-place or scripted code")
    parser.add_argument("--dynamo", action="store_true", help="use torch's newer exporter (needs onnxscript)")
    parser.add_argument("--check", action="store_true", help="compare the file with torch in ONNX Runtime")
    options = parser.parse_args()

    options.output.mkdir(parents=True, exist_ok=True)
    failed = 0
    for name in options.models:
        path = options.output / f"{name}{'_b1' if options.batch == '1' else ''}_op{options.opset}.onnx"
        try:
            model = export(name, path, options)
            line = f"{path}  {path.stat().st_size / 1e6:.1f} MB"
            if options.check:
                line += f"  max |difference| / max |logit| = {check(model, path, options.batch == '1'):.1e}"
            print(line, flush=True)
        except Exception as error:  # one model that cannot be exported must not stop the others
            failed += 1
            print(f"{name}: {type(error).__name__}: {error}", file=sys.stderr, flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
