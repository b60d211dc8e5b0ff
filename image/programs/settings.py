"""What a container was told: its environment, read once and checked before anything starts."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

SERVICES = ("jupyter", "tensorboard", "sshd")
PORTS = {"jupyter": 8888, "tensorboard": 6006, "sshd": 2222}
TOKEN_LENGTH = 16
"""Characters of a token at least: 96 bits where they are of base 64."""
USAGE = 64
"""Exit status for a container that was told something wrong (EX_USAGE of sysexits.h)."""


class RefusalError(Exception):
    """The container was told something that cannot be done. ``str()`` is for a person."""

    def __init__(self, code: str, what: str, remedy: str) -> None:
        super().__init__(f"{code}: {what}\n    do:  {remedy}")
        self.code = code


@dataclass(frozen=True)
class Settings:
    """A container's wishes."""

    services: tuple[str, ...]
    bind: str
    logdir: str
    keys: str
    """File with the public keys that may log in."""
    ssh_user: str
    token: str
    """Empty: none was given."""


def read(environment: Mapping[str, str]) -> Settings:
    """The settings of this environment.

    Raises:
        RefusalError: A value is not as expected, or a file that it names cannot be read.
    """
    asked = environment.get("GPUWRIGHT_SERVICES") or "jupyter"
    services = tuple(dict.fromkeys(word for word in re.split(r"[\s,]+", asked) if word))
    for service in services:
        if service not in SERVICES:
            raise RefusalError(
                "IMAGE-SERVICE",
                f"GPUWRIGHT_SERVICES names {service!r}; this image has {', '.join(SERVICES)}",
                "docker run -e GPUWRIGHT_SERVICES='jupyter tensorboard' …",
            )
    user = environment.get("SSH_USER") or "user"
    if not re.fullmatch(r"[a-z_][a-z0-9_.-]{0,31}", user) or user == "root":
        raise RefusalError(
            "IMAGE-SSH-USER",
            f"SSH_USER is {user!r}: small letters, digits, «_», «.» and «-», and not root",
            "docker run -e SSH_USER=anna …",
        )
    return Settings(
        services=services,
        bind=environment.get("GPUWRIGHT_BIND") or "0.0.0.0",
        logdir=environment.get("TENSORBOARD_LOGDIR") or "/workspace/code/runs",
        keys=_keys(environment) if "sshd" in services else "",
        ssh_user=user,
        token=_token(environment) if "jupyter" in services else "",
    )


def _token(environment: Mapping[str, str]) -> str:
    path = environment.get("JUPYTER_TOKEN_FILE") or "/run/secrets/jupyter_token"
    token = environment.get("JUPYTER_TOKEN", "")
    source = "JUPYTER_TOKEN"
    if not token:
        if not os.path.lexists(path) and not environment.get("JUPYTER_TOKEN_FILE"):
            return ""
        token, source = _text("JUPYTER_TOKEN_FILE", path).strip(), path
    if len(token) < TOKEN_LENGTH or not re.fullmatch(r"[A-Za-z0-9._~-]+", token):
        # Its length is said and not the token: this goes into a log.
        raise RefusalError(
            "IMAGE-TOKEN",
            f"the token in {source} has {len(token)} characters; it must have {TOKEN_LENGTH} or "
            "more, of letters, digits and «._~-»",
            "openssl rand -hex 24 >TOKEN_FILE",
        )
    return token


def _keys(environment: Mapping[str, str]) -> str:
    path = environment.get("SSH_AUTHORIZED_KEYS_FILE") or "/run/secrets/authorized_keys"
    lines = _text("SSH_AUTHORIZED_KEYS_FILE", path).splitlines()
    if not any(line.strip() and not line.lstrip().startswith("#") for line in lines):
        raise RefusalError(
            "IMAGE-NO-KEYS",
            f"sshd is asked for and {path} holds no public key: nobody could log in",
            f"docker run -v KEYS_FILE:{path}:ro …",
        )
    return path


def _text(variable: str, path: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        raise RefusalError(
            "IMAGE-UNREADABLE",
            f"{path} ({variable}) cannot be read as uid {os.getuid()}: {error.strerror}",
            f"mount it: docker run -v FILE:{path}:ro …; it must be readable for uid {os.getuid()}",
        ) from None
