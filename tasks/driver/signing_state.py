"""Does the kernel take the driver's modules: Secure Boot, lockdown, and who signed them. Pure.

One place decides; the run, the doctor, the repair and the verdict ask here.
"""

from __future__ import annotations

from typing import Literal

from facts.model.host import HostState
from facts.model.signing import AKMODS, SigningKey
from tasks.driver import main_modules as modules

Standing = Literal["free", "signed", "enrolled", "pending", "needed", "open", "unsigned", "gone"]
"""Of a kernel's modules:

- ``free``: they need no signature, or there are none;
- ``signed``: by a key that is none of this machine's own, the distribution's as a rule;
- ``enrolled``, or not known to be otherwise: by a key of this machine that the kernel takes;
- ``pending``: the key's enrolment waits for a person at the console;
- ``needed``: the key is to be enrolled;
- ``open``: it is to be enrolled, but everybody on the host may sign with it;
- ``unsigned``: by nobody;
- ``gone``: signed by DKMS with a key that is no longer here.
"""
_TAKEN: tuple[Standing, ...] = ("free", "signed", "enrolled")
_DKMS = "DKMS module signing key"
"""How dkms calls the key that it makes (dkms, ``prepare_signing``)."""


def signatures_matter(state: HostState) -> str:
    """Why the kernel takes signed modules only, in words; empty where it takes all, or a container.

    A container has its host's kernel.
    """
    if state.system.container:
        return ""
    return "Secure Boot is on" if state.secure_boot else state.signed_only


def standing(state: HostState, kernel: str | None) -> Standing:
    """How the modules of a kernel stand; the main module of each driver speaks for the others."""
    files = modules.main_modules(state, kernel)
    if not files or not signatures_matter(state):
        return "free"
    found = {_standing(state, module.signer) for module in files}
    worst: tuple[Standing, ...] = ("unsigned", "gone", "open", "needed", "pending", "enrolled")
    return next((one for one in worst if one in found), "signed")


def _standing(state: HostState, signer: str | None) -> Standing:
    if not signer:
        return "unsigned"
    key = _signed_by(state, signer)
    if key is None:
        return "gone" if signer == _DKMS else "signed"
    if key.enrolled is not False:
        return "enrolled"
    if key.pending:
        return "pending"
    return "open" if key.is_open else "needed"


def takes(state: HostState, kernel: str | None) -> bool:
    """Whether the kernel takes its modules of the driver, as far as signatures go."""
    return standing(state, kernel) in _TAKEN


def key_of(state: HostState, kernel: str | None) -> SigningKey | None:
    """The key of this machine that signed a kernel's modules; None where it was none of them."""
    for module in modules.main_modules(state, kernel):
        if key := _signed_by(state, module.signer or ""):
            return key
    return None


def of_dkms(state: HostState) -> SigningKey | None:
    """The key that DKMS signs with now; None where it will make one first."""
    keys = [key for key in state.signing_keys if not key.path.startswith(AKMODS)]
    return keys[0] if keys else None


def to_enrol(state: HostState) -> SigningKey | None:
    """The key whose enrolment is to be prepared now; None where there is nothing to prepare."""
    if not state.shim:
        return None
    kernels = (state.kernels.running, state.kernels.next_boot)
    kernel = next((k for k in kernels if k and standing(state, k) == "needed"), None)
    return key_of(state, kernel) if kernel else None


def waits(state: HostState) -> SigningKey | None:
    """The key whose enrolment a person is to confirm at the console."""
    for kernel in (state.kernels.running, state.kernels.next_boot):
        if kernel and standing(state, kernel) == "pending":
            return key_of(state, kernel)
    return None


def will_be_taken(state: HostState) -> bool | None:
    """Whether modules that DKMS builds here load without a person; None: nobody could tell."""
    if not signatures_matter(state):
        return True
    key = of_dkms(state)
    return False if key is None else key.enrolled


def _signed_by(state: HostState, signer: str) -> SigningKey | None:
    keys = [key for key in state.signing_keys if key.has_signed(signer)]
    # Several keys of one name: one that is enrolled, else the one that DKMS uses now.
    return next((key for key in keys if key.enrolled), keys[0] if keys else None)
