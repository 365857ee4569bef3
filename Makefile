# The front door. Every target is one line over a module in config/; `make help` says what each is for.
# Works from a bare checkout: whatever a target needs (.venv, node_modules, assets) is made first, once.

PYTHON ?= python3
PY := .venv/bin/python
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

TARGETS := run up down test check $(if $(wildcard tests/e2e/test_*.py),e2e) $(if $(wildcard tests/faults/test_*.py),faults) \
	$(if $(wildcard tests/bench/__main__.py),bench) conformance assets screenshots lock clean
.PHONY: help $(TARGETS)

help_run    := start everything here in one log; Ctrl-C stops it, data is kept
help_up     := the same in the background; returns when every part answers
help_down   := stop what `make up` (or a forgotten `make run`) started
help_test   := all tests on throw-away servers; ARGS="-k word" narrows them down
help_check  := format, lint, types, floors, templates, migrations, deploy settings
help_e2e    := the browser tests alone
help_faults := the tests of crashes and lost answers alone; N=10000 pays so often while everything breaks
help_bench  := measure: make bench NAME=intake
help_conformance := run the third-party suite against gpsandbox; ARGS="Ach" runs one
help_assets := copy the front-end files we serve, compile translations
help_screenshots := photograph the running house for the README
help_lock   := renew requirements/*.txt and package-lock.json
help_clean  := remove what can be made again (never .data/)

help:
	@$(foreach target,$(TARGETS),printf '  make %-11s %s\n' '$(target)' '$(help_$(target))';)

run: .venv/.installed assets/.copied
	@exec $(PY) -m config.stack run

up: .venv/.installed assets/.copied
	@exec $(PY) -m config.stack up

down: .venv/.installed
	@exec $(PY) -m config.stack down

test: .venv/.installed assets/.copied
	@exec $(PY) -m config.testrun all $(ARGS)

e2e: .venv/.installed assets/.copied
	@exec $(PY) -m config.testrun e2e $(ARGS)

faults: .venv/.installed assets/.copied
	@exec $(PY) -m config.testrun $(if $(N),storm $(N) $(SEED),faults $(ARGS))

bench: .venv/.installed assets/.copied
	@exec $(PY) -m config.testrun bench $(NAME)

check: .venv/.installed
	@exec $(PY) -m config.check

conformance: .venv/.installed
	@exec $(PY) -m config.conformance $(ARGS)

assets: .venv/.installed node_modules/.installed
	@exec $(PY) -m config.assets

screenshots: .venv/.installed node_modules/.installed
	@exec $(PY) -m config.screenshots

lock: .venv/.installed
	@exec $(PY) -m config.lock

clean:
	rm -rf .venv node_modules assets staticfiles .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# --- Made once, made again when their source changes -----------------------------------------------------------------

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed; this is " + sys.version.split()[0] + ". Try: make PYTHON=python3.11 ...")'
	$(PYTHON) -m venv .venv

.venv/.installed: requirements/dev.txt requirements/uv.txt | .venv/bin/python
	$(PY) -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements/uv.txt
	.venv/bin/uv pip install --quiet --python $(PY) --no-deps --require-hashes -r requirements/dev.txt
	@touch $@

node_modules/.installed: package.json package-lock.json .npmrc | .venv/.installed
	@$(PY) -m config.node npm ci --ignore-scripts --loglevel=error
	@touch $@

assets/.copied: config/assets.py node_modules/.installed $(wildcard locale/*/LC_MESSAGES/*.po)
	@$(PY) -m config.assets
