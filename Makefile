# Every target installs what it needs first (tools/bootstrap; the second time it does nothing).
.PHONY: demo test build bench bench-peers simulate format lint tidy headers sanitize replay bootstrap \
  unit conformance soak test-console fuzz

PRESET ?= release
BUILD = build/$(PRESET)
PYTHON = .venv/bin/python

bootstrap:
	@tools/bootstrap

build: bootstrap
	@cmake --preset $(PRESET) >/dev/null
	@cmake --build --preset $(PRESET)

demo: bootstrap
	@cmake --preset $(PRESET) >/dev/null
	@cmake --build --preset $(PRESET) --target martlet martlet-keeper
	@tools/demo

# Lint, build, unit tests, simulation slice, conformance with the real clients.
test: bootstrap
	@tools/test

unit: build
	@ctest --preset $(PRESET) -L unit

conformance: build
	@MARTLET_BIN=$(BUILD)/martlet $(PYTHON) -m pytest -q tests/conformance

replay: build
	@MARTLET_BIN=$(BUILD)/martlet $(PYTHON) -m tests.replay $(ORACLE)

# The console in a real browser; `make test` runs this where chromium is installed already.
test-console: bootstrap
	@tools/bootstrap console
	@cmake --preset $(PRESET) >/dev/null
	@cmake --build --preset $(PRESET) --target martlet martlet-keeper
	@MARTLET_BIN=$(BUILD)/martlet tests/console/run --required

bench: build
	@tools/bench

# The same workloads on Temporal's development server (needs Go the first time).
bench-peers:
	@tools/bench_peers

# Minutes of simulated worlds (docs/simulation.md). Fails when an invariant breaks, or when a kind of
# fault or a transition was not reached. SIMULATE_FLAGS="--seeds 100" runs that alone.
simulate: bootstrap
	@cmake --preset $(PRESET) >/dev/null
	@cmake --build --preset $(PRESET) --target martlet-simulate
ifdef SIMULATE_FLAGS
	@$(BUILD)/martlet-simulate $(SIMULATE_FLAGS)
else
	@$(BUILD)/martlet-simulate --toy --seeds 10000
	@$(BUILD)/martlet-simulate --store sqlite --seeds 500
	@$(BUILD)/martlet-simulate --seeds 20000
endif

# Long versions of what `make test` runs a slice of: server, keeper and both killed at 50 moments of
# 10 s tasks each.
soak: build
	@MARTLET_BIN=$(BUILD)/martlet MARTLET_KILL_ROUNDS=50 MARTLET_KILL_TASK_SECONDS=10 \
	  $(PYTHON) -m pytest -q -s tests/crash

# Searches for inputs that break the parsers and the compiler, FUZZ_SECONDS for each target.
fuzz: bootstrap
	@tools/fuzz

format: bootstrap
	@git ls-files '*.h' '*.cc' | xargs clang-format -i

lint: bootstrap
	@$(PYTHON) tools/lint.py
	@git ls-files '*.h' '*.cc' | xargs clang-format --dry-run -Werror

# clang-tidy over what changed last, until everything was looked at or TIDY_SECONDS are over.
tidy: build
	@$(PYTHON) tools/tidy.py --build $(BUILD) $(if $(TIDY_SECONDS),--seconds $(TIDY_SECONDS))

# Every header compiles alone.
headers: bootstrap
	@cmake --preset $(PRESET) >/dev/null
	@cmake --build --preset $(PRESET) --target header_check

# All C++ unit tests under AddressSanitizer with UBSan, then under ThreadSanitizer.
sanitize: bootstrap
	@for preset in asan tsan; do \
	  cmake --preset $$preset >/dev/null && cmake --build --preset $$preset && \
	  ctest --preset $$preset -L unit || exit 1; \
	done
