# carecircle: `make demo` and `make test` need python3 (3.11 or newer), make and a package registry.
PYTHON ?= python3
WORKERS ?= 2
BIN := .venv/bin
READY := .venv/.ready
INSTALLED := .venv/.installed

# tests, notebooks and documentation start Python anew: what one process compiled, the next loads
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help demo test lint format docs screenshot readme bench clean distclean

help: ## list these targets
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /  make \1\t/' | expand -t 20

demo: $(READY) ## assess the sample city: results/wuhai and maps/wuhai.html
	$(BIN)/carecircle demo --report --out results/wuhai --map maps/wuhai.html

test: $(INSTALLED) ## run every test
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadscope --no-loadscope-reorder

lint: $(INSTALLED) ## check style, format and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: $(INSTALLED) ## format the code
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

docs: $(INSTALLED) ## build the documentation into site/, notebooks run (two minutes)
	NO_MKDOCS_2_WARNING=1 CARECIRCLE_RUN_NOTEBOOKS=1 $(BIN)/mkdocs build --strict

screenshot: demo ## take the pictures of the README again (needs Chromium)
	$(BIN)/python docs/screenshot.py maps/wuhai.html docs/images/wuhai_map.png docs/images/wuhai_what_if.png

readme: $(INSTALLED) ## write the figures of the sample into both READMEs, and the example map
	$(BIN)/python docs/figures.py

bench: $(INSTALLED) ## measure against peers in the same run
	$(BIN)/carecircle bench

clean: ## remove results, caches and built documentation
	rm -rf results site build dist maps/wuhai.html .pytest_cache .mypy_cache .ruff_cache .hypothesis .coverage
	find coverage data docs tests -name __pycache__ -prune -exec rm -rf {} +

distclean: clean ## also remove the environment
	rm -rf .venv

# the demo needs the package alone; everything else also needs the tools to test and document it
$(READY): pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "carecircle needs Python 3.11 or newer; say which with: make PYTHON=python3.12")'
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable .
	@touch $@

$(INSTALLED): $(READY)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	@touch $@
