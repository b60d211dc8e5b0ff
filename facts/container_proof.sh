# Starts one container with the GPUs, looks from inside, and takes it away again. It is sent behind
# frame.sh, with the program for the CUDA call in the function `program`.
#
# Arguments: ENGINE IMAGE, then the words that ask for the GPUs.

# No longer than this, nor than is left of LIMIT, which the sender sets.
BEGAN=$(date +%s)
within() {
  most=$((LIMIT - $(date +%s) + BEGAN)); [ "$most" -lt "$1" ] || most=$1; [ "$most" -gt 0 ] || most=1
  shift
  bound "$most" "$@"
}

proof() {
  sec proof
  tool=$1 image=$2
  shift 2
  name=gpuwright-proof-$$
  part said
  within 120 "$tool" run -d --rm --pull never --network none --name "$name" "$@" \
    --entrypoint sleep "$image" 300 2>&1 >/dev/null </dev/null | tail -n 5 | cut -c 1-400
  part started
  within 30 "$tool" inspect --format '{{.State.Running}}' "$name" 2>/dev/null
  list before
  # What took the GPUs away from containers before CDI: systemd writes its own rules again.
  systemctl daemon-reload
  list after
  part cuda
  program | within 90 "$tool" exec -i "$name" sh 2>&1
  bound 60 "$tool" rm -f "$name" >/dev/null 2>&1
}

list() {
  part "$1"
  within 60 "$tool" exec "$name" nvidia-smi -L 2>&1 </dev/null | head -n 40 | cut -c 1-200
}
