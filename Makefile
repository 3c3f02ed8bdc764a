# Every command here sets up what it needs: Python 3.11 or newer and make are enough.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
ARGS ?=
JOBS ?= 2

.PHONY: demo test coverage lint format bench chaos compat audit constraints clean

demo: $(STAMP)
	@$(BIN)/python -m demo $(ARGS)

# JOBS processes share the files, each with servers of its own.
test: $(STAMP)
	@$(BIN)/python -m pytest -n $(JOBS) --dist loadfile $(ARGS)

# The same, with a report of what no test reaches.
coverage: $(STAMP)
	@$(BIN)/python -m pytest --cov --cov-report=term-missing $(ARGS)

lint: $(STAMP)
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@DEBUG=1 $(BIN)/mypy
	@$(BIN)/lint-imports --no-cache
	@DEBUG=1 $(BIN)/python manage.py makemigrations --check --dry-run --verbosity 1

format: $(STAMP)
	@$(BIN)/ruff check --fix --exit-zero .
	@$(BIN)/ruff format .

# Ratios against peers and limits, on real PostgreSQL and Redis. Needs node and redis-server; it says so.
bench: $(STAMP)
	@$(BIN)/python -m benchmarks $(ARGS)

# Other people's programs, unmodified, against the emulator: full and incremental syncs compared with what it holds.
compat: $(STAMP)
	@$(BIN)/python -m compat $(ARGS)

# The long form of the kill tests.
chaos: $(STAMP)
	@CHAOS=long $(BIN)/python -m pytest -m chaos -p no:randomly $(ARGS)

# Known holes in what we depend on. Not part of lint: a new advisory must not fail an old commit.
audit: $(STAMP)
	@$(BIN)/pip-audit --disable-pip -r constraints.txt --no-deps

constraints: $(STAMP)
	@{ head -1 constraints.txt; $(BIN)/pip freeze --exclude pip; } > constraints.new && mv constraints.new constraints.txt

$(STAMP): requirements.txt requirements-dev.txt constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "hubapp needs Python 3.11 or newer; $(PYTHON) is $$($(PYTHON) --version). Name another: make PYTHON=python3.12 …"; exit 1; }
	@test -d $(VENV) || $(PYTHON) -m venv $(VENV) || { echo "Python's venv module is missing. Debian, Ubuntu: apt-get install python3-venv"; exit 1; }
	@echo "Installing packages into $(VENV) (once)…"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt -c constraints.txt
	@touch $@

clean:
	rm -rf $(VENV) .data .compat .mypy_cache .ruff_cache .pytest_cache .hypothesis htmlcov .coverage
