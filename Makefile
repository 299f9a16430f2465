# One environment, one way in: every target that runs something depends on the marker of the installed lock.
PYTHON ?= python3
VENV := .venv
READY := $(VENV)/.ready
KEEP ?= 1
CATALOG ?=
TESTS ?= tests
B ?= lifecycle
GENERATED := $(addprefix tests/analysis/test_,pricing.py reconciliation_engine.py impact.py)
M ?=
STEP ?=
SEED ?=
# Every process of a test or a demo reads our modules compiled: a tenth of the time that it takes to start.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help setup demo test test-large browser lint types contracts check bench mutants clean lock prove attacks

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

demo: $(READY) ## a price change of tier 3, start to end, as ten people (KEEP=0 ends afterwards, CATALOG=DIR imports a catalog)
	@$(VENV)/bin/mandate demo $(if $(filter 0,$(KEEP)),--no-keep,--keep) $(if $(CATALOG),--catalog $(CATALOG))

test: $(READY) browser ## every test but the large ones, SQLite and PostgreSQL, real Temporal service, Chromium (SEED=7: in one order)
	@$(VENV)/bin/python -m pytest -n 3 --dist loadfile --no-loadscope-reorder $(if $(SEED),--randomly-seed=$(SEED)) $(TESTS)

test-large: $(READY) ## those that are large: a million records, installations that are measured, and properties with thousands of examples; half an hour, not in CI
	@$(VENV)/bin/python -m pytest -m large -q $(TESTS)
	@EXAMPLES=30 $(VENV)/bin/python -m pytest -q --timeout=3600 $(GENERATED)

attacks: $(READY) ## every attack of the catalogue and where it was refused and audited (ONLY=B7)
	@$(VENV)/bin/python -m pytest -q tests/attacks/test_attacks.py $(if $(ONLY),-k "$(ONLY)-")
	@found="$$($(VENV)/bin/python -m tests.attacks.elsewhere $(ONLY))"; test -z "$$found" || \
	  $(VENV)/bin/python -m pytest -q -p tests.attacks.lines $$found
	@nice $(VENV)/bin/python -m tests.attacks.seeded $(ONLY)

browser: ## Chromium for the tests of the pages
	@command -v chromium >/dev/null || { echo "Installing Chromium for the page tests"; \
	  apt-get update -qq && apt-get install -y -qq --no-install-recommends chromium >/dev/null; }

lint: $(READY) ## style
	@$(VENV)/bin/ruff check . && $(VENV)/bin/ruff format --check .

prove: $(READY) ## concurrency and the reference model at full length, resumed where it stopped (STEP=decisions); docs/proof.md
	@nice $(VENV)/bin/python -m tests.prove $(STEP)

types: $(READY) ## mypy strict
	@$(VENV)/bin/mypy

contracts: $(READY) ## which room may import which
	@$(VENV)/bin/lint-imports

check: lint types contracts ## everything that needs no service

bench: $(READY) ## B=lifecycle, waiting, authority, policies, analysis, pricebook, pricebook-page; JSON=1: one JSON object a line
	@$(VENV)/bin/python -m bench $(B) $(if $(filter 1,$(JSON)),--json)

mutants: $(READY) ## mutation tests of gate, tiering and policies, resumed where they stopped (M="policies.strictness*")
	@nice $(VENV)/bin/mutmut run $(M)
	@$(VENV)/bin/mutmut results

lock: ## resolve the locks again
	@$(VENV)/bin/uv pip compile pyproject.toml --generate-hashes --python-version 3.11 --universal --no-header -q -o requirements.lock
	@$(VENV)/bin/uv pip compile pyproject.toml --extra s3 --group dev --generate-hashes --python-version 3.11 --universal --no-header -q -o requirements-dev.lock

clean: ## remove the environment (state of demos is kept in the platform state folder)
	rm -rf $(VENV)
