"""A stack's file and a file of group data, as texts. Pure.

What stands in them a host has said: values are quoted as YAML and Python quote them, and in
comments nothing is left that could end a line.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import fields
from typing import Any

import yaml

from stacks.model.plain import one_line
from stacks.model.requests import Stack
from tasks.adopt.choice import Left

MOST = 60
"""Lines on what was left behind."""
_PARTS = ("driver", "cuda", "cudnn", "torch", "containers")
_DEFAULTS = {"secure_boot": "enrol", "build": "wheel", "companions": ()}
PATH = 'str(Path(__file__).resolve().parents[1] / "stacks" / "{name}.yaml")'


def name_of(host: str, taken: Iterable[str] = ()) -> str:
    """A name for a stack and a group, made of a host's: ``adopted_gpu1``.

    Args:
        host: Its name in the inventory.
        taken: Names that others have already.
    """
    word = re.sub(r"[^a-z0-9]+", "_", host.lower()).strip("_")[:60] or "host"
    name, number = f"adopted_{word}", 2
    while name in set(taken):
        name, number = f"adopted_{word}_{number}", number + 1
    return name


def stack_text(stack: Stack, hosts: Iterable[str], left: Iterable[Left]) -> str:
    """The text of ``stacks/NAME.yaml``."""
    said: dict[str, Any] = {"summary": f"As found on {_words(hosts)}"}
    for part in _PARTS:
        request = getattr(stack, part)
        if request is None:
            continue
        values = {
            field.name: list(value) if isinstance(value, tuple) else value
            for field in fields(request)
            if (value := getattr(request, field.name)) is not None
            and value != _DEFAULTS.get(field.name)
        }
        if values:
            said[part] = values
    body = yaml.safe_dump(said, sort_keys=False, allow_unicode=False, width=100)
    comments = [_comment(one.text) for one in left][:MOST]
    head = ["# Not adopted:", *comments] if comments else []
    return "".join(f"{line}\n" for line in head) + body


def group_text(name: str, hosts: Iterable[str], data: Mapping[str, Any]) -> str:
    """The text of ``group_data/NAME.py``."""
    lines = [
        f'"""Host data of the group {name}, as found on {_words(hosts)}."""',
        "",
        "from pathlib import Path",
        "",
        f"stack = {PATH.format(name=name)}",
        *(f"{key} = {value!r}" for key, value in sorted(data.items())),
    ]
    return "".join(f"{line}\n" for line in lines)


def _comment(text: str) -> str:
    return "# - " + one_line(text)[:400].encode("ascii", "replace").decode()


def _words(hosts: Iterable[str]) -> str:
    """Names of hosts within other text: what could end that goes."""
    return re.sub(r"[^A-Za-z0-9 ,._@/-]", "?", ", ".join(hosts))[:200]
