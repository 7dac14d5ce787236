.DEFAULT_GOAL := help
SHELL := /bin/bash
BIN := .venv/bin
UV = $(shell command -v uv || echo .uv/bin/uv)

help: ## Show this list
	@awk -F ":.*## " '/^##@/{print "\n" substr($$0,5)} /^[a-z0-9-]+:.*## /{printf "  %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

##@ Use
demo: install ## Train over 16 airlines, evaluate, decide, score, and show the page
	$(BIN)/fairsilo run flights --span 2013-11

install: .uv-found ## Install what is missing: uv, and the locked environment
	$(UV) sync --frozen --compile-bytecode --quiet

.uv-found:
	@command -v uv >/dev/null || test -x .uv/bin/uv || { \
	  python3 -m pip --version >/dev/null 2>&1 || { [ "$$(id -u)" = 0 ] && apt-get update -qq && apt-get install -y -qq python3-pip >/dev/null; } || { echo "error: found neither uv nor pip, expected one of them; install python3-pip"; exit 1; }; \
	  python3 -m pip install --quiet --target .uv uv; }

##@ Check
test: install chromium mariadb ## Run all tests
	$(BIN)/pytest -n 2 --dist loadscope

test-fast: install ## Run the tests that take seconds
	$(BIN)/pytest -n 2 --dist loadscope -m "not slow and not cluster"

check: install format-check lint types imports test ## All checks and all tests

format: install ## Format the code
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

format-check:
	$(BIN)/ruff format --check .

lint: install ## Lint the code
	$(BIN)/ruff check .

types: install ## Check types, strictly
	$(BIN)/mypy components pipelines tests

imports: install ## Check the direction of imports
	$(BIN)/lint-imports

##@ Measure
bench: install ## Measure inference and evaluation, as ratios within one run
	$(BIN)/fairsilo bench inference
	$(BIN)/fairsilo bench evaluation
	$(BIN)/fairsilo bench step-start

##@ Tools
chromium: ## Install Debian's Chromium, for tests of pages (needs root, else they are skipped)
	@command -v chromium >/dev/null || { [ "$$(id -u)" = 0 ] && apt-get update -qq && apt-get install -y -qq chromium >/dev/null; } || echo "no Chromium: tests of pages are skipped"

mariadb: ## Install Debian's MariaDB, for tests of the shared store (needs root, else they are skipped)
	@PATH="$$PATH:/usr/sbin" command -v mariadbd >/dev/null || { [ "$$(id -u)" = 0 ] && apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends mariadb-server >/dev/null; } || echo "no MariaDB: tests of the store on it are skipped"

clean: ## Remove what runs and tests made
	rm -rf build .pytest_cache .mypy_cache .ruff_cache .hypothesis

.PHONY: help demo install test test-fast check format format-check lint types imports bench chromium mariadb clean .uv-found

include k8s/*.mk
