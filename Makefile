# Everything sets up what it needs by itself: a virtual environment in .venv, from constraints.txt.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
export PATH := $(CURDIR)/$(BIN):$(PATH)
# One more than there are processors: tests wait for git, ssh-keygen and dvc.
JOBS = $$(($$(getconf _NPROCESSORS_ONLN) + 1))
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: help demo test coverage lint check screenshots docs docs-site stress bench bench-quick bench-table fuzz lock clean

help: ## Show the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

$(VENV)/demo: pyproject.toml constraints.txt
	@$(call venv)
	@echo "Installing govkit with what the worked example needs (once, about a minute) ..."
	@$(BIN)/python -m pip install -q -c constraints.txt -e '.[example,s3]'
	@touch $@

$(VENV)/dev: pyproject.toml constraints.txt
	@$(call venv)
	@echo "Installing govkit with what its tests need (once, about a minute) ..."
	@$(BIN)/python -m pip install -q -c constraints.txt -e '.[dev]'
	@touch $@ $(VENV)/demo

define venv
$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
  || { echo "govkit needs Python 3.11 or newer; name one with: make PYTHON=python3.12 ..."; exit 1; }
[ -x $(BIN)/python ] || $(PYTHON) -m venv $(VENV)
endef

demo: $(VENV)/demo ## The main job: train, refuse, approve, promote, prove, tamper
	@$(BIN)/python scripts/demo.py

test: lint ## All tests, types and style; how much of the rules the unit tests run
	@$(BIN)/python -m pytest -n $(JOBS) --dist worksteal --durations=10 --cov=govkit --cov-report= tests/unit
	@$(BIN)/python -m coverage report --include='govkit/core/*' --fail-under=95 --format=total
	@$(BIN)/python -m pytest -n $(JOBS) --dist worksteal --durations=25 --ignore=tests/unit tests

coverage: $(VENV)/dev ## How much of everything all tests run (slower than the tests alone)
	@$(BIN)/python -m pytest -n $(JOBS) --dist worksteal --cov=govkit --cov-report= tests
	@$(BIN)/python -m coverage report --skip-covered

lint: $(VENV)/dev ## Style and types
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy

check: lint ## The quick ones: style, types, unit tests (under two minutes)
	@$(BIN)/python -m pytest -n auto tests/unit

screenshots: $(VENV)/dev ## Pictures and prints of the pages in a real Chromium, to look at, in build/screenshots
	@rm -rf build/screenshots
	@GOVKIT_SCREENSHOTS=1 $(BIN)/python -m pytest -n $(JOBS) --dist worksteal tests/browser
	@ls build/screenshots

docs: $(VENV)/dev ## Make the generated parts of the documentation again
	@$(BIN)/python scripts/reference.py

docs-site: $(VENV)/dev ## The documentation as a site, in build/site; every link checked
	@$(BIN)/python scripts/docs_site.py

stress: $(VENV)/dev ## 1,000 random kills; 800 events by 16 processes, 200 by 8 clones; the tutorial after a real 'pip install' (ten minutes)
	@GOVKIT_STRESS=1 $(BIN)/python -m pytest -n 2 --dist worksteal tests/integration/test_crashes.py tests/integration/test_crowds.py tests/integration/test_tutorial.py

bench: $(VENV)/dev ## Every benchmark, side by side with what people would use instead; results in build/benchmarks (20 minutes)
	@$(BIN)/python benchmarks/all.py

bench-quick: $(VENV)/dev ## Those that compare, with little data; fails only where a ratio is worse than half of its goal (three minutes)
	@$(BIN)/python benchmarks/all.py --quick

bench-table: ## The page of the documentation from the results that were kept
	@$(PYTHON) benchmarks/all.py --table

fuzz: $(VENV)/dev ## Fuzz every reader of hostile bytes, guided by coverage (SECONDS=20 for each of them)
	@$(BIN)/python -c 'import atheris' 2>/dev/null || $(BIN)/python -m pip install -q -c constraints.txt -e '.[dev,fuzz]'
	@$(BIN)/python benchmarks/fuzz.py --seconds $(or $(SECONDS),20)
	@$(BIN)/python -m tests.fuzz.bombs --all

lock: ## Resolve constraints.txt again
	@rm -rf build/lock && $(PYTHON) -m venv build/lock
	@build/lock/bin/python -m pip install -q '.[dev]'
	@build/lock/bin/python -m pip freeze --exclude dvc-govkit > constraints.txt

clean: ## Remove everything that was made
	@rm -rf $(VENV) build dist scratch .coverage* .mypy_cache .ruff_cache .pytest_cache .hypothesis
