# Every target makes its own .venv with nothing but python3 and make.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
EXPORT := PATH="$(CURDIR)/$(BIN):$$PATH"

.DEFAULT_GOAL := help
.PHONY: help demo test check docs site bench lock clean

help:
	@echo "make demo    a push travels through gate, checklist, steps and log (KEEP=1 leaves it running)"
	@echo "make test    the tests, with branch coverage"
	@echo "make check   ruff, mypy, import contracts"
	@echo "make docs    the generated parts of the papers, made anew"
	@echo "make site    the pages of docs/, built into build/site"
	@echo "make bench   the benchmarks, side by side with their references"
	@echo "make lock    the hashed lock files, made anew"

$(READY): locks/test.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Python 3.11 or newer is needed; found $$($(PYTHON) --version). Set PYTHON=/path/to/python3.11."; exit 1; }
	@$(PYTHON) -m venv --clear $(VENV)
	@echo "installing into $(VENV) ..."
	@$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r locks/test.txt
	@$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e . \
	  2> $(VENV)/install.log || { cat $(VENV)/install.log; exit 1; }
	@touch $@

test: $(READY)
	@$(EXPORT) coverage erase
	@$(EXPORT) coverage run -m pytest $(ARGS)
	@$(EXPORT) coverage report

check: $(READY)
	@$(EXPORT) ruff check .
	@$(EXPORT) ruff format --check .
	@$(EXPORT) mypy
	@$(EXPORT) lint-imports

clean:
	rm -rf $(VENV) .coverage* .mypy_cache .ruff_cache .pytest_cache

# The lock files carry hashes and no addresses; each image's is part of the next.
COMPILE := pip-compile --quiet --strip-extras --generate-hashes --no-header --allow-unsafe \
  --no-emit-index-url --no-emit-trusted-host --no-emit-find-links
SERVICE := --extra service --extra postgres

lock: $(READY)
	@$(EXPORT) $(COMPILE) --output-file locks/action.txt pyproject.toml
	@$(EXPORT) $(COMPILE) $(SERVICE) --constraint locks/action.txt --output-file locks/service.txt pyproject.toml
	@$(EXPORT) $(COMPILE) $(SERVICE) --extra sandbox --extra docs --extra test --constraint locks/service.txt \
	  --output-file locks/test.txt pyproject.toml

demo: $(READY)
	@$(EXPORT) PYTHONPATH="$(CURDIR)" python examples/demo.py $(if $(KEEP),--keep)

site: $(READY)
	@$(EXPORT) mkdocs build --quiet --strict

docs: $(READY)
	@$(EXPORT) PYTHONPATH="$(CURDIR)" python docs/generate.py

bench: $(READY)
	@$(EXPORT) PYTHONPATH="$(CURDIR)" python benchmarks/run.py $(ARGS)
