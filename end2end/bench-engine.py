#!/usr/bin/env python3
"""Compares Whittle's speed with llama.cpp's own llama-bench on the same files.

Builds llama-bench once from the source distribution of llama-cpp-python, which
carries the whole of llama.cpp, and runs both programs in turns (ABBA, so that
a machine that drifts favours neither). The ratio within a pair is the result;
absolute speeds are those of a shared machine at that moment.
"""

import argparse
import hashlib
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

SDIST = "llama-cpp-python==0.3.36"
SDIST_SHA256 = "832db0699007f1be95a7e41ef12e88926b02ba836461e36a36372db2760c1a2e"
VENDORED = "llama_cpp_python-0.3.36/vendor/llama.cpp/"

N_PROMPT = 512  # tokens of Whittle's standard prefill
N_GEN = 128
# As Whittle's engine is set: src/domain/defaults.rs and src/engine/.
LLAMA_BENCH_SETTINGS = "-b 2048 -ub 512 -fa auto -lm none -ngl 0".split()
# As the engine's crate builds llama.cpp: static, native, OpenMP, CPU only.
CMAKE_SETTINGS = [
    "-DCMAKE_BUILD_TYPE=Release",
    "-DBUILD_SHARED_LIBS=OFF",
    "-DGGML_NATIVE=ON",
    "-DGGML_OPENMP=ON",
    "-DGGML_METAL=OFF",
    "-DGGML_BLAS=OFF",
    # The package has no version history to read these from.
    "-DLLAMA_BUILD_COMMIT=unknown",
    "-DLLAMA_BUILD_NUMBER=0",
    *(
        f"-DLLAMA_{part}=OFF"
        for part in "CURL OPENSSL BUILD_TESTS BUILD_EXAMPLES BUILD_SERVER BUILD_APP "
        "BUILD_UI USE_PREBUILT_UI".split()
    ),
]


def build_llama_bench(cache: Path) -> Path:
    """Returns the program, built when it is not; an interrupted build goes on."""
    stamp = cache / "sdist.sha256"
    if not stamp.exists() or stamp.read_text() != SDIST_SHA256:
        shutil.rmtree(cache, ignore_errors=True)
        fetch_source(cache)
        stamp.write_text(SDIST_SHA256)
    build = cache / "build"
    program = build / "bin" / "llama-bench"
    if not program.exists():
        say("building llama-bench, once: about 10 minutes on 2 cores")
    log = cache / "build.log"
    jobs = str(os.cpu_count() or 1)
    for command in (
        ["cmake", "-S", str(cache / "src"), "-B", str(build), *CMAKE_SETTINGS],
        ["cmake", "--build", str(build), "--target", "llama-bench", "-j", jobs],
    ):
        with log.open("w") as output:
            if subprocess.run(command, stdout=output, stderr=output).returncode != 0:
                sys.exit(f"llama-bench could not be built; see the end of {log}")
    return program


def fetch_source(cache: Path) -> None:
    """Downloads the source distribution and unpacks llama.cpp from it."""
    say(f"fetching llama.cpp's source ({SDIST}, 77 MB)")
    cache.mkdir(parents=True)
    with tempfile.TemporaryDirectory(dir=cache) as folder:
        pip = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "-d", folder]
        no_binary = ["--no-binary", SDIST.partition("=")[0]]
        if subprocess.run([*pip, *no_binary, SDIST]).returncode != 0:
            sys.exit(f"pip could not fetch {SDIST}; its last lines above say why")
        archive = next(Path(folder).glob("*.tar.gz"))
        found = hashlib.sha256(archive.read_bytes()).hexdigest()
        if found != SDIST_SHA256:
            sys.exit(f"{archive.name} arrived damaged: SHA-256 {found}; try again")
        with tarfile.open(archive) as tar:
            members = [m for m in tar.getmembers() if m.name.startswith(VENDORED)]
            for member in members:
                member.name = member.name.removeprefix(VENDORED)
            tar.extractall(cache / "src", members, filter="data")


def run_llama_bench(program: Path, model: Path, threads: int) -> dict[str, float]:
    """One process of llama-bench: tokens/s of prefill and decode."""
    command = [str(program), "-m", str(model), "-p", str(N_PROMPT), "-n", str(N_GEN)]
    command += ["-r", "1", "-t", str(threads), *LLAMA_BENCH_SETTINGS, "-o", "json"]
    tests = json.loads(output_of(command))
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


def output_of(command: list[str], **variables: str) -> str:
    """What a program prints; ends this one when it fails."""
    done = subprocess.run(
        command, capture_output=True, text=True, env={**os.environ, **variables}
    )
    if done.returncode != 0:
        sys.exit(f"{' '.join(command)} failed ({done.returncode}):\n{done.stderr[-2000:]}")
    return done.stdout


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


def physical_cores() -> int:
    """Cores, not hyper-threads, as Whittle's default counts them."""
    siblings = Path("/sys/devices/system/cpu").glob("cpu[0-9]*/topology/thread_siblings_list")
    return len({path.read_text() for path in siblings}) or os.cpu_count() or 1


def ggml_version(cmake: Path) -> str:
    """The version of ggml in its CMakeLists.txt: llama.cpp's numbers are not in the package."""
    parts = re.findall(r"GGML_VERSION_(?:MAJOR|MINOR|PATCH) (\d+)", cmake.read_text())
    return ".".join(parts[:3])


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def main() -> None:
    cache = Path.home() / ".cache" / "whittle" / "llama-bench"
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("models", nargs="+", type=Path, metavar="MODEL")
    parser.add_argument("--whittle", type=Path, required=True, help="Whittle's release program")
    parser.add_argument("--pairs", type=int, default=7)
    parser.add_argument("--threads", type=int, default=physical_cores())
    arguments = parser.parse_args()

    llama_bench = build_llama_bench(cache)
    load_before = os.getloadavg()[0]
    print("| model | test | Whittle, tokens/s | llama-bench, tokens/s | Whittle / llama-bench |")
    print("|---|---|---|---|---|", flush=True)
    run: dict = {}
    for model in arguments.models:
        run = compare(arguments, llama_bench, model)

    engine = run["environment"]["engine"]
    peer = ggml_version(cache / "src" / "ggml" / "CMakeLists.txt")
    print(
        f"\nMedians of {arguments.pairs} pairs run in turns, {arguments.threads} threads; "
        "in brackets the lowest and the highest ratio of a pair. "
        f"Load average of the machine before: {load_before:.1f}.\n"
        f"Whittle: {engine['version']} ({engine['system_info'].strip()}).\n"
        f"llama-bench: llama.cpp of {SDIST}, ggml {peer}; "
        f"`-p {N_PROMPT} -n {N_GEN} -r 1 {' '.join(LLAMA_BENCH_SETTINGS)}`. "
        "It decodes from an empty context, Whittle after its prompt."
    )


if __name__ == "__main__":
    main()
