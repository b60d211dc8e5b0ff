#!/bin/sh
# Drains a node of Slurm whose GPUs fail, and resumes it once they pass; to copy and to change.
#
#   on_fail: ['docs/hooks/slurm.sh', 'drain']     on_pass: ['docs/hooks/slurm.sh', 'resume']
#
# deploys/verify.py adds the host's name and the codes. A node that somebody else has drained keeps
# their reason, and stays drained. GPUWRIGHT_NODE names the node where it is called otherwise.
set -eu
what=$1 host=$2 codes=$3

case $host in *[!0-9.]*) short=${host%%.*} ;; *) short=$host ;; esac # an address has no domain
node=${GPUWRIGHT_NODE:-$short}
case $node in
  '' | -* | *[!A-Za-z0-9._-]* | [Aa][Ll][Ll]) # Slurm takes ranges and ALL as well
    echo "$node is no name of one node" >&2
    exit 2
    ;;
esac

now=$(scontrol --oneliner show node "$node")
case $now in *' Reason=gpuwright:'*) ours=yes ;; *) ours=no ;; esac
case $now in *' State='*DRAIN*) drained=yes ;; *) drained=no ;; esac

case $what in
  drain)
    if [ $drained = yes ] && [ $ours = no ]; then
      echo "$node is drained already, by somebody else"
    else
      scontrol update nodename="$node" state=drain reason="gpuwright: $codes"
    fi
    ;;
  resume)
    if [ $drained = yes ] && [ $ours = yes ]; then
      scontrol update nodename="$node" state=resume
    else
      echo "$node is not drained by gpuwright; it stays as it is"
    fi
    ;;
  *)
    echo "drain or resume, not $what" >&2
    exit 2
    ;;
esac
