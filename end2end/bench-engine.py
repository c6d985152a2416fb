#!/usr/bin/env python3
"""Compares Whittle's speed with llama.cpp's own llama-bench on the same files.

Builds llama-bench once from the source distribution of llama-cpp-python, which
carries the whole of llama.cpp, and runs both programs in turns (ABBA, so that
a machine that drifts favours neither). The ratio within a pair is the result;
absolute speeds are those of a shared machine at that moment.
"""

import argparse
import json
import os
import statistics
import sys
import tempfile
from pathlib import Path

import peer
from peer import output_of, physical_cores, say

N_PROMPT = 512  # tokens of Whittle's standard prefill
N_GEN = 128
# As Whittle's engine is set: src/domain/defaults.rs and src/engine/.
LLAMA_BENCH_SETTINGS = "-b 2048 -ub 512 -fa auto -lm none -ngl 0".split()

def run_llama_bench(program: Path, model: Path, threads: int) -> dict[str, float]:
    """One process of llama-bench: tokens/s of prefill and decode."""
    command = [str(program), "-m", str(model), "-p", str(N_PROMPT), "-n", str(N_GEN)]
    command += ["-r", "1", "-t", str(threads), *LLAMA_BENCH_SETTINGS, "-o", "json"]
    # Whittle's workers ask for huge pages: llama-bench gets them too.
    tests = json.loads(output_of(command, GLIBC_TUNABLES="glibc.malloc.hugetlb=1"))
    return {
        "prefill": next(t["avg_ts"] for t in tests if t["n_gen"] == 0),
        "decode": next(t["avg_ts"] for t in tests if t["n_prompt"] == 0),
    }


def run_whittle(program: Path, model: Path, threads: int) -> dict:
    """One launch of Whittle: the run's whole JSON."""
    command = [str(program), "bench", str(model), "--iterations", "1"]
    command += ["--max-tokens", str(N_GEN), "--threads", str(threads), "--json"]
    # A data folder of its own: these runs are nobody's history.
    with tempfile.TemporaryDirectory() as folder:
        return json.loads(output_of(command, WHITTLE_DATA=folder))


def speeds(run: dict) -> dict[str, float]:
    """Tokens/s of prefill and decode of a run of Whittle."""
    arm = run["arms"][0]
    return {
        name: measured(arm[field])["mean"]
        for name, field in (
            ("prefill", "prompt_tokens_per_second"),
            ("decode", "tokens_per_second"),
        )
    }


def measured(reading: dict) -> dict:
    if "measured" not in reading:
        sys.exit(f"Whittle could not measure it: {reading['not_measured']}")
    return reading["measured"]


def compare(arguments: argparse.Namespace, llama_bench: Path, model: Path) -> dict:
    """Measures `model` in pairs and prints its rows; returns Whittle's last run."""
    pairs: list[tuple[dict[str, float], dict[str, float]]] = []
    run: dict = {}
    for number in range(arguments.pairs):
        say(f"{model.name}: pair {number + 1} of {arguments.pairs}")
        theirs: dict[str, float] = {}
        for whittles_turn in (True, False) if number % 2 == 0 else (False, True):
            if whittles_turn:
                run = run_whittle(arguments.whittle, model, arguments.threads)
            else:
                theirs = run_llama_bench(llama_bench, model, arguments.threads)
        pairs.append((speeds(run), theirs))
    for test, label in (("decode", f"decode, {N_GEN} tokens"), ("prefill", f"prefill, {N_PROMPT} tokens")):
        ours = statistics.median(whittle[test] for whittle, _ in pairs)
        theirs_median = statistics.median(peer[test] for _, peer in pairs)
        ratios = sorted(whittle[test] / peer[test] for whittle, peer in pairs)
        print(
            f"| {model.name} | {label} | {ours:.1f} | {theirs_median:.1f} "
            f"| {statistics.median(ratios):.3f} ({ratios[0]:.3f} to {ratios[-1]:.3f}) |",
            flush=True,
        )
    return run


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("models", nargs="+", type=Path, metavar="MODEL")
    parser.add_argument("--whittle", type=Path, required=True, help="Whittle's release program")
    parser.add_argument("--pairs", type=int, default=21)
    parser.add_argument("--threads", type=int, default=physical_cores())
    arguments = parser.parse_args()

    llama_bench = peer.build("llama-bench") / "llama-bench"
    load_before = os.getloadavg()[0]
    print("| model | test | Whittle, tokens/s | llama-bench, tokens/s | Whittle / llama-bench |")
    print("|---|---|---|---|---|", flush=True)
    run: dict = {}
    for model in arguments.models:
        run = compare(arguments, llama_bench, model)

    engine = run["environment"]["engine"]
    print(
        f"\nMedians of {arguments.pairs} pairs run in turns, {arguments.threads} threads; "
        "in brackets the lowest and the highest ratio of a pair. "
        f"Load average of the machine before: {load_before:.1f}.\n"
        f"Whittle: {engine['version']} ({engine['system_info'].strip()}).\n"
        f"llama-bench: llama.cpp of {peer.SDIST}, ggml {peer.ggml_version()}; "
        f"`-p {N_PROMPT} -n {N_GEN} -r 1 {' '.join(LLAMA_BENCH_SETTINGS)}`. "
        "It decodes from an empty context, Whittle after its prompt."
    )


if __name__ == "__main__":
    main()
