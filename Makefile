# `make` alone lists the targets. The first two commands for a newcomer: `make demo`, then `make test`.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
MAKEFLAGS += --no-print-directory

ADJOINT := .build/release/adjoint
DEMO_RUN ?= runs/mnist-mlp-demo-$(shell date +%Y%m%d-%H%M%S)
# Expanded once: the date must not move on between two lines of a recipe.
DEMO_RUN := $(DEMO_RUN)
THREADS ?= $(shell nproc)
# The same for the tool and the tests, so that the second to be built finds the C++ rooms compiled.
NO_DEBUG_INFO := -debug-info-format none

# The Python of PyTorch, JAX and NumPy lives outside the repository; several clones share it.
ADJOINT_PEERS_ENV ?= $(HOME)/.cache/adjoint/peers-env
export ADJOINT_PEERS_ENV
PEERS := Benchmarks/Peers
COMPARE = "$(ADJOINT_PEERS_ENV)/bin/python" $(PEERS)/compare.py --adjoint $(ADJOINT) \
	--python "$(ADJOINT_PEERS_ENV)/bin/python" --threads $(THREADS) --rounds 5 --seconds 2 --settle 180
DOCUMENTED := Adjoint Tensors Layers Optimizers Attribution Derivations Checkpoints Datasets EventLog Figures \
	Models Training
DOCS_OUTPUT ?= .build/documentation
SOAK_OUTPUT ?= .build/soak
FORMATTED := Sources Snippets Tests Package.swift Benchmarks/Package.swift Benchmarks/Benchmarks \
	Soak/Fuzzing/Package.swift Soak/Fuzzing/Sources

.PHONY: help setup build demo test lint format check docs bench bench-peers peers-env soak clean
.NOTPARALLEL:
.DEFAULT_GOAL := help

help:  ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' Makefile

setup:  ## install the C libraries that are missing (Debian, Ubuntu)
	@Scripts/setup

build:  ## build the command-line tool, optimised
	@echo "build: swift build -c release $(NO_DEBUG_INFO)"
	@swift build -c release $(NO_DEBUG_INFO)

demo: setup build  ## set up, build, train a network on handwritten digits, say where the report lies
	@echo "demo: training mnist-mlp into $(DEMO_RUN)"
	@$(ADJOINT) train mnist-mlp --output "$(DEMO_RUN)"
	@echo "demo: the report is $(abspath $(DEMO_RUN))/report.html"

test: setup  ## set up, build and run all tests, optimised as in the product
	@echo "test: swift test -c release -Xswiftc -enable-testing $(NO_DEBUG_INFO)"
	@log=$$(mktemp); trap 'rm -f "$$log"' EXIT; \
	swift test -c release -Xswiftc -enable-testing $(NO_DEBUG_INFO) --no-parallel 2>&1 | tee "$$log" || { \
	  echo "test: what failed, once more:"; \
	  grep -E '✘|↳|error:' "$$log" || tail -n 20 "$$log"; \
	  exit 1; }

lint:  ## check the style
	@echo "lint: swift format lint --strict"
	@swift format lint --strict --recursive --parallel $(FORMATTED)

format:  ## correct the style in place
	@swift format --in-place --recursive --parallel $(FORMATTED)

check: build  ## gradients three ways: by hand, by the tape, by finite differences
	@$(ADJOINT) check

docs: setup  ## write the pages of the rooms that the library exports, with the articles; refuses links that lead nowhere
	@swift package -c release --allow-writing-to-directory $(DOCS_OUTPUT) generate-documentation \
	  --enable-experimental-combined-documentation --warnings-as-errors \
	  $(addprefix --target ,$(DOCUMENTED)) --output-path $(DOCS_OUTPUT)
	@echo "docs: python3 -m http.server --directory $(DOCS_OUTPUT), then http://localhost:8000/documentation"

bench:  ## time single operations
	@swift package --package-path Benchmarks --disable-sandbox benchmark

bench-peers: setup build peers-env  ## time training steps beside PyTorch, JAX and NumPy; writes Benchmarks/RESULTS.md and RESULTS-images.md
	@$(COMPARE) --no-images --output Benchmarks/RESULTS.md
	@$(COMPARE) --images --output Benchmarks/RESULTS-images.md

peers-env:  ## make the Python environment of the peers
	@if [ ! -x "$(ADJOINT_PEERS_ENV)/bin/python" ]; then \
	  echo "peers-env: making $(ADJOINT_PEERS_ENV)"; \
	  python3 -m venv "$(ADJOINT_PEERS_ENV)" || { \
	    echo "peers-env: Python's venv is missing: apt-get install python3-venv python3-dev" >&2; \
	    exit 1; }; \
	fi
	@if ! cmp -s $(PEERS)/requirements.txt "$(ADJOINT_PEERS_ENV)/installed.txt"; then \
	  echo "peers-env: installing $$(tr '\n' ' ' < $(PEERS)/requirements.txt)"; \
	  "$(ADJOINT_PEERS_ENV)/bin/python" -m pip install --quiet -r $(PEERS)/requirements.txt; \
	  cp $(PEERS)/requirements.txt "$(ADJOINT_PEERS_ENV)/installed.txt"; \
	fi

soak: setup build  ## hours of kills, full disks, hostile files and long runs; writes Documentation/RELIABILITY.md
	@python3 Soak/soak.py --adjoint $(ADJOINT) --output $(SOAK_OUTPUT) $(if $(ADJOINT_DATA),--data "$(ADJOINT_DATA)") \
	  --report Documentation/RELIABILITY.md

clean:  ## remove what was built (not the runs)
	@rm -rf .build Benchmarks/.build
	@echo "clean: removed .build and Benchmarks/.build"
