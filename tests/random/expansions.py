#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Operators that the importer takes apart, each in networks of its own: quantized, exported, the export read again and in ONNX Runtime.

    expansions.py DIFFER [OPERATOR ...]

For every operator TIMES networks: an image, tokens or a plane of it through a layer, the piece that draws the operator, a head. All
comparisons of campaign.py must find nothing, and the export's parts must have been compared in each operator's networks at least
once. Exit status: 0, 1, 77 (no ONNX Runtime).
"""

import pathlib
import sys
import tempfile

import campaign

import forms
import pieces_blocks
import pieces_expanded
import pieces_layers
from network import Network, NothingFits

TIMES, TRIES = 4, 400
PIECES = {
    pieces_expanded.function: "Celu Selu Softsign ThresholdedRelu Shrink Asin Acos Atanh Tan Sinh Cosh Asinh Atan Acosh",
    pieces_expanded.several: "Mean Sum Max Min",
    pieces_expanded.normalised: "LpNormalization MeanVarianceNormalization RMSNormalization LayerNormalization",
    pieces_expanded.logarithm: "ReduceLogSum ReduceLogSumExp",
    pieces_expanded.p_pool: "LpPool GlobalLpPool",
    pieces_expanded.computed_shape: "Shape Expand",
    pieces_expanded.chosen: "Compress OneHot ScatterElements",
    pieces_expanded.sampled: "GridSample",
    pieces_expanded.native_attention: "Attention RotaryEmbedding",
    pieces_expanded.fused: "BiasGelu FastGelu Gelu QuickGelu FusedMatMul SkipLayerNormalization MultiHeadAttention com.microsoft:Attention",
    pieces_expanded.told: "CastLike Dropout IsNaN IsInf",
    pieces_layers.channel_norm: "InstanceNormalization",
    pieces_layers.softmax: "LogSoftmax",
}


RECENT = "Attention RotaryEmbedding RMSNormalization".split()  # of opset 23; ONNX Runtime lacks others there


def named(node) -> str:
    return f"{node.domain}:{node.op_type}" if node.op_type == "Attention" and node.domain else node.op_type


def network(operator: str, piece, seed: int):
    """A model with the operator, or None where the piece drew another."""
    net = Network(seed, (1, 3, 8, 8), 23 if operator in RECENT else 20, 12000, False)
    for front in (pieces_layers.convolution, pieces_blocks.mlp if seed % 2 else pieces_layers.linear):
        try:
            front(net)
        except NothingFits:
            pass
    try:
        made = piece(net)
    except NothingFits:
        return None
    model = net.finish(10) if made else None
    return model if model and operator in {named(node) for node in model.graph.node} else None


def main() -> int:
    tool, *wanted = sys.argv[1:]
    differ, failed = campaign.Differ(tool), 0
    with tempfile.TemporaryDirectory() as folder:
        for piece, operators in PIECES.items():
            for operator in operators.split():
                if wanted and operator not in wanted:
                    continue
                seeds, models = iter(range(TRIES)), []
                while len(models) < TIMES and (seed := next(seeds, None)) is not None:
                    if model := network(operator, piece, seed):
                        models.append((seed, model))
                parts, found = 0, [] if models else ["no network has it"]
                for seed, model in models:
                    one = campaign.Network(differ, pathlib.Path(folder), forms.plain(model), seed, "quantized", None)
                    found += [f"seed {seed}: {check}: {text}" for check, text in one.confirmed()] + ([one.note] if one.note else [])
                    parts += one.counts["exported parts"]
                if not parts:
                    found.append("no part of an export was compared")
                failed += bool(found)
                print(f"{operator:28} {len(models)} networks, {parts:3} parts  {'FAILED ' + '; '.join(found)[:400] if found else 'ok'}", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
