# GPUs as their driver reports them: at rest, and while the self-test keeps them busy. POSIX sh; it
# changes nothing but a file below /tmp that it takes away. It is sent behind frame.sh.
#
# Arguments: seconds that the self-test may take, 0: none is run; seconds that all may take.

SELFTEST=/opt/gpuwright/bin/gpuwright-selftest

MOST=$2
BEGAN=$(date +%s)
left() { echo $((MOST - $(date +%s) + BEGAN)); }
# No longer than this, nor than what is left: the rest is for what comes after it.
within() {
  most=$(left); [ "$most" -lt "$1" ] || most=$1; [ "$most" -gt 0 ] || most=1
  shift
  bound "$most" "$@"
}
query() { within 25 nvidia-smi -q -x 2>&1 </dev/null; }

at_rest() {
  sec rest
  [ ! -e /etc/nv_tegra_release ] || { no rest "a Jetson's nvidia-smi tells none of it"; return 1; }
  have nvidia-smi || { no rest "nvidia-smi is not on this host"; return 1; }
  # Without the module nvidia-smi would load it. A container cannot, and may have its host's.
  [ -d /sys/module/nvidia ] || [ -e /run/systemd/container ] || [ -e /.dockerenv ] || {
    no rest "the module nvidia is not loaded"; return 1; }
  said=$(query); code=$?
  part exit; printf '%s\n' $code
  part xml; printf '%s\n' "$said" | head -c 1500000 | cut -c 1-300
  part links; within 15 nvidia-smi nvlink -s 2>&1 </dev/null | head -n 400 | cut -c 1-200
  [ $code = 0 ]
}

# What changes with load, of each GPU: the link, the state, the reasons for slower clocks.
sample() {
  printf 'sample\n'
  query | sed -n -E \
    -e 's/.*<gpu id="([^"]{1,40})".*/gpu \1/p' \
    -e 's#.*<current_link_gen>([^<]{1,20})<.*#generation \1#p' \
    -e 's#.*<current_link_width>([^<]{1,20})<.*#width \1#p' \
    -e 's#.*<performance_state>([^<]{1,20})<.*#state \1#p' \
    -e 's#.*<replay_counter>([^<]{1,20})<.*#replays \1#p' \
    -e 's#.*<gpu_temp>([^<]{1,20})<.*#temperature \1#p' \
    -e 's#.*<clocks_(event|throttle)_reason_([a-z_]{1,40})>Active<.*#reason \2#p'
}

under_load() {
  sec load
  [ "$1" -gt 0 ] || { no load "nobody asked for it"; return; }
  [ "$2" = yes ] || { no load "nvidia-smi lists no GPU to load"; return; }
  [ -x $SELFTEST ] || { no load "there is no self-test on this host ($SELFTEST)"; return; }
  limit=$(left)
  [ "$limit" -ge 10 ] || { no load "no time was left for the self-test within $MOST s"; return; }
  [ "$limit" -lt "$1" ] || limit=$1
  out=$(mktemp /tmp/gpuwright.XXXXXXXX) || { no load "no file can be made below /tmp"; return; }
  bound "$limit" $SELFTEST --json --limit $((limit - 5)) >"$out" 2>/dev/null </dev/null &
  pid=$!
  part samples
  while kill -0 $pid 2>/dev/null; do sample; sleep 1; done | head -n 20000
  wait $pid; code=$?
  part selftest_exit; printf '%s\n' $code
  part selftest; head -c 300000 "$out" | cut -c 1-4000
  rm -f "$out"
}

whole() {
  busy=no
  if at_rest || [ -e /etc/nv_tegra_release ]; then busy=yes; fi
  under_load "$1" $busy
}

framed whole "$@" </dev/null 2>/dev/null | printable
