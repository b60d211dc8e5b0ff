# Every target makes what it needs; there is no step before it.
PYTHON := .venv/bin/python
export PATH := $(CURDIR)/.venv/bin:$(PATH)
# What pytest makes of a test's text is kept for the next run, whatever this shell says.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help env demo vagrant-demo test test-vm test-whole test-vagrant test-bundle test-containers check bench lock catalogue-age clean-sandbox silicon

help:
	@echo "make demo           a throwaway Debian 12 host becomes a GPU host (as root on Debian)"
	@echo "make vagrant-demo   a machine that Vagrant brings up becomes a GPU host: vagrant/README.md"
	@echo "make test           all tests, on real throwaway hosts (as root on Debian)"
	@echo "make test-containers  of them, those of container hosts, the PyTorch image, workspaces"
	@echo "make test-vm        of them, those in virtual machines, and a first boot that reboots itself"
	@echo "make test-whole     driver, CUDA, cuDNN and PyTorch in one run, release by release; half an hour"
	@echo "make test-vagrant   a machine that Vagrant brings up, with libvirt; half an hour without KVM"
	@echo "make test-bundle    a host without a route, with all of its packages and wheels: gigabytes"
	@echo "make check          ruff, mypy, import contracts, unit tests"
	@echo "make bench          benchmarks, side by side"
	@echo "make silicon        all that needs a GPU, on a machine that has one: 12 minutes, no root"
	@echo "make clean-sandbox  stop and remove every throwaway host of this checkout"
	@echo "make catalogue-age  facts of the catalogue that were looked up long ago"
	@echo "make lock           resolve the controller's own dependencies again"

env:
	@sh make/env.sh

demo: env
	@$(PYTHON) -m sandbox prepare
	pyinfra -y inventories/sandbox.py deploys/gpu_host.py

vagrant-demo: env
	@sh make/vagrant_demo.sh

# Most of a test is waiting for one program, so three at once are what two cores can do. Modules of
# one host stay in one process.
HOSTS = $(PYTHON) -m pytest -v -n $(shell [ $$(nproc) -lt 8 ] && echo 3 || echo 4) --dist loadfile \
    --no-loadscope-reorder --durations=15
test: check
	@$(PYTHON) -m sandbox prepare
	@for more in arm64 vm browser; do \
	    $(PYTHON) -m sandbox prepare --$$more || echo "tests that need $$more are skipped"; done
	$(HOSTS) tests/hosts

# Kernels, reboots, Secure Boot, and what `make test` has no time for: a first boot in a machine.
# Half an hour where KVM does not work.
test-vm: check
	@$(PYTHON) -m sandbox prepare --vm
	$(HOSTS) $(wildcard tests/hosts/test_vm*.py) tests/vm

# One host of 14 GB after another.
test-whole: check
	@$(PYTHON) -m sandbox prepare
	$(PYTHON) -m pytest -v --durations=0 tests/whole

test-vagrant: check
	@$(PYTHON) -m sandbox prepare --vm
	$(PYTHON) -m pytest -v -s tests/vagrant

# As in `make test`, with the system's CUDA, cuDNN and the real PyTorch.
test-bundle: check
	@$(PYTHON) -m sandbox prepare
	GPUWRIGHT_WHOLE_BUNDLE=1 $(HOSTS) tests/hosts/test_offline.py

# Container hosts, the image with PyTorch in it, workspaces in a browser.
test-containers: check
	@$(PYTHON) -m sandbox prepare
	@$(PYTHON) -m sandbox prepare --browser || echo "tests in a browser are skipped"
	$(HOSTS) $(wildcard $(addprefix tests/hosts/test_,container_host*.py image*.py workspace.py))

# Some unit tests wait for a clock: one process more than there are processors. Each begins with
# tests that stand together, so that what a module makes is made once.
check: env
	ruff check .
	ruff format --check .
	mypy
	lint-imports --no-logo
	$(PYTHON) -m pytest -q --dist worksteal -n $(shell [ $$(nproc) -lt 8 ] && echo $$(($$(nproc) + 1)) || echo 8) tests/unit

bench: env
	@$(PYTHON) -m sandbox prepare
	$(PYTHON) -m bench

lock: env
	$(PYTHON) -m tests.project_lock

catalogue-age: env
	@$(PYTHON) -m stacks age

clean-sandbox: env
	$(PYTHON) -m sandbox clean

# A folder of results below silicon/; a Python with torch is found, or named: SILICON="--python …".
silicon: env
	$(PYTHON) make/silicon.py $(SILICON)
