# The doors that people and CI share. Each makes .venv if it is missing, and installs again only
# when pyproject.toml or constraints.txt changed.

PYTHON ?= python3
BIN := .venv/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check
BASE := smollm2-135m
# A process for each core; the tests of a file stay together, because they share what is slow to make.
SPREAD := -n auto --dist loadfile

.DEFAULT_GOAL := help
.PHONY: help setup demo test test-full check format bench bench-data bench-startup bench-train clean

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: .venv/.dev ## Make .venv with everything that development needs

demo: .venv/.train ## The whole life of a specialist on a bundled example, in a few minutes
	$(BIN)/postgrad models pull $(BASE)
	$(BIN)/postgrad demo

test: .venv/.dev ## Run the tests
	$(BIN)/postgrad models pull $(BASE)
	$(BIN)/postgrad models pull all-minilm-l6-v2
	$(BIN)/postgrad models pull rampart
	$(BIN)/python -m pytest tests $(SPREAD)

test-full: .venv/.full ## Run the tests with the long sweeps
	$(BIN)/postgrad models pull $(BASE)
	$(BIN)/postgrad models pull all-minilm-l6-v2
	$(BIN)/postgrad models pull rampart
	$(BIN)/python -m pytest tests -m "not gpu" $(SPREAD)

check: .venv/.dev ## Lint, formatting, types, and who may import whom
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/pyright
	$(BIN)/lint-imports

format: .venv/.dev ## Mend what can be mended without thinking
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: ## Every benchmark, one after the other
	$(MAKE) bench-startup
	$(MAKE) bench-data
	$(MAKE) bench-train

bench-data: .venv/.dev ## What the data doctor finds of planted defects, and how fast
	$(BIN)/python benchmarks/data/planted.py
	$(BIN)/python benchmarks/data/personal.py
	$(BIN)/postgrad models pull all-minilm-l6-v2
	$(BIN)/postgrad models pull rampart
	$(BIN)/python benchmarks/data/optional_rules.py
	$(BIN)/python benchmarks/data/speed.py

bench-startup: .venv/.train ## How long `import postgrad` and `postgrad --help` take
	$(BIN)/python benchmarks/startup.py

bench-train: .venv/.train .venv-bench/.made ## Training speed, memory and loss against TRL + PEFT
	$(BIN)/postgrad models pull $(BASE)
	$(BIN)/python benchmarks/train_speed.py

clean: ## Remove what was built and cached here; runs/ stays
	rm -rf .venv .venv-bench build dist .pytest_cache .ruff_cache .hypothesis .import_linter_cache

# A stamp is written last, so that an installation that was cut off is done again.

.venv/.made:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "postgrad needs Python 3.11 or newer, and $(PYTHON) is: $$($(PYTHON) --version 2>&1)." >&2; \
	  echo "Name another one with: make PYTHON=python3.12 $(MAKECMDGOALS)" >&2; exit 1; }
	$(PYTHON) -m venv .venv
	@touch $@

.venv/.train: .venv/.made pyproject.toml constraints.txt
	@echo "Installing postgrad and PyTorch into .venv; the first time takes a few minutes."
	$(PIP) -c constraints.txt -e '.[train]'
	@touch $@

.venv/.dev: .venv/.train
	$(PIP) -c constraints.txt -e '.[train,dev]'
	@touch $@

.venv/.full: .venv/.dev
	$(PIP) -c constraints.txt -e '.[train,dev,suites]'
	@touch $@

.venv-bench/.made: benchmarks/constraints-peers.txt
	$(PYTHON) -m venv .venv-bench
	.venv-bench/bin/python -m pip install --quiet --disable-pip-version-check -r $<
	@touch $@
