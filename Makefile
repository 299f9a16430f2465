# One environment, one way in: every target that runs something depends on the marker of the installed lock.
PYTHON ?= python3
VENV := .venv
READY := $(VENV)/.ready
KEEP ?= 1
CATALOG ?=
TESTS ?= tests
B ?= lifecycle

.PHONY: help setup demo test browser lint types contracts check bench clean lock

help:
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/'

setup: $(READY) ## make the Python environment from the hash-pinned lock

$(READY): requirements-uv.lock requirements-dev.lock pyproject.toml
	@echo "Making the Python environment in $(VENV) (a minute the first time)"
	@test -x $(VENV)/bin/python || $(PYTHON) -m venv $(VENV)
	@$(VENV)/bin/python -m pip install --quiet --require-hashes -r requirements-uv.lock
	@$(VENV)/bin/uv pip sync --quiet --compile-bytecode --python $(VENV)/bin/python --require-hashes requirements-dev.lock
	@$(VENV)/bin/uv pip install --quiet --python $(VENV)/bin/python --no-deps --no-build-isolation -e .
	@touch $(READY)

demo: $(READY) ## one price change, start to end, as five people (KEEP=0 ends afterwards, CATALOG=DIR imports a catalog)
	@$(VENV)/bin/mandate demo $(if $(filter 0,$(KEEP)),--no-keep,--keep) $(if $(CATALOG),--catalog $(CATALOG))

test: $(READY) browser ## every test, SQLite and PostgreSQL, real Temporal service, Chromium
	@$(VENV)/bin/python -m pytest $(TESTS)

browser: ## Chromium for the tests of the pages
	@command -v chromium >/dev/null || { echo "Installing Chromium for the page tests"; \
	  apt-get update -qq && apt-get install -y -qq --no-install-recommends chromium >/dev/null; }

lint: $(READY) ## style
	@$(VENV)/bin/ruff check . && $(VENV)/bin/ruff format --check .

types: $(READY) ## mypy strict
	@$(VENV)/bin/mypy

contracts: $(READY) ## which room may import which
	@$(VENV)/bin/lint-imports

check: lint types contracts ## everything that needs no service

bench: $(READY) ## B=lifecycle
	@$(VENV)/bin/python -m bench $(B)

lock: ## resolve the locks again
	@$(VENV)/bin/uv pip compile pyproject.toml --generate-hashes --python-version 3.11 --universal --no-header -q -o requirements.lock
	@$(VENV)/bin/uv pip compile pyproject.toml --group dev --generate-hashes --python-version 3.11 --universal --no-header -q -o requirements-dev.lock

clean: ## remove the environment (state of demos is kept in the platform state folder)
	rm -rf $(VENV)
