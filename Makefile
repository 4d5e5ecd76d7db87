# Everything a developer needs to type. All of it installs into .venv/ and target/ of this folder.
.DEFAULT_GOAL := help
SHELL := /bin/bash
PYTHON ?= python3
BIN := .venv/bin
NATIVE_SOURCES := Cargo.toml Cargo.lock $(shell find crates -name '*.rs' -o -name Cargo.toml)
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: help setup demo test check bench docs fuzz lock clean
help: ## list the targets
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 10

.venv/installed: requirements.lock
	$(PYTHON) -m venv .venv || { echo "hint: on Debian, apt-get install python3-venv" >&2; exit 1; }
	$(BIN)/pip install --quiet --require-hashes --requirement requirements.lock
	@touch $@

.venv/native: .venv/installed pyproject.toml $(NATIVE_SOURCES)
	$(BIN)/maturin develop --quiet --release --locked --generate-stubs >/dev/null
	@touch $@

setup: .venv/native ## install the tool and its development dependencies into .venv/

demo: setup ## run the whole loop on both example services
	$(BIN)/python examples/demo.py

# Python tests the bindings; there is nothing in them that cargo could test.
CARGO_TEST := cargo test --quiet --workspace --exclude tailtune-python --locked

# More than CPUs, for tests of real services mostly wait; in the order of the folders, which has those first.
WORKERS ?= 6
PYTEST_BESIDE := $(BIN)/pytest --quiet --numprocesses $(WORKERS) --dist loadgroup --no-loadscope-reorder

# What failed beside others, by itself: a machine too busy for a real service is no bug, and a bug fails again.
PYTEST_AGAIN := $(BIN)/pytest --quiet --last-failed --last-failed-no-failures none

test: setup ## run all tests, Rust and Python
	$(CARGO_TEST)
	$(PYTEST_BESIDE) -m "not alone" || $(PYTEST_AGAIN) -m "not alone"
	$(BIN)/pytest --quiet -m alone

check: setup ## formats, lints, types, directions, stubs
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo
	cargo fmt --all --check
	cargo clippy --quiet --workspace --all-targets --locked -- --deny warnings
	scripts/check-stubs.sh

bench: setup ## compare the load engine and the profiler with their peers (an hour; benchmarks/load/peers.sh gets them)
	$(BIN)/python benchmarks/load
	$(BIN)/python benchmarks/profile

FUZZ_SECONDS ?= 60
fuzz: setup ## feed hostile input to every parser and importer for FUZZ_SECONDS, with overflow checks on
	$(CARGO_TEST) --no-run
	end=$$((SECONDS + $(FUZZ_SECONDS))); while ((SECONDS < end)); do \
	  said=$$(PROPTEST_CASES=1000 $(CARGO_TEST) never_panic 2>&1) || { echo "$$said"; exit 1; }; \
	  said=$$(FUZZ_EXAMPLES=1000 $(BIN)/pytest --quiet -k never_panic tests/contract 2>&1) || { echo "$$said"; exit 1; }; \
	done

docs: setup ## write the generated references: configuration schema, output schemas, knobs
	$(BIN)/python -m tailtune.config.schema > docs/tailtune.schema.json
	$(BIN)/tailtune schema --write docs/schemas
	$(BIN)/python scripts/knobs-page.py > docs/knobs.md

lock: .venv/installed ## resolve the Python dependencies anew
	scripts/lock.sh

clean: ## remove what the targets made
	rm -rf .venv target src/tailtune/*.so examples/.corpus
	find . -name .tailtune -type d -prune -exec rm -rf {} +
