"""Whether the kernel takes the driver's modules: each standing of a key, and who asks about it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from facts.model.host import HostState
from facts.model.signing import SigningKey
from stacks.model.kernels import KernelPlan
from tasks.driver import reboot_state, signing_state
from tasks.driver import state as driver_state
from tasks.host.profile import profile_of
from tests.unit.tasks import a_host, a_key, a_patient
from tests.unit.tasks.a_host import DRIVER, KERNEL, module
from tests.unit.tasks.a_key import SIGNER, key

MOK = key(
    path="/var/lib/shim-signed/mok/MOK.der",
    private="/var/lib/shim-signed/mok/MOK.priv",
    words=("gpu1 Secure Boot Module Signature key",),
)


def machine(
    *keys: SigningKey, signer: str | None = SIGNER, loaded: str = "", **changes: Any
) -> HostState:
    """A machine with Secure Boot on, whose module is signed by ``signer`` and not loaded."""
    state = a_patient.state()
    signed = replace(module(KERNEL, DRIVER), signer=signer)
    wanted: dict[str, Any] = {
        "secure_boot": True,
        "shim": True,
        "signing_keys": keys,
        "driver": replace(state.driver, modules=(signed,), loaded=loaded, loaded_modules=()),
        **changes,
    }
    return replace(state, **wanted)


@pytest.mark.parametrize(
    ("state", "standing", "taken"),
    [
        (machine(key(), secure_boot=False), "free", True),
        (machine(key(), secure_boot=None), "free", True),
        (machine(key(enrolled=True)), "enrolled", True),
        (machine(key(enrolled=None)), "enrolled", True),
        (machine(key()), "needed", False),
        (machine(key(pending=True)), "pending", False),
        (machine(key(mode=0o644)), "open", False),
        (machine(key(mode=0o644, enrolled=True)), "enrolled", True),
        (machine(signer=None), "unsigned", False),
        (machine(key(), signer=None), "unsigned", False),
        (machine(), "gone", False),
        (machine(key(), signer="Canonical Ltd. Kernel Module Signing"), "signed", True),
        (machine(key(), MOK, signer="gpu1 Secure Boot Module Signature key"), "needed", False),
        (machine(key(), replace(MOK, enrolled=True), signer=MOK.words[0]), "enrolled", True),
        (machine(key(), secure_boot=False, signed_only="lockdown=integrity"), "needed", False),
        (
            machine(secure_boot=False, signed_only="lockdown=integrity", signer=None),
            "unsigned",
            False,
        ),
    ],
)
def test_standing_says_whether_the_module_is_taken_and_loaded(
    state: HostState, standing: str, taken: bool
) -> None:
    assert signing_state.standing(state, KERNEL) == standing
    assert signing_state.takes(state, KERNEL) is taken
    assert driver_state.can_load(state) is taken


def test_container_has_its_host_s_kernel_and_asks_for_no_signature() -> None:
    inside = replace(a_patient.state().system, container="systemd-nspawn")
    state = machine(key(), system=inside)
    assert signing_state.standing(state, KERNEL) == "free"
    assert signing_state.to_enrol(state) is None


def test_kernel_without_a_module_is_judged_by_others() -> None:
    assert signing_state.standing(machine(key()), "6.1.0-99-amd64") == "free"


def test_key_of_the_same_name_that_is_enrolled_is_taken_for_the_signer() -> None:
    assert signing_state.standing(
        machine(key(), key(path="/root/old.der", enrolled=True)), KERNEL
    ) == ("enrolled")


@pytest.mark.parametrize(
    ("state", "path"),
    [
        (machine(key()), "/var/lib/dkms/mok.pub"),
        (machine(key(pending=True)), None),
        (machine(key(enrolled=True)), None),
        (machine(key(mode=0o604)), None),
        (machine(key(), shim=False), None),
        (machine(key(), MOK, signer=MOK.words[0]), MOK.path),
        (machine(key(), signer=None), None),
    ],
)
def test_enrolment_is_asked_for_once_and_only_where_it_can_help(
    state: HostState, path: str | None
) -> None:
    found = signing_state.to_enrol(state)
    assert (found and found.path) == path


def test_key_that_waits_is_known_by_the_kernel_that_boots_next_too() -> None:
    waiting = machine(key(pending=True))
    kernels = replace(waiting.kernels, running="6.1.0-50-cloud-amd64", next_boot=KERNEL)
    assert signing_state.waits(replace(waiting, kernels=kernels)) == key(pending=True)
    assert signing_state.waits(machine(key())) is None


@pytest.mark.parametrize(
    ("keys", "enrolled"),
    [
        ((), False),
        ((key(),), False),
        ((key(enrolled=True),), True),
        ((key(enrolled=None),), None),
        ((key(path="/etc/pki/akmods/certs/public_key.der", enrolled=True),), False),
        ((MOK, key(enrolled=True)), False),
    ],
)
def test_resolver_is_told_of_the_key_that_dkms_uses_now(
    keys: tuple[SigningKey, ...], enrolled: bool | None
) -> None:
    assert profile_of(machine(*keys)).key_enrolled is enrolled


def test_host_reboots_by_itself_into_no_console_that_waits_for_a_person() -> None:
    planned = replace(
        a_host.parts()[0], kernels=KernelPlan(left={"6.1.0-50-cloud-amd64": "too old"})
    )
    state = machine(key(pending=True))
    state = replace(state, kernels=replace(state.kernels, running="6.1.0-50-cloud-amd64"))
    assert not reboot_state.foreseen(state, planned)
    enrolled = replace(state, signing_keys=(a_key.key(enrolled=True),))
    assert reboot_state.foreseen(enrolled, planned)
