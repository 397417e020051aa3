# Every target installs what it needs first (tools/bootstrap; the second time it does nothing).
.PHONY: demo test build bench bench-peers simulate format lint replay bootstrap unit conformance soak test-console

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

format: bootstrap
	@git ls-files '*.h' '*.cc' | xargs clang-format -i

lint: bootstrap
	@$(PYTHON) tools/lint.py
	@git ls-files '*.h' '*.cc' | xargs clang-format --dry-run -Werror
