#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Random networks as ONNX files, valid by construction.

    generate.py FOLDER SEED [COUNT]      writes SEED.onnx, SEED+1.onnx, ...

network(seed) is a function of the seed alone. Three of seven networks draw from all pieces, the others favour one kind: layers, blocks
of transformers, movement, or operators that are expanded. Images are 1, 3 or 4 x S x S', with S from 1 to 57 (planes past the blocking of kernels); one network in
ten has a fixed batch of 2 or 3, one in three a symbolic one.
"""

import pathlib
import random
import sys

import numpy
import onnx

import pieces_blocks
import pieces_elementwise
import pieces_expanded
import pieces_layers
import pieces_movement
from network import Network, NothingFits

KINDS = {"elementwise": pieces_elementwise.PIECES, "movement": pieces_movement.PIECES, "layers": pieces_layers.PIECES,
         "blocks": pieces_blocks.PIECES, "expanded": pieces_expanded.PIECES}


def start(seed: int) -> Network:
    """An image, nothing else; batch, plane, opset by chance."""
    rng = random.Random(seed)
    large = rng.random() < 0.15
    sizes = [28, 32, 33, 40, 57] if large else [1, 2, 3, 5, 7, 8, 8, 9, 12, 14, 16, 17]
    high = rng.choice(sizes)
    wide = high if rng.random() < 0.6 else rng.choice(sizes)
    batch = rng.choice([2, 3]) if rng.random() < 0.1 and not large else 1
    opset = rng.choice([13, 14, 15, 16, 17, 17, 17, 18, 19, 20, 21, 22, 23, 23])
    net = Network(seed, (batch, rng.choice([3, 3, 3, 3, 1, 4]), high, wide), opset, 60000 if large else 12000,
                  batch == 1 and rng.random() < 0.33)
    if large:  # past the blocking of kernels, a few channels more
        c = rng.choice([8, 16, 24])
        net.op("Conv", ["image", net.weights(c, net.image[1], 1, 1, fan=net.image[1])], [batch, c, high, wide], kernel_shape=[1, 1])
    return net


def network(seed: int) -> onnx.ModelProto:
    """Equal seeds give equal models."""
    net = start(seed)
    favourite = net.rng.choice([None, None, None, "layers", "blocks", "movement", "expanded"])
    pieces, weights = [], []
    for kind, entries in KINDS.items():
        for weight, piece in entries:
            pieces.append(piece)
            weights.append(weight * (4 if kind == favourite else 1))
    for _ in range(net.rng.choice([3, 5, 8] if net.limit > 20000 else [2, 4, 6, 9, 13, 18])):
        for _ in range(20):
            # What a piece made before it gave up stays, to be read or not.
            try:
                if net.rng.choices(pieces, weights)[0](net) is not None:
                    break
            except NothingFits:
                pass
    return net.finish(net.rng.choice([1, 2, 5, 10, 10, 10, 33]))


def images(model: onnx.ModelProto, seed: int, count: int = 1, batch: int = 1) -> numpy.ndarray:
    """[count, batch, channels, height, width]: noise, and the flat and saturated stretches that photographs have. `batch`: where open."""
    shape = [d.dim_value or batch for d in model.graph.input[0].type.tensor_type.shape.dim]
    noise = numpy.random.RandomState(seed % 2**32)
    values = noise.standard_normal([count, *shape])
    values[::2] = numpy.clip(values[::2] * 1.5, -1.0, 2.0)
    return values.astype(numpy.float32)


def main() -> int:
    folder, seed, *count = sys.argv[1:]
    for s in range(int(seed), int(seed) + int(count[0] if count else 1)):
        onnx.save(network(s), pathlib.Path(folder, f"{s}.onnx"))
    return 0


if __name__ == "__main__":
    sys.exit(main())
