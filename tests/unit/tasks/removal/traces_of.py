"""What a host tells a removal, from a few words."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from facts.removal_model import Before, Brought, Installed, Traces

VERSION = "1.0"


def package(words: str, **more: Any) -> Installed:
    """A package: ``name`` or ``name: what it depends on``."""
    name, _, depends = words.partition(": ")
    return Installed(name, VERSION, depends=depends, **more)


def host(theirs: str = "", ours: str = "", **more: Any) -> Traces:
    """A host: packages of before and packages that we brought, divided by semicolons."""
    had, came = ([package(w.strip()) for w in text.split(";") if w] for text in (theirs, ours))
    before = Before(packages={one.name: one.version for one in had})
    brought = Brought(packages={one.name: one.version for one in came})
    said: dict[str, Any] = {"before": before, "brought": brought, "installed": (*had, *came)}
    return Traces(**{**said, **more})


def with_before(traces: Traces, **more: Any) -> Traces:
    """The same host, whose note of before says this as well."""
    return replace(traces, before=replace(traces.before or Before(), **more))


def with_brought(traces: Traces, **more: Any) -> Traces:
    """The same host, whose note of what we brought says this as well."""
    return replace(traces, brought=replace(traces.brought, **more))
