# Every target installs what it needs first (tools/bootstrap; the second time it does nothing).
.PHONY: demo test build bench simulate format lint replay bootstrap check unit conformance soak

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

bench: build
	@tools/bench

simulate: build
	@$(BUILD)/martlet-simulate $(SIMULATE_FLAGS)

format: bootstrap
	@git ls-files '*.h' '*.cc' | xargs clang-format -i

lint: bootstrap
	@$(PYTHON) tools/lint.py
	@git ls-files '*.h' '*.cc' | xargs clang-format --dry-run -Werror
