# Every command that continuous integration runs, by the same name. `make` alone lists them.
#
# Nothing needs to be installed but Python 3.11 or later: `tools/uv` finds uv or fetches it into the project.

SHELL := /bin/sh
.DEFAULT_GOAL := help
.SUFFIXES:
MAKEFLAGS += --no-print-directory

VENV := .venv
BIN := $(VENV)/bin
HVELV := $(BIN)/hvelv
# more workers than that and PostgreSQL is what they wait for
WORKERS := $(shell n=$$(getconf _NPROCESSORS_ONLN 2>/dev/null || echo 1); [ "$$n" -gt 2 ] && n=2; echo $$n)
# what is tested without a server
FAST := -m "not slow" --ignore=tests/integration --ignore=tests/e2e
ARGS ?=
GRAPHIQL := $(or $(HVELV_DATA_DIR),.hvelv)/graphiql

# the two stages of the environment: what runs Hvelv, and beside it what checks Hvelv
RUN := $(VENV)/.ready-to-run
DEV := $(VENV)/.ready-to-check

.PHONY: help
help: ## list the commands
	@awk 'BEGIN { FS = ":.*## " } /^[a-z-]+:.*## / { printf "  make %-15s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: demo
demo: $(RUN) ## run the main story from nothing, in the terminal
	@$(HVELV) demo $(ARGS)

.PHONY: dev
dev: $(RUN) graphiql ## serve it here, with GraphiQL and synthetic people
	@$(HVELV) dev $(ARGS)

.PHONY: graphiql
graphiql: $(GRAPHIQL) ## the files of GraphiQL, pinned and checked, from the wheel that carries them
$(GRAPHIQL): hvelv/graphiql.txt
	@echo "== installing GraphiQL's files"
	@tools/uv pip install --quiet --require-hashes --no-deps --no-cache --target $(GRAPHIQL) -r hvelv/graphiql.txt
	@touch $@

.PHONY: migrate
migrate: $(RUN) ## bring both databases to this version
	@$(HVELV) migrate $(ARGS)

.PHONY: check
check: format-check lint types imports dependencies test-fast ## all that needs no server: format, lint, types, contracts, fast tests

.PHONY: test
test: $(DEV) graphiql ## all tests, those on real PostgreSQL included
	@echo "== all tests, $(WORKERS) at a time"
	@$(BIN)/pytest -n $(WORKERS) --dist loadfile $(ARGS)

.PHONY: test-fast
test-fast: $(DEV) ## the tests that need no server
	@echo "== fast tests"
	@$(BIN)/pytest -q -n $(WORKERS) --dist loadfile $(FAST) $(ARGS)

.PHONY: coverage
coverage: $(DEV) ## all tests; every branch of policies and vault, 95 % of the rest
	@echo "== all tests, with coverage"
	@$(BIN)/coverage erase
	@$(BIN)/pytest -n $(WORKERS) --dist loadfile --cov --cov-report= $(ARGS)
	@echo "== policies and vault: 100 %"
	@$(BIN)/coverage report --include='policies/*,vault/*' --fail-under=100
	@echo "== everything: 95 %"
	@$(BIN)/coverage report --fail-under=95

.PHONY: bench
bench: $(DEV) ## side by side against plain twins; prints ratios
	@$(BIN)/python -m benchmarks $(ARGS)

.PHONY: audit-http
audit-http: $(DEV) ## the graphql-http suite; URL=… TOKEN=… for a server that runs (needs node and npm)
	@sh tools/audit-http "$(URL)" "$(TOKEN)"

.PHONY: audit-packages
audit-packages: $(DEV) ## known vulnerabilities in the locked dependencies
	@tools/uv export --quiet --locked --no-dev --no-emit-project --extra embedded --format requirements-txt --output-file $(VENV)/requirements.txt
	@$(BIN)/pip-audit --strict --require-hashes --disable-pip -r $(VENV)/requirements.txt

.PHONY: format
format: $(DEV) ## format and mend what can be mended
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

.PHONY: format-check
format-check: $(DEV) ## is everything formatted
	@echo "== format"
	@$(BIN)/ruff format --check .

.PHONY: lint
lint: $(DEV) ## every rule of Ruff but those that pyproject.toml argues away
	@echo "== lint"
	@$(BIN)/ruff check .

.PHONY: types
types: $(DEV) ## mypy and basedpyright, both strict
	@echo "== types, mypy"
	@$(BIN)/mypy
	@echo "== types, basedpyright"
	@$(BIN)/basedpyright

.PHONY: imports
imports: $(DEV) ## who may import whom
	@echo "== import contracts"
	@$(BIN)/lint-imports --no-logo

.PHONY: dependencies
dependencies: $(DEV) ## every import declared, every declaration used, the lock up to date
	@echo "== dependencies"
	@tools/uv lock --check --quiet
	@$(BIN)/deptry .

.PHONY: clean
clean: ## remove what the commands above made, except data
	@rm -rf $(VENV) .uv .cache .pgtest .audit .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis .coverage .coverage.* htmlcov build dist

$(RUN): pyproject.toml uv.lock
	@echo "== installing what Hvelv runs on"
	@tools/uv sync --locked --no-dev --inexact --extra embedded
	@touch $@

$(DEV): pyproject.toml uv.lock
	@echo "== installing what Hvelv runs on, and what checks it"
	@tools/uv sync --locked --all-extras
	@touch $(RUN) $@
