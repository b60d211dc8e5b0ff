#!/bin/sh
# Makes or fixes .venv, the project's own environment, from the hash-locked requirements.
# On Debian and Ubuntu it installs the interpreter's venv module where that is missing.
set -eu
cd "$(dirname "$0")/.."

stamp=.venv/.locked
want=$(cat requirements.lock pyproject.toml | sha256sum | cut -d' ' -f1)
if [ -x .venv/bin/python ] && [ "$(cat $stamp 2>/dev/null)" = "$want" ]; then exit 0; fi

if ! python3 -c 'import ensurepip, sys; sys.exit(sys.version_info < (3, 10))' 2>/dev/null; then
    if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
        echo "gpuwright needs Python 3.10 or newer with its venv module. On Debian or Ubuntu, as" >&2
        echo "root: apt-get install python3 python3-venv. Elsewhere, install it as usual there." >&2
        exit 1
    fi
    echo "installing python3 and python3-venv"
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
        python3 python3-venv ca-certificates >/dev/null
    if ! python3 -c 'import ensurepip, sys; sys.exit(sys.version_info < (3, 10))' 2>/dev/null; then
        echo "this system has $(python3 --version); gpuwright needs Python 3.10 or newer" >&2
        exit 1
    fi
fi

echo "making .venv from requirements.lock"
[ -x .venv/bin/pip ] || rm -rf .venv
[ -x .venv/bin/python ] || python3 -m venv .venv
.venv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes \
    --only-binary=:all: --no-deps -r requirements.lock
# pyinfra writes no bytecode, so without this every run would compile our modules again.
.venv/bin/python -m compileall -q stacks facts tasks sandbox || :
echo "$want" >$stamp
