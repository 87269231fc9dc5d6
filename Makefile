# One verb per line; `make help` lists them. Everything works on a fresh clone with stable Rust and g++.

# How long to fuzz, in seconds; 0 is for ever.
SECS ?= 0
# How many fuzzing processes.
JOBS ?= 1
# fast: optimised, with debug assertions, no sanitizer. asan: with AddressSanitizer, about four times slower.
MODE ?= fast
# What `make replay` and `make tmin` work on.
FILE ?=
# The directory that `make fuzz` takes inputs from and adds them to; empty is the target's own.
CORPUS ?=
# Further flags for libFuzzer, such as -seed=1.
ARGS ?=

# What is fuzzed: layered_cursor, layered_cursor_wiredtiger (needs WIREDTIGER_DIR), or predictable_replay.
TARGET ?= layered_cursor
ARTIFACTS := artifacts/$(TARGET)
# Room for the 1024 steps that an input may have and for the literals that they use.
MAX_LEN := 16384
FUZZ_fast := cargo fuzz
FUZZ_asan := $(if $(shell cargo +nightly --version 2>/dev/null),cargo +nightly fuzz,RUSTC_BOOTSTRAP=1 cargo fuzz)
FLAGS_fast := --release --debug-assertions --sanitizer none
FLAGS_asan := --release --debug-assertions --sanitizer address
FUZZ := $(FUZZ_$(MODE))
FLAGS := $(FLAGS_$(MODE)) --target-dir target/fuzz-$(MODE)
LIMITS := -len_control=0 -max_len=$(MAX_LEN)
# What runs an input of a target.
REPLAY := $(if $(filter predictable_replay,$(TARGET)),predict replay,replay)
# The one with real WiredTiger begins with the seeds of the one without. It is given up on if it hangs, and it may use its
# cache of 1 GB and what AddressSanitizer keeps of it.
ifeq ($(TARGET),layered_cursor_wiredtiger)
FEATURES := --features wiredtiger
REPLAY += --oracle plain,model,wiredtiger
SEEDS := corpus/layered_cursor
LIMITS += -timeout=60 -rss_limit_mb=4096
# cargo-fuzz would bury what the build has to say of a wrong directory.
NEEDED = $(if $(and $(WIREDTIGER_DIR),$(wildcard $(WIREDTIGER_DIR)/.)),,$(error WIREDTIGER_DIR=$(WIREDTIGER_DIR) is no directory: \
	name one in which WiredTiger 11.3 or newer was built or installed))
endif
# Where libFuzzer reads; it writes to the first. Left to cargo-fuzz where nothing is said.
INPUTS := $(if $(CORPUS)$(SEEDS),$(or $(CORPUS),corpus/$(TARGET)) $(SEEDS))
LOCKSTEP := cargo run --locked --release --quiet $(FEATURES) --

# Real WiredTiger, from PyPI's source package, in a virtual environment.
WIREDTIGER := $(CURDIR)/target/wiredtiger
WIREDTIGER_VERSION := 11.3.1
# Release, or Debug: WiredTiger then checks itself all the time, and aborts on misuse.
WIREDTIGER_BUILD ?= Release
# What the package is built with. SWIG from 4.4 on leaves out what the package needs.
WIREDTIGER_TOOLS := setuptools==75.8.0 wheel==0.45.1 cmake==3.31.6 ninja==1.11.1.4 swig==4.3.1
WIREDTIGER_BUILT := $(WIREDTIGER)/built-$(WIREDTIGER_VERSION)-$(WIREDTIGER_BUILD)
WIREDTIGER_PIP := $(WIREDTIGER)/bin/python -m pip --quiet --disable-pip-version-check install

$(if $(FLAGS_$(MODE)),,$(error MODE=$(MODE) is not known: write MODE=fast or MODE=asan))

.DEFAULT_GOAL := help
.PHONY: help fuzz test test-faults test-wiredtiger test-threads test-schedules wiredtiger replay cmin tmin seeds bench bench-fuzz coverage lint cargo-fuzz

help: ## Lists the verbs.
	@sed -n 's/^\([a-z-]*\):.*## /\1|/p' $(MAKEFILE_LIST) | while IFS='|' read -r verb what; do printf '%-12s %s\n' "$$verb" "$$what"; done

# A back trace shows where two replies were compared, which is always the same place. The last thing on the screen
# is what the newest crash does, step by step.
fuzz: cargo-fuzz ## Fuzzes the layered cursor: SECS=60 JOBS=2 MODE=asan TARGET=predictable_replay.
	$(NEEDED)
	@$(if $(INPUTS),mkdir -p $(INPUTS);) start=$$(mktemp); trap 'rm -f "$$start"' EXIT; \
	RUST_BACKTRACE=0 $(FUZZ) run $(FLAGS) $(FEATURES) $(TARGET) $(INPUTS) -- $(LIMITS) -max_total_time=$(SECS) \
		$(if $(filter-out 1,$(JOBS)),-fork=$(JOBS)) $(ARGS); \
	status=$$?; \
	[ $$status -ne 0 ] || exit 0; \
	crash=$$(find $(ARTIFACTS) -name 'crash-*' -newer "$$start" -exec ls -t {} + | head -n 1); \
	[ -n "$$crash" ] || exit $$status; \
	printf '\n%s\n' "== what $$crash does =="; \
	if $(LOCKSTEP) $(REPLAY) "$$crash"; then \
		echo "It agrees in a release build: the crash is a debug assertion or the sanitizer's, as shown above."; \
	fi; \
	echo "the same again: make replay TARGET=$(TARGET) FILE=$$crash"; \
	exit $$status

test: ## Runs the tests.
	cargo test --locked

test-faults: ## Plants known bugs in the engine, one at a time: are they found?
	cargo test --locked --release --features faults --target-dir target/faults --test faults -- --nocapture --test-threads 1

# The standard library is not looked into, for want of its source: what the test runner does with it is suppressed.
test-threads: ## Runs predictable replay on threads under ThreadSanitizer; needs nightly Rust.
	RUSTFLAGS='-Zsanitizer=thread -Cunsafe-allow-abi-mismatch=sanitizer' TSAN_OPTIONS='suppressions=$(CURDIR)/tests/threads.supp' \
		cargo +nightly test --locked --target-dir target/threads --target $$(rustc -vV | sed -n 's/^host: //p') --lib -- replay::tests::on_

test-schedules: ## Tries orders in which threads of predictable replay may take turns, with shuttle.
	RUSTFLAGS='--cfg shuttle' cargo test --locked --target-dir target/schedules --lib -- replay::tests::orders

wiredtiger: $(WIREDTIGER_BUILT) ## Builds real WiredTiger to compare with, once: some minutes. WIREDTIGER_BUILD=Debug.

# The package's build script hands on no variable but PATH, and would make a debug build: so the cmake that it finds is
# one that says which build is wanted. What pip has in its cache may be built otherwise.
$(WIREDTIGER_BUILT):
	@echo "building WiredTiger $(WIREDTIGER_VERSION) in $(WIREDTIGER): this takes some minutes"
	rm -rf $(WIREDTIGER)
	python3 -m venv $(WIREDTIGER)
	$(WIREDTIGER_PIP) $(WIREDTIGER_TOOLS)
	mkdir $(WIREDTIGER)/build
	printf '#!/bin/sh\nCMAKE_BUILD_TYPE=%s exec "%s" "$$@"\n' $(WIREDTIGER_BUILD) $(WIREDTIGER)/bin/cmake > $(WIREDTIGER)/build/cmake
	chmod +x $(WIREDTIGER)/build/cmake
	PATH="$(WIREDTIGER)/build:$(WIREDTIGER)/bin:$$PATH" $(WIREDTIGER_PIP) --no-cache-dir --no-deps --use-pep517 \
		--no-build-isolation --no-binary wiredtiger wiredtiger==$(WIREDTIGER_VERSION)
	$(WIREDTIGER)/bin/python -c 'import wiredtiger; print(wiredtiger.wiredtiger_version()[0])'
	touch $@

test-wiredtiger: wiredtiger ## Compares engine and model with real WiredTiger, and tests what drives it.
	cargo test --locked --features wiredtiger --lib --test wiredtiger_child --test wiredtiger_verbs --test wiredtiger_linked
	cargo test --locked --release --features wiredtiger --target-dir target/with-wiredtiger --test wiredtiger_oracle
	@[ -n "$$WIREDTIGER_DIR" ] || echo 'WIREDTIGER_DIR is not set: what needs a linked WiredTiger was skipped'
	@if [ -n "$$WIREDTIGER_DIR" ] && [ -n "$$WIREDTIGER_PAGE_LOG" ]; then \
		cargo test --locked --features wiredtiger-layered --lib --test wiredtiger_layered --test wiredtiger_layered_sut; \
	else \
		echo 'WIREDTIGER_DIR or WIREDTIGER_PAGE_LOG is not set: the tests of layered tables were skipped'; \
	fi

replay: ## Replays the corpus, or FILE=crash or directory.
	cargo run --locked --release $(FEATURES) -- $(REPLAY) $(or $(FILE),corpus/$(TARGET))

cmin: cargo-fuzz ## Shrinks the corpus to the inputs that reach something of their own; writes the seeds anew.
	$(NEEDED)
	$(FUZZ) cmin $(FLAGS) $(FEATURES) $(TARGET) -- $(LIMITS)
	$(if $(filter layered_cursor,$(TARGET)),@$(MAKE) --no-print-directory seeds)

# libFuzzer keeps every smaller input on its way; only the last one is of use.
tmin: cargo-fuzz ## Shrinks a crash: FILE=artifacts/layered_cursor/crash-...
	$(NEEDED)
	$(if $(wildcard $(FILE)),,$(error FILE=$(FILE) is no file: write FILE=$(ARTIFACTS)/crash-...))
	@start=$$(mktemp); trap 'rm -f "$$start"' EXIT; \
	RUST_BACKTRACE=0 $(FUZZ) tmin $(FLAGS) $(FEATURES) $(TARGET) $(FILE); \
	status=$$?; \
	find $(ARTIFACTS) -name 'minimized-from-*' -newer "$$start" -exec ls -t {} + | tail -n +2 | xargs rm -f; \
	exit $$status

seeds: ## Writes the generated programs of the seed corpus anew.
	cargo run --locked --release -- seeds --out corpus/layered_cursor --force

bench: ## Measures compared steps per CPU second, growth and memory.
	cargo bench --locked

bench-fuzz: cargo-fuzz ## Measures steps per CPU second inside libFuzzer.
	$(FUZZ) build $(FLAGS) $(FEATURES) $(TARGET)
	benches/fuzz.sh target/fuzz-$(MODE)

coverage: ## Shows what of the layered cursor the corpus does not reach; needs llvm-cov.
	tests/coverage.sh

lint: ## Checks format and lints.
	cargo fmt --all --check
	cargo clippy --locked --workspace --all-targets -- -D warnings
	cargo clippy --locked --all-targets --features faults -- -D warnings

cargo-fuzz: ## Installs cargo-fuzz if it is missing, and fetches the dependencies.
	@cargo fuzz --version >/dev/null 2>&1 || cargo install cargo-fuzz --locked
	@cargo fetch --locked
