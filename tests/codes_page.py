"""``docs/codes.md``, made from the table of all codes.

Run as ``python -m tests.codes_page > docs/codes.md``.
"""

from __future__ import annotations

from tasks.faults.catalog import faults
from tasks.faults.codes import Code, codes

_HEAD = """\
# All codes

Made from `tasks/faults/codes.yaml`, `stacks/catalog/codes.yaml` and the doctor's `faults.yaml` by
`python -m tests.codes_page > docs/codes.md`; a test compares.

```console
$ grep -A 6 '^## DISK-SMALL' docs/codes.md
```

A code is in a refusal (nothing on that host was changed), in a notice (the plan holds), in a
finding of a report, or in the line of a step that failed. The message beside it says what was seen
on that host, and has a command with its names filled in; this page says what the code means
everywhere. Words in capitals inside a command are yours to fill in; names such as `driver_origin`
are host data, set in the inventory or with `--data NAME=VALUE`.

**interrupts**: what the remedy interrupts, so that you can choose the hour.
Codes that lead to [faults.md](faults.md) are faults of GPU hosts, which the doctor names.

"""


def page() -> str:
    """The whole page."""
    lines = ["| code | means | interrupts |", "| --- | --- | --- |"]
    lines += [f"| {_link(code)} | {code.what} | {code.interrupts} |" for code in codes().values()]
    sections = [_section(code) for code in codes().values() if code.code not in faults()]
    return _HEAD + "\n".join(lines) + "\n\n" + "\n".join(sections)


def _link(code: Code) -> str:
    place = "faults.md" if code.code in faults() else ""
    return f"[{code.code}]({place}#{code.code.lower()})"


def _section(code: Code) -> str:
    return (
        f"## {code.code}\n"
        f"{code.what[:1].upper()}{code.what[1:]}.\n\n"
        f"- why: {code.why}\n"
        f"- remedy: {code.remedy}\n"
        f"- interrupts: {code.interrupts}\n"
        f"- source: {code.source}\n"
    )


if __name__ == "__main__":
    print(page(), end="")
