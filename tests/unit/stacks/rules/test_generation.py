"""GPUs that are older than every CUDA of a PyTorch."""

from __future__ import annotations

from tests.unit.stacks.hosts import ask, host, refused


def test_kepler_is_too_old_for_a_pytorch_that_begins_with_cuda_12() -> None:
    conflict = refused("GPU-KEPLER", host("debian-12", "k80"))
    assert "ends with driver 470 and CUDA 11" in conflict.why


def test_maxwell_is_not() -> None:
    codes = [found.code for found in ask(host("debian-12", "m60")).conflicts]
    assert "GPU-KEPLER" not in codes


def test_stack_without_pytorch_does_not_mind() -> None:
    assert ask(host("debian-12", "k80"), without=["torch"]).plan is not None


def test_card_before_the_first_that_the_toolkit_compiles_for_is_refused() -> None:
    conflict = refused("GPU-118-OLD", host("debian-12", "gt640"), without=["torch"])
    assert "sm_35" in conflict.why
    assert ask(host("debian-12", "gt640"), without=["cuda", "torch"]).plan is not None
