.DEFAULT_GOAL := help
SHELL := /bin/bash
BIN := .venv/bin
UV = $(shell command -v uv || echo .uv/bin/uv)

AXE_VERSION := 4.10.3
AZURITE_VERSION := 3.35.0
D3_VERSION := 7.9.0
PLOT_VERSION := 0.6.17
SOAK := build/soak
SOAK_ROWS := 100000000

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
test: install chromium axe azurite mariadb helm ## Run all tests
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

##@ Pictures
screenshots: install chromium ## Take the pictures of docs/images, of the demo's pages (after a run of 2013-10 and `make demo`)
	$(BIN)/python -m tests.support.screenshots build/flights

##@ Measure
bench: install chromium ## Measure inference, evaluation and pages, as ratios within one run, and attacks
	$(BIN)/fairsilo bench inference
	$(BIN)/fairsilo bench evaluation
	$(BIN)/fairsilo bench pages
	$(BIN)/fairsilo bench step-start
	$(BIN)/fairsilo bench attacks

soak: install ## Score SOAK_ROWS rows in the folder SOAK, killed twice: time, memory, cost (5 GB and minutes for 100 million)
	$(BIN)/fairsilo bench soak --rows $(SOAK_ROWS) --folder $(SOAK)

##@ Tools
chromium: ## Install Debian's Chromium, for tests of pages (needs root, else they are skipped)
	@command -v chromium >/dev/null || { [ "$$(id -u)" = 0 ] && apt-get update -qq && apt-get install -y -qq chromium >/dev/null; } || echo "no Chromium: tests of pages are skipped"

axe: ## Fetch axe-core, for tests of accessibility (else they are skipped)
	@test -f .tools/axe-core/axe.min.js || { command -v npm >/dev/null || { [ "$$(id -u)" = 0 ] && apt-get update -qq && apt-get install -y -qq nodejs npm >/dev/null; }; \
	  mkdir -p .tools/axe-core && cd .tools/axe-core && npm pack --silent axe-core@$(AXE_VERSION) >/dev/null && tar -xzf axe-core-$(AXE_VERSION).tgz --strip-components=1 package/axe.min.js package/LICENSE && rm axe-core-$(AXE_VERSION).tgz; } || echo "no axe-core: tests of accessibility are skipped"

azurite: ## Fetch Azurite, for tests of Azure Blob (else they are skipped)
	@test -f .tools/azurite/node_modules/azurite/package.json || { command -v npm >/dev/null || { [ "$$(id -u)" = 0 ] && apt-get update -qq && apt-get install -y -qq nodejs npm >/dev/null; }; \
	  mkdir -p .tools/azurite && npm install --silent --no-audit --no-fund --ignore-scripts --prefix .tools/azurite azurite@$(AZURITE_VERSION) >/dev/null; } || echo "no Azurite: tests of Azure Blob are skipped"

vendor: ## Fetch the plotting libraries that pages inline, as their packages ship them
	@cd components/dashboard/vendor && for package in d3@$(D3_VERSION) @observablehq/plot@$(PLOT_VERSION); do npm pack --silent $$package >/dev/null || exit 1; done && \
	  tar -xzf d3-$(D3_VERSION).tgz --strip-components=2 package/dist/d3.min.js && \
	  tar -xzf observablehq-plot-$(PLOT_VERSION).tgz --strip-components=2 package/dist/plot.umd.min.js && \
	  mv plot.umd.min.js plot.min.js && rm -f ./*.tgz && chmod 644 ./*.js && sha256sum d3.min.js plot.min.js

mariadb: ## Install Debian's MariaDB, for tests of the shared store (needs root, else they are skipped)
	@PATH="$$PATH:/usr/sbin" command -v mariadbd >/dev/null || { [ "$$(id -u)" = 0 ] && apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends mariadb-server >/dev/null; } || echo "no MariaDB: tests of the store on it are skipped"

clean: ## Remove what runs and tests made
	rm -rf build .pytest_cache .mypy_cache .ruff_cache .hypothesis

.PHONY: help demo screenshots install test test-fast check format format-check lint types imports bench soak chromium axe azurite vendor mariadb clean .uv-found

include k8s/*.mk
