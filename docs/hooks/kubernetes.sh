#!/bin/sh
# Taints a node of Kubernetes whose GPUs fail, and takes the taint away once they pass; to copy and to
# change.
#
#   on_fail: ['docs/hooks/kubernetes.sh', 'taint']     on_pass: ['docs/hooks/kubernetes.sh', 'untaint']
#
# deploys/verify.py adds the host's name and the codes. Only the taint gpuwright.verify is touched: a
# node that somebody has cordoned stays so. What runs there goes on; nothing new is scheduled.
# GPUWRIGHT_NODE names the node where it is called otherwise.
set -eu
what=$1 node=${GPUWRIGHT_NODE:-$2} codes=$3
key=gpuwright.verify

case $node in
  '' | -* | *[!A-Za-z0-9._-]*)
    echo "$node is no name of one node" >&2
    exit 2
    ;;
esac

case $what in
  taint)
    # A taint's value has 63 characters at most, and no commas; it ends with a letter or a digit.
    value=$(printf %s "$codes" | tr -c 'A-Za-z0-9._-' . | cut -c 1-63 | sed 's/[^A-Za-z0-9]*$//')
    kubectl --request-timeout=30s taint nodes "$node" "$key=$value:NoSchedule" --overwrite
    ;;
  untaint)
    keys=$(kubectl --request-timeout=30s get node "$node" -o 'jsonpath={.spec.taints[*].key}')
    case " $keys " in
      *" $key "*) kubectl --request-timeout=30s taint nodes "$node" "$key-" ;;
      *) echo "$node has no taint $key; it stays as it is" ;;
    esac
    ;;
  *)
    echo "taint or untaint, not $what" >&2
    exit 2
    ;;
esac
