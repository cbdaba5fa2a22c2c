.PHONY: run test coverage check clean

PYTHON ?= python3
BIN := .venv/bin
# As many tests as cores run at once: threads within each would only wait for one another.
ONE_THREAD := OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1

# Set everything up, show a first digest, stay as the daemon.
run: .venv/ready
	$(BIN)/caspian run --welcome

# Set everything up, check the code, pass every test.
test: .venv/ready-dev check
	$(ONE_THREAD) $(BIN)/python -m pytest --numprocesses auto

# The same with branch coverage, which takes twice as long.
coverage: .venv/ready-dev
	$(ONE_THREAD) $(BIN)/python -m pytest --numprocesses auto --cov --cov-report=term

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
