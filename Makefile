# `make` prints the targets.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
# Half as many again as there are cores: many tests wait for a server or a process.
WORKERS ?= $(shell $(PYTHON) -c "import os; print((os.cpu_count() or 1) * 3 // 2)")
READY  := $(VENV)/.ready
DOCS   := README.md docs/cli.md docs/errors.md docs/job-file.md docs/data.md docs/databases.md docs/conflicts-and-diff.md docs/explain.md docs/policy-tests.md docs/reports.md docs/review.md

.PHONY: help demo test coverage lint check cluster bench docs format clean

help: ## print the targets
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 10

$(READY): pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[postgresql,mariadb]' --group dev
	@touch $@

demo: $(READY) ## make a synthetic district (district.db) and run jobs/fall.yaml on it
	@rm -f district.db district.db-wal district.db-shm
	$(BIN)/runner demo
	$(BIN)/runner run jobs/fall.yaml

test: $(READY) ## run the tests
	$(BIN)/pytest -q -n $(WORKERS)

coverage: $(READY) ## run the tests but the longest, and tell the branch coverage of runner/
	$(BIN)/coverage erase
	$(BIN)/coverage run -m pytest -q -n $(WORKERS) --ignore tests/test_agreement.py
	@$(BIN)/coverage combine --quiet
	$(BIN)/coverage report

lint: $(READY) ## ruff, mypy, the import contracts, and the generated docs
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache
	$(BIN)/cog --check -P $(DOCS)

check: lint test ## everything that CI runs

cluster: $(READY) ## the MariaDB tests and the faults of a cluster, on three Galera nodes (Debian, as root)
	$(BIN)/python -m tests.cluster

bench: $(READY) ## measure a run against bare SQL, side by side (benchmarks/README.md)
	$(BIN)/python -m benchmarks

docs: $(READY) ## write the generated parts of the docs anew
	$(BIN)/cog -r -P $(DOCS)

format: $(READY) ## lay the code out
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

clean: ## remove the environment, the demo database and every cache
	rm -rf $(VENV) district.db district.db-* .coverage* .mypy_cache .ruff_cache .pytest_cache .hypothesis dist
