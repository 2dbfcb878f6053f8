# `make test` and `make demo` need nothing but Python 3.11 or later and make: each sets up what it uses.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin

.PHONY: help demo test lint faults bench clean

help:
	@echo "make demo   train a small Sparsey on real digits, record it, analyse it"
	@echo "make test   run lint, types and the whole test suite"
	@echo "make faults kill, fill and damage everything, many times: docs/guarantees.md"
	@echo "make bench  measure the replay on a trace of 60,000 samples"
	@echo "make clean  remove the virtual environment and what the demo made"

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/.demo: $(BIN)/python pyproject.toml constraints.txt
	$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt -e ".[demo]"
	@touch $@

$(VENV)/.dev: $(BIN)/python pyproject.toml constraints.txt
	$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt -e ".[dev]"
	@touch $@

demo: $(VENV)/.demo
	$(BIN)/sparsey-trace demo -o demo_run

lint: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

test: lint
	$(BIN)/python -m pytest

FAULTS := tests/fuzz tests/trace tests/recording tests/replay/test_outputs.py tests/replay/test_gaps.py \
	tests/replay/test_shards.py tests/replay/test_watching.py tests/cli/test_watch.py

faults: $(VENV)/.dev
	SPARSEY_TRACE_FAULTS=full $(BIN)/python -m pytest --durations=10 $(FAULTS)
	$(BIN)/python -m tests.fuzz

bench: $(VENV)/.dev
	$(BIN)/python benchmarks/replay.py

clean:
	rm -rf $(VENV) demo_run
