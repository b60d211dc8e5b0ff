"""Images: what Docker builds them from, and under which digests."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tasks.host import preflight
from tasks.hostdata import image as image_data
from tasks.recipe import conflicts, opening
from tasks.recipe.recipe import Recipe
from tests.unit.golden.host_files import Section, joined, rows
from tests.unit.golden.plan_lines import plain, sha256
from tests.unit.golden.situations import SITUATIONS
from tests.unit.tasks import an_image
from tests.unit.tasks.recipe.test_recipe import with_tarballs

ASKED: dict[str, tuple[str, dict[str, Any]]] = {
    "default": ("debian-12", {}),
    "without-cuda": ("debian-12", {"image_cuda": "none"}),
    "devel": ("debian-12", {"image_cuda": "devel"}),
    "ubuntu-22.04": ("ubuntu-22.04", {"image_base": "ubuntu:22.04"}),
    "debian-13": ("debian-12", {"image_base": "debian:trixie-slim", "image_cuda": "none"}),
    "own-base": ("rocky-9", {"image_base": "r.example.org/a:1", "image_os": "debian-12"}),
    "unknown-base": ("debian-12", {"image_base": "r.example.org/a:1"}),
    "other-user": ("debian-12", {"image_uid": 1234}),
}


def texts() -> dict[str, str]:
    """File name to text."""
    found = {f"images/{name}.txt": joined(_asked(*ASKED[name])) for name in ASKED}
    found["images/fixture.txt"] = joined(_recipe(an_image.recipe(), whole=False))
    found["images/tarballs.txt"] = joined(_recipe(with_tarballs(), whole=False))
    return found


def _asked(host: str, data: dict[str, Any]) -> Iterator[Section]:
    state = SITUATIONS[host].state
    resolution = opening.resolved(state, data)
    yield "conflicts", rows([*preflight.access(state), *resolution.conflicts])
    if resolution.plan is None:
        return
    yield "plan", plain(resolution.plan)
    yield "conflicts of the plan", rows(conflicts.of_plan(resolution.plan))
    made = opening.recipe_for(resolution.plan, data, image_data.image_settings(data))
    yield from _recipe(made, whole=not data or data.get("image_cuda") == "devel")


def _recipe(made: Recipe, whole: bool = True) -> Iterator[Section]:
    """Digests of all; the Dockerfile; if `whole`, every text but locks and copied programs."""
    yield "digests", f"plan {made.plan.digest}\nrecipe {made.digest}\nname {made.exact_name}"
    yield "archive", sha256(made.archive().hex())
    yield "labels", plain(dict(made.labels))
    yield "files", "".join(f"{sha256(text)} {path}\n" for path, text in sorted(made.files.items()))
    for path, text in sorted(made.files.items()):
        if path == "Dockerfile" or (whole and not path.endswith((".txt", ".py"))):
            yield path, text
