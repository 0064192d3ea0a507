# Every target sets up what it needs; the second run finds it there and is quick.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PYTEST := $(BIN)/python -m pytest
# Of two cores: tests wait for servers, disks and engines a third of the time.
JOBS ?= 3
# Without compiled files every process compiles scikit-learn anew: eight seconds instead of two.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help
help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: install
install: $(VENV)/.installed ## Create .venv with everything, hash-checked

$(BIN)/uv: requirements/uv.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes -r requirements/uv.txt
	@touch $(BIN)/uv

$(VENV)/.installed: $(BIN)/uv requirements/dev.txt pyproject.toml
	VIRTUAL_ENV=$(abspath $(VENV)) $(BIN)/uv pip sync -q --require-hashes requirements/uv.txt requirements/dev.txt
	VIRTUAL_ENV=$(abspath $(VENV)) $(BIN)/uv pip install -q --no-deps --no-build-isolation --editable .
	@touch $@

.PHONY: demo
demo: install ## Train, push to three emulated clouds, serve, lose one under load, repair it
	@$(BIN)/python -m examples.demo

.PHONY: haproxy
haproxy: ## Find HAProxy, or fetch it into .tools without installing it
	@tools/haproxy.sh

.PHONY: pulumi
pulumi: install ## Get the pulumi command into .tools: fetched, or built from Go modules (minutes, once)
	@tools/pulumi/build.sh .tools/pulumi

.PHONY: test
test: install haproxy ## Run the tests (minutes)
	$(PYTEST) -n $(JOBS) --dist worksteal -m "not slow"

.tools/clients/.installed: $(BIN)/uv requirements/clients.txt
	$(BIN)/uv venv -q --clear --python $(abspath $(BIN)/python) .tools/clients
	VIRTUAL_ENV=$(abspath .tools/clients) $(BIN)/uv pip sync -q --require-hashes requirements/clients.txt
	@touch $@

.tools/checkov/.installed: $(BIN)/uv requirements/checkov.txt
	$(BIN)/uv venv -q --clear --python $(abspath $(BIN)/python) .tools/checkov
	VIRTUAL_ENV=$(abspath .tools/checkov) $(BIN)/uv pip sync -q --require-hashes requirements/checkov.txt
	@touch $@

.PHONY: tools
tools: haproxy pulumi .tools/clients/.installed .tools/checkov/.installed ## Get the programs that the slow tests need

.PHONY: test-all
test-all: test test-slow test-alone ## Run the slow tests too: LocalStack, crash drills, real sizes

.PHONY: test-slow
test-slow: tools
	$(PYTEST) -n $(JOBS) --dist worksteal -m "slow and not alone" --timeout 1200

# What measures or loads the machine has it to itself.
.PHONY: test-alone
test-alone: tools
	$(PYTEST) -m "slow and alone" --timeout 1200

.PHONY: lint
lint: install ## Check format, style, types and who imports whom
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

.tools/mlflow/.installed: $(BIN)/uv requirements/mlflow.txt
	$(BIN)/uv venv -q --clear --python $(abspath $(BIN)/python) .tools/mlflow
	VIRTUAL_ENV=$(abspath .tools/mlflow) $(BIN)/uv pip sync -q --require-hashes requirements/mlflow.txt
	@touch $@

.PHONY: bench
bench: install .tools/mlflow/.installed ## Measure beside rclone, MLflow and the raw SDKs (25 quiet minutes)
	$(BIN)/python -m benchmarks --keep

.PHONY: bench-training
bench-training: install ## Measure train and evaluate beside scikit-learn used directly (20 quiet minutes)
	$(BIN)/python -m benchmarks.training --keep

PEERS := $(foreach peer,mlserver bentoml mlflow,.tools/peers-$(peer)/.installed)

.tools/peers-%/.installed: $(BIN)/uv requirements/peers-%.txt
	$(BIN)/uv venv -q --clear --python $(abspath $(BIN)/python) .tools/peers-$*
	VIRTUAL_ENV=$(abspath .tools/peers-$*) $(BIN)/uv pip sync -q --compile-bytecode --require-hashes requirements/peers-$*.txt
	@touch $@

.tools/wrk/.installed: benchmarks/serving/get_wrk.sh
	command -v wrk > /dev/null || $< .tools/wrk
	@mkdir -p .tools/wrk && touch $@

.PHONY: bench-serving
bench-serving: install haproxy $(PEERS) .tools/wrk/.installed ## Measure serve beside MLServer, BentoML and MLflow (10 quiet minutes)
	$(BIN)/python -m benchmarks.serving --keep

.PHONY: bundle
bundle: $(BIN)/uv ## Make a folder that serves without a container: dist/deployer
	UV=$(abspath $(BIN)/uv) PYTHON=$(abspath $(BIN)/python) image/folder.sh dist/deployer

.PHONY: lock
lock: $(BIN)/uv ## Resolve the requirements again
	requirements/lock.sh $(BIN)/uv

.PHONY: clean
clean: ## Remove what the other targets made
	rm -rf $(VENV) .tools .cache .hypothesis .mypy_cache .pytest_cache .ruff_cache .import_linter_cache dist
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
