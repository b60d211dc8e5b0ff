"""Bills of materials, checked by CycloneDX's own schema."""

from __future__ import annotations

import json

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from tasks.drift import sbom
from tasks.drift.reading import Component, Reading
from tests.unit.tasks.drift.a_fleet import NOW, host

EVIL = Reading(
    'a"<b>', read_at=NOW, packages={"x y%/..": "1 2"}, facts={"packages of the environment": "; ;"}
)


@pytest.mark.parametrize(
    "reading",
    [
        host("gpu1"),
        Reading("gpu1", read_at=NOW),
        EVIL,
        host("a", distribution=Component("rocky-9 x86_64")),
    ],
)
def test_bill_is_valid_and_the_same_for_the_same_reading(reading: Reading) -> None:
    text = sbom.text(reading)
    wrong = JsonStrictValidator(SchemaVersion.V1_6).validate_str(text)
    assert wrong is None
    assert sbom.text(reading) == text


def test_packages_the_environment_and_the_plan_are_in_it() -> None:
    bill = json.loads(sbom.text(host("gpu1")))
    named = {part.get("purl") or part["name"] for part in bill["components"]}
    assert "pkg:deb/debian/libcuda1@580.95.05-1?distro=debian-12" in named
    assert "pkg:pypi/torch@2.9.1" in named
    assert {"driver", "CUDA", "debian"} <= named
