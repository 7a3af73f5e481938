# From a bare machine with make and any Python >= 3.11:
#
#     make run     sets up .venv and runs the main job: timeouts against breaker thresholds, table and figures
#     make test    sets up .venv and runs everything that must hold
#
# A second call installs nothing, unless pyproject.toml or constraints.txt has changed. Another interpreter: make run PYTHON=python3.12

VENV    := .venv
BIN     := $(VENV)/bin
STAMP   := $(VENV)/.installed
RESULTS := results

# The main job, in one place. It resumes; a file of other code is set aside.
MAIN_JOB := $(BIN)/gameday sweep breakers --renew --out $(RESULTS)/breakers.sqlite

# The first of these that runs, is new enough and can make a virtual environment.
PYTHON     ?=
CANDIDATES := $(PYTHON) $(if $(PYTHON),,python3 python3.13 python3.12 python3.11 python3.14 python)
USABLE     := import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))

# Compiled modules are kept, whatever the environment says: the tests start hundreds of processes.
export PYTHONDONTWRITEBYTECODE :=

PYTEST := $(BIN)/python -m pytest
# A process that has nothing left to do takes over what waits for another: files differ too much in length.
SHARED := --numprocesses=auto --dist=worksteal

.DEFAULT_GOAL := help
.PHONY: help setup run check test fast notebooks clean

help:
	@sed -n '/^# *make /s/^# *//p' Makefile

setup: $(STAMP)

$(STAMP): pyproject.toml constraints.txt
	@for python in $(CANDIDATES); do \
	    if "$$python" -c '$(USABLE)' >/dev/null 2>&1; then found="$$python"; break; fi; \
	done; \
	if [ -z "$$found" ]; then \
	    echo "GameDay needs Python 3.11 or later with its venv module; none of these is one: $(CANDIDATES)" >&2; \
	    exit 1; \
	fi; \
	if ! [ -x $(BIN)/python ] || ! $(BIN)/python -c '$(USABLE)' >/dev/null 2>&1; then \
	    echo "Setting up $(VENV) with $$("$$found" --version) (once; takes a minute or two)"; \
	    "$$found" -m venv --clear $(VENV); \
	fi
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[test]'
	@touch $@

run: setup
	@mkdir -p $(RESULTS)
	$(MAIN_JOB)

check: setup
	$(BIN)/ruff check .
	$(BIN)/mypy

# Benchmarks compare times, so they run alone, after the tests that share the cores.
test: check
	$(PYTEST) $(SHARED) -m "not benchmark"
	$(PYTEST) -m benchmark tests/benchmarks

fast: setup
	$(PYTEST) $(SHARED) -m "not slow and not network"

# Runs the lessons afresh and writes their outputs into them; the tests compare with what is committed.
notebooks: setup
	$(BIN)/python -m tests.notebooks.execution

clean:
	rm -rf $(VENV) build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis
