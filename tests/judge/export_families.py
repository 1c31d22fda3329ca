#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Exports a small network of every model type of timm and of transformers' image models, by both exporters of torch.

    export_families.py FOLDER [NAME ...] [--exporter script|dynamo] [--seconds 90]

NAME may be one of families_tasks.py too: those are of full size.

Writes FOLDER/NAME_EXPORTER_opN.onnx; N goes round the opsets with the line's place in the tables families_timm.py and
families_transformers.py: 14, 18, 20 for TorchScript's exporter (it knows no later one), 23, 18, 20, 23 for dynamo's. Batches
are dynamic from the former and one from the latter, of every fourth network dynamic too. Half of the networks have attention
as one call (scaled_dot_product_attention), half as products and softmax; where the exporter does not take that, products, and
then a batch of one. Why a network cannot be exported goes to FOLDER/not_exported.jsonl; files that are there, and failures
that are known, are not tried again.
"""

import argparse
import json
import os
import pathlib
import signal
import sys
import time

import export_models  # sets the path of resources/export_timm.py
import torch
import timm
import transformers.modeling_utils  # here once, not in each child
import transformers.pytorch_utils

from families_tasks import TASKS
from families_timm import TIMM, network_of_timm
from families_transformers import TRANSFORMERS, network_of_transformers, sizes_of

SCRIPT_OPSETS = (14, 18, 20)
DYNAMO_OPSETS = (23, 18, 20, 23)
LINES = [*(("timm", name) for name in TIMM), *(("transformers", name) for name in [*TRANSFORMERS, *TASKS])]
TRANSFORMERS |= TASKS


def job(place: int, library: str, name: str, exporter: str) -> tuple:
    """File name and form of one export."""
    opsets = SCRIPT_OPSETS if exporter == "script" else DYNAMO_OPSETS
    opset = opsets[place % len(opsets)]
    batch = "dynamic" if exporter == "script" or place % 4 == 1 else "1"
    prefix = "" if library == "timm" else "hf_"
    form = argparse.Namespace(opset=opset, batch=batch, dynamo=exporter == "dynamo", fused=place % 2 == 0)
    return f"{prefix}{name}_{exporter}_op{opset}.onnx", form


def attempts(form: argparse.Namespace) -> list:
    """The form itself; where the exporter does not take that, attention in products; then a fixed batch too."""
    plainer = [(form.fused, form.batch), (False, form.batch), (False, "1")]
    return [argparse.Namespace(opset=form.opset, dynamo=form.dynamo, fused=fused, batch=batch) for fused, batch in dict.fromkeys(plainer)]


def export(library: str, name: str, form: argparse.Namespace, path: pathlib.Path) -> None:
    timm.layers.set_fused_attn(form.fused)
    torch.manual_seed(0)
    if library == "timm":
        model, size = network_of_timm(name), (3, TIMM[name][1], TIMM[name][1])
    else:
        model, size = network_of_transformers(name, form.fused), sizes_of(name)
    model = model.eval()
    export_models.fill(name, model, size[1])
    partial = path.with_suffix(".part")
    export_models.write(model, size, partial, form)
    partial.rename(path)


def in_a_child(work, seconds: float) -> str:
    """Runs `work` in a process of its own, so that neither time nor memory spreads; the reason why it failed, or ""."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reader)
        sink = os.open(os.devnull, os.O_WRONLY)
        os.dup2(sink, 1)
        os.dup2(sink, 2)
        message = ""
        try:
            work()
        except BaseException as error:  # whatever one network meets is a line of the list
            message = f"{type(error).__name__}: {str(error).strip()}"[:400]
        os.write(writer, message.encode())
        os._exit(0)
    os.close(writer)
    end = time.monotonic() + seconds
    status = None
    while time.monotonic() < end:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            break
        time.sleep(0.05)
    else:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        os.close(reader)
        return f"more than {seconds:.0f} s"
    message = os.read(reader, 4096).decode(errors="replace")
    os.close(reader)
    return message or (f"ended with status {status}" if status else "")


def in_order(names: list) -> list:
    """Lines and their places: all small ones, or those of the names, in the order of these."""
    lines = list(enumerate(LINES))
    if not names:  # those of full size by name alone
        return [line for line in lines if line[1][1] not in TASKS]
    return sorted((line for line in lines if line[1][1] in names), key=lambda line: names.index(line[1][1]))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("names", nargs="*", metavar="NAME", help="lines of the tables (default: all)")
    parser.add_argument("--exporter", choices=("script", "dynamo"), help="one exporter only")
    parser.add_argument("--seconds", type=float, default=90, help="longest time of one export")
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(1)
    record = options.folder / "not_exported.jsonl"
    known = {json.loads(line)["file"] for line in record.read_text().splitlines()} if record.exists() else set()
    for exporter in ("script", "dynamo"):
        for place, (library, name) in in_order(options.names):
            file, form = job(place, library, name, exporter)
            path = options.folder / file
            if options.exporter not in (None, exporter) or path.exists() or file in known:
                continue
            start = time.monotonic()
            for attempt in attempts(form):
                reason = in_a_child(lambda: export(library, name, attempt, path), options.seconds)
                if not reason or reason.startswith("more than"):
                    break
            print(f"{file}  {time.monotonic() - start:.0f} s  {reason}", flush=True)
            if reason:
                with record.open("a") as out:
                    out.write(json.dumps({"file": file, "reason": reason}) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
