# `make test` and `make demo` need nothing but Python 3.11 or later and make: each sets up what it uses.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin

# The tests start many interpreters; each would compile the whole package for itself.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help demo test suite lint kernels docs faults lowest bounds bench clean

help:
	@echo "make demo   train a small Sparsey on real digits, record it, analyse it, make a report"
	@echo "make test   run lint, types and the test suite, but for the longest sweeps"
	@echo "make docs   build the documentation: docs/_build/index.html"
	@echo "make faults kill, fill and damage everything, many times: docs/guarantees.md"
	@echo "make lowest run the tests with the lowest versions that pyproject.toml declares (QUICK=1: a short selection)"
	@echo "make bounds see that these versions can be had together, and that those everybody needs analyse a trace"
	@echo "make bench  measure everything, beside peers: benchmarks/results.md (QUICK=1: the short form)"
	@echo "make clean  remove the virtual environment and what demo and docs made"

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/.demo: $(BIN)/python pyproject.toml constraints.txt
	$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt -e ".[demo]"
	@touch $@

# Bytecode is made of what is imported only: of everything that is installed it would take a minute.
$(VENV)/.dev: $(BIN)/python pyproject.toml constraints.txt
	$(BIN)/pip install --no-compile --quiet --disable-pip-version-check -c constraints.txt -e ".[dev]"
	@touch $@

demo: $(VENV)/.demo
	$(BIN)/sparsey-trace demo -o demo_run

lint: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

# Kernels are compiled for the cache once: the processes of the tests would all compile them anew.
kernels: $(VENV)/.dev
	@rm -rf $(VENV)/kernels
	@$(BIN)/sparsey-trace analyze sample_traces/mnist.h5 -o $(VENV)/kernels --resolution epoch >/dev/null

# Types are checked on one core while kernels are compiled on the other, and the first tests run.
test: $(VENV)/.dev
	@$(MAKE) --no-print-directory --jobs 2 lint suite

suite: kernels
	$(BIN)/python -m pytest --numprocesses auto --dist worksteal

docs: $(VENV)/.dev
	$(BIN)/python -m sphinx --fail-on-warning --keep-going --quiet --builder html docs docs/_build
	@echo "docs/_build/index.html"

FAULTS := tests/fuzz tests/trace tests/recording tests/replay tests/metrics tests/runs tests/charts tests/cli \
	tests/tables/test_gaps.py tests/tables/test_groups.py tests/arrays/test_tree.py tests/exporting/test_arrays.py \
	tests/exporting/test_unfailing_file.py tests/sparseypy/test_any_run.py tests/testing tests/docs tests/test_installed_plugins.py tests/test_chunk.py \
	tests/test_layout.py

faults: $(VENV)/.dev
	SPARSEY_TRACE_FAULTS=full $(BIN)/python -m pytest --durations=10 $(FAULTS)
	$(BIN)/python -m tests.fuzz

LOWEST := $(VENV)-lowest

$(LOWEST)/.done: pyproject.toml constraints.txt tests/lowest.txt
	$(PYTHON) -m venv $(LOWEST)
	$(LOWEST)/bin/pip install --quiet --disable-pip-version-check -c constraints.txt torch uv
	$(LOWEST)/bin/uv pip install --quiet --python $(LOWEST)/bin/python --resolution lowest-direct -c tests/lowest.txt -e ".[dev]"
	@touch $@

# What was seen to pass there: docs/decisions/0011-versions.md.
LOWEST_QUICK := tests/test_bounds.py tests/arrays

lowest: $(LOWEST)/.done
	$(LOWEST)/bin/python -m pytest --numprocesses auto --dist loadfile $(if $(QUICK),$(LOWEST_QUICK))

# What CI runs of it: all lowest versions can be had together, and with those that everybody has a trace is analysed.
BOUNDS := $(VENV)-bounds

bounds: $(VENV)/.dev
	@$(BIN)/uv pip compile --quiet --resolution lowest-direct -c tests/lowest.txt --extra dev pyproject.toml >/dev/null
	@$(BIN)/uv venv --quiet --clear --python $(BIN)/python $(BOUNDS)
	@$(BIN)/uv pip install --quiet --python $(BOUNDS)/bin/python --resolution lowest-direct -c tests/lowest.txt -e .
	@NUMBA_CACHE_DIR=$(BOUNDS)/kernels $(BOUNDS)/bin/sparsey-trace analyze sample_traces/digits.h5 -o $(BOUNDS)/tables \
		--metric match_accuracy --resolution epoch >/dev/null
	@# With a numba that isn't known there would be none.
	@ls $(BOUNDS)/kernels/*.o >/dev/null
	@echo "the lowest versions that pyproject.toml declares can be had together, and analyse a trace"

# Peers are installed one by one: one that can't be is named in the tables, and the rest is measured.
BENCH := $(VENV)-bench

$(BENCH)/.done: pyproject.toml constraints.txt benchmarks/requirements.txt
	$(PYTHON) -m venv $(BENCH)
	$(BENCH)/bin/pip install --quiet --disable-pip-version-check -c constraints.txt -e ".[demo]"
	grep -v '^#' benchmarks/requirements.txt | while read -r peer; do \
		$(BENCH)/bin/pip install --quiet --disable-pip-version-check -c constraints.txt "$$peer" || true; done
	@touch $@

bench: $(BENCH)/.done
	$(BENCH)/bin/python -m benchmarks --size $(if $(QUICK),quick,full)

clean:
	rm -rf $(VENV) $(LOWEST) $(BOUNDS) $(BENCH) demo_run docs/_build
