"""The user's side: does an ordinary login reach the environment, its torch and the GPUs? Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tasks.health.case import Case, Fault

_GPUS = re.compile(r"^(CUDA|NVIDIA)_VISIBLE_DEVICES$")
HARMLESS = re.compile(
    r"^(PYTHONUNBUFFERED|PYTHONDONTWRITEBYTECODE|PYTHONIOENCODING|PYTHONUTF8|PYTHONHASHSEED"
    r"|PYTHONWARNINGS|PYTHONFAULTHANDLER|PYTHONNOUSERSITE|PYTHONBREAKPOINT|PYTHONPYCACHEPREFIX"
    r"|LD_BIND_NOW|LD_WARN|LD_DEBUG_OUTPUT)$"
)
"""How Python and the loader speak or buffer, and not what is loaded (python(1), ld.so(8))."""


def unreachable(case: Case) -> Iterator[Fault]:
    """USER-BLOCKED: a folder on the way to the environment lets only root in."""
    login = case.evidence.login
    if login and login.stopped:
        folder = login.stopped.split(" ")[0]
        yield Fault(
            "USER-BLOCKED",
            "CRITICAL",
            "users cannot reach the environment",
            f"an ordinary user may not enter {login.stopped}",
            values={"folder": folder},
        )


def other_torch(case: Case) -> Iterator[Fault]:
    """USER-TORCH: a login's Python takes another torch, or does not come to it."""
    login = case.evidence.login
    if login is None or not login.reached:
        return
    env = case.state.current_venv or ""
    if login.prefix is None:
        told = f"its Python does not start: {login.why}"
    elif env and login.prefix != env:
        told = f"its Python takes itself to be in {login.prefix}, and not in {env}"
    elif login.torch == "":
        told = "import torch finds none"
    elif login.torch and env and not login.torch.startswith(f"{env}/"):
        told = f"import torch reads {login.torch}"
    elif login.why:
        told = f"import torch ends with {login.why}"
    elif login.hides:
        told = f"modules that stand before its own: {', '.join(login.hides)}"
    else:
        return
    yield Fault(
        "USER-TORCH",
        "CRITICAL",
        "an ordinary login does not get the environment's torch",
        "; ".join((told, *login.files[:4])),
    )


def other_settings(case: Case) -> Iterator[Fault]:
    """USER-SETTING: a login's Python or loader looks into other folders too."""
    login = case.evidence.login
    if login is None:
        return
    told = [
        f"{name}={value}"
        for name, value in login.variables.items()
        if not _GPUS.match(name) and not HARMLESS.match(name)
    ]
    told += [f"Python also looks in {path}" for path in login.paths]
    if told:
        yield Fault(
            "USER-SETTING",
            "WARN",
            "every login's programs look for modules or libraries elsewhere too",
            "; ".join((*told[:4], *login.files[:4])),
        )


def no_device(case: Case) -> Iterator[Fault]:
    """USER-DEVICE: the device files are for some users only."""
    login = case.evidence.login
    if login and login.devices and case.state.jetson is None:
        yield Fault(
            "USER-DEVICE",
            "WARN",
            "users in no group of their own cannot open the GPU's device files",
            ", ".join(login.devices),
        )
