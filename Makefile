# make up, make test, make bench, make screenshots: each first prepares what it needs. README.md says what they do and what they read.

PYTHON ?= $(shell for name in python3.11 python3.12 python3.13 python3 python3.14 python; do \
	$$name -c 'import ensurepip, sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo $$name; break; }; \
	done)
BIN := .venv/bin
# Reading the settings starts no server when they are named.
NO_SERVER := DATABASE_URL=postgres://localhost/none REDIS_URL=redis://localhost/0

.PHONY: install up test bench screenshots lint types

install:
	@if ! cmp -s requirements.txt .venv/installed.txt || ! $(BIN)/python -c '' 2>/dev/null; then \
		if [ -z "$(PYTHON)" ]; then \
			echo "title21: no Python 3.11 or newer with venv found; name one, as in: make $(or $(MAKECMDGOALS),install) PYTHON=/path/to/python3" >&2; \
			exit 1; \
		fi; \
		echo "Installing the packages of requirements.txt into .venv ..."; \
		$(BIN)/python -c '' 2>/dev/null || $(PYTHON) -m venv --clear .venv; \
		$(BIN)/python -m pip install --disable-pip-version-check --quiet --require-hashes -r requirements.txt \
			&& cp requirements.txt .venv/installed.txt; \
	fi

up: install
	@exec $(BIN)/python -m config.up

test: install
	@exec $(BIN)/python -m pytest $(ARGS)

bench: install
	@exec $(BIN)/python -m benchmarks.run

screenshots: install
	@exec $(BIN)/python -m pytest -q tests/browser/screenshots.py

lint: install
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/lint-imports

types: install
	$(NO_SERVER) $(BIN)/mypy .

requirements.txt: pyproject.toml
	$(PYTHON) -m venv var/compile
	var/compile/bin/python -m pip install --disable-pip-version-check --quiet uv
	var/compile/bin/uv pip compile --quiet --generate-hashes --no-header --python-version 3.11 --universal pyproject.toml -o $@
	rm -r var/compile
