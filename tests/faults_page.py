"""``docs/faults.md``, made from the doctor's data and from that of the faults made in tests.

Run as ``python -m tests.faults_page > docs/faults.md``.
"""

from __future__ import annotations

from sandbox.faults import catalog as made
from tasks.faults.catalog import Row, faults, xids

_HEAD = """\
# Faults and their codes

Made from `tasks/faults/faults.yaml` and `sandbox/faults/faults.yaml` by `python -m
tests.faults_page > docs/faults.md`; a test compares.

```console
$ pyinfra inventories/lab.py deploys/driver_doctor.py           # a block of text per host
$ pyinfra --json inventories/lab.py deploys/driver_doctor.py    # the same as data
```

The doctor reads only, asks nothing, and needs no stack. It ends with 0 (OK), 1 (WARN), 2 (CRITICAL)
or 3 (UNKNOWN), by the worst host. A host that cannot be reached is UNKNOWN; give `-y` where nobody
can answer pyinfra's question about it. Where no host at all can be reached, pyinfra ends with 1.
It names root causes: what only follows from another fault is left out. In a container the running
kernel, its log and the PCI bus are another machine's, so there it judges the kernel in `/boot`.

**needs**: what the remedy needs beyond a command.
**tested**: `container`, `vm`: put on a real throwaway host, named, and handed to the repair;
`unit`: on values; `no`: never named.
**repair**: what `driver_repair.py` does with it in those tests; `–` where it is not put to them.

In commands, words in braces are what was seen; `{deploy}` is the deploy that makes the host what it
is: `deploys/gpu_host.py` or `deploys/container_host.py`.

"""


def page() -> str:
    """The whole page."""
    lines = [
        "| code | fault | needs | interrupts | tested | repair |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for code, row in faults().items():
        lines.append(
            f"| [{code}](#{code.lower()}) | {row.title} | {row.needs} | {row.interrupts} "
            f"| {tested(code, row)} | {_repair(code)} |"
        )
    body = "\n".join(_section(code, row) for code, row in faults().items())
    return _HEAD + "\n".join(lines) + "\n\n" + body + "\n" + _xids()


def tested(code: str, row: Row) -> str:
    """Where this code is tested: kinds of host, else ``unit``, else ``no``."""
    places = {_PLACES[place] for fault in _made(code) for place in fault.where}
    return ", ".join(sorted(places)) or ("no" if row.unnamed else "unit")


_PLACES = {
    "container": "container",
    "prebuilt": "container",
    "jetson": "container",
    "secure-boot": "vm",
    "vm": "vm",
    "engines": "container",
}


def _made(code: str) -> list[made.Fault]:
    return [fault for fault in made.faults().values() if fault.code == code]


def _repair(code: str) -> str:
    told = {"fixed" if fault.stops is None else "stops" for fault in _made(code)}
    return ", ".join(sorted(told)) or "–"


def _section(code: str, row: Row) -> str:
    commands = "\n".join(f"- {_for(kind)}`{command}`" for kind, command in row.commands.items())
    symptoms = ", ".join(f"`{s}`" for s in row.symptoms)
    doubt = "" if row.confidence.startswith("primary") else f" ({row.confidence})"
    lines = [
        f"## {code}",
        f"{row.title[:1].upper()}{row.title[1:]}.",
        "",
        f"- seen as: {symptoms}",
        f"- decided by: {row.probe}",
        f"- cause: {row.cause}",
        f"- remedy: {row.remedy}",
        commands,
    ]
    if row.breaks:
        lines.append(f"- will not work: {' and '.join(_BREAKS[b] for b in row.breaks)}")
    if row.unnamed:
        lines.append(f"- the doctor does not name it: {row.unnamed}")
    for fault in _made(code):
        outcome = "fixed" if fault.stops is None else "left to a person"
        limits = f"; {fault.honest}" if fault.honest else ""
        lines.append(f"- made in tests: {fault.what} (`{fault.id}`, {outcome}{limits})")
    lines.append(f"- source: {', '.join(row.sources)}{doubt}")
    return "\n".join(lines) + "\n"


_BREAKS = {
    "boot": "the driver after the next boot",
    "container": "the next container with a GPU",
}
_KINDS = {"any": "", "apt": "apt: ", "dnf": "dnf: "}


def _for(kind: str) -> str:
    return _KINDS.get(kind, f"{kind}: ")


def _xids() -> str:
    data = xids()
    lines = [
        "## Xid numbers",
        f"Those of the last {data.hours} hours count. Source: {data.cite}.",
        "",
        "| Xid | what to do |",
        "| --- | --- |",
    ]
    for action in data.actions:
        numbers = ", ".join(str(x) for x in action.xids)
        lines.append(f"| {numbers} | {action.do.replace('|', chr(92) + '|')} |")
    lines.append(f"| {', '.join(str(x) for x in data.ignored)} | nothing; the doctor is silent |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    print(page(), end="")
