#!/usr/bin/env python3
"""Measures what pruning a model costs and buys, and prints it as tables.

First every method at every ratio beside what others do (norms of weights, Wanda-sp,
FLAP, greedy removal of blocks), by perplexity on text that none of them was made by.
Then, at one ratio, what a user gets: whether the file is as large as was foretold,
whether llama.cpp's own llama-perplexity loads it and reads the same from it, and
how fast it is in a run that is paired with the model's; the last not of files that are
made quickly, or quantized too.
"""

import argparse
import json
import re
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

import peer
from peer import output_of, physical_cores, say
from readme import put_into

TEXT = Path(__file__).parent.parent / "src" / "evaluate" / "evaluation.txt"
# As Whittle's engine is set: the size of a batch alone moves the figures.
PEER_SETTINGS = "-c 512 -b 512 -ub 512 -fa auto -ngl 0".split()
METHODS = ["width", "depth", "auto"]
SPEED = 1.15  # at least so many times the model's is wanted of 30 % by width


def foretold(arguments: argparse.Namespace, program: str, folder: Path) -> dict[str, tuple[int, bool]]:
    """Bytes that the file of each method is said to have before it is made, and whether that is settled."""
    model = arguments.model
    serve = [program, "serve", "--addr", "127.0.0.1:0", "--data-dir", str(folder), "--no-background"]
    server = subprocess.Popen([*serve, "--models", str(model.parent)], stdout=subprocess.PIPE, text=True)
    try:
        lines = iter(server.stdout or [])
        address = next(found[0] for line in lines if (found := re.search(r"http://\S+", line)))
        # A new library reads its files first, and foretells nothing beside that.
        n_pending = 1
        while n_pending > 0:
            time.sleep(0.2)
            with urllib.request.urlopen(f"{address}/api/models") as answer:
                listing = json.load(answer)
            n_pending = listing["n_pending"]
        ids = [one["id"] for one in listing["models"] if one["file_name"] == model.name]
        if not ids:
            sys.exit(f"the library does not have {model.name}")
        quantize = {"level": arguments.then} if arguments.then else None
        recipes = [
            {"prune": {"ratio": arguments.ratio, "method": method, "quick": arguments.quick}, "quantize": quantize}
            for method in arguments.methods
        ]
        body = json.dumps({"model": ids[0], "recipes": recipes}).encode()
        headers = {"content-type": "application/json"}
        request = urllib.request.Request(f"{address}/api/variants/forecast", body, headers)
        with urllib.request.urlopen(request) as answer:
            variants = json.load(answer)["variants"]
        sizes = ((one["size_bytes"], one["pruning"]["is_settled"]) for one in variants)
        return dict(zip(arguments.methods, sizes))
    finally:
        server.terminate()
        server.wait()


def peers_perplexity(program: Path, model: str, chunks: int, threads: int) -> float:
    """What llama-perplexity reads from the file, once it has loaded it."""
    shared = ["-f", str(TEXT), "--chunks", str(chunks), "-t", str(threads), *PEER_SETTINGS]
    done = subprocess.run([str(program), "-m", model, *shared], capture_output=True, text=True)
    found = re.search(r"Final estimate: PPL = ([0-9.]+)", done.stdout + done.stderr)
    if done.returncode != 0 or not found:
        sys.exit(f"llama-perplexity does not read {model}:\n{done.stderr[-2000:]}")
    return float(found[1])


def change(run: dict, variant: dict, quantity: str) -> str:
    one = next(one for one in variant["improvements"] if one["quantity"] == quantity)
    if "not_measured" in one["change"]:
        return f"not measured: {one['change']['not_measured']}"
    found = one["change"]["measured"]
    interval = ""
    if found["low_percent"] is not None:
        low, high = (1 + end / 100 for end in (found["low_percent"], found["high_percent"]))
        interval = f" ({low:.3f} to {high:.3f})"
    return f"×{found['ratio']:.3f}{interval}"


def speeds(arguments: argparse.Namespace, program: str, method: str, data: list[str]) -> list[str]:
    """How fast the file of a method decodes and reads prompts, beside the model."""
    if arguments.quick or arguments.then:
        return ["not measured"] * 2
    compare = [program, "compare", str(arguments.model), "--prune", str(arguments.ratio), "--method", method]
    run = json.loads(output_of([*compare, "--iterations", str(arguments.iterations), "--json", *data]))
    (variant,) = run["comparison"]["variants"]
    unstable = " (unstable)" if any(arm["unstable"] for arm in run["arms"]) else ""
    return [change(run, variant, "tokens_per_second") + unstable, change(run, variant, "prompt_tokens_per_second")]


def product(arguments: argparse.Namespace, program: str, folder: Path) -> list[str]:
    """The files of each method at one ratio: size, peer, speed."""
    llama_perplexity = peer.build("llama-perplexity") / "llama-perplexity"
    data = ["--data-dir", str(folder)]
    sizes = foretold(arguments, program, folder)
    options = [*(["--quick"] if arguments.quick else []), *(["--then", arguments.then] if arguments.then else [])]
    rows = []
    for method in arguments.methods:
        say(f"{arguments.ratio:.0%} by {method}")
        prune = [program, "prune", str(arguments.model), "--ratio", str(arguments.ratio), "--method", method]
        start = time.monotonic()
        made = json.loads(output_of([*prune, *options, "--json", *data]))
        seconds = time.monotonic() - start
        report = made["model"]["variant"]["pruning"]
        check, cut = report["check"], report["cut"]
        theirs = peers_perplexity(llama_perplexity, made["path"], check["n_chunks"], arguments.threads)
        size = made["model"]["size_bytes"]
        foreseen, is_settled = sizes[method]
        off = size - foreseen
        told = "to the byte" if off == 0 else f"{off:+,} bytes" if is_settled else f"{off / foreseen:+.2%} of about"
        decoding, prompts = speeds(arguments, program, method, data)
        rows.append(
            f"| {method} | {100 * cut['achieved_pruning_ratio']:.2f} % | {cut['prune_s']:.1f} | {seconds:.1f} "
            f"| {size / 1e6:.1f}, {told} | ×{check['perplexity'] / check['base_perplexity']:.3f} "
            f"| {check['perplexity']:.3f} / {theirs:.3f} | {decoding} | {prompts} |"
        )
    how = f"{arguments.ratio:.0%}{', quick,' if arguments.quick else ''}{f', then {arguments.then},' if arguments.then else ''} by"
    head = (
        f"| {how} | achieved | chosen and cut in, s | from command to file, s | MB, against the forecast "
        "| perplexity over the model's | perplexity, Whittle / llama-perplexity | decode speed over the model's | prompt speed |"
    )
    note = (
        f"Perplexity on the first {check['n_chunks']} chunks of the evaluation text; speeds in {arguments.iterations} paired launches, "
        f"with intervals of 95 %; at least ×{SPEED} of decode speed is wanted of width. llama-perplexity: llama.cpp of "
        f"{peer.SDIST}, ggml {peer.ggml_version()}."
    )
    return [head, "|---" * 9 + "|", *rows, "", note]


def beside(arguments: argparse.Namespace, program: str, folder: str) -> list[str]:
    """Every method beside others, at every ratio."""
    say("every method beside others, at every ratio: some minutes for each")
    table = [program, "pruning-table", str(arguments.model), "--ratios", arguments.ratios]
    by = ["--by", arguments.by] if arguments.by else []
    return output_of([*table, *by, "--chunks", arguments.chunks, "--folder", folder]).splitlines()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("model", type=Path, metavar="MODEL", help="F16")
    parser.add_argument("--whittle", type=Path, required=True, help="Whittle's release program")
    parser.add_argument("--ratios", default="0.1,0.2,0.3,0.4,0.5", help="of the table")
    parser.add_argument("--chunks", default="10,40", help="of the table")
    parser.add_argument("--methods", type=lambda words: words.split(","), default=METHODS, help="of the files that are made and timed")
    parser.add_argument("--by", help="what the table has [default: everything]")
    parser.add_argument("--only", choices=["files", "table"], help="one of the two parts")
    parser.add_argument("--ratio", type=float, default=0.3, help="of the files that are made and timed")
    parser.add_argument("--quick", action="store_true", help="make these quickly")
    parser.add_argument("--then", metavar="LEVEL", help="quantize these, such as q8_0")
    parser.add_argument("--iterations", type=int, default=10)
    parser.add_argument("--threads", type=int, default=physical_cores())
    parser.add_argument("--into", type=Path, metavar="FILE", help="replace the tables in this file, too")
    arguments = parser.parse_args()
    if arguments.into and (arguments.quick or arguments.then):
        parser.error("--into: that file has a place for what is made as usual")

    program = str(arguments.whittle.resolve())
    with tempfile.TemporaryDirectory() as folder:
        parts = {"files": lambda: product(arguments, program, Path(folder)), "table": lambda: beside(arguments, program, folder)}
        for part in [arguments.only] if arguments.only else parts:
            lines = parts[part]()
            print("\n".join([*lines, ""]), flush=True)
            if arguments.into:
                put_into(arguments.into, f"bench-pruning-{part}", lines)


if __name__ == "__main__":
    main()
