#!/bin/sh
# A machine that Vagrant brings up becomes a GPU host, is run again without changes, and goes.
# Words after the name are pyinfra's: sh make/vagrant_demo.sh --data without=torch
set -eu
cd "$(dirname "$0")/.."
export VAGRANT_CHECKPOINT_DISABLE=1 VAGRANT_CWD="$PWD/vagrant"
PATH="$PWD/.venv/bin:$PATH"

if ! command -v vagrant >/dev/null; then
    echo "Vagrant is not installed. On Debian or Ubuntu, as root:" >&2
    echo "  apt-get install vagrant vagrant-libvirt libvirt-daemon-system qemu-system-x86" >&2
    exit 1
fi
if ! vagrant status gpu1 | grep -q '^gpu1 *not created'; then
    echo "gpu1 is there already, or Vagrant cannot say; the demo would destroy it in the end." >&2
    echo "See: VAGRANT_CWD=vagrant vagrant status gpu1" >&2
    exit 1
fi
step() { printf '\n== %s\n' "$*" >&2; }
# However it ends, nothing of it stays.
trap 'step "vagrant destroy"; vagrant destroy --force gpu1' EXIT
trap 'exit 130' HUP INT TERM

step "vagrant up gpu1"
if ! vagrant up gpu1; then
    echo "gpu1 did not come up. Where no box can be fetched, build one, as root:" >&2
    echo "  .venv/bin/python -m vagrant.box" >&2
    echo "  GPUWRIGHT_VAGRANT_BOX=gpuwright/debian-12 make vagrant-demo" >&2
    echo "Where /dev/kvm is there and does not work: GPUWRIGHT_VAGRANT_ACCELERATOR=tcg" >&2
    exit 1
fi
python -m vagrant
step "pyinfra @vagrant/gpu1 deploys/gpu_host.py"
pyinfra -y "$@" @vagrant/gpu1 deploys/gpu_host.py
step "and again"
again=$(mktemp)
trap 'rm -f "$again"; step "vagrant destroy"; vagrant destroy --force gpu1' EXIT
status=0
pyinfra -y "$@" @vagrant/gpu1 deploys/gpu_host.py >"$again" 2>&1 || status=$?
cat "$again"
[ "$status" = 0 ] || exit "$status"
if grep -q '\] Success' "$again"; then
    echo "the second run changed something" >&2
    exit 1
fi
step "the second run changed nothing"
