"""Reports that are kept, and readings that hosts push: written, read and merged. Pure.

A folder holds reports (``*.json``, ``*.json.gz``), of this controller or of others, and what hosts
push (``*.facts``). Whoever wrote them, they are data; a file that is neither is told and left.
"""

from __future__ import annotations

import gzip
import json
import os
import re
import tempfile
import zlib
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

from stacks.model.plain import one_line, plain, quoted, told
from tasks.drift import pushed
from tasks.drift.reading import MOST_NAME, Reading, moment, of_data, text, time_of

SCHEMA = "gpuwright-report/1"
MOST_FILES = 5000
MOST_BYTES = 64 << 20
"""Of one file, unpacked: a report of 1,000 hosts has some 6 MiB."""
SILENT = timedelta(hours=48)
"""A host of which nothing was read for so long counts as silent, where no host is asked."""
AHEAD = timedelta(minutes=10)
"""A clock may be ahead by so much; a reading of a later time is not believed."""
KINDS = (".json", ".json.gz", ".facts")
_OURS = re.compile(r"\d{8}T\d{6}Z\.json\.gz")


@dataclass(frozen=True)
class Past:
    """What a folder holds, by host: the newest reading, and the one before it that was another."""

    newest: Mapping[str, Reading]
    before: Mapping[str, Reading]
    complaints: tuple[str, ...] = ()
    """Files that could not be read, one line each."""
    reports: int = 0


def keep(folder: Path, document: Mapping[str, Any], at: str, most: int) -> Path:
    """Write a report into the folder, and take the oldest ones of ours away.

    Args:
        folder: It is made where it is missing.
        document: The report.
        at: Its time.
        most: How many stay.

    Raises:
        OSError: It cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{at.replace('-', '').replace(':', '')}.json.gz"
    body = json.dumps(document, sort_keys=True, separators=(",", ":")).encode()
    write(path, gzip.compress(body, 6, mtime=0))
    ours = sorted(file for file in folder.iterdir() if _OURS.fullmatch(file.name))
    for file in ours[: max(0, len(ours) - most)]:
        file.unlink(missing_ok=True)
    return path


def write(path: Path, body: bytes) -> None:
    """Write a file beside its place and move it there. Raises `OSError`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=f".{path.name[:40]}.", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(body)
        mask = os.umask(0)
        os.umask(mask)
        Path(name).chmod(0o666 & ~mask)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def past(folders: Iterable[Path], now: datetime, wanted: Collection[str] | None = None) -> Past:
    """All that these folders hold, merged: of each host the newest reading counts.

    Args:
        folders: Folders of this machine; one that is not there holds nothing.
        now: A reading of a later time is not believed.
        wanted: Hosts of which the newest reading is enough; None: all that the folders know.

    Raises:
        OSError: A folder cannot be read.
    """
    claims: dict[str, list[_Claim]] = {}
    complaints: list[str] = []
    reports = 0
    for folder in folders:
        files = sorted(f for f in folder.iterdir() if f.name.endswith(KINDS))
        if len(files) > MOST_FILES:
            complaints.append(f"{folder}: only the last {MOST_FILES} of {len(files)} files count")
        for file in reversed(files[-MOST_FILES:]):  # ours are called by their time
            # A host that is silent in a report has there what was read of it last.
            if wanted is not None and all(host in claims for host in wanted):
                break
            try:
                found = _read(file)
            except (OSError, EOFError, ValueError, RecursionError, zlib.error) as error:
                complaints.append(f"{quoted(file.name)}: {text(one_line(str(error)), 300)}")
                continue
            reports += 1
            for claim in found:
                if claim.in_time(now):
                    claims[claim.host] = _kept([*claims.get(claim.host, ()), claim])
    newest, before = {}, {}
    for host, own in claims.items():
        newest[host], earlier = _last(own)
        if earlier is not None:
            before[host] = earlier
    return Past(newest, before, tuple(complaints), reports)


@dataclass(frozen=True)
class _Claim:
    """A reading that is not yet decoded: most are older than another one, and never are."""

    host: str
    read_at: str
    asked_at: str
    answered: bool
    body: Any

    def in_time(self, now: datetime) -> bool:
        """Whether its times can be: a clock that is wrong would win for ever."""
        times = [moment(at) for at in (self.read_at, self.asked_at) if at]
        return bool(times) and all(at is not None and at <= now + AHEAD for at in times)

    def decoded(self) -> Reading:
        """The reading."""
        return self.body if isinstance(self.body, Reading) else of_data(self.host, self.body)


def _read(file: Path) -> list[_Claim]:
    """What a file claims of hosts. Raises what says that it is none of ours."""
    body = _bytes(file)
    if file.name.endswith(".facts"):
        one = pushed.reading(file.name.removesuffix(".facts"), body)
        return [_Claim(one.host, one.read_at, one.asked_at, True, one)]
    data = json.loads(body)
    if not isinstance(data, Mapping):
        raise ValueError("it holds no report")
    schema, hosts = data.get("schema"), data.get("hosts")
    if schema != SCHEMA:
        raise ValueError(f"it is no report that this release reads: schema {told(schema, 60)}")
    items = hosts.items() if isinstance(hosts, Mapping) else ()
    return [
        _Claim(
            text(plain(name), MOST_NAME),
            time_of(item.get("read_at")),
            time_of(item.get("asked_at")),
            item.get("answered") is True,
            item,
        )
        for name, item in items
        if name and isinstance(item, Mapping)
    ]


def _bytes(file: Path) -> bytes:
    opened = gzip.open if file.name.endswith(".gz") else Path.open
    with opened(file, "rb") as stream:
        body: bytes = stream.read(MOST_BYTES + 1)
    if len(body) > MOST_BYTES:
        raise ValueError(f"it has more than {MOST_BYTES >> 20} MiB")
    return body


def _kept(claims: list[_Claim]) -> list[_Claim]:
    """The two newest readings, and the newest question."""
    read = sorted((c for c in claims if c.read_at), key=lambda c: (c.read_at, c.answered))
    times = {c.read_at: c for c in read}
    asked = max(claims, key=lambda c: (c.asked_at, c.answered))
    return [*(times[at] for at in sorted(times)[-2:]), asked]


def _last(claims: list[_Claim]) -> tuple[Reading, Reading | None]:
    """The newest reading, silent where a later question had no answer; and the one before it."""
    *read, asked = _kept(claims)
    last = (read[-1] if read else asked).decoded()
    earlier = read[-2].decoded() if len(read) > 1 else None
    if not asked.answered and asked.asked_at > last.read_at:
        last = silent(last, asked.decoded().why, asked.asked_at)
    return last, earlier


def silent(reading: Reading, why: str, at: str) -> Reading:
    """A host that did not answer, with what was read of it last."""
    return replace(reading, answered=False, why=why, asked_at=time_of(at), verdict="UNKNOWN")


def aged(reading: Reading, now: datetime) -> Reading:
    """The reading, told as silent where it is too old: nobody was asked, so nobody has said so."""
    at = moment(reading.read_at)
    if not reading.answered or (at is not None and now - at <= SILENT):
        return reading
    return silent(reading, f"nothing was read of it for {age(reading.read_at, now)}", at_time(now))


def age(at: str, now: datetime) -> str:
    """How long ago: ``3 min``, ``5 h``, ``12 days``; ``an unknown time`` where it is no time."""
    then = moment(at)
    if then is None:
        return "an unknown time"
    seconds = max(0, int((now - then).total_seconds()))
    if seconds < 3 * 3600:
        return f"{seconds // 60} min"
    return f"{seconds // 3600} h" if seconds < 3 * 86400 else f"{seconds // 86400} days"


def at_time(now: datetime) -> str:
    """A time as reports say it."""
    return f"{now.astimezone(timezone.utc):%Y-%m-%dT%H:%M:%SZ}"
