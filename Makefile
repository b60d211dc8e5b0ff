# Every target makes what it needs; there is no step before it.
PYTHON := .venv/bin/python
export PATH := $(CURDIR)/.venv/bin:$(PATH)

.PHONY: help env demo test test-vm test-containers check bench lock clean-sandbox

help:
	@echo "make demo           a throwaway Debian 12 host becomes a GPU host (as root on Debian)"
	@echo "make test           all tests, on real throwaway hosts (as root on Debian); on fewer than"
	@echo "                    eight cores all but the next two"
	@echo "make test-containers  those of container hosts, the PyTorch image and workspaces"
	@echo "make test-vm        those that need virtual machines: kernels, reboots, Secure Boot"
	@echo "make check          ruff, mypy, import contracts, unit tests"
	@echo "make bench          benchmarks, side by side"
	@echo "make clean-sandbox  stop and remove every throwaway host of this checkout"
	@echo "make lock           resolve the controller's own dependencies anew"

env:
	@sh make/env.sh

demo: env
	@$(PYTHON) -m sandbox prepare
	pyinfra -y inventories/sandbox.py deploys/gpu_host.py

CORES = $(shell nproc)
MANY = $(shell [ $(CORES) -lt 8 ] || echo many)
# Several at once: most of a test is waiting. A module stays in one process, in its place's order.
HOSTS = $(PYTHON) -m pytest -v -n $(if $(MANY),4,2) --dist loadfile --no-loadscope-reorder --durations=15
OF_VMS = $(wildcard tests/hosts/test_vm*.py)
OF_CONTAINERS = $(wildcard $(addprefix tests/hosts/test_,container_host*.py image*.py workspace.py))
# On two cores these would take `test` over the 40 minutes that CI has.
APART = $(if $(MANY),,$(OF_VMS) $(OF_CONTAINERS))
test: check
	@$(PYTHON) -m sandbox prepare
	@$(PYTHON) -m sandbox prepare --arm64 || echo "tests of Jetsons are skipped"
	@if [ -n "$(APART)" ]; then echo "for want of cores apart: make test-vm, make test-containers"; \
	    else $(PYTHON) -m sandbox prepare --vm --browser || echo "some tests are skipped"; fi
	$(HOSTS) $(addprefix --ignore ,$(APART)) tests/hosts

# A quarter of an hour by itself where KVM does not work.
test-vm: check
	@$(PYTHON) -m sandbox prepare --vm
	$(PYTHON) -m pytest -v --durations=15 $(OF_VMS)

# Container hosts, the image with PyTorch in it, workspaces in a browser.
test-containers: check
	@$(PYTHON) -m sandbox prepare
	@$(PYTHON) -m sandbox prepare --browser || echo "tests in a browser are skipped"
	$(HOSTS) $(OF_CONTAINERS)

check: env
	ruff check .
	ruff format --check .
	mypy
	lint-imports --no-logo
	$(PYTHON) -m pytest -q tests/unit

bench: env
	@$(PYTHON) -m sandbox prepare
	$(PYTHON) -m bench

lock: env
	uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-header \
	    --extra dev pyproject.toml --output-file requirements.lock

clean-sandbox: env
	$(PYTHON) -m sandbox clean
