#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Random networks through every comparison, from generator to ONNX Runtime on the export.

    campaign.py DIFFER [--seed 1] [--count 400] [--minutes M] [--found FOLDER] [--kept FOLDER] [--quantized 0.25] [--only SEED ...]

For every network: the executor against the interpreter and itself (differ: checks.h), ONNX Runtime without and with its
optimisations, and a provably equal rewrite of the file; for a share of them, quantized by a random recipe: simulation against
interpreter site by site, the bound of every product, the export read again, and in ONNX Runtime part by part. Two in five are held
otherwise than as plain float32 files (forms.py). A difference counts where it is larger
than 8 times what changes of 1e-6 in every value make of the output, and where it is there with two other images too, one of them
with slightly other weights (else a rounding fell on the other side of a jump: of Floor, TopK, a code). Exit status: 0, 1 (something was found), 77 (no ONNX Runtime).
"""

import argparse
import collections
import json
import pathlib
import re
import subprocess
import sys
import tempfile
import time

import judges
from judges import numpy, onnx

import forms
import generate
import mutate
import rewrites


class Differ:
    """The C++ side as a process that is started again where it dies."""

    def __init__(self, tool: str) -> None:
        self.tool, self.process = tool, None

    def ask(self, stem: str, mode: str, seed: int, asked: dict) -> dict:
        if self.process is None or self.process.poll() is not None:
            self.process = subprocess.Popen([self.tool], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.process.stdin.write(" ".join([stem, mode, str(seed), *[f"{key}={value}" for key, value in asked.items()]]) + "\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline()
        if answer:
            return json.loads(answer)
        self.process.wait()
        return {"stem": stem, "crash": self.process.stderr.read()[-500:] or f"exit code {self.process.returncode}"}


class Network:
    """One model in the folder, and what every judge says of it."""

    def __init__(self, differ: Differ, folder: pathlib.Path, form: forms.Form, seed: int, mode: str, variant) -> None:
        self.differ, self.form, self.model, self.seed, self.mode, self.variant = differ, form, form.model, seed, mode, variant
        self.stem, self.other = str(folder / "network"), str(folder / "variant")
        onnx.save(form.model, self.stem + ".onnx")
        if variant:
            onnx.save(variant[0], self.other + ".onnx")
        self.counts = collections.Counter()
        self.note = ""

    def findings(self, draw: int, other: forms.Form | None = None) -> list:
        """[(check, text)] on the images number `draw`, of `other` weights if given."""
        if other:
            return Network(self.differ, pathlib.Path(self.stem).parent, other, self.seed, self.mode, None).findings(draw)
        batch = generate.images(self.model, self.seed + 7919 * draw, 4, self.form.asked.get("batch", 1))
        self.write(self.stem, batch)
        said = self.differ.ask(self.stem, self.mode, self.seed, self.form.asked)
        if "crash" in said:
            return [("crash", said["crash"])]
        if "refused" in said:
            self.note = said["refused"]
            internal = re.search(r"failed|again|broken|map::|vector::", said["refused"]) or not said["refused"].startswith("import")
            return [("refused: " + self.note, said.get("where", ""))] if internal else []
        if said["tolerance"] is None:
            self.note = "not finite"
            return []
        self.counts["comparisons"] += said["comparisons"]
        found = [(f["check"], f"{f['difference']:.2e} > {f['tolerance']:.2e} {f['guilty']}") for f in said["findings"]]
        ours = numpy.fromfile(self.stem + ".float", numpy.float32)
        try:
            theirs = judges.float_findings(self.form.judged, batch[0], said["output"], ours, said["tolerance"])
        except Exception as error:
            return found + [("ONNX Runtime raises", str(error)[:300])]
        if theirs is None:
            self.note = "no finite answer of ONNX Runtime"
            return []
        self.counts["ONNX Runtime float"] += 2
        self.counts.update(f["check"] for f in theirs if f["theirs"])  # no fault of ours: counted, said at the end
        found += [(f["check"], f"{f['difference']:.2e} > {f['tolerance']:.2e}") for f in theirs if not f["theirs"]]
        if self.variant:
            found += self.rewritten(batch, ours, said["tolerance"])
        if "quantized" in said:
            found += self.quantized(said["quantized"], batch, said["output"])
        return found

    def rewritten(self, batch, ours, tolerance: float) -> list:
        self.write(self.other, batch)
        said = self.differ.ask(self.other, "light", self.seed, self.form.asked)
        names = "+".join(self.variant[1])
        if "refused" in said or "crash" in said:
            return [(f"rewritten: refused ({names})", said.get("refused", said.get("crash")))]
        self.counts["rewritten"] += 1
        d = judges.distance(numpy.fromfile(self.other + ".float", numpy.float32), ours)
        return [] if d <= tolerance else [("rewritten", f"{names}: {d:.2e} > {tolerance:.2e}")]

    def quantized(self, said: dict, batch, output: str) -> list:
        self.counts["quantized"] += 1
        self.counts["sites"] += said["sites"]
        self.counts["products bounded"] += said["bounded"]
        found = [(f["check"], f"{f['difference']:.2e} > {f['tolerance']:.2e} {f['guilty']}") for f in said["findings"]]
        if said["refused"]:
            not_finite = re.search(r'NaN or infinite, image image (\d+): value "(.*?)"', said["refused"])
            run = not_finite and int(not_finite[1]) // batch.shape[1]
            if not_finite and not judges.is_finite(self.model, batch[run], not_finite[2]):
                self.counts["NaN while calibrating, in ONNX Runtime too"] += 1
                return found
            return found + [("refused: " + said["refused"], json.dumps(said["recipe"].get("preset", "")))]
        try:
            parts, count = judges.export_findings(self.stem, said["exported"], batch[0], output)
        except Exception as error:
            return found + [("export in ONNX Runtime raises", str(error)[:300])]
        self.counts["exported"] += 1
        self.counts["exported parts"] += count
        return found + [(f["check"], f"{f['difference']:.2e} > {f['tolerance']:.2e} {f['guilty']} {said['recipe'].get('preset')}") for f in parts]

    @staticmethod
    def write(stem: str, batch) -> None:
        batch.tofile(stem + ".images")

    def confirmed(self) -> list:
        """What is found on the first images, on others, and on others with slightly other weights."""
        found = self.findings(0)
        for draw, other in ((1, None), (2, forms.jittered(self.form, self.seed) if found else None)):
            if found:
                again = {kind(check) for check, _ in self.findings(draw, other)}
                lasting = [f for f in found if kind(f[0]) in again or (other and f[0].startswith("rewritten"))]
                self.counts["not confirmed"] += len(found) - len(lasting)
                found = lasting
        return found


def kind(check: str) -> str:
    """A check without names and numbers, so that the same fault counts once."""
    return re.sub(r"node '[^']*'|'[^']*'|/tmp/\S*|\bc?n?v?\d[\w./:]*|\b[\w/.]*\d+[\w/.]*", "#", check)


def made(seed: int, differ: Differ, folder: pathlib.Path, quantized: float) -> Network:
    rng = numpy.random.RandomState(seed % 2**32)
    model = mutate.network(seed) if rng.uniform() < 0.25 else generate.network(seed)
    form = forms.form(model, seed)
    fixed = form.judged is form.model and "batch" not in form.asked  # rewrites write the sizes of one image
    variant = rewrites.rewritten(form.model, seed) if rng.uniform() < 0.5 and fixed else None
    float16 = form.judged is not form.model  # its export is float16 again: no part of it can be given float32
    return Network(differ, folder, form, seed, "quantized" if rng.uniform() < quantized and not float16 else "float", variant)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("differ")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--count", type=int, default=400)
    parser.add_argument("--minutes", type=float, default=1e9, help="at most")
    parser.add_argument("--quantized", type=float, default=0.25, help="share that is calibrated, simulated and exported")
    parser.add_argument("--found", type=pathlib.Path, help="where files that fail are written")
    parser.add_argument("--kept", type=pathlib.Path, help="shrunk networks to begin with")
    parser.add_argument("--only", type=int, nargs="+", metavar="SEED", help="the networks of these seeds alone")
    options = parser.parse_args()
    if options.found:
        options.found.mkdir(parents=True, exist_ok=True)
    start, counts, kinds, operators, refused = time.time(), collections.Counter(), {}, set(), collections.Counter()
    differ = Differ(options.differ)
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        kept = sorted(options.kept.glob("*.onnx")) if options.kept and not options.only else []
        numbers = [seed - options.seed for seed in options.only] if options.only else range(-len(kept), options.count)
        for number in numbers:
            if time.time() - start > 60 * options.minutes:
                break
            seed = options.seed + number
            if number < 0 and not options.only:
                network = Network(differ, folder, forms.plain(onnx.load(kept[number])), seed, "quantized", None)
            else:
                network = made(seed, differ, folder, options.quantized)
            found = network.confirmed()
            counts["networks"] += 1
            counts.update(network.counts)
            counts[network.form.name] += not network.note
            if network.note:
                refused[kind(network.note)] += 1
            else:
                operators.update(node.op_type for node in network.model.graph.node)
            for check, text in found:
                name = f"{seed}" if number >= 0 or options.only else kept[number].name
                if len(kinds.setdefault(kind(check), [])) < 5:
                    print(f"FOUND {name} [{network.mode}]: {check}: {text}", flush=True)
                    if options.found:
                        onnx.save(network.model, options.found / f"{name}.onnx")
                kinds[kind(check)].append(name)
            if number % 200 == 199:
                print(f"... {number + 1} networks, {time.time() - start:.0f} s, {dict(counts)}", flush=True)
    everything = {s.name for s in onnx.defs.get_all_schemas() if s.domain == ""}
    print(f"{dict(counts)} in {time.time() - start:.0f} s; operators of ONNX: {len(operators & everything)} of {len(everything)}")
    for text, number in refused.most_common():
        print(f"  set aside {number}: {text}")
    for check, names in kinds.items():
        print(f"  FOUND {len(names)}: {check}: {' '.join(names[:8])}")
    return 1 if kinds else 0


if __name__ == "__main__":
    sys.exit(main())
