#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Top-1 and calibration time of the released code of a method, on the CPU, for comparison with ours.

    run.py repq-vit|ptq4vit|noisyquant|fq-vit --checkout DIR --model deit_tiny_patch16_224.onnx --images DIR --bits 4 4

DIR of --images holds imagenet-calib and imagenet-val with their labels.csv. The weights, the calibration images and the
test images are the same that quantoscope-cli takes. One line of JSON is printed, and appended to --out; seconds are
those of the processor, of all threads, so that a busy machine does not matter much.

Nothing of the checkout is changed: what its code expects of a GPU or of an older timm is given to it from here.
Needs Python with torch, timm, onnx, onnxruntime, Pillow, tqdm.
"""

import argparse
import importlib
import json
import pathlib
import sys
import time
import types

import timm
import torch

import network


def without_gpu() -> None:
    """`.cuda()` does nothing."""
    torch.Tensor.cuda = lambda self, *args, **kwargs: self
    torch.nn.Module.cuda = lambda self, *args, **kwargs: self


def older_timm(model_path: pathlib.Path) -> None:
    """create_model gives the network of the file, with the modules that a network of timm 0.4 has and no others."""

    def create_model(_name, **_kwargs):
        model = network.load_model(model_path)
        for block in model.blocks:
            for owner, name in ((block.attn, "q_norm"), (block.attn, "k_norm"), (block.attn, "norm"), (block.mlp, "norm")):
                if hasattr(owner, name):
                    delattr(owner, name)  # nn.Identity
            block.forward = types.MethodType(block_forward, block)
            block.mlp.forward = types.MethodType(mlp_forward, block.mlp)
        return model

    def block_forward(self, x, **_kwargs):
        x = x + self.attn(self.norm1(x))
        return x + self.mlp(self.norm2(x))

    def mlp_forward(self, x):
        return self.fc2(self.act(self.fc1(x)))

    timm.create_model = create_model


def without_dead_channels(quantizer) -> None:
    """LayerNorm channels with gamma = 0 are constant: the released code finds no scale for them and stops. Their constant
    is put into the bias of the layer after (exactly the same network), and they take the median scale and zero point."""
    load, find = network.load_model, quantizer.init_quantization_scale

    def folded(path):
        model = load(path)
        with torch.no_grad():
            for block in model.blocks:
                for norm, linear in ((block.norm1, block.attn.qkv), (block.norm2, block.mlp.fc1)):
                    dead = norm.weight == 0
                    linear.bias += linear.weight[:, dead] @ norm.bias[dead]
                    norm.bias[dead] = 0
        return model

    def scale_of(self, x, channel_wise=False):
        if not channel_wise and x.max() == x.min():
            return torch.tensor(float("nan")), torch.tensor(float("nan"))
        delta, zero_point = find(self, x, channel_wise)
        if channel_wise:
            dead = delta.isnan()
            delta[dead] = delta[~dead].median()
            zero_point[dead] = zero_point[~dead].median()
        return delta, zero_point

    network.load_model, quantizer.init_quantization_scale = folded, scale_of


def repq_vit(options, calibration, _labels):
    sys.path.insert(0, str(options.checkout / "classification"))
    main = importlib.import_module("test_quant")
    without_dead_channels(main.UniformQuantizer)
    main.build_dataset = lambda args: ([(calibration, None)], None)
    result = {}

    def validate(args, loader, model, criterion, device):
        result["seconds"] = time.process_time() - begin
        result["model"] = model
        return 0, 0, 0

    main.validate = validate
    main.args = types.SimpleNamespace(model="deit_tiny", device="cpu", seed=0, w_bits=options.bits[0],
                                      a_bits=options.bits[1])
    begin = time.process_time()
    main.main()
    return result["model"], result["seconds"]


def selecting_softmax(quantizer) -> None:
    """Twin quantization as the paper has it: a value belongs to one of the ranges. The released code clips it into both
    and adds them, so that a value above the split comes out larger by the split."""

    def quantized(x, split, qmax):
        top = qmax - 1
        high = (x * top).round().clamp(0, top) / top
        low = (x * (top / split)).round().clamp(0, top) * (split / top)
        return torch.where(x >= split, high, low)

    def search(self, candidates):
        left, right, output, gradient = *self.raw_input, self.raw_out, self.raw_grad
        scores = []
        for split in candidates:
            found = quantized(left, split, self.A_qmax) @ right
            scores.append(self._get_similarity(output, found, self.metric, raw_grad=gradient).sum())
        self.split = candidates[int(torch.stack(scores).argmax())]
        self.A_interval = self.split / (self.A_qmax - 1)

    quantizer.quant_input_A = lambda self, x: quantized(x, self.split, self.A_qmax)
    quantizer._search_best_A_interval = search


def ptq4vit(options, calibration, labels):
    """Settings: config=PTQ4ViT|BasePTQ, metric=hessian|L2_norm|cosine, rounds=, candidates=, softmax=added|select,
    only=PREFIX (modules whose names begin so; the others stay float)."""
    sys.path.insert(0, str(options.checkout))
    config = importlib.import_module("configs." + options.settings.get("config", "PTQ4ViT"))
    config.w_bit = {name: options.bits[0] for name in config.conv_fc_name_list}
    config.a_bit = {name: options.bits[1] for name in config.conv_fc_name_list}
    config.A_bit = {name: options.bits[1] for name in config.matmul_name_list}
    config.B_bit = {name: options.bits[1] for name in config.matmul_name_list}
    for kwargs in (config.ptqsl_conv2d_kwargs, config.ptqsl_linear_kwargs, config.ptqsl_matmul_kwargs):
        kwargs["metric"] = options.settings.get("metric", kwargs["metric"])
        kwargs["search_round"] = int(options.settings.get("rounds", kwargs["search_round"]))
        kwargs["eq_n"] = int(options.settings.get("candidates", kwargs["eq_n"]))
    wrap = importlib.import_module("utils.net_wrap")
    calibrator = importlib.import_module("utils.quant_calib")
    net = importlib.import_module("utils.models").get_net(network.NAME)
    modules = wrap.wrap_modules_in_net(net, config)
    modules = {name: module for name, module in modules.items() if name.startswith(options.settings.get("only", ""))}
    if options.settings.get("softmax") == "select":
        selecting_softmax(importlib.import_module("quant_layers.matmul").SoSPTQSLBatchingQuantMatMul)

    class Loader:
        batch_size = len(calibration)

        def __iter__(self):
            return iter([(calibration, labels)])

    begin = time.process_time()
    calibrator.HessianQuantCalibrator(net, modules, Loader(), sequential=False, batch_size=4).batching_quant_calib()
    return net, time.process_time() - begin


class Silent:
    """A progress bar that shows nothing."""

    def __init__(self, items, **_kwargs):
        self.items = items

    def __iter__(self):
        return iter(self.items)

    def set_postfix(self, **_kwargs):
        pass


def noisyquant(options, calibration, _labels):
    """Settings: mean=0|1, noise=0|1, thin=N (every Nth candidate of each search only), block=N (only that one),
    inputs=float (searched on what the float network gives, as ours, not on what the quantized layers before give).
    NoisyQuant on PTQ4ViT's quantizers was not released."""
    sys.path.insert(0, str(options.checkout))
    code = importlib.import_module("fast_quant")
    thin = int(options.settings.get("thin", 1))
    if thin > 1:
        code.range = lambda *r: range(*(r if len(r) > 1 else (0, *r)))[::thin]
    search = code.percentile_search

    def percentile_search(x, w, bias, z0, bit, search_space=200):
        try:
            return search(x, w, bias, z0, bit, search_space)
        except UnboundLocalError:  # the first candidate, the whole range, is the best
            return x.abs().max() / (2 ** (bit - 1) - 1)

    code.percentile_search = percentile_search
    if options.settings.get("inputs") == "float":
        forward = code.quant_forward

        def searching_forward(self, x):
            searching = self.clip_search or self.noisy_search
            found = forward(self, x)
            return torch.nn.functional.linear(x, self.original_weight, self.bias) if searching else found

        code.quant_forward = searching_forward
    code.tqdm = Silent
    torch.manual_seed(0)
    model = network.load_model(options.model)
    mean, noise = (options.settings.get(name, "1") == "1" for name in ("mean", "noise"))
    part = model.blocks[int(options.settings["block"])] if "block" in options.settings else model
    code.fast_quant(part, bit=options.bits[1], with_noisy_quant=True, percentile=True, search_mean=mean,
                    search_noisy=noise)
    begin = time.process_time()
    with torch.no_grad():
        model(calibration)  # clips
        if mean or noise:
            model(calibration)
    return model, time.process_time() - begin


def fq_vit(options, calibration, _labels):
    """Settings: softmax=4|8 bits (log2, or uniform), batches=N."""
    sys.path.insert(0, str(options.checkout))
    models = importlib.import_module("models")
    config = importlib.import_module("config").Config(ptf=True, lis=options.settings.get("softmax", "4") != "8")
    kind = importlib.import_module("models.ptq.bit_type").BitType
    if options.bits != [8, 8]:
        config.BIT_TYPE_W = kind(options.bits[0], True)
        config.BIT_TYPE_A = kind(options.bits[1], False)
    model = models.deit_tiny_patch16_224(pretrained=False, cfg=config)
    state = network.load_model(options.model).state_dict()
    missing = model.load_state_dict(state, strict=False)
    if missing.missing_keys or missing.unexpected_keys:
        raise SystemExit(str(missing))
    model.eval()
    begin = time.process_time()
    parts = calibration.chunk(int(options.settings.get("batches", 4)))
    model.model_open_calibrate()
    with torch.no_grad():
        for part in parts:
            if part is parts[-1]:
                model.model_open_last_calibrate()
            model(part)
    model.model_close_calibrate()
    model.model_quant()
    return model, time.process_time() - begin


METHODS = {"repq-vit": repq_vit, "ptq4vit": ptq4vit, "noisyquant": noisyquant, "fq-vit": fq_vit}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("method", choices=sorted(METHODS))
    parser.add_argument("--checkout", type=pathlib.Path, required=True)
    parser.add_argument("--model", type=pathlib.Path, required=True)
    parser.add_argument("--images", type=pathlib.Path, required=True)
    parser.add_argument("--bits", type=int, nargs=2, required=True, metavar=("WEIGHTS", "ACTIVATIONS"))
    parser.add_argument("--count", type=int, default=32, help="calibration images")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--set", dest="settings", nargs="*", default=[], metavar="NAME=VALUE")
    parser.add_argument("--out", type=pathlib.Path)
    parser.add_argument("--no-test", action="store_true", help="the calibration time alone")
    options = parser.parse_args()
    options.settings = dict(setting.split("=", 1) for setting in options.settings)

    torch.set_num_threads(options.threads)
    calibration, labels = network.load_images(options.images / "imagenet-calib", options.count, 248)
    network.check_model(options.model, network.load_model(options.model), calibration[:4])
    without_gpu()
    if options.method != "noisyquant":
        older_timm(options.model)
    model, seconds = METHODS[options.method](options, calibration, labels)
    result = {"method": options.method, "bits": options.bits, "settings": options.settings, "images": options.count,
              "threads": options.threads, "seconds": round(seconds, 2)}
    if not options.no_test:
        result["top1"] = round(network.top1(model, *network.load_images(options.images / "imagenet-val", None, None)), 2)
    print(json.dumps(result))
    if options.out:
        with open(options.out, "a") as file:
            file.write(json.dumps(result) + "\n")


if __name__ == "__main__":
    main()
