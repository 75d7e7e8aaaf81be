# Zhengtong: `make run` opens the demo city, `make test` checks everything quick.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
UV     := $(BIN)/uv
SEAL   := --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url --no-emit-find-links
PORT   ?= 8000
CASES  ?= 300
STORY  ?= 11

.PHONY: help setup run test test-all bench bundle lint lock clean
help:            ## show this help
	@grep -E '^[a-z-]+: .*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

setup: $(VENV)/.ready   ## make .venv with the locked dependencies, fetch browser assets, compile translations

$(UV): requirements/uv.txt
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/uv.txt
	@touch $(UV)

$(VENV)/.ready: $(UV) requirements/base.txt requirements/dev.txt requirements/node.txt package-lock.json pyproject.toml tools/assets.py tools/messages.py $(wildcard src/zhengtong/*/locale/*/LC_MESSAGES/*.po)
	$(UV) pip install --quiet --python $(BIN)/python --require-hashes -r requirements/dev.txt
	$(UV) pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --editable .
	command -v npm >/dev/null || $(UV) pip install --quiet --python $(BIN)/python --require-hashes -r requirements/node.txt
	PATH="$$PATH:$(CURDIR)/$(BIN)" npm ci --ignore-scripts --silent
	$(BIN)/python tools/assets.py
	$(BIN)/python tools/messages.py compile
	@touch $@

run: setup       ## open the demo city on http://127.0.0.1:8000 (PORT=…, CASES=…, STORY=…)
	$(BIN)/zhengtong --city examples/city serve --demo --cases $(CASES) --story $(STORY) --port $(PORT)

test: setup      ## the tests that need no browser, PostgreSQL or killing (≤ 10 minutes)
	$(BIN)/pytest -n auto -m "not browser and not crash" tests

test-all: setup  ## all tests: also a real browser, a real PostgreSQL, crashes (≤ 30 minutes)
	$(BIN)/pytest -n auto -m "not browser and not crash" tests
	$(BIN)/python tools/on_postgresql.py $(BIN)/pytest -n 2 -m "database and not crash" tests
	$(BIN)/pytest -m "browser or crash" tests

bench: setup     ## measure (benchmarks/)
	$(BIN)/python -m benchmarks

bundle: setup    ## build/zhengtong-….tar.gz: installs without a network; tried in a clean place before it is done
	$(BIN)/python tools/bundle.py

lint: setup      ## style, types, import directions, translations
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python tools/messages.py check

lock: $(UV)      ## lock the dependencies again, with hashes and without hosts
	$(UV) pip compile --quiet $(SEAL) pyproject.toml --output-file requirements/base.txt
	$(UV) pip compile --quiet $(SEAL) pyproject.toml --extra dev --constraints requirements/base.txt --output-file requirements/dev.txt
	$(UV) pip compile --quiet $(SEAL) requirements/node.in --output-file requirements/node.txt
	$(UV) pip compile --quiet $(SEAL) requirements/uv.in --output-file requirements/uv.txt
	npm install --package-lock-only --ignore-scripts

clean:           ## remove what setup made
	rm -rf $(VENV) node_modules build src/zhengtong/ui/static/vendor src/zhengtong/ui/fonts
