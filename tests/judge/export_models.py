#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Exports the architectures that Quantoscope is judged on, with random weights, through both exporters of torch.

    export_models.py FOLDER [NAME ...] [--small] [--exporter script|dynamo]

Writes FOLDER/NAME_script_op17.onnx (dynamic batch) and FOLDER/NAME_dynamo_op18.onnx (batch of one). Files that are there
are kept. NAME is a key of MODELS below; --small takes the fast ones only. Needs torch, timm, onnx, onnxscript.
`randomise` of resources/export_timm.py draws the weights: every parameter and every running statistic matters.
"""

import argparse
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "resources"))

import torch  # noqa: E402
import timm  # noqa: E402
from export_timm import randomise, write  # noqa: E402

from mobile_former import mobile_former_26m, mobile_former_52m  # noqa: E402


def of_timm(name: str, **arguments):
    return lambda: timm.create_model(name, pretrained=False, **arguments)


NORMS = torch.nn.modules.batchnorm._BatchNorm
# Gain of BatchNorms whose statistics stay random. Nothing else normalises between these networks' attentions; with the statistics
# that their random weights lead to, two roundings differ by 20 % of the largest logit.
GAINS = {"efficientvit_m0": 0.6, "efficientvit_msra": 0.6, "levit_128s": 1.0, "levit": 1.0, "levit_conv": 1.0, "levit_teacher": 1.0}


# By how much measured variances are too large. With 1, MobileViTv2 and Mobile-Former amplify the noise of their input by 12 dB
# and more: two runs of a quantized network, of which one rounded a single code otherwise, differ as much as either from float.
VARIANCE = 1.4


def measure_norms(model, side: int) -> None:
    """Running statistics that the weights lead to; of pooled features they stay random (a few images say nothing about the spread
    between images)."""
    generator = torch.Generator().manual_seed(2)
    coarse = torch.randn(8, 3, side // 16, side // 16, generator=generator)
    images = torch.nn.functional.interpolate(coarse, (side, side), mode="bilinear")
    images += 0.3 * torch.randn(images.shape, generator=generator)

    def measure(norm, inputs) -> None:
        rows = inputs[0].transpose(0, 1).flatten(1)
        if rows.shape[1] > len(images):
            norm.running_mean.copy_(rows.mean(1))
            norm.running_var.copy_(VARIANCE * rows.square().mean(1))

    hooks = [module.register_forward_pre_hook(measure) for module in model.modules() if isinstance(module, NORMS)]
    if hooks:
        with torch.no_grad():
            model(images)
    for hook in hooks:
        hook.remove()


def fill(name: str, model, side: int) -> None:
    """Random weights of a network whose logits depend on its image: with statistics drawn at random, most of the signal is lost
    in the biases on its way through a deep network, and an error in early layers would not be seen."""
    randomise(model, seed=1)
    if name not in GAINS:
        measure_norms(model, side)
        return
    with torch.no_grad():
        for module in model.modules():
            if isinstance(module, NORMS):
                module.weight.mul_(GAINS[name])


# name: (model, side of the image); the fast ones first
MODELS = {
    "mobilevit_xxs": (of_timm("mobilevit_xxs"), 256),
    "mobilevit_xs": (of_timm("mobilevit_xs"), 256),
    "mobilevit_s": (of_timm("mobilevit_s"), 256),
    "mobilevitv2_050": (of_timm("mobilevitv2_050"), 256),
    "mobilevitv2_075": (of_timm("mobilevitv2_075"), 256),
    "mobilevitv2_100": (of_timm("mobilevitv2_100"), 256),
    "mobile_former_26m": (mobile_former_26m, 224),
    "mobile_former_52m": (mobile_former_52m, 224),
    "efficientformerv2_s0": (of_timm("efficientformerv2_s0"), 224),
    "efficientformerv2_s1": (of_timm("efficientformerv2_s1"), 224),
    "efficientformer_l1": (of_timm("efficientformer_l1"), 224),
    "levit_128s": (of_timm("levit_128s"), 224),
    "tiny_vit_5m_224": (of_timm("tiny_vit_5m_224"), 224),
    "efficientvit_b0": (of_timm("efficientvit_b0"), 224),
    "efficientvit_m0": (of_timm("efficientvit_m0"), 224),
    "pvt_v2_b0": (of_timm("pvt_v2_b0"), 224),
    "poolformer_s12": (of_timm("poolformer_s12"), 224),
    "fastvit_t8": (of_timm("fastvit_t8"), 256),
    "edgenext_xx_small": (of_timm("edgenext_xx_small"), 256),
    "eva02_tiny_patch14_224": (of_timm("eva02_tiny_patch14_224"), 224),
    "davit_tiny": (of_timm("davit_tiny"), 224),
    "convnext_tiny": (of_timm("convnext_tiny"), 224),
    "vit_small_patch14_dinov2": (of_timm("vit_small_patch14_dinov2", img_size=224), 224),
    "vit_small_patch16_224": (of_timm("vit_small_patch16_224"), 224),
    "deit_small_patch16_224": (of_timm("deit_small_patch16_224"), 224),
    "swin_tiny_patch4_window7_224": (of_timm("swin_tiny_patch4_window7_224"), 224),
    "swin_small_patch4_window7_224": (of_timm("swin_small_patch4_window7_224"), 224),
    "vit_base_patch16_224": (of_timm("vit_base_patch16_224"), 224),
    "deit_base_patch16_224": (of_timm("deit_base_patch16_224"), 224),
}
SMALL = ["mobilevit_xxs", "mobilevitv2_050", "mobile_former_26m", "efficientformerv2_s0", "levit_128s", "efficientvit_b0",
         "edgenext_xx_small", "pvt_v2_b0"]
EXPORTERS = {"script": argparse.Namespace(opset=17, batch="dynamic", dynamo=False),
             "dynamo": argparse.Namespace(opset=18, batch="1", dynamo=True)}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("names", nargs="*", metavar="NAME", help="models (default: all)")
    parser.add_argument("--small", action="store_true", help="the fast models only")
    parser.add_argument("--exporter", choices=sorted(EXPORTERS), help="one exporter only")
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(2)
    failed = 0
    for name in options.names or (SMALL if options.small else MODELS):
        build, side = MODELS[name]
        for exporter, form in EXPORTERS.items():
            path = options.folder / f"{name}_{exporter}_op{form.opset}.onnx"
            if path.exists() or (options.exporter and options.exporter != exporter):
                continue
            try:
                model = build().eval()
                fill(name, model, side)
                write(model, (3, side, side), path, form)
                print(f"{path.name}  {path.stat().st_size / 1e6:.1f} MB", flush=True)
            except Exception as error:  # one model that cannot be exported must not stop the others
                failed += 1
                print(f"{path.name}: {type(error).__name__}: {error}", file=sys.stderr, flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
