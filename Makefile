# `make` alone lists what can be made.
.DEFAULT_GOAL := help
.PHONY: help venv demo test faults load bench check audit lock clean day docs
# The newest supported interpreter that really starts; say PYTHON=... to choose.
PYTHON ?= $(shell for p in python3.12 python3.11 python3.13 python3; do \
  "$$p" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' 2>/dev/null && { echo "$$p"; break; }; done)
VENV ?= .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
# A virtual environment or PYTHONPATH of the caller's must not leak in.
unexport VIRTUAL_ENV PYTHONPATH PYTHONHOME

help: ## list the commands
	@grep -hE '^[a-z]+:.*##' $(firstword $(MAKEFILE_LIST)) | sed -E 's/^([a-z]+):.*## */  make \1\t/' | expand -t 18

$(STAMP): requirements/dev.lock pyproject.toml
	@test -n "$(PYTHON)" || { echo "Python 3.11, 3.12 or 3.13 is needed; none was found. Install one, or say: make PYTHON=/path/to/python3.12" >&2; exit 1; }
	@echo "Making $(VENV) with $(PYTHON) from requirements/dev.lock (about a minute)"
	@"$(PYTHON)" -m venv --clear $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $(STAMP)

venv: $(STAMP) ## make the virtual environment from the locked dependencies

demo: $(STAMP) ## run the main job from search to PostgreSQL, with everything it needs (ARGS=--keep leaves it up)
	@$(BIN)/python -m worker.cli demo $(ARGS)

day: $(STAMP) ## play a day of a dealer group, compare at its end, and write the report day.html (four minutes)
	@$(BIN)/python -m sandbox.day $(ARGS)

test: $(STAMP) ## run the tests, but for the long ones of faults and load (ARGS="-k plate" chooses)
	@$(BIN)/python -m pytest $(ARGS)

faults: $(STAMP) ## break everything that can break, and see that nothing is lost or doubled (about 55 minutes)
	@$(BIN)/python -m pytest tests/faults -m "not load" -p no:randomly --timeout 600 $(ARGS)

load: $(STAMP) ## thousands of requests beside bulk work, with faults (LOAD_REQUESTS=20000)
	@$(BIN)/python -m pytest tests/faults -m load -p no:randomly --timeout 7200 -s $(ARGS)

check: $(STAMP) ## format, lint, types, import directions
	@$(BIN)/python -m ruff format --check .
	@$(BIN)/python -m ruff check .
	@$(BIN)/python -m mypy
	@$(BIN)/lint-imports

audit: $(STAMP) ## locks, installed packages and licenses; known vulnerabilities where uv and the network are there
	@$(BIN)/python -m pip check
	@$(BIN)/python -m pytest -q -p no:randomly tests/unit/test_supply_chain.py
	@command -v uv >/dev/null || { echo "Known vulnerabilities were NOT looked up: that needs uv, which runs pip-audit."; exit 0; }; \
	  uv tool run pip-audit --version >/dev/null 2>&1 || { echo "Known vulnerabilities were NOT looked up: pip-audit could not be had."; exit 0; }; \
	  uv tool run pip-audit --strict --require-hashes --disable-pip -r requirements/worker.lock

bench: $(STAMP) ## measure everything into docs/performance.md (ARGS="--only growth" chooses, ARGS=--quick tries)
	@$(BIN)/python -m benchmarks $(ARGS)

docs: $(STAMP) ## build the documents as a site into site/; a link that leads nowhere fails
	@NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --quiet --strict --clean $(ARGS)

lock: $(STAMP) ## renew requirements/*.lock from pyproject.toml (needs uv)
	uv pip compile -q --universal --no-strip-extras --python-version 3.11 --generate-hashes --no-header --no-annotate pyproject.toml -o requirements/worker.lock
	uv pip compile -q --universal --no-strip-extras --python-version 3.11 --generate-hashes --no-header --no-annotate --extra dev -c requirements/worker.lock pyproject.toml -o requirements/dev.lock
	uv pip compile -q --universal --no-strip-extras --python-version 3.11 --generate-hashes --no-header --no-annotate --extra otel --extra sentry -c requirements/dev.lock pyproject.toml -o requirements/observed.lock
	echo "hatchling>=1.27,<2" | uv pip compile -q --universal --no-strip-extras --python-version 3.11 --generate-hashes --no-header --no-annotate -c requirements/dev.lock - -o requirements/build.lock

clean: ## remove the virtual environment and caches
	@rm -rf $(VENV) .venv-dlt .venv-gevent .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache .sandbox build dist site
