# SPDX-License-Identifier: GPL-3.0-or-later
"""Mobile-Former, as its paper defines it: Chen et al., "Mobile-Former: Bridging MobileNet and Transformer", CVPR 2022.

Two branches: Mobile, feature maps [n, c, h, w], and Former, a few learned tokens [n, t, d]. A block is
  Mobile -> Former   tokens attend to the feature map: queries are projected, the map is keys and values as it is
  Former             self-attention and an MLP on the tokens, normalised afterwards
  Mobile             inverted bottleneck whose ReLUs take slopes and offsets from the first token (dynamic ReLU)
  Former -> Mobile   positions attend to the tokens: keys and values are projected, the map is queries as it is
and a block that halves the resolution uses two depthwise/pointwise pairs. Untrained; its structure is what is tested.
"""

import torch
from torch import nn
from torch.nn import functional


def normalised(inputs: int, outputs: int, kernel: int = 1, stride: int = 1, groups: int = 1) -> nn.Sequential:
    conv = nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, groups=groups, bias=False)
    return nn.Sequential(conv, nn.BatchNorm2d(outputs))


class Shuffle(nn.Module):
    """Mixes the channels of `groups` groups."""

    def __init__(self, groups: int) -> None:
        super().__init__()
        self.groups = groups

    def forward(self, x):
        n, c, h, w = x.shape
        return x.view(n, self.groups, c // self.groups, h, w).transpose(1, 2).reshape(n, c, h, w)


def pointwise(inputs: int, outputs: int, groups: int) -> nn.Sequential:
    """1×1 convolution; in groups (the 26M model) the channels are shuffled after it."""
    layers = normalised(inputs, outputs, groups=groups)
    return nn.Sequential(*layers, Shuffle(groups)) if groups > 1 else layers


def attention(q, k, v):
    """[n, heads, rows, c] each."""
    scores = q @ k.transpose(-1, -2) * q.shape[-1] ** -0.5
    return scores.softmax(-1) @ v


def split(x, heads: int):
    """[n, rows, c] -> [n, heads, rows, c / heads]"""
    return x.unflatten(-1, (heads, -1)).transpose(1, 2)


def join(x):
    return x.transpose(1, 2).flatten(2)


class MobileToFormer(nn.Module):
    def __init__(self, channels: int, dim: int, heads: int = 2) -> None:
        super().__init__()
        self.heads = heads
        self.query, self.project = nn.Linear(dim, channels), nn.Linear(channels, dim)
        self.norm = nn.LayerNorm(dim)

    def forward(self, x, tokens):
        rows = split(x.flatten(2).transpose(1, 2), self.heads)
        found = join(attention(split(self.query(tokens), self.heads), rows, rows))
        return self.norm(tokens + self.project(found))


class Former(nn.Module):
    def __init__(self, dim: int, heads: int = 4) -> None:
        super().__init__()
        self.heads = heads
        self.qkv, self.project = nn.Linear(dim, 3 * dim), nn.Linear(dim, dim)
        self.mlp = nn.Sequential(nn.Linear(dim, 2 * dim), nn.GELU(), nn.Linear(2 * dim, dim))
        self.norm1, self.norm2 = nn.LayerNorm(dim), nn.LayerNorm(dim)

    def forward(self, tokens):
        q, k, v = (split(part, self.heads) for part in self.qkv(tokens).chunk(3, -1))
        tokens = self.norm1(tokens + self.project(join(attention(q, k, v))))
        return self.norm2(tokens + self.mlp(tokens))


class FormerToMobile(nn.Module):
    def __init__(self, channels: int, dim: int, heads: int = 2) -> None:
        super().__init__()
        self.heads = heads
        self.key, self.value = nn.Linear(dim, channels), nn.Linear(dim, channels)

    def forward(self, x, tokens):
        rows = split(x.flatten(2).transpose(1, 2), self.heads)
        keys, values = split(self.key(tokens), self.heads), split(self.value(tokens), self.heads)
        return x + join(attention(rows, keys, values)).transpose(1, 2).reshape(x.shape)


class DynamicRelu(nn.Module):
    """max(a1 x + b1, a2 x + b2) for each channel, a and b from the first token: one hidden layer, then a residual on
    (1, 0) and (0, 0)."""

    def __init__(self, channels: int, dim: int) -> None:
        super().__init__()
        self.parameters_of = nn.Sequential(nn.Linear(dim, dim // 4), nn.ReLU(), nn.Linear(dim // 4, 4 * channels), nn.Hardsigmoid())
        self.channels = channels

    def forward(self, x, tokens):
        found = 2 * self.parameters_of(tokens[:, 0]) - 1
        a1, a2, b1, b2 = found.unflatten(1, (4, self.channels, 1, 1)).unbind(1)
        return torch.maximum((1 + a1) * x + 0.5 * b1, a2 * x + 0.5 * b2)


class Mobile(nn.Module):
    def __init__(self, inputs: int, hidden: int, outputs: int, dim: int, groups: int) -> None:
        super().__init__()
        self.expand, self.filter = pointwise(inputs, hidden, groups), normalised(hidden, hidden, 3, groups=hidden)
        self.reduce = pointwise(hidden, outputs, groups)
        self.relu1, self.relu2 = DynamicRelu(hidden, dim), DynamicRelu(hidden, dim)
        self.residual = inputs == outputs

    def forward(self, x, tokens):
        y = self.relu1(self.expand(x), tokens)
        y = self.reduce(self.relu2(self.filter(y), tokens))
        return x + y if self.residual else y


class MobileDown(nn.Module):
    """Halves the resolution with one depthwise/pointwise pair, then adds another on top."""

    def __init__(self, inputs: int, hidden: int, outputs: int, dim: int, groups: int) -> None:
        super().__init__()
        self.filter1, self.reduce1 = normalised(inputs, hidden, 3, 2, inputs), pointwise(hidden, outputs, groups)
        self.filter2, self.reduce2 = normalised(outputs, 4 * outputs, 3, 1, outputs), pointwise(4 * outputs, outputs, groups)
        self.relu1, self.relu2 = DynamicRelu(hidden, dim), DynamicRelu(4 * outputs, dim)

    def forward(self, x, tokens):
        x = self.reduce1(self.relu1(self.filter1(x), tokens))
        return x + self.reduce2(self.relu2(self.filter2(x), tokens))


class Block(nn.Module):
    def __init__(self, inputs: int, hidden: int, outputs: int, dim: int, stride: int, groups: int) -> None:
        super().__init__()
        self.to_former, self.former = MobileToFormer(inputs, dim), Former(dim)
        self.mobile = (MobileDown if stride == 2 else Mobile)(inputs, hidden, outputs, dim, groups)
        self.to_mobile = FormerToMobile(outputs, dim)

    def forward(self, x, tokens):
        tokens = self.former(self.to_former(x, tokens))
        return self.to_mobile(self.mobile(x, tokens), tokens), tokens


class MobileFormer(nn.Module):
    # expansion, channels, stride of the blocks of the two smallest models
    BLOCKS = [(3, 12, 1), (6, 24, 2), (3, 24, 1), (6, 48, 2), (4, 48, 1), (6, 64, 1), (6, 96, 2), (6, 96, 1)]

    def __init__(self, groups: int, tokens: int = 3, dim: int = 128, features: int = 1024, classes: int = 1000) -> None:
        super().__init__()
        self.token = nn.Parameter(torch.zeros(1, tokens, dim))
        self.stem = nn.Sequential(*normalised(3, 8, 3, 2), nn.ReLU6())
        self.lite = nn.Sequential(*normalised(8, 24, 3, 2, 8), nn.ReLU6(), *pointwise(24, 12, groups))
        self.blocks, channels = nn.ModuleList(), 12
        for expansion, outputs, stride in self.BLOCKS:
            self.blocks.append(Block(channels, expansion * channels, outputs, dim, stride, groups))
            channels = outputs
        self.to_former = MobileToFormer(channels, dim)
        self.widen = nn.Sequential(*pointwise(channels, 6 * channels, groups), nn.ReLU6())
        self.head1, self.norm = nn.Linear(6 * channels + dim, features), nn.BatchNorm1d(features)
        self.head2 = nn.Linear(features, classes)

    def forward(self, image):
        x = self.lite(self.stem(image))
        tokens = self.token.expand(image.shape[0], -1, -1)
        for block in self.blocks:
            x, tokens = block(x, tokens)
        tokens = self.to_former(x, tokens)
        pooled = functional.hardswish(self.widen(x).mean((2, 3)))
        joined = torch.cat([pooled, tokens[:, 0]], 1)
        return self.head2(functional.hardswish(self.norm(self.head1(joined))))


def mobile_former_26m() -> MobileFormer:
    return MobileFormer(groups=4)


def mobile_former_52m() -> MobileFormer:
    return MobileFormer(groups=1)
