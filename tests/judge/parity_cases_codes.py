# SPDX-License-Identifier: GPL-3.0-or-later
"""Cases of operator_parity.py that compute with codes: quantizers, ranges taken at run time, weights of 4 and 8 bits in blocks."""

import numpy


def quantizer_cases(case) -> None:
    def pair(m, x, scale, zero, **attributes):
        s, z = m.constant(scale, numpy.float32), m.constant(zero[0], zero[1])
        return m.node("DequantizeLinear", m.node("QuantizeLinear", x, s, z, **attributes), s, z, **attributes)

    case("QuantizeLinear", lambda m: pair(m, m.data(5, 9), 0.1, (3, numpy.uint8)))
    case("QuantizeLinear by channel", lambda m: pair(m, m.data(2, 3, 5), [0.1, 0.02, 0.3], ([0, 5, -7], numpy.int8), axis=1))
    for name, kind in (("int16", numpy.int16), ("uint16", numpy.uint16)):
        case(f"QuantizeLinear {name}", lambda m, kind=kind: pair(m, m.data(5, 9), 0.001, (300, kind)), 21)


def dynamic_cases(case) -> None:
    """One range for all of the tensor: it holds zero whatever is in there, ties go to the even code, the zero point is a code."""

    def dynamic(m, x):
        return m.node("DequantizeLinear", *m.node("DynamicQuantizeLinear", x, outputs=3))

    def number(m, value):
        return m.constant(value, numpy.float32)

    inputs = {
        "": lambda m: m.data(6, 30),
        "of positive numbers": lambda m: m.node("Add", m.node("Abs", m.data(6, 30)), number(m, 2)),
        "of negative numbers": lambda m: m.node("Sub", number(m, -3), m.node("Abs", m.data(6, 30))),
        # A scale of one, and all numbers in the middle between two codes.
        "of ties": lambda m: m.node("Concat", m.node("Add", m.node("Round", m.node("Mul", m.data(90), number(m, 9))), number(m, 0.5)),
                                    number(m, [-100, 155]), axis=0),
        "of one outlier": lambda m: m.node("Concat", m.data(90), number(m, [1000]), axis=0),
        "of zeros": lambda m: m.node("Mul", m.data(6, 30), number(m, 0)),
    }
    for name, build in inputs.items():
        case(f"DynamicQuantizeLinear {name}".strip(), lambda m, build=build: dynamic(m, build(m)))

    def integer_product(m):
        codes, scale, zero = m.node("DynamicQuantizeLinear", m.data(6, 30), outputs=3)
        weights = m.constant(m.random.integers(-127, 128, [30, 8]), numpy.int8)
        real = m.node("Cast", m.node("MatMulInteger", codes, weights, zero, m.constant(0, numpy.int8)), to=1)
        return m.node("Mul", real, m.node("Mul", scale, number(m, 0.01)))

    case("MatMulInteger of a range at run time", integer_product)


def block_cases(case) -> None:
    """com.microsoft MatMulNBits."""

    def packed(codes, bits):
        """[..., n] codes as bytes, the first in the low bits."""
        per = 8 // bits
        codes = numpy.pad(codes, [(0, 0)] * (codes.ndim - 1) + [(0, -codes.shape[-1] % per)]).reshape(*codes.shape[:-1], -1, per)
        return (codes << (numpy.arange(per) * bits)).sum(-1).astype(numpy.uint8)

    def product(m, k, n, bits, block, zeros, bias):
        three = m.node("Concat", *(m.node("Mul", m.data(1, 190), m.constant(f, numpy.float32)) for f in (1, -0.7, 0.3)), axis=1)
        x = m.node("Slice", three, m.constant([0]), m.constant([k]), m.constant([1]))
        blocks = -(-k // block)
        inputs = [x, m.constant(packed(m.random.integers(0, 1 << bits, [n, blocks, block]), bits), numpy.uint8),
                  m.constant(m.random.uniform(0.01, 0.03, [n, blocks]).ravel(), numpy.float32)]
        if zeros == "codes":
            inputs.append(m.constant(packed(m.random.integers(0, 1 << bits, [n, blocks]), bits).ravel(), numpy.uint8))
        elif zeros == "floats":
            inputs.append(m.constant(m.random.uniform(0, 1 << bits, [n, blocks]), numpy.float32))
        if bias:
            inputs += [""] * (5 - len(inputs)) + [m.weights(n)]
        return m.node("MatMulNBits", *inputs, domain="com.microsoft", K=k, N=n, bits=bits, block_size=block)

    for bits in (4, 8):
        for block in (16, 32, 64, 128, 256):
            for k in (2 * block, 2 * block + 17) if block < 256 else (256, 561):
                for zeros in ("", "codes"):
                    case(f"com.microsoft MatMulNBits {bits} bits in {block} of {k} {zeros}".strip(),
                         lambda m, a=(k, 24, bits, block, zeros): product(m, *a, False))
    case("com.microsoft MatMulNBits with floats for zero points", lambda m: product(m, 64, 24, 4, 32, "floats", False))
    case("com.microsoft MatMulNBits with a bias", lambda m: product(m, 49, 24, 4, 16, "codes", True))


def add_cases(case) -> None:
    quantizer_cases(case)
    dynamic_cases(case)
    block_cases(case)
