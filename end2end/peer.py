"""llama.cpp's own programs, built once to compare Whittle with.

The source distribution of llama-cpp-python carries the whole of llama.cpp, its
tools included, and is built as the engine's crate builds its own copy.
"""

import fcntl
import hashlib
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

SDIST = "llama-cpp-python==0.3.36"
SDIST_SHA256 = "832db0699007f1be95a7e41ef12e88926b02ba836461e36a36372db2760c1a2e"
VENDORED = "llama_cpp_python-0.3.36/vendor/llama.cpp/"
CACHE = Path.home() / ".cache" / "whittle" / "llama-bench"

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


def build(*programs: str) -> Path:
    """The folder of these programs, built when they are not; an interrupted build goes on."""
    CACHE.parent.mkdir(parents=True, exist_ok=True)
    # Two that build at once would build into each other.
    with CACHE.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        stamp = CACHE / "sdist.sha256"
        if not stamp.exists() or stamp.read_text() != SDIST_SHA256:
            shutil.rmtree(CACHE, ignore_errors=True)
            fetch_source()
            stamp.write_text(SDIST_SHA256)
        folder = CACHE / "build" / "bin"
        missing = [name for name in programs if not (folder / name).exists()]
        if missing:
            say(f"building {', '.join(missing)}, once: about 10 minutes on 2 cores")
        compile_programs(programs)
        return folder


def compile_programs(programs: tuple[str, ...]) -> None:
    log = CACHE / "build.log"
    build_folder = str(CACHE / "build")
    jobs = str(os.cpu_count() or 1)
    for command in (
        ["cmake", "-S", str(CACHE / "src"), "-B", build_folder, *CMAKE_SETTINGS],
        ["cmake", "--build", build_folder, "--target", *programs, "-j", jobs],
    ):
        with log.open("w") as output:
            if subprocess.run(command, stdout=output, stderr=output).returncode != 0:
                sys.exit(f"{', '.join(programs)} could not be built; see the end of {log}")


def fetch_source() -> None:
    """Downloads the source distribution and unpacks llama.cpp from it."""
    say(f"fetching llama.cpp's source ({SDIST}, 77 MB)")
    CACHE.mkdir(parents=True)
    with tempfile.TemporaryDirectory(dir=CACHE) as folder:
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
            tar.extractall(CACHE / "src", members, filter="data")


def ggml_version() -> str:
    """The version of ggml in its CMakeLists.txt: llama.cpp's numbers are not in the package."""
    cmake = CACHE / "src" / "ggml" / "CMakeLists.txt"
    parts = re.findall(r"GGML_VERSION_(?:MAJOR|MINOR|PATCH) (\d+)", cmake.read_text())
    return ".".join(parts[:3])


def output_of(command: list[str], **variables: str) -> str:
    """What a program prints; ends this one when it fails."""
    done = subprocess.run(
        command, capture_output=True, text=True, env={**os.environ, **variables}
    )
    if done.returncode != 0:
        sys.exit(f"{' '.join(command)} failed ({done.returncode}):\n{done.stderr[-2000:]}")
    return done.stdout


def physical_cores() -> int:
    """Cores, not hyper-threads, as Whittle's default counts them."""
    siblings = Path("/sys/devices/system/cpu").glob("cpu[0-9]*/topology/thread_siblings_list")
    return len({path.read_text() for path in siblings}) or os.cpu_count() or 1


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
