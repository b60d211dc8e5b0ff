#!/bin/sh
# Called by Packer's shell-local provisioner, from the root of the checkout: pyinfra over ssh.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
# Some shells end by a signal without that.
trap 'exit 130' HUP INT TERM
umask 077
printf '%s\n' "$BUILD_KEY" >"$folder/key"
unset BUILD_KEY
# Nobody knows the new machine's host key before: it is taken as it comes, and then it is the one.
ssh-keyscan -p "$BUILD_PORT" "$BUILD_HOST" >"$folder/known_hosts"
export BUILD_HOST BUILD_PORT BUILD_USER EXPECTED_GPUS BUILD_FOLDER="$folder"
pyinfra -y packer/inventory.py "${1:-deploys/gpu_host.py}"
