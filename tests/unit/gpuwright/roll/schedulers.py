"""Stand-ins for `scontrol` and `kubectl`: programs that keep their nodes in files.

They take the words that the real ones take, and answer in their form (scontrol of Slurm 23.11,
``kubectl get -o json`` of Kubernetes 1.31); any other word fails.
"""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

SCONTROL = """#!{python}
import sys
from pathlib import Path

folder = Path(__file__).parent
with (folder / "called").open("a") as called:
    called.write(" ".join(sys.argv[1:]) + "\\n")
words = sys.argv[1:]
if words[:2] == ["show", "node"] and words[3:] == ["--oneliner"]:
    file = folder / words[2]
    if not file.exists():
        sys.exit(f"Node {{words[2]}} not found")
    state, reason = file.read_text().split("\\n")[:2]
    why = f" Reason={{reason}} [root@2026-11-30T16:00:00]" if reason else ""
    print(f"NodeName={{words[2]}} Arch=x86_64 CoresPerSocket=32 CPUAlloc=0 CPUTot=64 "
          f"Gres=gpu:8 State={{state}} ThreadsPerCore=1 Partitions=gpu{{why}} Comment=x y")
elif words[:1] == ["update"]:
    said = dict(word.split("=", 1) for word in words[1:])
    file = folder / said["NodeName"]
    state, reason = file.read_text().split("\\n")[:2]
    if said["State"] == "DRAIN":
        state, reason = state.split("+")[0] + "+DRAIN", said["Reason"]
    elif said["State"] == "RESUME":
        state, reason = state.split("+")[0], ""
    else:
        sys.exit("slurm_update error: Invalid node state specified")
    file.write_text(f"{{state}}\\n{{reason}}\\n")
else:
    sys.exit("invalid keyword")
"""
KUBECTL = """#!{python}
import json
import sys
from pathlib import Path

folder = Path(__file__).parent
with (folder / "called").open("a") as called:
    called.write(" ".join(sys.argv[1:]) + "\\n")
words = sys.argv[1:]


def node(name):
    file = folder / name
    if not file.exists():
        sys.exit(f'Error from server (NotFound): nodes "{{name}}" not found')
    return file, json.loads(file.read_text())


if words[:2] == ["get", "node"] and words[3:] == ["-o", "json"]:
    print(json.dumps(node(words[2])[1]))
elif words[:3] == ["get", "pods", "--all-namespaces"] and words[4:] == ["-o", "json"]:
    file = folder / (words[3].removeprefix("--field-selector=spec.nodeName=") + ".pods")
    print(file.read_text() if file.exists() else '{{"items": []}}')
elif words[0] in ("cordon", "uncordon"):
    file, said = node(words[1])
    said["spec"]["unschedulable"] = words[0] == "cordon"
    file.write_text(json.dumps(said))
elif words[:2] == ["annotate", "node"]:
    file, said = node(words[2])
    notes = said["metadata"].setdefault("annotations", {{}})
    key, _, value = words[3].partition("=")
    if key.endswith("-"):
        notes.pop(key[:-1], None)
    elif key in notes and notes[key] != value and "--overwrite" not in words:
        sys.exit(f"error: --overwrite is false but found {{key}}")
    else:
        notes[key] = value
    file.write_text(json.dumps(said))
elif words[0] == "drain" and words[2:] == ["--ignore-daemonsets", "--timeout=600s"]:
    if (folder / "stubborn").exists():
        sys.exit("error: cannot delete Pods declare no controller (use --force to override): a/b")
else:
    sys.exit(f"error: unknown command {{words}}")
"""


@dataclass
class StandIn:
    """A scheduler's command, and its nodes."""

    folder: Path
    command: list[str]

    @property
    def called(self) -> list[str]:
        """What it was called with, but for questions."""
        file = self.folder / "called"
        words = file.read_text().splitlines() if file.exists() else []
        return [line for line in words if not line.startswith(("show", "get"))]


def _made(folder: Path, program: str) -> StandIn:
    folder.mkdir()
    file = folder / "command"
    file.write_text(program.format(python=sys.executable))
    file.chmod(0o755)
    return StandIn(folder, [str(file)])


def slurm(folder: Path, **nodes: str) -> StandIn:
    """Nodes by name: ``IDLE``, ``MIXED``, or with a reason behind a colon: ``IDLE+DRAIN:disk``."""
    made = _made(folder, SCONTROL)
    for name, state in nodes.items():
        (folder / name).write_text("{}\n{}\n".format(*(state.split(":", 1) + [""])[:2]))
    return made


def kubernetes(folder: Path, **nodes: dict[str, Any]) -> StandIn:
    """Nodes by name, each with its ``spec``."""
    made = _made(folder, KUBECTL)
    for name, spec in nodes.items():
        (folder / name).write_text(json.dumps({"metadata": {"name": name}, "spec": spec}))
    return made
