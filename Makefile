# The two commands of Whittle are `make run` and `make test`; both bring what
# they need. The other targets are their parts.

# Everything that is compiled or fetched once stays here, for every clone:
# llama.cpp alone takes minutes.
CACHE := $(HOME)/.cache/whittle
export CARGO_TARGET_DIR ?= $(CACHE)/target
export DEMO_DIR ?= $(CACHE)/demo
export PATH := $(CACHE)/tools/bin:$(CACHE)/tools/node_modules/.bin:$(PATH)

# These would silently replace the flags of .cargo/config.toml, and with them
# llama.cpp's use of this processor.
unexport RUSTFLAGS CARGO_ENCODED_RUSTFLAGS

ADDR ?= 127.0.0.1:8320

SERVER := --release --no-default-features --features ssr
FRONT := --profile wasm-release --package whittle-front --target wasm32-unknown-unknown

# A copy of the server of its own: another clone's build replaces the one in
# the shared target folder, even while this one's tests run.
WHITTLE := $(CURDIR)/target/whittle
SITE := target/site.stamp
DEMO_Q4_1 := $(DEMO_DIR)/SmolLM2-135M-Instruct.Q4_1.gguf
DEMO_F16 := $(DEMO_DIR)/SmolLM2-135M-Instruct.F16.gguf

# The folders too: their times tell of removed files.
SOURCES := $(shell find src style public 2>/dev/null) \
	Cargo.toml Cargo.lock rust-toolchain.toml .cargo/config.toml

# Cargo tells clones apart by nothing but the times of their files: what another clone
# compiled later would pass for this one's. Two that build at once are not told apart.
COMPILED_FOR := $(CARGO_TARGET_DIR)/clone

.NOTPARALLEL:
.DELETE_ON_ERROR:
.PHONY: this-clone help setup setup-test build server run test lint unit integration e2e demo bench-engine bench-quantize bench-quality bench-pruning bench-demo bench-times bench-web bench-overhead bench-verdicts fuzz api-checks fuzz-api clean

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' Makefile

# What waiting is ahead; a further clone finds all but Whittle itself compiled.
define SAY_HOW_LONG
@test -x $(WHITTLE) || { test -x "$(CARGO_TARGET_DIR)/release/whittle" -a -x "$(CACHE)/tools/bin/wasm-bindgen" && \
	echo "The first build in this clone takes 3 to 7 minutes on 2 cores." || \
	echo "The first build takes about 20 minutes on 2 cores: the wasm tools, llama.cpp, Whittle. Later ones take seconds."; }
endef

run: ## Build Whittle and serve it with a demo model on ADDR (default 127.0.0.1:8320)
	$(SAY_HOW_LONG)
	@$(MAKE) --no-print-directory setup build demo
	exec $(WHITTLE) serve --addr $(ADDR) --models "$(DEMO_DIR)"

test: ## Check everything: format, lints, Rust tests, the HTTP interface, the browser journeys
	$(SAY_HOW_LONG)
	@$(MAKE) --no-print-directory setup-test $(DEMO_Q4_1) lint $(SITE) unit integration e2e

setup: ## Install what the build needs
	@./setup.sh build

setup-test:
	@./setup.sh test

build: $(SITE) server ## Build the front end, and the server that embeds it

this-clone:
	@[ "$$(cat "$(COMPILED_FOR)" 2>/dev/null)" = "$(CURDIR)" ] || { mkdir -p "$(CARGO_TARGET_DIR)" && \
		find "$(CARGO_TARGET_DIR)" -path '*/.fingerprint/whittle-*' -prune -exec rm -rf {} + && \
		echo "$(CURDIR)" > "$(COMPILED_FOR)"; }

# cargo-leptos builds it, not cargo alone: it also runs wasm-bindgen, wasm-opt
# and the style sheet's compiler. It starts from an empty target/site each time,
# so the stamp lies beside it. Without --split what src/pages/later.rs sets apart
# would not be found.
$(SITE): $(SOURCES) | this-clone
	cargo leptos build --release --frontend-only --precompress --split
	@touch $@

# After the front end, which the server embeds.
server: $(SITE) | this-clone
	cargo build $(SERVER) --bin whittle
	@cmp -s "$(CARGO_TARGET_DIR)/release/whittle" $(WHITTLE) || \
		{ cp "$(CARGO_TARGET_DIR)/release/whittle" $(WHITTLE).new && mv $(WHITTLE).new $(WHITTLE); }

demo: $(DEMO_F16) ## Fetch the demo model and upcast it to F16, the demo's baseline
	@:

$(DEMO_Q4_1):
	@./setup.sh demo

$(DEMO_F16): $(DEMO_Q4_1) | server
	$(WHITTLE) upcast "$(DEMO_Q4_1)" "$@"

# The profiles of the builds, so that both compile llama.cpp and the build
# scripts once, and cargo-leptos' own folder for the front end's. With the fuzz target,
# which nothing else compiles.
lint: this-clone ## Check format and lints
	cargo fmt --all --check
	cargo clippy $(SERVER),fuzz --all-targets -- -D warnings
	cargo clippy $(FRONT) --target-dir "$(CARGO_TARGET_DIR)/front" -- -D warnings
	cd end2end && npm run --silent typecheck

# A second copy of the crate: not optimised it is compiled in a third of the time, and
# sums that overflow are found.
CHECKED := $(foreach setting,opt-level=0 overflow-checks=true,\
	--config profile.release.package.whittle.$(setting))

unit: this-clone ## Run the Rust unit tests
	cargo test $(SERVER) --lib $(CHECKED)

INTEGRATION := cargo test $(SERVER) --test integration --

# The server that users get. Many of them wait, for a worker or for the clock, so that four
# at a time keep two cores busy; Schemathesis, which waits for most of its minute, is one.
integration: this-clone api-checks ## Run the Rust integration tests, and the HTTP interface's checks
	$(SCHEMATHESIS) $(INTEGRATION) --include-ignored \
		--test-threads $(shell n=$$(getconf _NPROCESSORS_ONLN) && echo $$((n > 4 ? n : 4)))

# `make e2e PICTURES=1` leaves pictures of every state in end2end/test-results.
e2e: build demo ## Run the browser journeys against the release server
	cd end2end && WHITTLE_BIN=$(WHITTLE) PICTURES=$(PICTURES) npm run --silent journeys

bench-engine: build demo ## Compare the engine's speed with llama.cpp's own llama-bench
	python3 end2end/bench-engine.py --whittle $(WHITTLE) "$(DEMO_F16)" "$(DEMO_Q4_1)"

bench-quantize: build demo ## Compare variants with those of llama.cpp's own llama-quantize
	python3 end2end/bench-quantize.py --whittle $(WHITTLE) "$(DEMO_F16)"

bench-quality: build demo ## Compare perplexity and divergence with llama.cpp's own llama-perplexity
	python3 end2end/bench-quality.py --whittle $(WHITTLE) "$(DEMO_F16)"

# Some minutes for each ratio: every file is made anew, and read beside the model.
# `make bench-pruning INTO=README.md` puts the tables there; ONLY=files or ONLY=table
# is one of them; files are made quickly with QUICK=1, and quantized with THEN=q8_0.
bench-pruning: build demo ## Compare ways to prune the demo model, Whittle's and others'
	python3 end2end/bench-pruning.py --whittle $(WHITTLE) "$(DEMO_F16)" $(if $(ONLY),--only $(ONLY)) $(if $(QUICK),--quick) $(if $(THEN),--then $(THEN)) $(if $(INTO),--into $(INTO))

# The table of the README: `make bench-demo INTO=README.md` puts it there.
bench-demo: build demo ## Measure the demo model's variants and print the README's table of them
	python3 end2end/bench-demo.py --whittle $(WHITTLE) "$(DEMO_F16)" $(if $(INTO),--into $(INTO))

bench-times: setup-test build demo ## Measure what a user waits for: a baseline, a comparison, quality
	WHITTLE_BIN=$(WHITTLE) node end2end/bench-times.mjs

bench-web: setup-test build demo ## Measure the pages: first byte, bundle, hydration, the idle server
	WHITTLE_BIN=$(WHITTLE) node end2end/bench-web.mjs

bench-overhead: setup-test build demo ## Measure what gauges and an open dashboard cost a run
	WHITTLE_BIN=$(WHITTLE) node end2end/bench-overhead.mjs "$(DEMO_F16)"

# A launch pair takes some ten seconds; the second copy is slowed down by 0, 5
# and 20 % for each token. Kept apart from the user's history, and judged again
# without recording by `target/whittle verdicts judge FILE`.
VERDICT_LAUNCHES ?= 40
VERDICT_PAIRS := target/verdicts.jsonl

bench-verdicts: build demo ## Record launches of the demo model and say how often verdicts are right
	rm -rf $(VERDICT_PAIRS) target/verdicts-data
	for slowdown in 0 5 20; do \
		$(WHITTLE) verdicts record "$(DEMO_F16)" --iterations $(VERDICT_LAUNCHES) \
			--slowdown $$slowdown --data-dir target/verdicts-data --out $(VERDICT_PAIRS) || exit 1; \
	done
	$(WHITTLE) verdicts judge $(VERDICT_PAIRS)

# What cargo-fuzz would pass, without its nightly compiler: libFuzzer's coverage,
# no sanitizer, since the reader is safe Rust. A finding is left in the corpus'
# folder and named.
FUZZ_SECONDS ?= 300
FUZZ_CORPUS := $(CACHE)/fuzz/gguf
FUZZ_FLAGS := --cfg fuzzing -Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
	-Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
	-Cllvm-args=-sanitizer-coverage-trace-compares -Cdebug-assertions -Coverflow-checks
HOST = $(shell rustc -vV | sed -n 's/^host: //p')

fuzz: this-clone ## Look for inputs that break the GGUF reader, for FUZZ_SECONDS (default 300)
	RUSTFLAGS="$(FUZZ_FLAGS)" cargo build --release --no-default-features --features fuzz \
		--bin fuzz-gguf --target $(HOST) --target-dir "$(CARGO_TARGET_DIR)/fuzz"
	@mkdir -p "$(FUZZ_CORPUS)"
	SEEDS="$(FUZZ_CORPUS)" "$(CARGO_TARGET_DIR)/fuzz/$(HOST)/release/fuzz-gguf" "$(FUZZ_CORPUS)" \
		-artifact_prefix="$(CACHE)/fuzz/finding-" -max_total_time=$(FUZZ_SECONDS) \
		-timeout=5 -max_len=4096 -print_final_stats=1

API_CHECKS := $(CACHE)/tools/api-checks/bin
# Requests for each operation, in each of two phases, beside those that the
# description itself suggests.
FUZZ_API_EXAMPLES ?= 10
SCHEMATHESIS = SCHEMATHESIS="$(API_CHECKS)/schemathesis" \
	SCHEMATHESIS_OPTIONS="--max-examples $(FUZZ_API_EXAMPLES)"

api-checks:
	@./setup.sh api
	$(API_CHECKS)/openapi-spec-validator --schema 3.1 src/server/openapi.json

fuzz-api: this-clone api-checks ## Send the HTTP interface requests that nobody thought of, with Schemathesis
	$(SCHEMATHESIS) $(INTEGRATION) --ignored --exact fuzz_api::schemathesis_finds_nothing --nocapture

clean: ## Remove what was built here; the shared cache stays
	rm -rf target end2end/node_modules end2end/test-results end2end/playwright-report
	@echo "Kept: $(CACHE), with llama.cpp's build, the tools and the demo model."
