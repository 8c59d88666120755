# Everything needs Python 3.11 or newer and make, nothing else. `make help` lists the commands.
PYTHON ?= python3
VENV := .venv/bin
LOCAL := $(VENV)/python -m plaudit_local
SERVICES := ingest scoring alerting feedback_board
TYPED := libs/common/src services/*/src deploy/caddy/generate.py deploy/local/bootstrap.py deploy/local/plaudit_local tests/plaudit_testing tests/benchmarks tests/containers conftest.py

.DEFAULT_GOAL := help
.PHONY: help up down status check test lint style types imports unit soak conformance bench contracts caddyfile compose-check clean lock bootstrap

help: ## List the commands
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | while IFS='	' read -r command meaning; do printf '  make %-11s %s\n' "$$command" "$$meaning"; done

up: bootstrap ## Run Plaudit in the foreground: PostgreSQL, Kafka, the four services, a mailbox, a demo
	@$(LOCAL) up

down: ## Stop it, from anywhere
	@if [ -x $(VENV)/python ]; then $(LOCAL) down; fi

status: ## Say what runs, and where; print a link to sign in
	@if [ -x $(VENV)/python ]; then $(LOCAL) status; else echo "Plaudit is not running; make up starts it."; fi

check: bootstrap ## Run the checks and the tests that need no server, while you edit
	@$(MAKE) --no-print-directory --jobs=2 unit lint

test: bootstrap lint ## Run every check and every test but the soak
	$(VENV)/pytest -m "not soak" -n 3 --dist worksteal

lint: bootstrap style types imports ## Style, types, and who may import whom

style: bootstrap
	$(VENV)/ruff check .
	$(VENV)/ruff format --check .

types: bootstrap
	$(VENV)/mypy $(TYPED)

imports: bootstrap
	$(VENV)/lint-imports

unit: bootstrap
	$(VENV)/pytest -m "not soak" --no-servers -q

soak: bootstrap ## Run the fault programs for long
	$(VENV)/pytest -m soak --timeout=0 --log-cli-level=INFO

conformance: bootstrap ## Try the services against their reference at length, on their own ports and at the front door
	$(VENV)/pytest tests/contracts/test_conformance.py -m soak --timeout=0 --log-cli-level=INFO

bench: bootstrap ## Measure, and print the figures with the machine
	PYTHONPATH=tests $(VENV)/python -m benchmarks

bench-%: bootstrap
	PYTHONPATH=tests $(VENV)/python -m benchmarks $*

contracts: bootstrap ## Generate docs/contracts from the event models and the services' APIs
	$(VENV)/python -m plaudit.common.contracts.generate docs/contracts
	$(VENV)/python -m plaudit.common.reference docs/contracts/openapi.json $(SERVICES)

caddyfile: bootstrap ## Generate deploy/caddy/Caddyfile from what the services answer
	$(VENV)/python deploy/caddy/generate.py

compose-check: bootstrap ## Prove the installation in containers, as far as this machine has an engine
	PYTHONPATH=tests $(VENV)/python -m containers

clean: ## Stop it; delete .local (all data), .venv and caches
	@if [ -x $(VENV)/python ]; then $(LOCAL) clean; fi
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

lock: bootstrap ## Renew the locks of packages and jars
	PATH="$(CURDIR)/$(VENV):$$PATH" sh requirements/compile
	$(LOCAL) lock

bootstrap:
	@$(PYTHON) deploy/local/bootstrap.py
