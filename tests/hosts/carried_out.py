"""Which test carries which parts of a plan out: the ground of ``stacks/catalog/support.yaml``.

A test that is marked with `carries_out` looks, by `shown`, at a host that a run has made: its
record must be of exactly the plan that the mark names. `tests/unit/stacks/catalog/test_support.py`
holds the marks against the file.
"""

from __future__ import annotations

import ast
import json
from collections.abc import Mapping
from typing import Any

import pytest

from facts.host import probe_command
from facts.model.host import HostState
from facts.parse import parse_host
from sandbox.checkout import SOURCE
from sandbox.roots import recipes
from stacks.catalog.read import load_catalog
from stacks.model.plan import Plan
from stacks.model.support import Part, PartSupport
from stacks.resolve import resolve
from tasks.host import resolution
from tasks.image.work import RECORD as IMAGE_RECORD
from tasks.layout import RECORD
from tasks.recipe import opening
from tests.hosts.lab import Lab

MARK = "carries_out"
_STAND_INS = "/doubles/"
"""In the addresses of the sandbox's repository doubles."""


def carries_out(
    release: str,
    arch: str = "x86_64",
    *,
    live: Mapping[Part, str] | None = None,
    double: Mapping[Part, str] | None = None,
    tried: bool = True,
) -> pytest.MarkDecorator:
    """Mark a test that carries these parts out on this release.

    Args:
        release: ``debian-12``; ``jetson-36.4.7`` for a Jetson.
        arch: ``x86_64`` or ``aarch64``.
        live: Parts from the real files on a host that is what it says, in the words of
            `stacks.rules.support`.
        double: Parts from stand-ins, or on a host that only presents as this release.
        tried: Whether the test has passed; false: nothing is claimed by its mark yet.
    """
    return getattr(pytest.mark, MARK)(  # type: ignore[no-any-return] # marks are made by name
        release, arch, live=dict(live or {}), double=dict(double or {}), tried=tried
    )


def shown(request: pytest.FixtureRequest, lab: Lab, containers: bool = False) -> None:
    """The host is what the test's mark says: planned so, recorded so, and judged OK.

    Args:
        request: Of the test that is marked.
        lab: The host after its run, and the inventory of that run.
        containers: Whether the run was of ``container_host.py``.
    """
    data = _host_data(lab)
    stack, profile, catalog = resolution.question(_state(lab), data, containers=containers)
    if lab.product != SOURCE:
        catalog = load_catalog(lab.product / "stacks")
    plan = resolve(stack, profile, catalog).plan
    assert plan is not None
    record = json.loads(lab.on_host(f"cat {RECORD}"))
    record = record["containers"] if containers else record
    assert (record["plan"], record["verdict"]) == (plan.digest, "OK")
    release = f"jetson-{plan.jetson.l4t}" if plan.jetson else plan.os
    _as_marked(request, release, plan.arch, plan.support_parts, _stood_in(lab, data, plan))


def shown_image(request: pytest.FixtureRequest, lab: Lab) -> None:
    """The image on the host is of the plan that the test's mark says, and passed its own test."""
    plan = opening.asked(_state(lab), _host_data(lab)).plan
    record = json.loads(lab.on_host(f"cat {IMAGE_RECORD}"))
    # Its verdict warns of GPUs whose device files alone are here.
    assert (record["plan"], record["selftest"]["faults"]) == (plan.digest, [])
    # No registry of base images can be reached: the sandbox makes them of Debian's packages.
    _as_marked(request, plan.os, plan.arch, plan.support_parts, {"image"})


def _as_marked(
    request: pytest.FixtureRequest,
    release: str,
    arch: str,
    planned: tuple[PartSupport, ...],
    stood_in: set[Part],
) -> None:
    mark = request.node.get_closest_marker(MARK)
    assert mark is not None, "the test is not marked with what it carries out"
    assert mark.args == (release, arch)
    live, double = mark.kwargs["live"], mark.kwargs["double"]
    # A part that comes in another version than the plan names may be left out: it stays untried.
    assert {**live, **double}.items() <= {row.part: row.what for row in planned}.items()
    assert set(live) & stood_in == set()


def _state(lab: Lab) -> HostState:
    return parse_host(lab.on_host(probe_command()).splitlines())


def _host_data(lab: Lab) -> dict[str, Any]:
    """What an inventory of `runner.inventory` says about the host."""
    text = lab.inventory.read_text().removeprefix("hosts = ")
    return dict(dict(ast.literal_eval(text))[lab.host.name])


def _stood_in(lab: Lab, data: dict[str, Any], plan: Plan) -> set[Part]:
    """Parts of the plan that came from a double, or went onto a host under another name."""
    parts: set[Part] = {row.part for row in plan.support_parts}
    if "base" in recipes.recipes()[lab.host.spec.os]:
        return parts
    kinds = {kind for kind, url in data["mirrors"].items() if _STAND_INS in url}
    engines = plan.containers.engines if plan.containers else ()
    origins: dict[Part, str | None] = {
        "driver": plan.driver.origin if plan.driver else None,
        "cuda": plan.cuda.origin if plan.cuda else None,
        "cudnn": plan.cudnn.origin if plan.cudnn else None,
        "toolkit": "toolkit",
        **{engine.engine: engine.origin for engine in engines},
    }
    return {part for part in parts if origins.get(part) in kinds}
