#!/usr/bin/env python3
"""Compares Whittle's quality figures with llama.cpp's own llama-perplexity.

Makes variants of a model with llama-quantize, in a temporary folder, and has
both programs evaluate each against the model: Whittle in one process, the peer
in its two passes with a file of logits between them. They take turns, so that a
machine that drifts favours neither.
"""

import argparse
import json
import os
import re
import statistics
import sys
import tempfile
import time
from pathlib import Path

import peer
from peer import output_of, physical_cores, say

TEXT = Path(__file__).parent.parent / "src" / "evaluate" / "evaluation.txt"
N_CTX = 512
# As Whittle's engine is set: the size of a batch alone moves the figures.
PEER_SETTINGS = f"-c {N_CTX} -b {N_CTX} -ub {N_CTX} -fa auto -ngl 0".split()

# How far the two may be apart.
PERPLEXITY_TOLERANCE = 0.005
KLD_TOLERANCE = 0.03
KLD_FLOOR = 0.01  # below it the peer's logits, rounded to 16 bits, decide
TIME_RATIO = 1.1


def run_whittle(arguments: argparse.Namespace, variant: Path) -> dict:
    """One evaluation by Whittle: its figures and the time of its process."""
    command = [str(arguments.whittle), "quality", str(arguments.model), str(variant)]
    command += ["--chunks", str(arguments.chunks), "--threads", str(arguments.threads), "--json"]
    start = time.monotonic()
    found = json.loads(output_of(command))
    elapsed = time.monotonic() - start
    reading = found["variants"][0]["quality"]
    if "measured" not in reading:
        sys.exit(f"Whittle could not compare {variant.name}: {reading['not_measured']}")
    quality = reading["measured"]
    return {
        "base": found["baseline"]["perplexity"]["perplexity"]["value"],
        "perplexity": quality["perplexity"]["perplexity"]["value"],
        "kld": quality["mean_kld"]["value"],
        "kld_99": quality["kld"]["p99"],
        "same_top": 100 * quality["same_top_token"]["value"],
        "rms_delta_p": 100 * quality["rms_delta_p"]["value"],
        "seconds": elapsed,
    }


def run_peer(arguments: argparse.Namespace, program: Path, variant: Path, logits: Path) -> dict:
    """Both passes of llama-perplexity: its figures and the time of its processes."""
    shared = ["-f", str(TEXT), "--chunks", str(arguments.chunks), "-t", str(arguments.threads)]
    shared += [*PEER_SETTINGS, "--kl-divergence-base", str(logits)]
    start = time.monotonic()
    output_of([str(program), "-m", str(arguments.model), *shared])
    printed = output_of([str(program), "-m", str(variant), *shared, "--kl-divergence"])
    elapsed = time.monotonic() - start
    logits.unlink()

    def value(label: str) -> float:
        found = re.search(rf"^{label}\s*:\s*([-0-9.]+)", printed, re.MULTILINE)
        if not found:
            sys.exit(f"llama-perplexity printed no “{label}”:\n{printed[-2000:]}")
        return float(found.group(1))

    return {
        "base": value(r"Mean PPL\(base\)"),
        "perplexity": value(r"Mean PPL\(Q\)"),
        "kld": value(r"Mean\s+KLD"),
        "kld_99": value(r"99\.0%\s+KLD"),
        "same_top": value("Same top p"),
        "rms_delta_p": value("RMS Δp"),
        "seconds": elapsed,
    }


def difference(ours: float, theirs: float) -> float:
    return ours / theirs - 1


def compare(arguments: argparse.Namespace, ours: dict, theirs: dict, level: str) -> list[str]:
    """Prints a row; returns what is further apart than it may be."""
    apart = []
    for name, tolerance in (("base", PERPLEXITY_TOLERANCE), ("perplexity", PERPLEXITY_TOLERANCE)):
        if abs(difference(ours[name], theirs[name])) > tolerance:
            apart.append(f"{level}: {name} perplexity {ours[name]:.4f} and {theirs[name]:.4f}")
    if theirs["kld"] > KLD_FLOOR and abs(difference(ours["kld"], theirs["kld"])) > KLD_TOLERANCE:
        apart.append(f"{level}: mean KLD {ours['kld']:.5f} and {theirs['kld']:.5f}")
    percent = lambda name: f"{100 * difference(ours[name], theirs[name]):+.2f} %"
    both = lambda name, digits: f"{ours[name]:.{digits}f} / {theirs[name]:.{digits}f}"
    print(
        f"| {level} | {both('perplexity', 3)} ({percent('perplexity')}) "
        f"| {both('kld', 4)} ({percent('kld')}) | {both('kld_99', 3)} "
        f"| {both('same_top', 2)} | {both('rms_delta_p', 2)} "
        f"| {ours['seconds']:.1f} / {theirs['seconds']:.1f} "
        f"({ours['seconds'] / theirs['seconds']:.2f}) |",
        flush=True,
    )
    return apart


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("model", type=Path, metavar="MODEL", help="the baseline, F16")
    parser.add_argument("--whittle", type=Path, required=True, help="Whittle's release program")
    parser.add_argument("--levels", nargs="+", default=["Q8_0", "Q5_0", "Q4_0"])
    parser.add_argument("--chunks", type=int, default=40)
    parser.add_argument("--threads", type=int, default=physical_cores())
    arguments = parser.parse_args()

    programs = peer.build("llama-perplexity", "llama-quantize")
    load_before = os.getloadavg()[0]
    apart: list[str] = []
    ratios: list[float] = []
    print(
        "| variant | perplexity | mean KLD | 99 % KLD | same top token, % | RMS Δp, % | s |\n"
        "|---|---|---|---|---|---|---|",
        flush=True,
    )
    ours: dict = {}
    theirs: dict = {}
    with tempfile.TemporaryDirectory() as folder:
        for number, level in enumerate(arguments.levels):
            say(f"{level}: {number + 1} of {len(arguments.levels)}")
            variant = Path(folder) / f"{level}.gguf"
            output_of([str(programs / "llama-quantize"), str(arguments.model), str(variant), level])
            for whittles_turn in (True, False) if number % 2 == 0 else (False, True):
                if whittles_turn:
                    ours = run_whittle(arguments, variant)
                else:
                    logits = Path(folder) / "logits"
                    theirs = run_peer(arguments, programs / "llama-perplexity", variant, logits)
            apart += compare(arguments, ours, theirs, level)
            ratios.append(ours["seconds"] / theirs["seconds"])
            variant.unlink()

    ratio = statistics.median(ratios)
    if ratio > TIME_RATIO:
        apart.append(f"time: {ratio:.2f} times as long")
    print(
        f"\nWhittle / llama-perplexity on {arguments.model.name}, whose own perplexity is "
        f"{ours['base']:.4f} / {theirs['base']:.4f}; {arguments.chunks} chunks, "
        f"{arguments.threads} thread(s). Median ratio of the times "
        f"{ratio:.2f}, at most {TIME_RATIO} is wanted. "
        f"Load average of the machine before: {load_before:.1f}.\n"
        f"llama-perplexity: llama.cpp of {peer.SDIST}, ggml {peer.ggml_version()}; "
        f"`{' '.join(PEER_SETTINGS)}`."
    )
    if apart:
        sys.exit("Further apart than they may be: " + "; ".join(apart))


if __name__ == "__main__":
    main()
