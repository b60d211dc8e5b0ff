"""``docs/host-data.md``, made from the table of host data.

Run as ``python -m tests.host_data_page > docs/host-data.md``.
"""

from __future__ import annotations

import ast

from tasks.hostdata import nccl
from tasks.hostdata.table import Row, Section, sections

_HEAD = """\
# Host data

Made from `tasks/hostdata/table.yaml` by `python -m tests.host_data_page > docs/host-data.md`; a
test compares it with what the code reads.

Host data say what one host is to be: in the inventory, in `group_data/`, or for a whole run:

```console
$ pyinfra inventories/lab.py deploys/gpu_host.py --data driver_branch=580
```

A value that is not as expected refuses its host before anything is touched, with the key, the value
and what is expected; the other hosts go on. Names that no deploy reads are yours; `DATA-NAME` warns
where one is a slip away from one that is read (`driver_brnach`).

Examples are as an inventory has them. pyinfra's own (`ssh_user`, `ssh_port` …) are in its
documentation.

"""


def page() -> str:
    """The whole page."""
    return _HEAD + "\n".join([*map(_section, sections()), _nccl()])


def _nccl() -> str:
    lines = [
        "## Settings of NCCL",
        "Of `nccl`, from `tasks/hostdata/nccl.yaml`, which names NVIDIA's page. Empty by default:",
        "NCCL chooses by itself. Another name is set as it is, with the warning `NCCL-NAME`.",
        "",
        "| name | value | meaning |",
        "| --- | --- | --- |",
    ]
    lines += [
        f"| `{name}` | {row.expected} | {row.meaning} |" for name, row in nccl.known().items()
    ]
    return "\n".join(lines) + "\n"


def _section(section: Section) -> str:
    lines = [
        f"## {section.title}",
        f"Acted on by {_names(section.deploys)}.",
        "",
        "| name | value | default | meaning | example |",
        "| --- | --- | --- | --- | --- |",
    ]
    lines += [_line(key, row) for key, row in section.rows.items()]
    return "\n".join(lines) + "\n"


def _line(key: str, row: Row) -> str:
    meaning = row.meaning + (f" (only {_names(row.deploys)})" if row.deploys else "")
    beside = ast.literal_eval(row.beside)
    example = f"`{row.example}`" + "".join(f", beside `{name}`" for name in beside)
    return f"| `{key}` | {row.type} | {row.default} | {meaning} | {example} |"


def _names(deploys: tuple[str, ...]) -> str:
    return ", ".join(f"`{name}`" for name in deploys)


if __name__ == "__main__":
    print(page(), end="")
