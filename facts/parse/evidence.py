"""The second look's output → `facts.evidence_model.Evidence`."""

from __future__ import annotations

import re
from collections.abc import Iterable

from facts.evidence_model import (
    BuildLog,
    Evidence,
    Headers,
    Holder,
    InitramfsCopy,
    Login,
    Smi,
)
from facts.parse.engines import engine, node
from facts.parse.sections import Section, fields, integer, number, split

_KERNEL = re.compile(r"make\.log for \S+ for kernel (\S+)")
_GSP = re.compile(r"^/lib/firmware/nvidia/([0-9][^/]*)/gsp_")
_MAJOR = re.compile(r"^\s*(\d{1,9})\s+(\S+)$")


def evidence(output: Iterable[str]) -> Evidence:
    """Everything that ``facts/evidence.sh`` told.

    Raises `ProbeError` where the output is cut off or is not that script's.
    """
    text = split(output)
    log, loading, daemons = text["kernel_log"], text["loading"], text["daemons"]
    packages = text["packages"]
    majors = (_MAJOR.match(line) for line in loading.part("majors"))
    return Evidence(
        build_logs=tuple(_build_log(path, lines) for path, lines in text["build_logs"].files()),
        kernel_log=None if "kernel_log" in text.unread else tuple(log.part("lines")),
        uptime_s=_seconds(log.first("uptime")),
        headers=_headers(text["headers"]),
        initramfs=None if "initramfs" in text.unread else _copies(text["initramfs"]),
        blocks=tuple(loading.part("blocks")),
        gsp_firmware=tuple(
            sorted({m[1] for line in loading.part("gsp") if (m := _GSP.match(line))})
        ),
        nodes=tuple(node(line) for line in loading.part("nodes")),
        majors={m[2]: int(m[1]) for m in majors if m},
        holders=_holders(text["holders"]),
        fabric_log=tuple(daemons.part("fabric")),
        broken=None if "broken" in text.unread else tuple(packages.part("broken")),
        upgrades=tuple(packages.part("upgrades")),
        smi=_smi(daemons),
        engine=engine(text["containers"], text["cdi"]),
        claims=tuple(loading.part("claims")),
        next_cmdline=tuple(loading.part("next_cmdline")),
        login=login(text["login"]),
        unread=text.unread,
    )


def _build_log(path: str, lines: list[str]) -> BuildLog:
    named = _KERNEL.search(lines[0]) if lines else None
    once = tuple(dict.fromkeys(line.strip() for line in lines if line.strip()))
    return BuildLog(path, named[1] if named else None, once)


def _seconds(text: str | None) -> float | None:
    return float(text) if text and re.fullmatch(r"\d{1,12}(\.\d{1,6})?", text) else None


def _headers(section: Section) -> dict[str, Headers]:
    found = {}
    for line in section.lines:
        kernel, link, offered = fields(line, 3)
        found[kernel] = Headers(link or None, None if offered == "?" else offered)
    return found


def _copies(section: Section) -> tuple[InitramfsCopy, ...]:
    found = []
    for line in section.lines:
        kernel, image, path, size, older, disk = fields(line, 6)
        found.append(
            InitramfsCopy(kernel, image, path, integer(size) or 0, bool(older), integer(disk))
        )
    return tuple(found)


def _holders(section: Section) -> tuple[Holder, ...]:
    names = dict(line.split(" ", 1) for line in section.part("names") if " " in line)
    found = []
    for line in section.part("pids"):
        pid, name, container = fields(line, 3)
        found.append(Holder(number(pid), name, names.get(container, container[:12]) or None))
    return tuple(found)


def _smi(section: Section) -> Smi | None:
    code = integer(section.first("smi_exit"))
    return None if code is None else Smi(code, tuple(section.part("smi")))


def login(section: Section) -> Login | None:
    """What ``facts/login.sh`` told; None where nobody could look."""
    if not section.has("view"):
        return None
    said: dict[str, list[str]] = {}
    for line in section.part("view"):
        mark, _, rest = line.partition("|")
        name, bar, value = rest.partition("|")
        if mark == "gpuwright" and bar:
            said.setdefault(name, []).append(value)
    modes = dict(fields(line, 2) for line in section.part("modes"))
    stopped = next(iter(said.get("stopped", ())), None)
    words = [line for line in section.part("view") if not line.startswith("gpuwright|")]
    why = next(iter(said.get("why", ())), None)
    if why is None and "reached" in said and "torch" not in said:
        why = " / ".join(words[-4:]) or "Python ended without a word"
    return Login(
        files=tuple(section.part("files")),
        stopped=stopped and f"{stopped} ({modes.get(stopped, 'mode not known')})",
        devices=tuple(f"{d} ({modes.get(d, 'mode not known')})" for d in said.get("device", ())),
        reached="reached" in said,
        prefix=next(iter(said.get("prefix", ())), None),
        variables={v.partition("=")[0]: v.partition("=")[2] for v in said.get("variable", ())},
        paths=tuple(said.get("path", ())),
        hides=tuple(said.get("hides", ())),
        torch=next(iter(said.get("torch", ())), None),
        version=next(iter(said.get("version", ())), None),
        why=why,
    )
