#!/usr/bin/env python3
"""Compares Whittle's variants with those of llama.cpp's own llama-quantize.

Both make each type of the same file, in turns, so that a machine that drifts
favours neither; the tensors must be the same to the last byte. Then, what an
importance matrix is worth: both collect one on the same text, and
llama-perplexity says how far Q4_0 is from the model with Whittle's and without.
"""

import argparse
import json
import re
import statistics
import struct
import subprocess
import sys
import tempfile
from pathlib import Path

import peer
from peer import output_of, physical_cores, say

EVALUATE = Path(__file__).parent.parent / "src" / "evaluate"
N_CTX = 512
N_CHUNKS = 40

# Of GGUF: bytes of the metadata's numbers by type, and ggml's tensor types
# (elements of a block, its bytes).
NUMBER_BYTES = {0: 1, 1: 1, 2: 2, 3: 2, 4: 4, 5: 4, 6: 4, 7: 1, 10: 8, 11: 8, 12: 8}
TEXT, ARRAY = 8, 9
BLOCKS = {0: (1, 4), 1: (1, 2), 2: (32, 18), 3: (32, 20), 6: (32, 22), 7: (32, 24), 8: (32, 34)}
BLOCKS |= {10: (256, 84), 11: (256, 110), 12: (256, 144), 13: (256, 176), 14: (256, 210)}

TIME_RATIO = 1.1


class Reader:
    """Reads a GGUF file's header."""

    def __init__(self, data: bytes):
        self.data, self.place = data, 0

    def number(self, kind: str) -> int:
        (value,) = struct.unpack_from(f"<{kind}", self.data, self.place)
        self.place += struct.calcsize(kind)
        return value

    def text(self) -> str:
        n = self.number("Q")
        self.place += n
        return self.data[self.place - n : self.place].decode(errors="replace")

    def skip_value(self, kind: int) -> None:
        if kind == TEXT:
            self.text()
        elif kind == ARRAY:
            kind, n = self.number("I"), self.number("Q")
            for _ in range(n):
                self.skip_value(kind)
        else:
            self.place += NUMBER_BYTES[kind]


def tensors(path: Path) -> dict[str, tuple[int, bytes]]:
    """Every tensor's type and bytes."""
    data = path.read_bytes()
    reader = Reader(data)
    reader.place = 8
    n_tensors, n_keys = reader.number("Q"), reader.number("Q")
    for _ in range(n_keys):
        reader.text()
        reader.skip_value(reader.number("I"))
    table = []
    for _ in range(n_tensors):
        name = reader.text()
        n_elements = 1
        for _ in range(reader.number("I")):
            n_elements *= reader.number("Q")
        kind, offset = reader.number("I"), reader.number("Q")
        elements, size = BLOCKS[kind]
        table.append((name, kind, offset, n_elements // elements * size))
    start = -(-reader.place // 32) * 32
    return {
        name: (kind, data[start + offset : start + offset + size])
        for name, kind, offset, size in table
    }


def differing(one: Path, other: Path) -> list[str]:
    """Tensors that are not the same in both."""
    ours, theirs = tensors(one), tensors(other)
    return sorted(name for name in ours.keys() | theirs.keys() if ours.get(name) != theirs.get(name))


def run_whittle(arguments: argparse.Namespace, data: Path, level: str, *more: str) -> dict:
    """Whittle's variant, kept in the data folder."""
    command = [str(arguments.whittle), "quantize", str(arguments.model), "--type", level]
    return json.loads(output_of([*command, "--json", "--data-dir", str(data), *more]))


def run_peer(arguments: argparse.Namespace, quantize: Path, target: Path, level: str, *more: str) -> float:
    """Writes the peer's file; returns what it says that quantizing took, s."""
    command = [str(quantize), *more, str(arguments.model), str(target)]
    done = subprocess.run(
        [*command, level.upper(), str(arguments.threads)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    printed = done.stdout
    found = re.search(r"quantize time\s*=\s*([0-9.]+) ms", printed)
    if done.returncode != 0 or not found:
        sys.exit(f"llama-quantize failed or said no time:\n{printed[-2000:]}")
    return float(found.group(1)) / 1000


def compare(arguments: argparse.Namespace, quantize: Path, level: str, folder: Path) -> list[str]:
    """Makes one type in turns and prints its row; returns what is wrong."""
    pairs, differs = [], set()
    target = folder / "peer.gguf"
    for number in range(arguments.pairs):
        say(f"{level}: pair {number + 1} of {arguments.pairs}")
        ours, theirs = {}, 0.0
        with tempfile.TemporaryDirectory(dir=folder) as data:
            for whittles_turn in (True, False) if number % 2 == 0 else (False, True):
                if whittles_turn:
                    ours = run_whittle(arguments, Path(data), level)
                else:
                    theirs = run_peer(arguments, quantize, target, level)
            differs |= set(differing(Path(ours["path"]), target))
        pairs.append((ours["model"]["variant"]["quantize_s"], theirs))
    ratios = sorted(whittle / peers for whittle, peers in pairs)
    # In any of the pairs.
    wrong = sorted(differs)
    same = "identical" if not wrong else f"{len(wrong)} differ"
    print(
        f"| {level} | {ours['model']['size_bytes'] / 1e6:.1f} | {same} "
        f"| {statistics.median(pair[0] for pair in pairs):.2f} "
        f"| {statistics.median(pair[1] for pair in pairs):.2f} "
        f"| {statistics.median(ratios):.2f} ({ratios[0]:.2f} to {ratios[-1]:.2f}) |",
        flush=True,
    )
    problems = [f"{level}: tensors differ: {', '.join(wrong[:5])}"] if wrong else []
    if statistics.median(ratios) > TIME_RATIO:
        problems.append(f"{level}: took {statistics.median(ratios):.2f} times as long")
    return problems


def matrix(path: Path) -> dict[str, list[float]]:
    """The means of an importance matrix in llama-imatrix's older format."""
    data = path.read_bytes()
    (n,) = struct.unpack_from("<i", data)
    place, means = 4, {}
    for _ in range(n):
        (length,) = struct.unpack_from("<i", data, place)
        name = data[place + 4 : place + 4 + length].decode()
        n_calls, n_values = struct.unpack_from("<ii", data, place + 4 + length)
        place += 12 + length
        values = struct.unpack_from(f"<{n_values}f", data, place)
        place += 4 * n_values
        means[name] = [value / max(n_calls, 1) for value in values]
    return means


def divergence(programs: Path, arguments: argparse.Namespace, logits: Path, model: Path) -> str:
    """Mean KL divergence of a variant from the model, as llama-perplexity says it."""
    printed = output_of(
        [*perplexity(programs, arguments, model), "--kl-divergence-base", str(logits), "--kl-divergence"]
    )
    found = re.search(r"^Mean\s+KLD\s*:\s*([-0-9.]+)", printed, re.MULTILINE)
    if not found:
        sys.exit(f"llama-perplexity printed no mean KLD:\n{printed[-2000:]}")
    return found.group(1)


def perplexity(programs: Path, arguments: argparse.Namespace, model: Path) -> list[str]:
    command = [str(programs / "llama-perplexity"), "-m", str(model), "-f", str(EVALUATE / "evaluation.txt")]
    return [*command, *f"-c {N_CTX} -b {N_CTX} --chunks {N_CHUNKS} -t {arguments.threads}".split()]


def importance(arguments: argparse.Namespace, programs: Path, folder: Path) -> list[str]:
    """Prints what the matrix is worth; returns what is wrong."""
    problems = []
    data = folder / "data"
    say("q4_0 with an importance matrix")
    plain = Path(run_whittle(arguments, data, "q4_0")["path"])
    weighed = Path(run_whittle(arguments, data, "q4_0", "--imatrix")["path"])
    ours = next((data / "cache").glob("imatrix-*.dat"))
    target = folder / "weighed.gguf"
    run_peer(arguments, programs / "llama-quantize", target, "q4_0", "--imatrix", str(ours))
    wrong = differing(weighed, target)
    if wrong:
        problems.append(f"q4_0 with the same matrix: tensors differ: {', '.join(wrong[:5])}")

    say("the same text through llama-imatrix")
    theirs = folder / "peer.dat"
    text = ["-f", str(EVALUATE / "calibration.txt"), "--output-format", "dat", "--no-ppl"]
    settings = f"-c {N_CTX} -b {N_CTX} --chunks {N_CHUNKS} -t {arguments.threads}".split()
    output_of([str(programs / "llama-imatrix"), "-m", str(arguments.model), *text, *settings, "-o", str(theirs)])
    a, b = matrix(ours), matrix(theirs)
    if a.keys() != b.keys():
        problems.append(f"the matrices have other entries: {sorted(a.keys() ^ b.keys())[:5]}")
    apart = [
        abs(sum(a[name]) / sum(b[name]) - 1)
        for name in a.keys() & b.keys()
    ]

    say("divergence from the model")
    logits = folder / "logits"
    output_of([*perplexity(programs, arguments, arguments.model), "--kl-divergence-base", str(logits)])
    without, with_matrix = (divergence(programs, arguments, logits, path) for path in (plain, weighed))
    if float(with_matrix) >= float(without):
        problems.append("the importance matrix makes Q4_0 no better")
    print(
        f"\nQ4_0 without importance matrix: mean KLD {without}; with it: {with_matrix} "
        f"({N_CHUNKS} chunks of the evaluation text, llama-perplexity). With Whittle's matrix, "
        f"llama-quantize writes {'the same tensors' if not wrong else 'other tensors'}. "
        f"Its {len(a)} entries and llama-imatrix's differ by at most {100 * max(apart):.3f} % in their sums."
    )
    return problems


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("model", type=Path, metavar="MODEL", help="F16")
    parser.add_argument("--whittle", type=Path, required=True, help="Whittle's release program")
    parser.add_argument("--levels", nargs="+", default=["q4_0", "q5_0", "q8_0", "q4_k_m"])
    parser.add_argument("--pairs", type=int, default=7)
    parser.add_argument("--threads", type=int, default=physical_cores())
    arguments = parser.parse_args()

    programs = peer.build("llama-quantize", "llama-imatrix", "llama-perplexity")
    problems: list[str] = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        print("| type | MB | tensors | Whittle, s | llama-quantize, s | Whittle / llama-quantize |")
        print("|---|---|---|---|---|---|", flush=True)
        for level in arguments.levels:
            problems += compare(arguments, programs / "llama-quantize", level, folder)
        problems += importance(arguments, programs, folder)
    print(
        f"\nMedians of {arguments.pairs} pairs in turns, {arguments.threads} threads; in brackets "
        "the lowest and the highest ratio of a pair. Both times are of quantizing and writing "
        f"alone. llama-quantize: llama.cpp of {peer.SDIST}, ggml {peer.ggml_version()}."
    )
    if problems:
        sys.exit("\n".join(problems))


if __name__ == "__main__":
    main()
