#!/usr/bin/env python3
"""Measures what quantizing buys and costs a model, and prints it as a table.

First the model against itself, so that verdicts rest on noise that was measured
and not assumed; then its variants against it in one run, with what they lose.
Nothing is kept but the table: the history and the variants go with their folder.
"""

import argparse
import json
import math
import sys
import tempfile
from pathlib import Path

from peer import output_of, say
from readme import put_into

# A quantity, its heading, and whether more of it is better.
QUANTITIES = [
    ("model_size", "size, MB", False),
    ("response_time", "response time, s", False),
    ("tokens_per_second", "throughput, tokens/s", True),
    ("memory", "memory, MB", False),
]


def number(value: float) -> str:
    """Three digits that count, and all of a large number."""
    decimals = 2 - math.floor(math.log10(abs(value))) if value else 0
    return f"{value:,.{max(decimals, 0)}f}"


def percent(value: float) -> str:
    return f"{value:+.1f}"


def label(variant: dict) -> str:
    quantize = variant["recipe"]["quantize"]
    return quantize["level"].upper() + (" with imatrix" if quantize["imatrix"] else "")


def improvement(variant: dict, quantity: str) -> dict:
    return next(one for one in variant["improvements"] if one["quantity"] == quantity)


def change(one: dict, higher_is_better: bool) -> str:
    """The variant's value, its change with the interval, and what that means."""
    if "not_measured" in one["change"]:
        return f"not measured: {one['change']['not_measured']}"
    found = one["change"]["measured"]
    # Improvements are positive where it got better; a change has its own sign.
    sign = 1 if higher_is_better else -1
    ends = [found["low_percent"], found["high_percent"]]
    interval = ""
    if None not in ends:
        low, high = sorted(sign * end for end in ends)
        interval = f" ({percent(low)} to {percent(high)})"
    verdict = one["verdict"].replace("_", " ")
    return f"{number(one['variant'])}: {percent((found['ratio'] - 1) * 100)} %{interval}, {verdict}"


def estimate(found: dict, shown) -> str:
    ends = ""
    if found["low"] is not None:
        ends = f" ({shown(found['low'])} to {shown(found['high'])})"
    return shown(found["value"]) + ends


def losses(variant: dict) -> tuple[str, str]:
    """The ratio of perplexities, and the mean divergence."""
    quality = variant["quality"] or {"not_measured": "it was not asked for"}
    if "not_measured" in quality:
        reason = f"not measured: {quality['not_measured']}"
        return reason, reason
    quality = quality["measured"]
    ratio = estimate(quality["ln_perplexity_ratio"], lambda ln: f"{math.exp(ln):.3f}")
    return ratio, estimate(quality["mean_kld"], lambda kld: f"{kld:.4f}")


def table(run: dict) -> list[str]:
    variants = run["comparison"]["variants"]
    base = run["model"]["file_type"]
    headings = [heading for _, heading, _ in QUANTITIES]
    rows = [["", *headings, f"perplexity / that of {base}", "mean KLD, nats"], ["---"] * (len(headings) + 3)]
    values = [improvement(variants[0], quantity)["baseline"] for quantity, *_ in QUANTITIES]
    perplexity = run["comparison"]["baseline_perplexity"] or {}
    own = perplexity.get("measured")
    own = f"perplexity {own['perplexity']['value']:.3f}" if own else ""
    rows.append([base, *("–" if value is None else number(value) for value in values), own, ""])
    for variant in variants:
        cells = [change(improvement(variant, quantity), higher) for quantity, _, higher in QUANTITIES]
        rows.append([label(variant), *cells, *losses(variant)])
    return [f"| {' | '.join(row)} |" for row in rows]


def explanation(run: dict) -> str:
    """How it was measured, in a paragraph."""
    bands = [one["band"] for variant in run["comparison"]["variants"] for one in variant["improvements"]]
    launches = {band["n_launches"] for band in bands if band}
    noise = "noise that was assumed"
    if None not in launches:
        noise = f"what {max(launches)} launches of the model against itself showed"
    settings = run["spec"]["settings"]
    quality = run["spec"]["quality"]
    chunks = f" Perplexity and divergence on {quality['n_chunks']} chunks of the evaluation text." if quality else ""
    environment = run["environment"]
    return (
        f"{run['model']['name']} ({base_words(run)}) on {environment['cpu_model']}, "
        f"{environment['n_threads']} threads: {settings['iterations']} launches of each model, "
        f"{len(run['spec']['prompts'])} prompts of {settings['max_tokens']} tokens. A change in % carries "
        f"its 95 % interval over launches and is judged against {noise}.{chunks}"
    )


def base_words(run: dict) -> str:
    made = run["model"].get("provenance")
    return run["model"]["file_type"] + (f", {made}" if made else "")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("model", type=Path, metavar="MODEL", help="F16")
    parser.add_argument("--whittle", type=Path, required=True, help="Whittle's release program")
    parser.add_argument("--levels", default="q4_0,q5_0,q8_0")
    parser.add_argument("--iterations", type=int, default=10)
    parser.add_argument("--noise-launches", type=int, default=20, help="0: assume the noise")
    parser.add_argument("--chunks", type=int, default=40, help="0: no quality")
    parser.add_argument("--into", type=Path, metavar="FILE", help="replace the table in this file, too")
    arguments = parser.parse_args()

    program, model = str(arguments.whittle), str(arguments.model)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        data = ["--data-dir", str(folder / "data")]
        if arguments.noise_launches:
            say(f"the model against itself, {arguments.noise_launches} launches of each")
            pairs = ["--iterations", str(arguments.noise_launches), "--out", str(folder / "pairs.jsonl")]
            output_of([program, "verdicts", "record", model, *pairs, *data])
        say(f"{arguments.levels} against the model, {arguments.iterations} launches of each")
        command = [program, "compare", model, "--quantize", arguments.levels, "--json", *data]
        command += ["--iterations", str(arguments.iterations)]
        if arguments.chunks:
            command += ["--quality", "--chunks", str(arguments.chunks)]
        run = json.loads(output_of(command))
    lines = [*table(run), "", explanation(run)]
    reasons = sorted({reason for arm in run["arms"] for reason in arm["unstable"]})
    if reasons:
        lines[-1] += " The run is marked unstable: " + " ".join(reasons)
    print("\n".join(lines))
    if arguments.into:
        put_into(arguments.into, "bench-demo", lines)


if __name__ == "__main__":
    main()
