"""What else would serve a host is named only where it does."""

from __future__ import annotations

import pytest

from stacks.rules import others
from tests.unit.stacks.following import Question
from tests.unit.stacks.hosts import host, refused


@pytest.mark.parametrize(
    ("gpu", "stack"), [("k80", "pytorch-2.7-cu118"), ("k40", ""), ("gt640", "")]
)
def test_stack_is_named_for_a_kepler_card_only_where_it_has_code_for_it(
    gpu: str, stack: str
) -> None:
    conflict = refused("GPU-KEPLER", host("debian-12", gpu))
    assert ("pytorch-2.7-cu118" in " ".join(conflict.remedies)) is bool(stack)
    assert "without: [torch]" in " ".join(conflict.remedies)


def test_python_that_is_missing_names_each_family_once_and_what_goes_without_it() -> None:
    conflict = refused("PYTHON-NONE", host("ubuntu-20.04", "a100"))
    text = " ".join(conflict.remedies)
    assert "pytorch-2.7-cu118" in conflict.remedies[0]  # it has a build for Python 3.9
    assert text.count("RHEL 9") == 1 and "--without torch" in text


def test_request_that_somebody_said_is_told_apart_from_the_stack_s_own() -> None:
    question = Question("pytorch-2.7-cu118", host("debian-12", "b200"), {"torch_version": "2.7.1"})
    changes = [change for found in question.answer.conflicts for change in found.changes if change]
    assert {"torch_version": None} in [dict(change.data) for change in changes if change.stack]


def test_distribution_that_is_named_is_another_one_with_a_driver_for_the_card() -> None:
    conflict = refused("DRIVER-GPU", host("debian-13", "k80"), "pytorch-2.7-cu118")
    (change,) = [change for change in conflict.changes if change and "os" in change.host]
    assert change.host["os"] != "debian-13"
    assert others.omitted("Omit it", "torch_variant").change.said == "omit `torch_variant`"
