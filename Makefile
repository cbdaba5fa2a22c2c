.PHONY: run test check clean

PYTHON ?= python3
BIN := .venv/bin

# Set everything up, show a first digest, stay as the daemon.
run: .venv/ready
	$(BIN)/caspian run --welcome

# Set everything up, check the code, pass every test.
test: .venv/ready-dev check
	$(BIN)/python -m pytest --numprocesses auto --cov --cov-report=term

check: .venv/ready-dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo
	$(BIN)/caspian check-config

# --require-hashes: exactly the packages of the lock file, whatever index they come from.
.venv/ready: requirements.lock pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	touch $@

.venv/ready-dev: .venv/ready requirements-dev.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	touch $@

clean:
	rm -rf .venv var dist
